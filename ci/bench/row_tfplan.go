package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// plannedResources is how many resources the synthetic plan has.
const plannedResources = 10_000

// tfplan is a large plan summarised, turned into an ARM template and priced, in one process of our packages.
func tfplan(ctx context.Context, b *bench) ([]line, error) {
	plan := filepath.Join(b.work, "plan.json")
	if err := writePlan(plan, plannedResources); err != nil {
		return nil, err
	}
	program := filepath.Join(b.work, "plan.test")
	build := command(ctx, "go", "test", "-c", "-trimpath", "-o", program, "./pipelines/cost/planned")
	build.Dir = b.repository
	if err := inTurn(build); err != nil {
		return nil, err
	}
	var times []time.Duration
	peak := 0.0
	for range 3 {
		run := command(ctx, program, "-test.run=^$", "-test.bench=LargePlan", "-test.benchtime=1x", "-plan="+plan)
		run.Dir = filepath.Join(b.repository, "pipelines/cost/planned")
		taken, err := timed(func() error { return benchmarked(run) })
		if err != nil {
			return nil, err
		}
		times, peak = append(times, taken), max(peak, peakMemory(run.ProcessState))
	}
	return []line{
		{what: fmt.Sprintf("plan of %d resources", plannedResources), unit: "s", esteira: median(times).Seconds(), target: []limit{{0, 2}}},
		{what: "its peak memory", unit: "MB", esteira: peak, target: []limit{{0, 300}}},
	}, nil
}

// benchmarked runs a benchmark of Go, which has to have run.
func benchmarked(run *exec.Cmd) error {
	said, err := output(run)
	if err == nil && !strings.Contains(said, "BenchmarkLargePlan") {
		err = fmt.Errorf("no benchmark ran: %s", said)
	}
	return err
}

// writePlan writes a plan as `show -json` prints one, in the shapes of infra/: a vault, its diagnostics, who reads it, an
// account and an address, and so on.
func writePlan(file string, resources int) (err error) {
	created, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, created.Close()) }()
	w := bufio.NewWriter(created)
	fmt.Fprint(w, `{"format_version":"1.2","terraform_version":"1.10.10","planned_values":{"root_module":{"resources":[`)
	each(w, resources, func(number int) {
		fmt.Fprintf(w, `{%s,"schema_version":1,"values":%s,"sensitive_values":{"body":{},"identity":[],"tags":{}}}`, plannedHeader(number), plannedValues(number))
	})
	fmt.Fprint(w, `]}},"resource_changes":[`)
	each(w, resources, func(number int) {
		fmt.Fprintf(w, `{%s,"change":{"actions":["create"],"before":null,"after":%s,"after_unknown":{"id":true,"output":true,"identity":[],"body":{"properties":{}},"tags":{}},"before_sensitive":false,"after_sensitive":{"body":{},"identity":[],"tags":{}}}}`,
			plannedHeader(number), plannedValues(number))
	})
	fmt.Fprint(w, `],"configuration":{"root_module":{}},"timestamp":"2026-11-26T00:00:00Z","errored":false}`)
	return w.Flush()
}

// each writes items with commas between them.
func each(w io.Writer, count int, item func(number int)) {
	for number := range count {
		if number > 0 {
			fmt.Fprint(w, ",")
		}
		item(number)
	}
}

func plannedHeader(number int) string {
	return fmt.Sprintf(`"address":"module.team[\"%[1]d\"].azapi_resource.it[%[2]d]","mode":"managed","type":"azapi_resource","name":"it","index":%[2]d,"provider_name":"registry.opentofu.org/azure/azapi"`,
		number/100, number%100)
}

// plannedBodies are types and bodies; NUMBER is one of their own.
var plannedBodies = []struct{ kind, body string }{
	{"Microsoft.KeyVault/vaults@2023-07-01", `{"properties":{"enablePurgeProtection":true,"enableRbacAuthorization":true,"enableSoftDelete":true,"enabledForDeployment":false,"enabledForDiskEncryption":false,"enabledForTemplateDeployment":false,"networkAcls":{"bypass":"AzureServices","defaultAction":"Deny","ipRules":[{"value":"203.0.113.0/24"}],"virtualNetworkRules":[{"id":"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/team-NUMBER/providers/Microsoft.Network/virtualNetworks/team/subnets/nodes"}]},"publicNetworkAccess":"Enabled","sku":{"family":"A","name":"standard"},"softDeleteRetentionInDays":90,"tenantId":"00000000-0000-0000-0000-000000000000"}}`},
	{"Microsoft.Insights/diagnosticSettings@2021-05-01-preview", `{"properties":{"logs":[{"category":"AuditEvent","enabled":true}],"metrics":[],"workspaceId":"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/team-NUMBER/providers/Microsoft.OperationalInsights/workspaces/team"}}`},
	{"Microsoft.Authorization/roleAssignments@2022-04-01", `{"properties":{"principalId":"00000000-0000-0000-0000-NUMBER","principalType":"ServicePrincipal","roleDefinitionId":"/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6"}}`},
	{"Microsoft.Storage/storageAccounts@2023-05-01", `{"kind":"StorageV2","properties":{"accessTier":"Hot","allowBlobPublicAccess":false,"allowCrossTenantReplication":false,"allowSharedKeyAccess":false,"defaultToOAuthAuthentication":true,"encryption":{"keySource":"Microsoft.Storage","requireInfrastructureEncryption":true,"services":{"blob":{"enabled":true,"keyType":"Account"}}},"minimumTlsVersion":"TLS1_2","publicNetworkAccess":"Enabled","supportsHttpsTrafficOnly":true},"sku":{"name":"Standard_ZRS"}}`},
	{"Microsoft.Network/publicIPAddresses@2023-11-01", `{"properties":{"publicIPAllocationMethod":"Static","publicIPAddressVersion":"IPv4"},"sku":{"name":"Standard"},"zones":["1","2","3"]}`},
}

func plannedValues(number int) string {
	shape := plannedBodies[number%len(plannedBodies)]
	return fmt.Sprintf(`{"type":%q,"name":"thing-%[2]d","parent_id":"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/team-%[2]d","location":"westeurope","body":%[3]s,"identity":[],"ignore_body_changes":null,"ignore_casing":false,"ignore_missing_property":true,"locks":null,"removing_special_chars":false,"response_export_values":null,"schema_validation_enabled":true,"tags":{"environment":"large","project":"esteira","team":"platform-team"},"timeouts":null}`,
		shape.kind, number, strings.ReplaceAll(shape.body, "NUMBER", fmt.Sprintf("%012d", number)))
}

package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/report"
)

// infrastructure is a copy of this repository's own, with seeded faults laid over it.
func infrastructure(t *testing.T, faults ...string) string {
	t.Helper()
	return seededStage{name: "terraform", folder: "infra"}.seed(t, faults...)
}

// Each fault in the infrastructure is caught by name.
func TestTerraformFaults(t *testing.T) {
	t.Parallel()
	seededStage{name: "terraform", folder: "infra", least: 48}.try(t)
}

// The infrastructure as it is has nothing to be found, and its modules' tests pass.
func TestTerraformClean(t *testing.T) {
	t.Parallel()
	output := call(t, "terraform", "report", "check").passes(t)
	if !strings.HasSuffix(output, "passed") {
		t.Errorf("its last line is not the status:\n%s", output)
	}
	run := reportOf(t, "terraform", "validate")
	if tests := run.Stages[0].Tests; tests == nil || tests.Passed < 38 || tests.Red() {
		t.Errorf("tests %+v, want 38 that pass", tests)
	}
}

// OpenTofu and Terraform plan the same, by the same lock files.
func TestTerraformByEitherTool(t *testing.T) {
	t.Parallel()
	var said [2]string
	for i, tool := range []string{"OPENTOFU", "TERRAFORM"} {
		run := reportOf(t, "terraform", "--tool="+tool, "plan")
		for _, environment := range []string{"environments/platform", "environments/dev", "environments/staging", "environments/prod"} {
			said[i] += environment + ": " + fact(t, run, environment) + "\n"
		}
		if name := map[string]string{"OPENTOFU": "OpenTofu", "TERRAFORM": "Terraform"}[tool]; !strings.HasPrefix(fact(t, run, "tool"), name+" ") {
			t.Errorf("%s planned by %s", tool, fact(t, run, "tool"))
		}
		for _, change := range run.Stages[0].Changes {
			said[i] += change.Title + "\n" + strings.Join(change.Lines, "\n") + "\n"
		}
	}
	if said[0] != said[1] {
		t.Errorf("OpenTofu plans\n%s\nand Terraform\n%s", said[0], said[1])
	}
	if !strings.Contains(said[0], "environments/platform: 31 created, 0 changed, 0 replaced, 0 destroyed") {
		t.Errorf("%s", said[0])
	}
}

// anotherRoot is a root module of another team, with one resource and no lock.
func anotherRoot(t *testing.T) string {
	t.Helper()
	root := workspace(t)
	write(t, filepath.Join(root, "main.tf"), `terraform {
  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = "1.15.0"
    }
  }
}

provider "azapi" {}

resource "azapi_resource" "group" {
  type      = "Microsoft.Resources/resourceGroups@2024-03-01"
  name      = "shop"
  parent_id = "/subscriptions/00000000-0000-0000-0000-000000000000"
  location  = "westeurope"
}
`)
	return root
}

// Another folder is planned too; one in which nothing is an environment, and one without anything, are undecided.
func TestTerraformElsewhere(t *testing.T) {
	t.Parallel()
	other := anotherRoot(t)
	run := reportOf(t, "terraform", "--source="+other, "plan")
	if got := fact(t, run, "."); got != "1 created, 0 changed, 0 replaced, 0 destroyed" {
		t.Errorf("%s", got)
	}
	modules := filepath.Join(repository, "infra/modules")
	call(t, "terraform", "--source="+modules, "plan", "check").fails(t, "plan undecided", "no folder has a backend")
	call(t, "terraform", "--source="+workspace(t), "fmt", "check").fails(t, "fmt undecided", "nothing to judge")
}

// Whoever accepts that a vault is destroyed says why and until when, in the base; and what nobody does any more is told.
func TestTerraformAccepted(t *testing.T) {
	t.Parallel()
	const accepted = `version: 1
accepted:
  - rule: destroys-data
    object: environments/%s:module.environment.module.vault.azapi_resource.vault
    reason: the vault moves
    owner: platform-team
    expires: 2099-12-31
`
	base, changed := infrastructure(t), infrastructure(t, "destroyed-vault")
	write(t, filepath.Join(base, "policy.yaml"), strings.ReplaceAll(accepted, "%s", "dev"))
	said := call(t, "terraform", "--source="+changed, "--base="+base, "plan", "check")
	said.fails(t, "environments/prod:", "destroys-data")
	text := said.stdout + said.stderr
	if !strings.Contains(text, "accepted by platform-team until 2099-12-31: the vault moves") {
		t.Errorf("what is accepted in dev is not said:\n%s", text)
	}
	call(t, "terraform", "--source="+base, "report", "check").fails(t, "unused-exception", "policy.yaml:3")
	write(t, filepath.Join(base, "policy.yaml"), "version: 1\nignored: true\n")
	call(t, "terraform", "--source="+base, "plan", "check").fails(t, "policy.yaml", "ignored")
}

// What the environments cost is said by environment, resource and meter, with what is assumed; without
// an esteira.yaml there is no budget, and what depends on usage is unpriced.
func TestTerraformCost(t *testing.T) {
	t.Parallel()
	run := reportOf(t, "terraform", "cost")
	for name, says := range map[string]string{
		"environments/platform": "% of its budget of 1500.00 USD",
		"environments/platform: module.cluster.azapi_resource.cluster": "each of Virtual Machines Standard_D4ds_v5 (assumed: 3 nodes of pool user, from 3 to 9 by itself)",
		"environments/prod: free":                                      "(access costs nothing)",
	} {
		if said := fact(t, run, name); !strings.Contains(said, says) {
			t.Errorf("%s: %q, want %q", name, said, says)
		}
	}
	run = reportOf(t, "terraform", "--budgets="+workspace(t), "cost")
	vault := fact(t, run, "environments/dev: module.environment.module.vault.azapi_resource.vault")
	if !strings.Contains(vault, "unpriced, it depends on operations") || run.Status() != report.Passed {
		t.Errorf("%s: %s", run.Status(), vault)
	}
	call(t, "terraform", "cost-refresh", "--api=nowhere", "entries").fails(t, `"nowhere" is no address of an API`)
}

// A state that is locked, or cut off, decides nothing.
func TestTerraformState(t *testing.T) {
	t.Parallel()
	states := workspace(t)
	write(t, filepath.Join(states, "environments/dev/terraform.tfstate"), `{"version": 4, "resou`)
	write(t, filepath.Join(states, "environments/prod/terraform.tfstate"), `{"version": 4, "resources": []}`)
	call(t, "terraform", "--state="+states, "plan", "check").fails(t, "plan undecided", "environments/dev", "cut off")
	if err := os.Remove(filepath.Join(states, "environments/dev/terraform.tfstate")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(states, "environments/prod/.terraform.tfstate.lock.info"), `{"Who":"somebody@laptop"}`)
	call(t, "terraform", "--state="+states, "plan", "check").fails(t, "plan undecided", "environments/prod", "locked", "somebody@laptop")
}

// With credentials nothing is planned that nobody approved, and nothing with a secret that does not end.
func TestTerraformCredentials(t *testing.T) {
	t.Parallel()
	secret := write(t, filepath.Join(workspace(t), "credentials"), "ARM_CLIENT_SECRET=hunter2\n")
	stage := []string{"terraform", "--credentials=file:" + secret}
	call(t, append(stage, "plan", "check")...).fails(t, "--approved", "a plan runs code")
	call(t, append(stage, "--approved=x", "plan", "check")...).fails(t, "not the approved x")
	digest := call(t, "terraform", "digest").passes(t)
	said := call(t, append(stage, "--approved="+digest, "plan", "check")...)
	said.fails(t, "plan undecided", "ARM_CLIENT_SECRET does not end by itself")
	if strings.Contains(said.stdout+said.stderr, "hunter2") {
		t.Error("it says the secret")
	}
	call(t, "terraform", "drift", "check").fails(t, "drift undecided", "give credentials")
}

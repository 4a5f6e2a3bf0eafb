package tfplan

import (
	"fmt"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
)

// The rules of Guard.
const (
	RuleDestroysData  = "destroys-data"
	RuleReplacesData  = "replaces-data"
	RuleForgetsData   = "forgets-data"
	RuleUnvalidated   = "unvalidated-body"
	RuleValidationOff = "validation-off"
	RuleTextBody      = "text-body"
)

// keepers are the types of Azure that hold data, or all that holds it, in small letters: what is destroyed with them is
// gone, or can be had back for some days only.
var keepers = map[string]string{
	"microsoft.resources/resourcegroups":                        "a resource group with all that is in it",
	"microsoft.storage/storageaccounts":                         "a storage account",
	"microsoft.storage/storageaccounts/blobservices/containers": "a container of blobs",
	"microsoft.storage/storageaccounts/fileservices/shares":     "a file share",
	"microsoft.keyvault/vaults":                                 "a key vault",
	"microsoft.keyvault/vaults/keys":                            "a key",
	"microsoft.keyvault/vaults/secrets":                         "a secret",
	"microsoft.containerservice/managedclusters":                "a cluster",
	"microsoft.containerregistry/registries":                    "a registry",
	"microsoft.operationalinsights/workspaces":                  "a workspace of logs",
	"microsoft.compute/disks":                                   "a disk",
	"microsoft.sql/servers":                                     "a database server",
	"microsoft.sql/servers/databases":                           "a database",
	"microsoft.dbforpostgresql/flexibleservers":                 "a database server",
	"microsoft.dbforpostgresql/flexibleservers/databases":       "a database",
	"microsoft.dbformysql/flexibleservers":                      "a database server",
	"microsoft.documentdb/databaseaccounts":                     "a database account",
	"microsoft.cache/redis":                                     "a cache that may be persistent",
	"microsoft.machinelearningservices/workspaces":              "a workspace of models",
	"microsoft.recoveryservices/vaults":                         "a vault of backups",
	"microsoft.dataprotection/backupvaults":                     "a vault of backups",
}

// losses are the rules by what a plan does.
var losses = map[Action]string{Destroyed: RuleDestroysData, Replaced: RuleReplacesData, Forgotten: RuleForgetsData}

// Guard remarks on what a plan does that nobody may do in passing: it destroys, replaces or forgets what holds data, or
// keeps the provider from comparing a body with Azure's schemas. An exception names the change by ROOT:ADDRESS.
func Guard(root string, plan *tfjson.Plan) (remarks []acceptance.Remark) {
	for _, resource := range plan.ResourceChanges {
		if resource.Mode != tfjson.ManagedResourceMode {
			continue
		}
		say := func(rule string, severity finding.Severity, message string) {
			remarks = append(remarks, acceptance.Remark{Object: root + ":" + resource.Address, Finding: finding.Finding{
				Tool: "esteira", Rule: rule, Severity: severity, Message: fmt.Sprintf("%s in %s %s", resource.Address, root, message),
			}})
		}
		action, acts := ActionOf(resource.Change.Actions)
		if held, keeps := keepers[typeOf(resource)]; acts && keeps && losses[action] != "" {
			say(losses[action], finding.Critical, fmt.Sprintf("is %s, and it is %s", action, held))
		}
		if !isAzure(resource.Type) || resource.Change.After == nil {
			continue
		}
		if unvalidated(resource) {
			say(RuleUnvalidated, finding.High, "has a body that is not known as a whole, and so was not compared with Azure's schemas: take what is unknown from an output or a name that is known")
		}
		if child(resource.Change.After, "schema_validation_enabled") == false {
			say(RuleValidationOff, finding.High, "switches the comparison with Azure's schemas off: take schema_validation_enabled out")
		}
		if body, isText := child(resource.Change.After, "body").(string); isText && body != "{}" {
			say(RuleTextBody, finding.Medium, "has a body of text (jsonencode), which is not known as a whole once one value in it is not: write it as an object")
		}
	}
	return remarks
}

// typeOf is the type of Azure without its version, in small letters; of other providers' the resource's own.
func typeOf(resource *tfjson.ResourceChange) string {
	kind, _, _ := strings.Cut(kindOf(resource), "@")
	return strings.ToLower(kind)
}

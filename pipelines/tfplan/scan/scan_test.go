package scan

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/tfplan"
	"github.com/esteira/esteira/pipelines/tfplan/arm"
	"github.com/esteira/esteira/pipelines/tfplan/source"
)

// What checkov and conftest printed of testdata/weak is beside it, and so is its plan, with folders renamed.
func TestWeakFolder(t *testing.T) {
	t.Parallel()
	plans := weakPlans(t)
	byRules, err := Conftest(readFile(t, "conftest.json"), plans)
	if err != nil {
		t.Fatal(err)
	}
	byCheckov, err := Checkov(readFile(t, "checkov.json"), plans)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := Secrets(readFile(t, "secrets.json"), "/src", "/scanned/canary.tf")
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	var complaints []Complaint
	for _, c := range slices.Concat(byRules, byCheckov) {
		if c.Undecided {
			open = append(open, c.Tool+" "+c.Address+" "+c.Field)
			continue
		}
		complaints = append(complaints, c)
	}
	files := os.DirFS("testdata")
	tree := source.New(files)
	remarks, err := Remarks(tree, complaints)
	if err != nil {
		t.Fatal(err)
	}
	variables, err := tree.Variables()
	if err != nil {
		t.Fatal(err)
	}
	suppressions, err := Suppressions(files)
	if err != nil {
		t.Fatal(err)
	}
	check(t, slices.Concat(remarks, secrets, Defaults(variables), suppressions), []string{
		"weak/main.tf:27 storage-public-blobs azapi_resource.models",
		"weak/main.tf:17 CKV_AZURE_206 azapi_resource.models",
		"weak/main.tf:17 CKV_AZURE_35 azapi_resource.models",
		"weak/main.tf:17 CKV_AZURE_36 azapi_resource.models",
		"weak/main.tf:17 diagnostics-missing azapi_resource.models",
		"weak/main.tf:26 CKV_AZURE_44 azapi_resource.models",
		"weak/main.tf:37 diagnostics-missing azapi_resource.vault",
		"weak/main.tf:14 CKV_SECRET_2 weak/main.tf 25910f981e85ca04baf359199dd0bd4a3ae738b6",
		"weak/main.tf:9 secret-default weak: var.admin_password",
		"weak/main.tf:36 suppression weak/main.tf",
	})
	slices.Sort(open)
	want := []string{
		"checkov azapi_resource.vault body.properties.tenantId",
		"conftest azapi_resource.owner body.properties.roleDefinitionId",
		"conftest azapi_resource.owner parent_id",
	}
	if open := slices.Compact(open); !slices.Equal(open, want) {
		t.Errorf("undecided is %q, want %q", open, want)
	}
	undecided := slices.DeleteFunc(byCheckov, func(c Complaint) bool { return !c.Undecided })
	if said := Undecided(undecided); !strings.Contains(said, "cannot decide about azapi_resource.vault in weak: body.properties.tenantId is known only once it is applied") {
		t.Errorf("it says %q", said)
	}
}

func TestRemarksOfSeveralRoots(t *testing.T) {
	t.Parallel()
	tree := source.New(fstest.MapFS{
		"dev/main.tf":   {Data: []byte("module \"a\" {\n  source = \"../a\"\n}\n")},
		"prod/main.tf":  {Data: []byte("\nmodule \"a\" {\n  source = \"../a\"\n}\n")},
		"other/main.tf": {Data: []byte("resource \"azapi_resource\" \"x\" {}\n")},
		"a/main.tf":     {Data: []byte("resource \"azapi_resource\" \"x\" {\n  body = { a = 1 }\n}\n")},
	})
	complaint := func(root, address string) Complaint {
		return Complaint{Root: root, Address: address, Field: "body.a", Tool: "conftest", Rule: "r", Severity: finding.High, Message: "m"}
	}
	remarks, err := Remarks(tree, []Complaint{
		complaint("prod", "module.a.azapi_resource.x"), complaint("dev", "module.a.azapi_resource.x"), complaint("other", "azapi_resource.x"),
	})
	if err != nil {
		t.Fatal(err)
	}
	check(t, remarks, []string{"a/main.tf:2 r module.a.azapi_resource.x", "other/main.tf:1 r azapi_resource.x"})
	if want := "module.a.azapi_resource.x: m, called at dev/main.tf:1, prod/main.tf:2"; remarks[0].Finding.Message != want {
		t.Errorf("it says %q, want %q", remarks[0].Finding.Message, want)
	}
	if _, err := Remarks(tree, []Complaint{complaint("dev", "azapi_resource.nowhere")}); err == nil {
		t.Error("an address that is not there has a place")
	}
}

func TestUnjudged(t *testing.T) {
	t.Parallel()
	complaints := Unjudged("prod", []string{
		`module.a["x.y"].azurerm_key_vault.v["a.b"]`, "random_id.r", "module.a.terraform_data.t", "azapi_update_resource.u[0]",
	})
	var said []string
	for _, c := range complaints {
		said = append(said, c.Address+": "+c.Message)
	}
	want := []string{
		`module.a["x.y"].azurerm_key_vault.v["a.b"]: no rule judges a azurerm_key_vault: describe it as an azapi_resource`,
		"azapi_update_resource.u[0]: no rule judges a azapi_update_resource: describe it as an azapi_resource",
	}
	if !slices.Equal(said, want) {
		t.Errorf("%q, want %q", said, want)
	}
	if Undecided(nil) != "" || !strings.HasSuffix(Undecided(complaints), "and 1 more") {
		t.Errorf("%q", Undecided(complaints))
	}
}

func TestSuppressions(t *testing.T) {
	t.Parallel()
	remarks, err := Suppressions(fstest.MapFS{
		"a/.checkov.yaml":     {Data: []byte("skip-check: []\n")},
		"a/main.tf":           {Data: []byte("# bridgecrew:skip=BC_1: no\nx = 1 # tfsec:ignore:azure-x\n# checkov skipped it\n")},
		"a/b.tfvars":          {Data: []byte("\n# pragma: allowlist secret\n")},
		"a/notes.md":          {Data: []byte("checkov:skip=CKV_1\n")},
		".terraform/x.tf":     {Data: []byte("# checkov:skip=CKV_1\n")},
		"environments/t.json": {Data: []byte(`{"//": "checkov:skip=CKV_2"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	check(t, remarks, []string{
		"a/.checkov.yaml suppression a/.checkov.yaml", "a/b.tfvars:2 suppression a/b.tfvars", "a/main.tf:1 suppression a/main.tf",
		"a/main.tf:2 suppression a/main.tf", "environments/t.json:1 suppression environments/t.json",
	})
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	variables := func(names ...string) (all []source.Variable) {
		for _, name := range names {
			all = append(all, source.Variable{Name: name, Module: "m", Default: "d"})
		}
		return all
	}
	for _, name := range []string{"password", "admin_password", "api_key", "ACCESS_KEY", "storage_account_key", "connection_string", "github_token", "client_secret"} {
		if len(Defaults(variables(name))) != 1 {
			t.Errorf("%s may have a default", name)
		}
	}
	for _, name := range []string{"key", "partition_key_name", "token_audience", "secrets_namespace", "location", "monkey", "compass"} {
		if found := Defaults(variables(name)); len(found) != 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
	if len(Defaults([]source.Variable{{Name: "x", Sensitive: true}})) != 1 {
		t.Error("what is called sensitive may have a default")
	}
}

func weakPlans(t testing.TB) []Planned {
	t.Helper()
	file, err := os.Open("testdata/weak.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plan, err := tfplan.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	template, err := arm.Convert(plan)
	if err != nil {
		t.Fatal(err)
	}
	return []Planned{{Root: "weak", File: "0.json", Template: template}}
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// check compares remarks with what is wanted of them: place, rule and object.
func check(t *testing.T, remarks []acceptance.Remark, want []string) {
	t.Helper()
	var said []string
	for _, remark := range remarks {
		said = append(said, fmt.Sprintf("%s %s %s", remark.Finding.Location, remark.Finding.Rule, remark.Object))
		if err := remark.Finding.Check(); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(said, want) {
		t.Errorf("remarks are\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}

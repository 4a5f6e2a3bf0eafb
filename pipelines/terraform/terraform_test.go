package terraform

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
)

func text(lines ...string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(strings.Join(lines, "\n") + "\n")}
}

var shop = fstest.MapFS{
	"environments/prod/main.tf": text(`terraform {`, `  backend "azurerm" {}`, `}`, `module "vault" {`, `  source = "../../modules/vault"`, `}`,
		`module "far" {`, `  source = "example.com/far/away"`, `}`),
	"environments/prod/.terraform.lock.hcl":  text(``),
	"environments/cloud/main.tf":             text(`terraform {`, `  cloud {}`, `}`),
	"environments/dev/main.tf.json":          text(`{"provider": {"azapi": {}}, "module": {"vault": {"source": "../../modules/vault"}}}`),
	"modules/vault/main.tf":                  text(`provider "azapi" {}`, `module "log" {`, `  source = "./log"`, `}`, `locals {`, `  a = local.b`, `}`),
	"modules/vault/tests/vault.tftest.hcl":   text(``),
	"modules/vault/log/main.tf":              text(`# tflint-ignore: all`, `variable "x" {}`, `resource "azapi_resource" "x" {`, `}`),
	"modules/vault/log/.tflint.hcl":          text(``),
	"modules/broken/main.tf":                 text(`resource "a" "b" {`, `  c = = 1`, `}`),
	"modules/state/main.tf":                  text(``),
	"modules/state/terraform.tfstate.backup": text(`{}`),
	"environments/prod/.terraform/x/main.tf": text(`provider "hidden" {}`),
	"docs/readme.md":                         text(`provider "none" {}`),
}

func TestRead(t *testing.T) {
	t.Parallel()
	tree, err := Read(shop)
	if err != nil {
		t.Fatal(err)
	}
	if got := paths(tree.Roots()); got != "environments/cloud environments/dev environments/prod" {
		t.Errorf("roots %s", got)
	}
	if got := paths(tree.Tested()); got != "modules/vault" {
		t.Errorf("tested %s", got)
	}
	if got := paths(tree.All()); got != "environments/cloud environments/dev environments/prod modules/broken modules/state modules/vault modules/vault/log" {
		t.Errorf("folders %s", got)
	}
	if got := strings.Join(tree.Made(tree.Folders["environments/prod"]), " "); got != "environments/prod/main.tf modules/vault/log/main.tf modules/vault/main.tf" {
		t.Errorf("production is made of %s", got)
	}
	if got := objects(Unlocked(tree.Roots())); got != "environments/cloud environments/dev" {
		t.Errorf("without a lock: %s", got)
	}
	if got := places(tree.Unparsed); got != "modules/broken/main.tf:2:7 syntax" {
		t.Errorf("unparsed %s", got)
	}
	if got := places(tree.Unsuitable); got != "modules/state/terraform.tfstate.backup state-in-source, modules/vault/log/.tflint.hcl suppression, modules/vault/log/main.tf:1 suppression" {
		t.Errorf("unsuitable %s", got)
	}
}

func paths(folders []*Folder) string {
	var all []string
	for _, folder := range folders {
		all = append(all, folder.Path)
	}
	return strings.Join(all, " ")
}

func objects(remarks []acceptance.Remark) string {
	var all []string
	for _, remark := range remarks {
		all = append(all, remark.Object)
	}
	return strings.Join(all, " ")
}

func places(remarks []acceptance.Remark) string {
	var all []string
	for _, remark := range remarks {
		all = append(all, remark.Finding.Location.String()+" "+remark.Finding.Rule)
	}
	return strings.Join(all, ", ")
}

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// plan.jsonl is what two plans printed: one of an unknown argument, one without variables.
func TestStream(t *testing.T) {
	t.Parallel()
	remarks := Remarks("OpenTofu", "environments/prod", Stream(fixture(t, "plan.jsonl")))
	if got, want := places(remarks[:2]), "environments/prod/main.tf:9:3 unsupported-argument, environments/prod/variables.tf:24:1 missing-variable"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if message := remarks[1].Finding.Message; !strings.Contains(message, `"authorised_ranges" is not set`) || !strings.Contains(message, OfflineFile) {
		t.Errorf("%s", message)
	}
	for _, nothing := range []string{"", "Terraform v1\n", "{", `{"type":"diagnostic"}`, "null\n[]\n"} {
		if diagnostics := Stream([]byte(nothing)); len(diagnostics) > 0 {
			t.Errorf("%q: %v", nothing, diagnostics)
		}
	}
}

// init.txt is what two calls of init printed for people: one with a lock that does not fit, one of a module that is nowhere.
func TestPlain(t *testing.T) {
	t.Parallel()
	tree := Tree{Folders: map[string]*Folder{}}
	remarks := tree.Placed(shop, "environments/prod", Remarks("OpenTofu", "environments/prod", Plain(string(fixture(t, "init.txt")))))
	if got, want := places(remarks), "environments/prod/.terraform.lock.hcl lock-mismatch, environments/prod unreadable-module-directory, environments/prod unreadable-module-directory"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	boxed := "╷\n│ Error: Unsupported block type\n│ \n│   on main.tf line 3, in resource \"a\" \"b\":\n│    3:   c {}\n│ \n│ Blocks of type \"c\" are not\n│ expected here.\n╵\n"
	remarks = Remarks("Terraform", "x", Plain(boxed))
	if len(remarks) != 1 || remarks[0].Finding.Location.String() != "x/main.tf:3" || remarks[0].Finding.Message != `Unsupported block type: Blocks of type "c" are not expected here.` {
		t.Errorf("%+v", remarks)
	}
}

func TestValidated(t *testing.T) {
	t.Parallel()
	diagnostics, err := Validated(fixture(t, "validate.json"))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := Read(shop)
	if err != nil {
		t.Fatal(err)
	}
	remarks := tree.Placed(shop, "modules/vault", Remarks("OpenTofu", "modules/vault", diagnostics))
	if places(remarks) != "modules/vault cycle" { // it names local.b, which is used and not set there
		t.Errorf("%s", places(remarks))
	}
	remarks[0].Finding.Message = strings.ReplaceAll(remarks[0].Finding.Message, "local.b", "local.a")
	if got := places(tree.Placed(shop, "modules/vault", remarks)); got != "modules/vault/main.tf:6 cycle" {
		t.Errorf("%s", got)
	}
	for _, broken := range []string{"", "Error", `{"format_version": "2.0"}`} {
		if _, err := Validated([]byte(broken)); err == nil {
			t.Errorf("%q passes", broken)
		}
	}
}

// Each error that has a rule of its own is known by words that the tools print.
func TestKnownErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ rule, summary, says string }{
		{"expired-credentials", "Error: AADSTS700024: Client assertion is not within its valid time range.", "expired"},
		{"expired-credentials", `Failed to retrieve resource: {"error":{"code":"ExpiredAuthenticationToken","message":"The access token expiry UTC time is earlier"}}`, "ask for a new token"},
		{"refused-credentials", "building account: could not acquire access token to parse claims: AADSTS70021: No matching federated identity record found", "refused"},
		{"no-answer", "Failed to get existing workspaces: containers.Client#ListBlobs: Failure sending request: StatusCode=0 -- Original Error: context deadline exceeded", "credentials are good"},
		{"locked-state", "Error acquiring the state lock: state blob is already locked", "wait until"},
		{"lock-mismatch", "the cached package for registry.terraform.io/azure/azapi 1.15.0 does not match any of the checksums recorded in the dependency lock file", "terraform lock export"},
		{"no-provider", "Failed to query available provider packages: Could not retrieve the list of available versions for provider hashicorp/random", "--providers"},
		{"unknown-type", "the argument \"type\" is invalid. resource type Microsoft.X/y can't be found.", ""},
		{"something-else-that-nobody-has-ever-seen", "Something else that nobody has ever seen, before", ""},
		{"error", "!", ""},
	} {
		remark := Remarks("OpenTofu", ".", Errors(Plain("Error: "+test.summary)))
		if len(remark) != 1 || remark[0].Finding.Rule != test.rule || !strings.Contains(remark[0].Finding.Message, test.says) {
			t.Errorf("%s: %+v", test.summary, remark)
		}
	}
}

// azapi's own advice is to switch the comparison off. Nobody is told that.
func TestAdviceIsLeftOut(t *testing.T) {
	t.Parallel()
	remarks := Remarks("OpenTofu", ".", Plain("Error: Invalid configuration\n\nembedded schema validation failed: the argument \"body\" is invalid:\n`x` is not expected here.\n You can try to update `azapi` provider to the latest version or disable the\nvalidation using the feature flag `schema_validation_enabled = false` within\nthe resource block"))
	if message := remarks[0].Finding.Message; strings.Contains(message, "disable") || !strings.HasSuffix(message, "`x` is not expected here.") {
		t.Errorf("%s", message)
	}
}

// test.jsonl is what `tofu test -json` printed of a test that fails and two that pass.
func TestTested(t *testing.T) {
	t.Parallel()
	suites, err := Tested("modules/vault", fixture(t, "test.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var tests finding.Tests
	for _, suite := range suites {
		tests.Add(suite)
	}
	if tests.Passed != 2 || tests.Failed != 1 || tests.Check() != nil {
		t.Errorf("%+v, %v", tests, tests.Check())
	}
	failing := tests.Failing()[0]
	if failing.Location.String() != "modules/vault/tests/vault.tftest.hcl:38:21" || failing.Message != "Test assertion failed: what is deleted can be had back" {
		t.Errorf("%+v", failing)
	}
	if _, err := Tested("modules/vault", nil); err == nil || !strings.Contains(err.Error(), "no test ran") {
		t.Errorf("of nothing: %v", err)
	}
	broken := `{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Unsupported block","range":{"filename":"tests/a.tftest.hcl","start":{"line":3,"column":1}}}}`
	if _, err := Tested("modules/vault", []byte(broken)); err == nil || !strings.Contains(err.Error(), "modules/vault/tests/a.tftest.hcl:3:1: Unsupported block") {
		t.Errorf("of a broken file: %v", err)
	}
}

func TestUnformatted(t *testing.T) {
	t.Parallel()
	remarks := Unformatted("OpenTofu", string(fixture(t, "fmt.diff")))
	if got := places(remarks); got != "modules/logs/main.tf:2 fmt" {
		t.Errorf("%s", got)
	}
	if remarks := Unformatted("OpenTofu", ""); len(remarks) > 0 {
		t.Errorf("%v", remarks)
	}
}

func TestReadCredentials(t *testing.T) {
	t.Parallel()
	credentials, err := ReadCredentials(strings.NewReader("ARM_CLIENT_ID=1\n\nARM_OIDC_TOKEN=a=b c\nTF_VAR_issuer=https://x\n"), time.Now())
	if err != nil || len(credentials) != 3 || credentials[1] != "ARM_OIDC_TOKEN=a=b c" {
		t.Errorf("%q, %v", credentials, err)
	}
	for text, want := range map[string]string{
		"":                              "there is none",
		"ARM_CLIENT_ID":                 "line 1",
		"ARM_CLIENT_ID=1\nTF_LOG=trace": "line 2",
		"TF_CLI_ARGS=-destroy":          "line 1",
		"ARM_CLIENT_SECRET=hunter2":     "ARM_CLIENT_SECRET does not end by itself",
		"ARM_ACCESS_KEY=hunter2":        "ARM_ACCESS_KEY",
	} {
		_, err := ReadCredentials(strings.NewReader(text), time.Now())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q in it", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: its error says the secret: %v", text, err)
		}
	}
}

// The token is {"exp": 1795734000}: the 26th of November 2026, 23:00 in UTC.
func TestExpiredToken(t *testing.T) {
	t.Parallel()
	const credentials = "ARM_CLIENT_ID=1\nARM_OIDC_TOKEN=eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE3OTU3MzQwMDB9.c2lnbmVk\n"
	end := time.Date(2026, 11, 26, 23, 0, 0, 0, time.UTC)
	if _, err := ReadCredentials(strings.NewReader(credentials), end.Add(-time.Minute)); err != nil {
		t.Errorf("before: %v", err)
	}
	_, err := ReadCredentials(strings.NewReader(credentials), end.Add(time.Minute))
	if err == nil || !strings.Contains(err.Error(), "line 2: the credentials are expired: ARM_OIDC_TOKEN ended at 2026-11-26T23:00:00Z") {
		t.Errorf("after: %v", err)
	}
}

// A provider is known by what Go wrote into it.
func TestMirror(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module github.com/Shop/terraform-provider-thing\n\ngo 1.25\n", "main.go": "package main\n\nfunc main() {}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-o", "provider", ".")
	build.Dir = dir
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if err := Mirror(filepath.Join(dir, "provider"), filepath.Join(dir, "mirror")); err != nil {
		t.Fatal(err)
	}
	for _, host := range hosts {
		found, err := filepath.Glob(filepath.Join(dir, "mirror", host, "shop/thing/*/*_*/terraform-provider-thing_*"))
		if err != nil || len(found) != 1 {
			t.Errorf("of %s: %v, %v", host, found, err)
		}
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := Mirror(own, dir); err == nil || !strings.Contains(err.Error(), "OWNER/terraform-provider-NAME") {
		t.Errorf("of what is no provider: %v", err)
	}
	if err := Mirror(filepath.Join(dir, "main.go"), dir); err == nil {
		t.Error("of what is no program: no error")
	}
}

func TestTranslated(t *testing.T) {
	t.Parallel()
	lock := []byte("provider \"registry.opentofu.org/azure/azapi\" {\n  hashes = [\"registry.opentofu.org\"]\n}\n")
	for name, host := range hosts {
		w := Workshop{Name: name}
		if got, want := string(w.translated(lock)), fmt.Sprintf("provider \"%s/azure/azapi\" {\n  hashes = [\"registry.opentofu.org\"]\n}\n", host); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("main.tf", `module "x" { source = "./x" }`)
	f.Add("main.tf.json", `{"module": {"x": {"source": 1}}}`)
	f.Fuzz(func(t *testing.T, name, content string) {
		tree, err := Read(fstest.MapFS{"a/main.tf": text(content), "a/main.tf.json": text(content)})
		if err == nil {
			for _, folder := range tree.All() {
				tree.Made(folder)
			}
		}
		Plain(content)
		Stream([]byte(content))
		Unformatted(name, content)
		_, _ = Linted([]byte(content))
		_, _ = Tested(name, []byte(content))
	})
}

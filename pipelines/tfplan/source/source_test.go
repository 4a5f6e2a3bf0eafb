package source

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/esteira/esteira/pipelines/finding"
)

var tree = fstest.MapFS{
	"environments/prod/main.tf": file(
		`module "environment" {`,
		`  source = "../../modules/environment"`,
		`}`,
		`module "far" {`,
		`  source = "Azure/avm-res-keyvault-vault/azurerm"`,
		`}`,
		`module "outside" {`,
		`  source = "../../../elsewhere"`,
		`}`,
	),
	"modules/environment/main.tf": file(
		`module "readers" {`,
		`  for_each = var.readers`,
		`  source   = "../identity"`,
		`}`,
	),
	"modules/environment/notes.txt": file("not configuration {"),
	"modules/identity/main.tf": file(
		`resource "azapi_resource" "may" {`,
		`  for_each = var.roles`,
		`  type     = "Microsoft.ContainerService/managedClusters@2024-05-01"`,
		`  identity {`,
		`    type = "UserAssigned"`,
		`  }`,
		`  body = {`,
		`    properties = {`,
		`      access = var.private ? {`,
		`        ranges = null`,
		`        } : {`,
		`        "public" = true`,
		`      }`,
		`      pools = [`,
		`        merge(local.pool, { name = "system" }),`,
		`        (local.pool),`,
		`      ]`,
		`      logs  = [for category in ["a", "b"] : { category = category }]`,
		`      named = { for name in ["a"] : name => { enabled = true } }`,
		`      round = local.round`,
		`      key   = local`,
		`    }`,
		`  }`,
		`}`,
		`data "azapi_resource" "may" {`,
		`}`,
		`locals {`,
		`  pool  = { zones = ["1"] }`,
		`  round = local.round`,
		`}`,
	),
	"modules/identity/main_override.tf": file(``, `resource "azapi_resource" "may" {`, `}`),
	"modules/identity/more.tofu":        file(``, `resource "azapi_resource" "more" {}`),
	"json/main.tf.json":                 file(`{"resource": {"azapi_resource": {`, `"x": {"body": {"a": 1}}}}}`),
	"broken/main.tf":                    file(`resource "azapi_resource" "x" {`, `  name = `, `}`),
}

func file(lines ...string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(strings.Join(lines, "\n") + "\n")}
}

func TestFind(t *testing.T) {
	t.Parallel()
	const may = `module.environment.module.readers["k.e.y"].azapi_resource.may["x"]`
	for _, test := range []struct {
		root, address, field, want string
		exact                      bool
	}{
		{"environments/prod", may, "", "modules/identity/main.tf:1", false},
		{"environments/prod", may, "type", "modules/identity/main.tf:3", true},
		{"environments/prod", may, "identity.0.type", "modules/identity/main.tf:5", true},
		{"environments/prod", may, "identity", "modules/identity/main.tf:4", true},
		{"environments/prod", may, "body.properties", "modules/identity/main.tf:8", true},
		{"environments/prod", may, "body.properties.access.ranges", "modules/identity/main.tf:10", true},
		{"environments/prod", may, "body.properties.access.public", "modules/identity/main.tf:12", true},
		{"environments/prod", may, "body.properties.access.nowhere", "modules/identity/main.tf:1", false},
		{"environments/prod", may, "body.properties.pools.0.name", "modules/identity/main.tf:15", true},
		{"environments/prod", may, "body.properties.pools.0.zones", "modules/identity/main.tf:28", true},
		{"environments/prod", may, "body.properties.pools.1.zones", "modules/identity/main.tf:28", true},
		{"environments/prod", may, "body.properties.pools.2", "modules/identity/main.tf:1", false},
		{"environments/prod", may, "body.properties.logs.1.category", "modules/identity/main.tf:18", true},
		{"environments/prod", may, "body.properties.named.a.enabled", "modules/identity/main.tf:19", true},
		{"environments/prod", may, "body.properties.round.a", "modules/identity/main.tf:1", false},
		{"environments/prod", may, "body.properties.key.a", "modules/identity/main.tf:1", false},
		{"environments/prod", "module.far.azurerm_key_vault.this[0]", "name", "environments/prod/main.tf:4", false},
		{"modules/identity", "data.azapi_resource.may", "", "modules/identity/main.tf:25", false},
		{"modules/identity", "azapi_resource.more", "", "modules/identity/more.tofu:2", false},
		{"json", "azapi_resource.x", "body.a", "json/main.tf.json:2", false},
	} {
		place, err := New(tree).Find(test.root, test.address, test.field)
		if err != nil || place.Location.String() != test.want || place.Exact != test.exact {
			t.Errorf("%s in %s, %q: %v %v, %v; want %s %v", test.address, test.root, test.field, place.Location, place.Exact, err, test.want, test.exact)
		}
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	place, err := New(tree).Find("environments/prod", "module.environment.module.readers[0].azapi_resource.may", "")
	want := []finding.Location{{File: "environments/prod/main.tf", Line: 1}, {File: "modules/environment/main.tf", Line: 1}}
	if err != nil || len(place.Calls) != 2 || place.Calls[0] != want[0] || place.Calls[1] != want[1] {
		t.Errorf("%v, %v; want %v", place.Calls, err, want)
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ root, address, want string }{
		{"environments/prod", "azapi_resource.x", "environments/prod has no azapi_resource.x"},
		{"environments/prod", "module.x.azapi_resource.x", `calls no module "x"`},
		{"environments/prod", "module.outside.azapi_resource.x", "lies outside"},
		{"environments/prod", "module.environment.azapi_resource.x", "modules/environment has no azapi_resource.x"},
		{"environments/prod", "azapi_resource", "no address"},
		{"environments/prod", "", "no address"},
		{"environments/prod", "a b", "no address"},
		{"environments/prod", "a.b.c.d", "no address"},
		{"broken", "azapi_resource.x", "broken/main.tf:2: Invalid expression"},
		{"nowhere", "azapi_resource.x", "nowhere"},
	} {
		if _, err := New(tree).Find(test.root, test.address, ""); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q in %s: error %v, want %q in it", test.address, test.root, err, test.want)
		}
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	variables, err := New(fstest.MapFS{
		"modules/a/variables.tf": file(
			`variable "password" {`,
			`  type      = string`,
			`  sensitive = true`,
			`  default   = "hunter2"`,
			`}`,
			`variable "none" {}`,
			`variable "empty" {`,
			`  default = ""`,
			`}`,
			`variable "list" {`,
			`  default = ["a"]`,
			`}`,
		),
		"json.tf.json":        file(`{"variable": {"token": {"default": "t"}}}`),
		".terraform/x/far.tf": file(`variable "far" {`),
	}).Variables()
	want := []Variable{
		{Name: "token", Module: ".", Default: "t", Location: finding.Location{File: "json.tf.json", Line: 1}},
		{Name: "password", Module: "modules/a", Default: "hunter2", Sensitive: true, Location: finding.Location{File: "modules/a/variables.tf", Line: 4}},
	}
	if err != nil || !slices.Equal(variables, want) {
		t.Errorf("%+v, %v; want %+v", variables, err, want)
	}
	if _, err := New(tree).Variables(); err == nil || !strings.Contains(err.Error(), "broken/main.tf:2") {
		t.Errorf("error %v, want broken/main.tf:2 in it", err)
	}
}

func FuzzFind(f *testing.F) {
	f.Add(`module.environment.module.readers["a"].azapi_resource.may[0]`, "body.properties.pools.0.zones", `resource "a" "b" {}`)
	f.Add("azapi_resource.x", "identity.0", `resource "azapi_resource" "x" { body = { a = local.a } }`)
	f.Fuzz(func(t *testing.T, address, field, text string) {
		_, _ = New(fstest.MapFS{"main.tf": file(text)}).Find(".", address, field)
		_, _ = New(tree).Find("environments/prod", address, field)
	})
}

package schema_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/manifest/schema"
)

const release = "1.36.3"

// small is as much of an OpenAPI description as the cases need, in Kubernetes' own words.
const small = `{"definitions": {
  "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {"type": "object", "properties": {
    "name": {"type": "string"}, "labels": {"type": "object", "additionalProperties": {"type": "string"}}}},
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string"},
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": "string", "format": "int-or-string"},
  "io.k8s.api.core.v1.Namespace": {"type": "object", "properties": {
    "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
    "spec": {"type": "object", "required": ["port"], "properties": {
      "port": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString"},
      "cpu": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity"},
      "count": {"type": "integer"},
      "self": {"$ref": "#/definitions/Recursive"}}}},
    "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Namespace"}]},
  "Recursive": {"type": "object", "properties": {"below": {"$ref": "#/definitions/Recursive"}}}
}}`

const definitions = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  names: {kind: Thing}
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              properties:
                size: {x-kubernetes-int-or-string: true}
                port: {anyOf: [{type: integer}, {type: string}], x-kubernetes-int-or-string: true}
                open: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}
                template: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: object}}}
              oneOf:
                - {required: [size], properties: {size: {}}}
                - {required: [port]}
---
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: labels}
spec:
  crd:
    spec:
      names: {kind: Labels}
      validation:
        openAPIV3Schema:
          type: object
          properties:
            wanted: {type: array, items: {type: string}}
`

// location is a folder with the schemas of both.
func location(t *testing.T) string {
	t.Helper()
	set, err := schema.FromOpenAPI([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := set.Write(dir, release); err != nil {
		t.Fatal(err)
	}
	custom, err := schema.NewCustom(dir, release)
	if err != nil {
		t.Fatal(err)
	}
	if err := custom.AddFolder(fstest.MapFS{"crds/thing.yaml": {Data: []byte(definitions)}, "README.md": {Data: []byte("CustomResourceDefinition")}}); err != nil {
		t.Fatal(err)
	}
	if err := custom.Write(dir, release); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSchemas(t *testing.T) {
	t.Parallel()
	dir := location(t)
	namespace, thing, labels := "namespace-v1", "thing-example-v1", "labels-constraints-v1beta1"
	for name, c := range map[string]struct{ file, document, says string }{
		"a sound object":          {namespace, "{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {b: c}}, spec: {port: http, cpu: 1, count: null}}", ""},
		"a number for a name":     {namespace, "{apiVersion: v1, kind: Namespace, spec: {port: 80, cpu: 100m}}", ""},
		"an unknown field":        {namespace, "{apiVersion: v1, kind: Namespace, spec: {port: 80, cuont: 1}}", "'cuont' not allowed"},
		"an unknown label value":  {namespace, "{apiVersion: v1, kind: Namespace, metadata: {labels: {b: 1}}}", "got number, want string"},
		"a wrong type":            {namespace, "{apiVersion: v1, kind: Namespace, spec: {port: 80, count: one}}", "got string, want"},
		"a missing field":         {namespace, "{apiVersion: v1, kind: Namespace, spec: {}}", "missing property 'port'"},
		"null where it has to be": {namespace, "{apiVersion: v1, kind: Namespace, spec: {port: null}}", "got null"},
		"another version":         {namespace, "{apiVersion: v2, kind: Namespace}", "'v1'"},
		"no kind":                 {namespace, "{apiVersion: v1}", "missing property 'kind'"},
		"a sound custom one":      {thing, "{apiVersion: example.org/v1, kind: Thing, metadata: {name: a}, spec: {size: 50%}}", ""},
		"its unknown field":       {thing, "{apiVersion: example.org/v1, kind: Thing, spec: {size: 1, sise: 2}}", "'sise' not allowed"},
		"its metadata":            {thing, "{apiVersion: example.org/v1, kind: Thing, metadata: {nam: a}, spec: {size: 1}}", "'nam' not allowed"},
		"its open field":          {thing, "{apiVersion: example.org/v1, kind: Thing, spec: {port: 1, open: {b: c}}}", ""},
		"its template":            {thing, "{apiVersion: example.org/v1, kind: Thing, spec: {port: 1, template: {kind: Pod, apiVersion: v1, metadata: {}, spec: {}}}}", ""},
		"neither alternative":     {thing, "{apiVersion: example.org/v1, kind: Thing, spec: {}}", "oneOf"},
		"no spec":                 {thing, "{apiVersion: example.org/v1, kind: Thing}", "missing property 'spec'"},
		"a sound constraint":      {labels, "{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: Labels, metadata: {name: a}, spec: {match: {kinds: []}, parameters: {wanted: [team]}}}", ""},
		"an unknown parameter":    {labels, "{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: Labels, spec: {parameters: {want: [team]}}}", "'want' not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := validate(t, filepath.Join(dir, schema.Folder(release), c.file+".json"), c.document)
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("error %v, want %q in it", err, c.says)
			}
		})
	}
}

// validate does as kubeconform does.
func validate(t *testing.T, file, document string) error {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	compiled, err := compiler.Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	var object any
	if err := yaml.Unmarshal([]byte(document), &object); err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(object)
}

// Two kinds whose files have one name are alternatives.
func TestSharedName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	set := schema.Set{
		{Group: "a.org", Version: "v1", Kind: "Thing"}: {"type": "object"}, {Group: "a.com", Version: "v1", Kind: "Thing"}: {"type": "string"},
	}
	if err := set.Write(dir, release); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, schema.Folder(release), "thing-a-v1.json"))
	if want := `{"anyOf":[{"type":"string"},{"type":"object"}]}`; string(text) != want || !json.Valid(text) {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"nothing": "", "another description": `{"definitions": {}}`} {
		if _, err := schema.FromOpenAPI([]byte(text)); err == nil || !strings.Contains(err.Error(), "OpenAPI description") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := schema.NewCustom(t.TempDir(), release); err == nil || !strings.Contains(err.Error(), release) {
		t.Errorf("schemas that are not there: error %v", err)
	}
}

func FuzzAdd(f *testing.F) {
	f.Add([]byte(definitions))
	f.Add([]byte("kind: CustomResourceDefinition\nspec: {group: a, names: {kind: B}, versions: [{name: v1, schema: {openAPIV3Schema: {properties: {a: null, b: {items: 1}}}}}]}"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		custom := schema.Custom{Set: schema.Set{}}
		custom.Add(stream)
		for kind, made := range custom.Set {
			if _, err := json.Marshal(made); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	})
}

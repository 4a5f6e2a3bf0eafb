package policies

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func root(t *testing.T, name, text string) Root {
	t.Helper()
	root, err := ReadRoot(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// sample is the case that testdata/violations.json answers: our policies, and two workloads that break them.
func sample(t *testing.T) *Case {
	t.Helper()
	var roots []Root
	for _, name := range []string{"dev", "prod", "policies"} {
		roots = append(roots, root(t, name, string(read(t, "roots/"+name+".yaml"))))
	}
	c, err := NewCase(roots)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCase(t *testing.T) {
	t.Parallel()
	c := sample(t)
	if c.constraints() != 7 || len(c.policies) != 15 || len(c.objects) != 4 || len(c.Remarks) != 0 {
		t.Errorf("%d constraints, %d policies, %d objects, %v", c.constraints(), len(c.policies), len(c.objects), c.Remarks)
	}
	if documents := strings.Count(c.Input(), "\n"); documents != 2*19 {
		t.Errorf("%d lines for 19 objects and what separates them", documents)
	}
}

func TestReadRootRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a: [":                          "r: document 1",
		"kind: A\n---\n- a":             "r: document 2: it is no object",
		"kind: A\nmetadata: {name: {}}": "it is no object",
		"apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nspec: []": "its spec",
	} {
		if _, err := ReadRoot("r", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// A violation is placed in the root whose object broke the policy, of equal names too.
func TestViolations(t *testing.T) {
	t.Parallel()
	remarks, err := sample(t).Violations(read(t, "violations.json"))
	if err != nil || len(remarks) != 6 {
		t.Fatalf("%d remarks, %v", len(remarks), err)
	}
	want := manifest.Remark{
		Tool: "gator", Rule: "AllowedImages/by-digest", Severity: finding.High, Root: "prod",
		Message: `container "server" has the image esteira.azurecr.io/thing:v1, want it by digest: NAME@sha256:…`,
		Field:   "spec.template.spec.containers[0].image",
		Object:  manifest.Object{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "iris-prod", Name: "thing"},
	}
	for _, remark := range remarks {
		if remark == want {
			return
		}
	}
	t.Errorf("%+v is not among %+v", want, remarks)
}

func TestViolationsOfEqualNames(t *testing.T) {
	t.Parallel()
	const object = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostPID: %}}"
	c, err := NewCase([]Root{
		root(t, "good", strings.ReplaceAll(object, "%", "false")), root(t, "bad", strings.ReplaceAll(object, "%", "true")),
	})
	if err != nil {
		t.Fatal(err)
	}
	said := func(object, more string) string {
		return `[{"msg": "no", "constraint": {"kind": "K", "metadata": {"name": "n"}}, "violatingObject": ` + object + more + `}]`
	}
	const bad = `{"spec": {"hostPID": true}, "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}`
	cases := []struct {
		name, output string
		roots        []string
		severity     finding.Severity
	}{
		{"the same to the letter", said(bad, `, "enforcementAction": "deny"`), []string{"bad"}, finding.High},
		{"changed by gator", said(strings.Replace(bad, "true", "1", 1), ""), []string{"good", "bad"}, finding.High},
		{"unknown", said(strings.Replace(bad, `"a"`, `"b"`, 1), ""), []string{""}, finding.High},
		{"warned of", said(bad, `, "enforcementAction": "warn"`), []string{"bad"}, finding.Info},
		{"dry run", said(bad, `, "enforcementAction": "dryrun"`), []string{"bad"}, finding.Info},
		{"denied somewhere", said(bad, `, "enforcementAction": "scoped", "scopedEnforcementActions": ["warn", "deny"]`), []string{"bad"}, finding.High},
		{"an action that nobody knows", said(bad, `, "enforcementAction": "explode"`), []string{"bad"}, finding.High},
		{"nothing", "null", nil, ""},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			remarks, err := c.Violations([]byte(test.output))
			if err != nil {
				t.Fatal(err)
			}
			var roots []string
			for _, remark := range remarks {
				roots = append(roots, remark.Root)
				if remark.Severity != test.severity {
					t.Errorf("severity %s", remark.Severity)
				}
			}
			if !reflect.DeepEqual(roots, test.roots) {
				t.Errorf("in %v, want %v", roots, test.roots)
			}
		})
	}
	for _, output := range []string{"", " \n", "FAIL", "[{}]", said("null", ""), `[{"msg": "x"`} {
		if remarks, err := c.Violations([]byte(output)); err == nil {
			t.Errorf("%q: no error, and %v", output, remarks)
		}
	}
}

func TestField(t *testing.T) {
	t.Parallel()
	const pod = "{containers: [{name: a}, {name: server, image: x/y}], initContainers: [{name: model}]}"
	for _, test := range []struct{ object, message, want string }{
		{"{spec: " + pod + "}", `container "server" is privileged`, "spec.containers[1]"},
		{"{spec: {template: {spec: " + pod + "}}}", "container <model> has no limit", "spec.template.spec.initContainers[0]"},
		{"{spec: {jobTemplate: {spec: {template: {spec: " + pod + "}}}}}", "Container a is bad", "spec.jobTemplate.spec.template.spec.containers[0]"},
		{"{spec: " + pod + "}", `container "server" has the image x/y`, "spec.containers[1].image"},
		{"{spec: " + pod + "}", `container "other" is privileged`, ""},
		{"{spec: " + pod + "}", `pod "server" has hostPID`, ""},
		{"{spec: []}", `container "server"`, ""},
	} {
		if got := root(t, "r", test.object).Objects[0].field(test.message); got != test.want {
			t.Errorf("%s in %s: %q, want %q", test.message, test.object, got, test.want)
		}
	}
}

const (
	template   = "{apiVersion: templates.gatekeeper.sh/v1, kind: ConstraintTemplate, metadata: {name: a}, spec: {crd: {spec: {names: {kind: A}}}, targets: [{code: [{}]}]}}\n---\n"
	constraint = "{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: A, metadata: {name: x}, spec: {}}\n---\n"
)

func TestConstraintWithoutTemplate(t *testing.T) {
	t.Parallel()
	c, err := NewCase([]Root{root(t, "base/policies", template+constraint+strings.Replace(constraint, "kind: A", "kind: B", 1))})
	if err != nil {
		t.Fatal(err)
	}
	if c.constraints() != 1 || len(c.Remarks) != 1 {
		t.Fatalf("%d constraints, %v", c.constraints(), c.Remarks)
	}
	remark := c.Remarks[0]
	if remark.Rule != "constraint-without-template" || remark.Root != "base/policies" || remark.Object.String() != "B/x" || !strings.Contains(remark.Message, "kind B") {
		t.Errorf("%+v", remark)
	}
}

// A policy that two roots have is given once, and must be the same in both.
func TestPolicyOfSeveralRoots(t *testing.T) {
	t.Parallel()
	c, err := NewCase([]Root{root(t, "a", template+constraint), root(t, "b", constraint)})
	if err != nil || len(c.policies) != 2 {
		t.Errorf("%d policies, %v", len(c.policies), err)
	}
	_, err = NewCase([]Root{root(t, "a", template+constraint), root(t, "b", strings.Replace(constraint, "{}", "{parameters: {}}", 1))})
	if err == nil || !strings.Contains(err.Error(), "policy A/x is one thing in a and another in b") {
		t.Error(err)
	}
}

// A change of the policies is judged by those of the base too, and only then.
func TestByBase(t *testing.T) {
	t.Parallel()
	const pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n---\n"
	other := strings.Replace(constraint, "{}", "{enforcementAction: warn}", 1)
	head := []Root{root(t, "policies", template+other), root(t, "pods", pod)}
	for _, test := range []struct {
		name string
		base []Root
		want int
	}{
		{"the same", []Root{root(t, "elsewhere", other), root(t, "policies", template)}, 0},
		{"none", []Root{root(t, "pods", pod)}, 0},
		{"others", []Root{root(t, "policies", template+constraint), root(t, "pods", pod+pod)}, 2},
	} {
		again := ByBase(head, test.base)
		if len(again) != test.want {
			t.Errorf("%s: %d roots, want %d", test.name, len(again), test.want)
			continue
		}
		if test.want == 0 {
			continue
		}
		c, err := NewCase(again)
		if err != nil || len(c.objects) != 1 || !strings.Contains(c.Input(), `"spec":{}`) {
			t.Errorf("%s: %d objects, %v:\n%s", test.name, len(c.objects), err, c.Input())
		}
	}
}

// What gator 3.20.1 said of policies that it did not take.
func TestRefused(t *testing.T) {
	t.Parallel()
	const expansion = "{apiVersion: expansion.gatekeeper.sh/v1beta1, kind: ExpansionTemplate, metadata: {name: pods}}\n---\n"
	cases := []struct {
		name, stderr, object, message, field string
		left                                 int
	}{
		{
			"broken Rego",
			"auditing objects: adding template \"a\": invalid ConstraintTemplate: 1 error occurred: template:9: rego_parse_error: unexpected in keyword: expected \\n or ; or }\n\t  some container in in containers\n\t                 ^\n",
			"ConstraintTemplate/a", "template:9: rego_parse_error: unexpected in keyword", "spec.targets[0].code[0].source.rego", 1,
		},
		{
			"no driver",
			"auditing objects: adding template \"a\": No language driver is installed that handles this constraint template: available drivers: map[K8sNativeValidation:1 Rego:2], wanted \"\"",
			"ConstraintTemplate/a", "No language driver", "", 1,
		},
		{
			"unknown version",
			"auditing objects: converting unstructured \"a\" to template: adding template: no kind \"ConstraintTemplate\" is registered for version \"templates.gatekeeper.sh/v9\" in scheme \"pkg/runtime/scheme.go:110\"",
			"ConstraintTemplate/a", "no kind", "", 1,
		},
		{
			"wrong parameters",
			"auditing objects: adding constraint \"x\": schema validation failed: [].spec.parameters.registries: Invalid value: \"number\": spec.parameters.registries in body must be of type array: \"number\"",
			"A/x", "must be of type array", "", 2,
		},
		{
			"expansion", "auditing objects: error creating expander: error upserting template pods: ExpansionTemplate pods has empty source field",
			"ExpansionTemplate/pods", "empty source field", "", 2,
		},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := NewCase([]Root{root(t, "r", template+constraint+expansion)})
			if err != nil {
				t.Fatal(err)
			}
			if !c.Refused(test.stderr) || len(c.Remarks) != 1 || len(c.policies) != test.left {
				t.Fatalf("%v, %d left", c.Remarks, len(c.policies))
			}
			remark := c.Remarks[0]
			if remark.Object.String() != test.object || !strings.Contains(remark.Message, test.message) || remark.Field != test.field {
				t.Errorf("%+v", remark)
			}
			if c.Refused(test.stderr) {
				t.Error("it is refused twice")
			}
		})
	}
	c, err := NewCase([]Root{root(t, "r", template)})
	if err != nil || c.Refused("reading: open /nowhere") || c.Refused("") || c.Refused(`adding template "other": x`) {
		t.Errorf("%v, %v", c.Remarks, err)
	}
}

// What gator 3.20.1 printed of our suite with a wrong expectation, a missing file and broken Rego.
func TestVerified(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../k8s/base/policies/tests/suite.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const name = "base/policies/tests/suite.yaml"
	suite, err := Verified(name, text, read(t, "verify.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var tests finding.Tests
	tests.Add(suite)
	if err := tests.Check(); err != nil || tests.Failed != 2 || tests.Errored != 2 || tests.Passed < 80 {
		t.Errorf("%d failed, %d errored, %d passed, %v", tests.Failed, tests.Errored, tests.Passed, err)
	}
	want := []struct {
		name, message string
		line          int
	}{
		{"labels.good pod", "unexpected number of violations: got 0 violations but want exactly 1: got messages []", 13},
		{"labels.no version", "open src/base/policies/tests/cases/nothing.yaml: no such file or directory", 25},
		{"privileges", "adding template: invalid ConstraintTemplate", 68},
		{"privileges of cronjobs", "rego_parse_error: unexpected in keyword: expected \\n or ; or } some container in in containers ^", 89},
	}
	failing := tests.Failing()
	if len(failing) != len(want) {
		t.Fatalf("%+v", failing)
	}
	for i, c := range failing {
		if c.FullName() != want[i].name || !strings.Contains(c.Message, want[i].message) || c.Location.File != name || c.Location.Line != want[i].line {
			t.Errorf("%+v, want %+v", c, want[i])
		}
	}
}

func TestVerifiedSkips(t *testing.T) {
	t.Parallel()
	suite, err := Verified("s", nil, []byte("=== SKIP  a\n=== RUN   b\n    === SKIP  c\n    === RUN   d\n    --- PASS: d\t(0.007s)\n--- PASS: b\t(0.1s)\nok\t/s\t0.1s\nPASS\n"))
	if err != nil || len(suite.Cases) != 3 || suite.Cases[0].Outcome != finding.Skipped || suite.Cases[1].FullName() != "b.c" || suite.Cases[2].Outcome != finding.Passed {
		t.Errorf("%+v, %v", suite, err)
	}
}

func TestVerifiedRefuses(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]string{
		"": "said no verdict",
		"Error: listing test files: invalid yaml":  "said no verdict: Error: listing test files: invalid yaml",
		"ok\t/s.yaml\t0.000s\nPASS\n":              "there is no case in it",
		"=== RUN   b\n    --- PASS: d\t(0.007s)\n": "said no verdict",
		strings.Repeat("x", 2<<20):                 "token too long",
	} {
		if _, err := Verified("s.yaml", nil, []byte(output)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", output, err, want)
		}
	}
}

func TestSuites(t *testing.T) {
	t.Parallel()
	suites, err := Suites(fstest.MapFS{
		"a/suite.yaml":  {Data: []byte("# cases\nkind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\n")},
		"b.yml":         {Data: []byte("apiVersion: \"test.gatekeeper.sh/v1alpha1\"\nkind: Suite\ntests: [")},
		"c.yaml":        {Data: []byte("apiVersion: v1\nkind: Suite\n")},
		"d.yaml":        {Data: []byte("kind: SuiteOfRooms\napiVersion: test.gatekeeper.sh/v1alpha1\n")},
		"e.txt":         {Data: []byte("kind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\n")},
		"broken.yaml":   {Data: []byte("{{ helm }}")},
		"a/binary.yaml": {Data: []byte{0xff, 0}},
	})
	if want := []string{"a/suite.yaml", "b.yml"}; err != nil || !reflect.DeepEqual(suites, want) {
		t.Errorf("%v, %v", suites, err)
	}
}

// What there is to judge by decides whether nothing to say is good news.
func TestSaid(t *testing.T) {
	t.Parallel()
	const pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n---\n"
	cases := []struct{ name, stream, output, undecided, note string }{
		{"judged", template + constraint + pod, "null", "", ""},
		{"no policy at all", pod, "null", "", "there is no Gatekeeper policy in the folder"},
		{"templates alone", template + pod, "null", "no constraint that uses them", ""},
		{"an orphan alone", constraint + pod, "null", "no constraint that uses them", ""},
		{"gator died", template + constraint + pod, "", "gator test printed nothing", ""},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := NewCase([]Root{root(t, "r", test.stream)})
			if err != nil {
				t.Fatal(err)
			}
			said := c.Said([]byte(test.output))
			if said.Judged != 1 || (said.Undecided == "") != (test.undecided == "") || !strings.Contains(said.Undecided, test.undecided) ||
				(len(said.Notes) == 0) != (test.note == "") || !strings.Contains(strings.Join(said.Notes, ""), test.note) {
				t.Errorf("%+v", said)
			}
		})
	}
}

func FuzzVerified(f *testing.F) {
	f.Add([]byte("tests: [{name: b, cases: [{name: d}]}]"), []byte("=== RUN   b\n    --- FAIL: d\t(0.007s)\n        why\n--- FAIL: b\t(0.1s)\n  more\nFAIL\t/s\t0.1s\nFAIL\n"))
	f.Fuzz(func(t *testing.T, text, output []byte) {
		suite, err := Verified("s", text, output)
		if err == nil && len(suite.Cases) == 0 {
			t.Error("a suite without a case")
		}
	})
}

func FuzzViolations(f *testing.F) {
	f.Add([]byte(template+constraint), []byte(`[{"msg": "m", "constraint": {"kind": "A", "metadata": {"name": "x"}}, "violatingObject": {"kind": "Pod"}}]`))
	f.Fuzz(func(t *testing.T, stream, output []byte) {
		read, err := ReadRoot("r", stream)
		if err != nil {
			return
		}
		c, err := NewCase([]Root{read})
		if err != nil {
			return
		}
		remarks, err := c.Violations(output)
		for _, remark := range remarks {
			if err == nil && (remark.Message == "" || remark.Rule == "") {
				t.Errorf("%+v", remark)
			}
		}
	})
}

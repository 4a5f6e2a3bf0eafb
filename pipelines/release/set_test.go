package release_test

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/release"
)

const commit = "4c74173aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// complete has every field that there is.
const complete = `# What production runs.
apiVersion: esteira/v1
kind: ReleaseSet
environment: prod
sequence: 8
parent: ` + digest + `
from: {environment: staging, sequence: 12, digest: ` + digest + `}
images:
  # the way in
  api-gateway:
    digest: sha256:` + digest + `
    version: main-1 # by hand
    source: ` + commit + `
    note: of somebody else's
models:
  iris:
    version: "3"
    sha256: ` + digest + `
    uri: https://store.example/model.onnx
    source: ` + commit + `
    data: ` + digest + `
    gate: {verdict: rubber-stamp, approvedBy: eve, record: ` + digest + `, uri: "https://store.example/statement.json"}
configuration: ` + digest + `
rollback: {to: 6, reason: errors, skipAnalysis: true}
emergency: {reason: all fails, approvals: 2}
tests: {result: passed, at: "2026-11-27T02:30:00Z", run: "https://ci.example/1", set: ` + digest + `}
approvals:
  - {reviewer: eve, commit: ` + commit + `, at: "2026-11-27T02:31:00Z"}
pin: {owner: ml-team, reason: drift, expires: "2026-12-01T00:00:00Z", components: [iris]}
unknown: {kept: [1, 2]}
`

func read(t *testing.T, text string) release.Set {
	t.Helper()
	set, err := release.Read(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return set
}

// The digest is that of the canonical JSON of everything but the records, and of nothing that somebody else writes there.
func TestDigest(t *testing.T) {
	t.Parallel()
	set := read(t, complete)
	const canonical = `{"apiVersion":"esteira/v1","configuration":"` + digest + `","emergency":{"approvals":2,"reason":"all fails"},` +
		`"environment":"prod","from":{"digest":"` + digest + `","environment":"staging","sequence":12},` +
		`"images":{"api-gateway":{"digest":"sha256:` + digest + `","source":"` + commit + `","version":"main-1"}},"kind":"ReleaseSet",` +
		`"models":{"iris":{"data":"` + digest + `","gate":{"approvedBy":"eve","record":"` + digest + `","uri":"https://store.example/statement.json","verdict":"rubber-stamp"},` +
		`"sha256":"` + digest + `","source":"` + commit + `","uri":"https://store.example/model.onnx","version":"3"}},` +
		`"parent":"` + digest + `","rollback":{"reason":"errors","skipAnalysis":true,"to":6},"sequence":8}`
	if got := string(set.Canonical()); got != canonical {
		t.Errorf("canonical is\n%s\nwant\n%s", got, canonical)
	}
	for name, change := range map[string]struct {
		old, now string
		same     bool
	}{
		"a comment":            {"# What production runs.\n", "", true},
		"order and style":      {"environment: prod\nsequence: 8\n", "'sequence': 8\n\"environment\": 'prod'\n", true},
		"somebody else's":      {"{kept: [1, 2]}", "3", true},
		"tests":                {"result: passed", "result: failed", true},
		"approvals":            {"reviewer: eve", "reviewer: fay", true},
		"a pin":                {"owner: ml-team", "owner: java-team", true},
		"an image":             {"api-gateway:", "other-gateway:", false},
		"a version":            {"version: main-1", "version: main-2", false},
		"a reason":             {"reason: errors", "reason: other errors", false},
		"a text of signs":      {"reason: all fails", `reason: "<&>"`, false},
		"whether it is judged": {"skipAnalysis: true", "skipAnalysis: false", false},
	} {
		if strings.Count(complete, change.old) != 1 {
			t.Fatalf("%s: %q is not once in it", name, change.old)
		}
		other := read(t, strings.Replace(complete, change.old, change.now, 1))
		if same := other.Digest() == set.Digest(); same != change.same {
			t.Errorf("%s: the same digest is %t", name, same)
		}
		if strings.Contains(string(other.Canonical()), `\u00`) {
			t.Errorf("%s: signs are escaped: %s", name, other.Canonical())
		}
	}
}

func validate(t *testing.T, text string) error {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("../../docs/schema/release.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	return schema.Validate(value)
}

// What the published schema takes the reader takes, and what it refuses the reader refuses, too.
func TestSchema(t *testing.T) {
	t.Parallel()
	for _, text := range []string{good, complete} {
		if err := validate(t, text); err != nil {
			t.Error(err)
		}
	}
	for _, environment := range []string{"prod", "staging"} {
		text, err := os.ReadFile("../../k8s/overlays/" + environment + "/release.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if set := read(t, string(text)); set.Environment != environment {
			t.Errorf("%+v", set)
		}
		if err := validate(t, string(text)); err != nil {
			t.Error(err)
		}
	}
	for _, test := range []struct{ name, old, now, says string }{
		{"no name", "environment: prod", "environment: ../prod", `environment: "../prod" is no environment`},
		{"short parent", "parent: " + digest, "parent: abc", `parent is "abc"`},
		{"from nothing", "sequence: 12", "sequence: 0", "from.sequence is 0"},
		{"from no digest", "sequence: 12, digest: " + digest, "sequence: 12, digest: abc", `from.digest is "abc"`},
		{"a tag", "digest: sha256:" + digest, "digest: latest", `images.api-gateway.digest is "latest"`},
		{"no label", "version: main-1", "version: 'a b'", `images.api-gateway.version is "a b"`},
		{"short commit", "version: main-1 # by hand\n    source: " + commit, "version: main-1\n    source: 4c74173", `images.api-gateway.source is "4c74173"`},
		{"no image's name", "  api-gateway:", "  Api_Gateway:", `images: "Api_Gateway" is no name`},
		{"no address", "uri: https://store.example/model.onnx", "uri: http://store.example/model.onnx", "models.iris.uri"},
		{"a signed address", "uri: https://store.example/model.onnx", "uri: https://store.example/model.onnx?sig=x", "models.iris.uri"},
		{"an address with a password", "uri: https://store.example/model.onnx", "uri: https://a:b@store.example/model.onnx", "models.iris.uri"},
		{"no data", "data: " + digest, "data: iris", `models.iris.data is "iris"`},
		{"no verdict", "verdict: rubber-stamp, ", "", "models.iris.gate.verdict is missing"},
		{"no record", "approvedBy: eve, record: " + digest, "approvedBy: eve, record: abc", `models.iris.gate.record is "abc"`},
		{"no configuration", "configuration: " + digest, "configuration: abc", `configuration is "abc"`},
		{"back to nothing", "to: 6", "to: 0", "rollback.to is 0"},
		{"back for no reason", "reason: errors", "reason: ''", "rollback.reason is missing"},
		{"emergency for no reason", "reason: all fails", "reason: ''", "emergency.reason is missing"},
		{"no result", "result: passed", "result: perhaps", `tests.result is "perhaps"`},
		{"no set tested", `set: ` + digest, `set: abc`, `tests.set is "abc"`},
		{"no reviewer", "reviewer: eve", "reviewer: ''", "approvals[0].reviewer is missing"},
		{"no commit seen", "reviewer: eve, commit: " + commit, "reviewer: eve, commit: main", `approvals[0].commit is "main"`},
		{"nobody's pin", "owner: ml-team", "owner: ''", "pin.owner is missing"},
		{"a pin for no reason", "reason: drift", "reason: ''", "pin.reason is missing"},
		{"a pin for ever", `expires: "2026-12-01T00:00:00Z", `, "", "pin.expires is missing"},
	} {
		if strings.Count(complete, test.old) != 1 {
			t.Fatalf("%s: %q is not once in it", test.name, test.old)
		}
		text := strings.Replace(complete, test.old, test.now, 1)
		if _, err := release.Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: error %v, want %q in it", test.name, err, test.says)
		}
		if validate(t, text) == nil {
			t.Errorf("%s: the schema takes it", test.name)
		}
	}
}

// What only the reader sees.
func TestReadRefusesMore(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, old, now, says string }{
		{"back to the future", "to: 6", "to: 8", "rollback.to is 8: want a set before 8"},
		{"one name twice", "  iris:\n", "  api-gateway:\n", `"api-gateway" is the name of an image, too`},
		{"a pin on nothing", "components: [iris]", "components: [rose]", `pin.components[0] is "rose"`},
	} {
		if _, err := release.Read(strings.NewReader(strings.Replace(complete, test.old, test.now, 1))); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: error %v, want %q in it", test.name, err, test.says)
		}
	}
}

// Whatever a set becomes, comments and what others wrote stay, and it is read as what was meant.
func TestWrite(t *testing.T) {
	t.Parallel()
	set := read(t, complete)
	if same, err := release.Write("r", []byte(complete), set); err != nil || string(same) != complete {
		t.Errorf("nothing changed, and it became %v\n%s", err, same)
	}
	next := set
	next.Sequence, next.Parent, next.From, next.Rollback, next.Tests, next.Approvals, next.Pin = 9, set.Digest(), nil, nil, nil, nil, nil
	next.Images = map[string]release.Image{"api-gateway": {Digest: set.Images["api-gateway"].Digest, Version: "2", Source: commit}}
	text, err := release.Write("r", []byte(complete), next)
	if err != nil {
		t.Fatal(err)
	}
	if again := read(t, string(text)); again.Digest() != next.Digest() {
		t.Errorf("%+v", again)
	}
	for _, kept := range []string{"# What production runs.\n", "  # the way in\n", "    version: \"2\" # by hand\n", "    note: of somebody else's\n", "unknown: {kept: [1, 2]}\n"} {
		if !strings.Contains(string(text), kept) {
			t.Errorf("%q is gone:\n%s", kept, text)
		}
	}
	back, err := release.Write("r", text, set)
	if err != nil || read(t, string(back)).Digest() != set.Digest() || !reflect.DeepEqual(read(t, string(back)).Pin, set.Pin) {
		t.Errorf("back again: %v\n%s", err, back)
	}
	for name, text := range map[string]string{"two documents": complete + "---\n" + complete, "braces": "{apiVersion: esteira/v1, kind: ReleaseSet, environment: prod, sequence: 8, models: {}}"} {
		if _, err := release.Write("r", []byte(text), next); err == nil || !strings.HasPrefix(err.Error(), "r:") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestCheckChain(t *testing.T) {
	t.Parallel()
	first := read(t, "apiVersion: esteira/v1\nkind: ReleaseSet\nenvironment: prod\nsequence: 0\nmodels: {}\n")
	second := first
	second.Sequence, second.Parent = 1, first.Digest()
	tested := second
	tested.Tests = &release.Tests{Result: release.Failed, At: time.Unix(100, 0), Set: second.Digest()}
	better := tested
	better.Tests = &release.Tests{Result: release.Passed, At: time.Unix(200, 0), Set: second.Digest()}
	forged := better
	forged.Tests = &release.Tests{Result: release.Passed, At: time.Unix(100, 0), Set: second.Digest()}
	approved := second
	approved.Approvals = []release.Approval{{Reviewer: "eve", Commit: commit}}
	edited := second
	edited.Models = map[string]release.Model{"iris": {Version: "1", SHA256: digest}}
	orphan := second
	orphan.Sequence, orphan.Parent = 2, first.Digest()
	elsewhere := second
	elsewhere.Environment = "staging"
	for _, test := range []struct {
		name string
		sets []release.Set
		says string
	}{
		{"one after the other", []release.Set{first, second, tested, better}, ""},
		{"an approval is added", []release.Set{first, second, approved}, ""},
		{"an approval is taken away", []release.Set{first, approved, second}, "approvals of set 1 were changed"},
		{"a result is taken away", []release.Set{first, tested, second}, "tests of set 1 were changed"},
		{"a result is forged", []release.Set{first, tested, forged}, "tests of set 1 were changed"},
		{"it goes backwards", []release.Set{second, first}, "sequence is 0 after 1: want 2"},
		{"it is edited", []release.Set{first, second, edited}, "it was edited by hand"},
		{"it has another parent", []release.Set{first, second, orphan}, "parent of set 2 is"},
		{"a gap", []release.Set{first, orphan}, "sequence is 2 after 0: want 1"},
		{"another environment", []release.Set{first, elsewhere}, `environment is "staging"`},
	} {
		var states []release.Entry
		for _, set := range test.sets {
			states = append(states, release.Entry{Commit: commit, Set: set})
		}
		err := release.CheckChain("prod", states)
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.says)
		}
	}
	if sets := release.Sets([]release.Entry{{Set: first}, {Commit: "a", Set: second}, {Commit: "b", Set: tested}}); len(sets) != 2 || sets[1].Commit != "a" || sets[1].Set.Tests == nil {
		t.Errorf("%+v", sets)
	}
	if _, err := release.Find(nil, 3); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

package component

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/report"
)

const said = `version: 1
components:
  - {name: orders, path: apps/orders, kind: java, owner: java-team}
  - {name: risk, path: apps/risk, kind: python, owner: ml-team}
  - {name: cluster, path: k8s, kind: manifests, owner: platform-team, also: [docs/runbooks]}
everything: [ci]
unowned: [{path: docs, reason: people read them}]
`

func repository(edits map[string]string) fs.FS {
	tree := fstest.MapFS{}
	for name, text := range map[string]string{
		"esteira.yaml": said, "apps/orders/pom.xml": "orders", "apps/risk/pyproject.toml": "risk",
		"k8s/kustomization.yaml": "k8s", "ci/main.go": "ci", "docs/a.md": "a", "docs/runbooks/down.md": "down",
	} {
		tree[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	for name, text := range edits {
		if text == "" {
			delete(tree, name)
			continue
		}
		tree[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return tree
}

func TestMake(t *testing.T) {
	for _, test := range []struct {
		name  string
		edits map[string]string
		// runs are the components that run; says is what the stage's report says.
		runs, says string
	}{
		{"nothing", nil, "", "0 of 3 components are judged, for 0 changed files"},
		{"one line in one application", map[string]string{"apps/orders/pom.xml": "other"}, "orders", "apps/orders/pom.xml changed"},
		{"a new file in one", map[string]string{"apps/risk/new.py": "x"}, "risk", ""},
		{"a file is taken away", map[string]string{"apps/risk/pyproject.toml": "", "apps/risk/other.py": "x"}, "risk", ""},
		{"what a component looks at", map[string]string{"docs/runbooks/down.md": "up"}, "cluster", ""},
		{"what nobody looks at", map[string]string{"docs/a.md": "b"}, "", ""},
		{"what all stand on", map[string]string{"ci/main.go": "x"}, "cluster orders risk", "ci/main.go changed, on which everything stands"},
		{"what is nobody's", map[string]string{"stray.txt": "x"}, "cluster orders risk", "nobody's: stray.txt"},
		{"a component goes", map[string]string{"apps/risk/pyproject.toml": ""}, "", "0 of 3"},
		{"a component moves", map[string]string{"apps/risk/pyproject.toml": "", "apps/score/pyproject.toml": "risk"}, "score", "apps/score looks like a component of kind python"},
		{"a name is taken", map[string]string{"cluster/pom.xml": "x"}, "cluster-new", ""},
		{"it takes a component out of the table", map[string]string{"esteira.yaml": strings.Replace(said, "  - {name: risk, path: apps/risk, kind: python, owner: ml-team}\n", "", 1), "apps/risk/pyproject.toml": "bad"}, "cluster orders risk", "judged by the base's"},
		{"it says that its folder is nobody's", map[string]string{"esteira.yaml": strings.Replace(said, "{path: docs,", "{path: apps/risk, reason: no}, {path: docs,", 1), "apps/risk/x.py": "bad"}, "cluster orders risk", "judged by the base's"},
		{"its table cannot be read", map[string]string{"esteira.yaml": "version: 1\ncomponent: []\n"}, "cluster orders risk", "esteira.yaml:2: component: it is unknown"},
		{"it takes the table away", map[string]string{"esteira.yaml": ""}, "cluster orders risk", "judged by the base's"},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan, err := Make(repository(nil), repository(test.edits))
			if err != nil {
				t.Fatal(err)
			}
			if got := running(plan); got != test.runs {
				t.Errorf("%s run, want %s", got, test.runs)
			}
			stage := plan.Stage()
			if text := stage.Summary + stageFacts(stage); !strings.Contains(text, test.says) {
				t.Errorf("%s\ndoes not say %s", text, test.says)
			}
			if red := stage.Status.Red(); red != (len(plan.Refused) > 0) {
				t.Errorf("%s with %v", stage.Status, plan.Refused)
			}
			for _, choice := range plan.Choices {
				if choice.Reason == "" {
					t.Errorf("%s has no reason", choice.Component.Name)
				}
			}
		})
	}
}

// What lies elsewhere has those stages run that look at it, and no others; a component's own file has all of them run.
func TestElsewhere(t *testing.T) {
	all := strings.Join(config.Manifests.Stages(), " ")
	for _, test := range []struct {
		name, from, to string
		edits          map[string]string
		runs           string
	}{
		{"elsewhere", "", "", map[string]string{"docs/runbooks/down.md": "up"}, "monitoring"},
		{"inside, too", "", "", map[string]string{"docs/runbooks/down.md": "up", "k8s/kustomization.yaml": "other"}, all},
		{"what all stand on, too", "", "", map[string]string{"docs/runbooks/down.md": "up", "ci/main.go": "x"}, all},
		{"a stage is left out already", "also: [docs/runbooks]", "also: [docs/runbooks], skip: [{stage: monitoring, reason: none}]",
			map[string]string{"docs/runbooks/down.md": "up"}, ""},
		{"of a kind whose stages look nowhere else", "owner: java-team", "owner: java-team, also: [docs/orders]",
			map[string]string{"docs/orders/a.md": "b"}, strings.Join(config.Java.Stages(), " ")},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := strings.Replace(said, test.from, test.to, 1)
			edits := map[string]string{File: table}
			maps.Copy(edits, test.edits)
			plan, err := Make(repository(map[string]string{File: table}), repository(edits))
			if err != nil {
				t.Fatal(err)
			}
			var runs []string
			for _, choice := range plan.Choices {
				if !choice.Run || len(choice.Component.Also) == 0 {
					continue
				}
				for _, stage := range choice.Component.Kind.Stages() {
					if reason, skipped := choice.Component.Skipped(stage); !skipped {
						runs = append(runs, stage)
					} else if reason == "" {
						t.Errorf("%s is skipped without a reason", stage)
					}
				}
			}
			if got := strings.Join(runs, " "); got != test.runs {
				t.Errorf("%s run, want %s", got, test.runs)
			}
		})
	}
}

func running(plan Plan) string {
	var names []string
	for _, choice := range plan.Choices {
		if choice.Run {
			names = append(names, choice.Component.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func stageFacts(stage report.Stage) (text string) {
	for _, fact := range stage.Facts {
		text += "\n" + fact.Name + ": " + fact.Value
	}
	return text
}

func TestWithoutBase(t *testing.T) {
	plan, err := Make(nil, repository(nil))
	if err != nil || running(plan) != "cluster orders risk" || plan.By != File {
		t.Errorf("%+v, %v", plan, err)
	}
	plan, err = Make(nil, repository(map[string]string{File: ""}))
	if err != nil || running(plan) != "k8s orders risk" || !strings.Contains(plan.By, "what lies there") {
		t.Errorf("%+v, %v", plan, err)
	}
	if _, err = Make(nil, repository(map[string]string{File: "version: 3\n"})); err == nil || !strings.Contains(err.Error(), "esteira.yaml:1: version") {
		t.Errorf("%v", err)
	}
	if plan, err = Make(nil, fstest.MapFS{"README.md": {}}); err != nil || plan.Stage().Status != report.Undecided {
		t.Errorf("an empty repository is %+v, %v", plan.Stage(), err)
	}
}

// A base that cannot be read judges nobody.
func TestUnreadableBase(t *testing.T) {
	if _, err := Make(repository(map[string]string{File: "version: 3\n"}), repository(nil)); err == nil || !strings.Contains(err.Error(), "the base's: esteira.yaml:1") {
		t.Errorf("%v", err)
	}
}

func TestChanged(t *testing.T) {
	before := fstest.MapFS{
		"same": {Data: []byte("1")}, "text": {Data: []byte("1")}, "longer": {Data: []byte("1")}, "gone": {Data: []byte("1")},
		"mode": {Data: []byte("1"), Mode: 0o644}, "link": {Data: []byte("a"), Mode: fs.ModeSymlink}, "type": {Data: []byte("a")},
		"folder/x": {Data: []byte("1")}, ".git/HEAD": {Data: []byte("1")},
	}
	after := maps.Clone(before)
	for name, file := range map[string]*fstest.MapFile{
		"text": {Data: []byte("2")}, "longer": {Data: []byte("11")}, "new": {Data: []byte("1")}, "mode": {Data: []byte("1"), Mode: 0o755},
		"link": {Data: []byte("b"), Mode: fs.ModeSymlink}, "type": {Data: []byte("a"), Mode: fs.ModeSymlink}, ".git/HEAD": {Data: []byte("2")},
		"folder": {Data: []byte("1")},
	} {
		after[name] = file
	}
	delete(after, "gone")
	delete(after, "folder/x")
	changed, err := Changed(before, after)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"folder", "folder/x", "gone", "link", "longer", "mode", "new", "text", "type"}
	if !slices.Equal(changed, want) {
		t.Errorf("%q, want %q", changed, want)
	}
}

package budget

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/git/gittest"
)

// The chains, by letters.
const (
	deployed   = "merge to deployed"
	trained    = "training to production"
	toDev      = "merge to dev"
	badAnswers = "bad answers to the version before"
	noStart    = "no start to the version before"
	judged     = "model rollback, judged again"
	unjudged   = "rollback to the last set"
	hookLost   = "merge to deployed, the webhook lost"
)

// sums are worst times in seconds by chain.
type sums map[string]float64

// shipped is what docs/decisions/0013 adds up by hand, and what follows from it.
var shipped = sums{
	deployed: 575, badAnswers: 90, noStart: 105, judged: 185, unjudged: 95,
	trained: 575 - 90 + 3600, hookLost: 575 + 180 + 30, toDev: 90 + 30 + 20 + 30,
}

func worst(b Budget) sums {
	all := sums{}
	for _, c := range b.Chains {
		all[c.Name] = c.Worst.Seconds()
	}
	return all
}

func TestShipped(t *testing.T) {
	t.Parallel()
	b := added(t)
	if b.Red() || len(b.Undecided)+len(b.Problems) > 0 {
		t.Errorf("%v %v", b.Undecided, b.Problems)
	}
	same(t, worst(b), shipped)
	if !strings.Contains(strings.Join(b.Notes, "\n"), "prod is frozen at times (esteira.yaml:") {
		t.Errorf("nothing is said of the freeze: %q", b.Notes)
	}
	c := b.Chains[0]
	if c.Machine() != 275*time.Second || c.People() != 300*time.Second || c.Longest().Name != "wait timer of production" {
		t.Errorf("machines %v, people %v, longest %q", c.Machine(), c.People(), c.Longest().Name)
	}
	if decision, err := os.ReadFile(filepath.Join(gittest.Root(t), "docs/decisions/0013-how-long-a-rollout-takes.md")); err != nil ||
		!strings.Contains(string(decision), "| 575 s |") || !strings.Contains(string(decision), "**165**") {
		t.Errorf("decision 13 has another sum (%v)", err)
	}
}

func same(t *testing.T, got, want sums) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %v s, want %v s", name, got[name], want[name])
		}
	}
	for name := range got {
		if _, known := want[name]; !known {
			t.Errorf("%s: %v s, want none", name, got[name])
		}
	}
}

// Places are those of editors: the file has the value in that line.
func TestPlaces(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, c := range added(t).Chains {
		for _, p := range c.Parts {
			if len(p.Values) == 0 {
				t.Errorf("%s: %s comes from nowhere", c.Name, p.Name)
			}
			for _, v := range p.Values {
				if v.Default != "" {
					continue
				}
				seen++
				text, err := os.ReadFile(filepath.Join(gittest.Root(t), v.File))
				if err != nil {
					t.Fatalf("%s: %v", v, err)
				}
				line := strings.Split(string(text), "\n")[v.Line-1]
				if last := v.Field[strings.LastIndexAny(v.Field, ". ")+1:]; !strings.Contains(line, strings.Trim(v.Text, "[]")) || !strings.Contains(line, last) && !strings.Contains(v.Field, "argocd-cm") {
					t.Errorf("%s: the line is %q", v, line)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("there was no value")
	}
}

// The base's targets and declared times judge, and the change's own wait timers are judged.
func TestPolicyIsTheBases(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(gittest.Root(t), policies))
	if err != nil {
		t.Fatal(err)
	}
	longer, err := ReadFile(policies, []byte(strings.NewReplacer("deployedSeconds: 600", "deployedSeconds: 900", "waitMinutes: 5", "waitMinutes: 6", "worstSeconds: 90", "worstSeconds: 80").Replace(string(text))))
	if err != nil {
		t.Fatal(err)
	}
	base, err := ReadFile("base/esteira.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	tree := own(t).tree(t)
	if b := Add(tree, longer, base); b.Chains[0].Met() || b.Chains[0].Worst != 635*time.Second || b.Chains[0].Asked.File != "base/esteira.yaml" {
		t.Errorf("%v, asked in %s", b.Chains[0].Worst, b.Chains[0].Asked)
	}
	base.Delivery = nil
	if b := Add(tree, longer, base); !b.Red() || !strings.Contains(b.Undecided[0], "base/esteira.yaml has no section delivery") {
		t.Errorf("%+v", b)
	}
}

package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/report"
)

// manifestFault is a seeded fault in the cluster's description, and what the check says that is meant for it.
type manifestFault struct {
	name   string
	files  []string
	Check  string        `json:"check"`
	Status report.Status `json:"status"`
	Says   []string      `json:"says"`
	// Base says that the clean tree is the base: only as a change it is wrong.
	Base bool `json:"base"`
	// Alone says that it hides other faults.
	Alone bool `json:"alone"`
}

// Each seeded fault makes the check red that it is meant for, which names the place and the reason. Faults of one check in
// different files are tried in one call: a call costs more than what it judges. What hides others is tried alone, as what
// does not render hides the rest of its overlay.
func TestManifestFaults(t *testing.T) {
	t.Parallel()
	faults := manifestFaults(t)
	if len(faults) < 25 {
		t.Errorf("%d faults, want 25 or more", len(faults))
	}
	for _, batch := range batches(faults) {
		var names []string
		for _, fault := range batch {
			names = append(names, fault.name)
		}
		t.Run(strings.Join(names, "+"), func(t *testing.T) {
			t.Parallel()
			stage := []string{"manifests", "--source=" + cluster(t, names...)}
			if batch[0].Base {
				stage = append(stage, "--base="+filepath.Join(repository, "k8s"))
			}
			said := call(t, append(stage, batch[0].Check, "check")...)
			said.fails(t, batch[0].Check+" "+string(batch[0].Status))
			for _, fault := range batch {
				for _, word := range fault.Says {
					if !strings.Contains(said.stdout+said.stderr, word) {
						t.Errorf("%s: it is not said %q", fault.name, word)
					}
				}
			}
			if t.Failed() {
				t.Log(said.stdout + said.stderr)
			}
		})
	}
}

// patched matches the file that a patch changes.
var patched = regexp.MustCompile(`(?m)^(?:---|\+\+\+) [ab]/(\S+)`)

func manifestFaults(t *testing.T) (faults []manifestFault) {
	t.Helper()
	found, err := filepath.Glob("faults/manifests/*/expect.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		fault := manifestFault{name: filepath.Base(filepath.Dir(file))}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, &fault); err != nil || fault.Check == "" || len(fault.Says) == 0 {
			t.Fatalf("%s: %+v, %v", file, fault, err)
		}
		patch := read(t, filepath.Join(filepath.Dir(file), "fault.patch"))
		for _, name := range patched.FindAllStringSubmatch(patch, -1) {
			fault.files = append(fault.files, name[1])
		}
		faults = append(faults, fault)
	}
	return faults
}

// batches are faults that can be tried at once.
func batches(faults []manifestFault) (all [][]manifestFault) {
	for _, fault := range faults {
		at := slices.IndexFunc(all, func(batch []manifestFault) bool {
			return fault.Check != "render" && !slices.ContainsFunc(batch, fault.disturbs)
		})
		if at < 0 {
			all = append(all, []manifestFault{fault})
			continue
		}
		all[at] = append(all[at], fault)
	}
	return all
}

// disturbs says that two faults can't be tried in one call.
func (f manifestFault) disturbs(other manifestFault) bool {
	return f.Alone || other.Alone || f.Check != other.Check || f.Status != other.Status || f.Base != other.Base ||
		slices.ContainsFunc(f.files, func(name string) bool { return slices.Contains(other.files, name) })
}

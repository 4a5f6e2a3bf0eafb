package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/report"
)

// seededStage is a stage over a folder of this repository, into which faults are seeded: faults/NAME/*/{fault.patch,expect.yaml}.
type seededStage struct {
	name, folder string
	// alone is a check whose faults hide others.
	alone string
	// flags are those of every call.
	flags []string
	// least is how many faults there are at least.
	least int
}

// seeded is a fault in a folder, and what the check says that is meant for it.
type seeded struct {
	name   string
	files  []string
	Check  string        `json:"check"`
	Status report.Status `json:"status"`
	Says   []string      `json:"says"`
	// Base says that the clean folder is the base: only as a change it is wrong.
	Base bool `json:"base"`
	// Alone says that it hides other faults.
	Alone bool `json:"alone"`
	// Lines says that it hides no fault in other lines of its file.
	Lines bool `json:"lines"`
	// hunks are the lines that the patch names.
	hunks []hunk
}

// hunk is a part of a file that a patch names, from its first line to its last.
type hunk struct {
	file        string
	first, last int
}

// Each fault in the cluster's description is caught by name.
func TestManifestFaults(t *testing.T) {
	t.Parallel()
	seededStage{name: "manifests", folder: "k8s", alone: "render", least: 25}.try(t)
}

// try makes sure that each fault makes the check red that it is meant for, which names the place and the reason. Faults of one
// check in different files are tried in one call: a call costs more than what it judges. What hides others is tried alone, as
// what does not render hides the rest of its overlay.
func (s seededStage) try(t *testing.T) {
	t.Helper()
	faults := s.faults(t)
	if len(faults) < s.least {
		t.Errorf("%d faults, want %d or more", len(faults), s.least)
	}
	for _, batch := range s.batches(faults) {
		var names []string
		for _, fault := range batch {
			names = append(names, fault.name)
		}
		t.Run(strings.Join(names, "+"), func(t *testing.T) {
			t.Parallel()
			first := batch[0]
			stage := slices.Concat([]string{s.name, "--source=" + s.seed(t, names...)}, s.flags)
			if first.Base {
				stage = append(stage, "--base="+filepath.Join(repository, s.folder))
			}
			said := call(t, append(stage, first.Check, "check")...)
			said.fails(t, first.Check+" "+string(first.Status))
			text := said.stdout + said.stderr
			if first.Lines { // more of them than are shown at a terminal
				for _, f := range reportOf(t, append(stage, first.Check)...).Stages[0].Findings {
					text += fmt.Sprintln(f.Location, f.Rule, f.Message)
				}
			}
			for _, fault := range batch {
				for _, word := range fault.Says {
					if !strings.Contains(text, word) {
						t.Errorf("%s: it is not said %q", fault.name, word)
					}
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}

// seed is a copy of the stage's folder with faults laid over it.
func (s seededStage) seed(t *testing.T, faults ...string) string {
	t.Helper()
	dir := workspace(t)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(repository, s.folder))); err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		file := mustAbs(filepath.Join("faults", s.name, fault, "fault.patch"))
		patch := exec.Command("patch", "--strip=1", "--fuzz=0", "--input="+file)
		patch.Dir = dir
		if output, err := patch.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", file, err, output)
		}
	}
	return dir
}

// patched matches the file that a patch changes.
var patched = regexp.MustCompile(`(?m)^(?:---|\+\+\+) [ab]/(\S+)`)

func (s seededStage) faults(t *testing.T) (faults []seeded) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("faults", s.name, "*", "expect.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		fault := seeded{name: filepath.Base(filepath.Dir(file))}
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
		fault.hunks = hunksOf(patch)
		faults = append(faults, fault)
	}
	return faults
}

// batches are faults that can be tried at once.
func (s seededStage) batches(faults []seeded) (all [][]seeded) {
	for _, fault := range faults {
		at := slices.IndexFunc(all, func(batch []seeded) bool {
			return fault.Check != s.alone && !slices.ContainsFunc(batch, fault.disturbs)
		})
		if at < 0 {
			all = append(all, []seeded{fault})
			continue
		}
		all[at] = append(all[at], fault)
	}
	return all
}

// disturbs says that two faults can't be tried in one call.
func (f seeded) disturbs(other seeded) bool {
	return f.Alone || other.Alone || f.Check != other.Check || f.Status != other.Status || f.Base != other.Base || f.overlaps(other)
}

// overlaps says that two patches change one file, or, where lines hide no others, that they name the same lines.
func (f seeded) overlaps(other seeded) bool {
	if !f.Lines || !other.Lines {
		return slices.ContainsFunc(f.files, func(name string) bool { return slices.Contains(other.files, name) })
	}
	return slices.ContainsFunc(f.hunks, func(a hunk) bool {
		return slices.ContainsFunc(other.hunks, func(b hunk) bool {
			return a.file == b.file && a.first <= b.last && b.first <= a.last
		})
	})
}

// patchedLines matches where a patch changes a file: its name, or the first of its lines and how many, if not one.
var patchedLines = regexp.MustCompile(`(?m)^(?:--- (?:a/)?(\S+)|@@ -(\d+)(?:,(\d+))? )`)

func hunksOf(patch string) (hunks []hunk) {
	file := ""
	for _, found := range patchedLines.FindAllStringSubmatch(patch, -1) {
		if found[1] != "" {
			file = found[1]
			continue
		}
		first, _ := strconv.Atoi(found[2])
		many, err := strconv.Atoi(found[3])
		if err != nil {
			many = 1
		}
		hunks = append(hunks, hunk{file, first, first + many - 1})
	}
	return hunks
}

package esteira

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/config"
)

// workflow is what these tests look at in a file of .github/workflows.
type workflow struct {
	file        string
	text        string
	Name        string            `json:"name"`
	On          map[string]any    `json:"on"`
	Permissions map[string]string `json:"permissions"`
	Concurrency struct {
		Group            string `json:"group"`
		CancelInProgress any    `json:"cancel-in-progress"`
	} `json:"concurrency"`
	Env  map[string]any `json:"env"`
	Jobs map[string]job `json:"jobs"`
}

type job struct {
	Uses        string            `json:"uses"`
	Permissions map[string]string `json:"permissions"`
	Timeout     int               `json:"timeout-minutes"`
	Env         map[string]any    `json:"env"`
	Steps       []step            `json:"steps"`
}

type step struct {
	Uses string         `json:"uses"`
	Run  string         `json:"run"`
	With map[string]any `json:"with"`
	Env  map[string]any `json:"env"`
}

// action is what these tests look at in an action of ours.
type action struct {
	Runs struct {
		Steps []step `json:"steps"`
	} `json:"runs"`
}

// glob is the text of the files that match, of which there has to be one at least.
func glob(t *testing.T, pattern string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = string(text)
	}
	return texts
}

func workflows(t *testing.T) (all []workflow) {
	t.Helper()
	for file, text := range glob(t, ".github/workflows/*") {
		w := workflow{file: file, text: text}
		// An unquoted on is true in YAML 1.1.
		if err := yaml.Unmarshal([]byte(strings.Replace(text, "\non:", "\n\"on\":", 1)), &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, w)
	}
	return all
}

// steps are those of all jobs and actions, by the files that they stand in.
func steps(t *testing.T) map[string][]step {
	t.Helper()
	all := map[string][]step{}
	for _, w := range workflows(t) {
		for _, job := range w.Jobs {
			all[w.file] = append(all[w.file], job.Steps...)
		}
	}
	for file, text := range glob(t, ".github/actions/*/action.yml") {
		var a action
		if err := yaml.Unmarshal([]byte(text), &a); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[file] = a.Runs.Steps
	}
	return all
}

// Every action is this repository's own, or pinned by the SHA of a commit, with its version beside it.
func TestActionsArePinned(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d`)
	texts := glob(t, ".github/*/*.yml")
	maps.Copy(texts, glob(t, ".github/actions/*/*.yml"))
	for file, text := range texts {
		for _, line := range strings.Split(text, "\n") {
			if strings.Contains(line, "uses: ") && !strings.Contains(line, "uses: ./") && !pinned.MatchString(line) {
				t.Errorf("%s: %s", file, strings.TrimSpace(line))
			}
		}
	}
}

// Nothing is pasted into a shell: what GitHub says reaches it through the environment.
func TestNothingIsPastedIntoShells(t *testing.T) {
	t.Parallel()
	for file, steps := range steps(t) {
		for _, step := range steps {
			if strings.Contains(step.Run, "${{") {
				t.Errorf("%s: %s", file, step.Run)
			}
		}
	}
}

// positive is how a step makes sure that a call said what it has to on its last line.
var positive = regexp.MustCompile(`tail -n 1 \S+( \||\)" = passed)`)

// Each call of a stage asserts the positive last line: dagger can exit with 0 after an error. What only makes a report, and
// a call whose work another call judges, has none.
func TestCallsAreAsserted(t *testing.T) {
	t.Parallel()
	calls := 0
	for file, steps := range steps(t) {
		for _, step := range steps {
			if !strings.Contains(step.Run, "dagger call") || strings.Contains(step.Run, " summary ") || strings.Contains(step.Run, " reports export") {
				continue
			}
			calls++
			if !positive.MatchString(step.Run) {
				t.Errorf("%s: its last line is not looked at: %s", file, step.Run)
			}
		}
	}
	if calls < 4 {
		t.Errorf("%d calls, want 4 or more", calls)
	}
}

// Dagger's version stands in dagger.json alone.
func TestVersionOfDaggerStandsOnce(t *testing.T) {
	t.Parallel()
	for file, steps := range steps(t) {
		for _, step := range steps {
			if version, said := step.With["version"]; said && version != "${{ steps.version.outputs.version }}" {
				t.Errorf("%s: version %v", file, version)
			}
		}
	}
}

// A workflow that pull requests start cancels what is stale; one that writes somewhere never does. Every job ends by itself.
func TestWorkflowsDoNotPileUp(t *testing.T) {
	t.Parallel()
	for _, w := range workflows(t) {
		want := any(false)
		if _, ok := w.On["pull_request"]; ok {
			want = "${{ github.event_name == 'pull_request' }}"
		}
		if w.Concurrency.Group == "" || w.Concurrency.CancelInProgress != want {
			t.Errorf("%s: concurrency is %+v, want cancel-in-progress: %v", w.file, w.Concurrency, want)
		}
		for name, job := range w.Jobs {
			if job.Timeout == 0 && job.Uses == "" { // those of a called workflow have their own
				t.Errorf("%s: %s has no timeout-minutes", w.file, name)
			}
		}
	}
}

// What pull requests start has no secret and may read, and nothing else.
func TestPullRequestsGetNothing(t *testing.T) {
	t.Parallel()
	for _, w := range workflows(t) {
		if _, ok := w.On["pull_request_target"]; ok {
			t.Errorf("%s runs with everything on what anybody proposes", w.file)
		}
		if _, ok := w.On["pull_request"]; !ok {
			continue
		}
		if strings.Contains(w.text, "secrets.") || strings.Contains(w.text, "write") {
			t.Errorf("%s: it has a secret, or may write", w.file)
		}
	}
}

// What publishes reads no cache that others could have written.
func TestPublishingReadsNoCache(t *testing.T) {
	t.Parallel()
	for _, w := range workflows(t) {
		for name, job := range w.Jobs {
			caches, publishes := false, false
			for _, step := range job.Steps {
				caches = caches || step.With["cache"] != nil
				publishes = publishes || strings.Contains(fmt.Sprint(step.Env, job.Env), "secrets.")
			}
			if caches && publishes {
				t.Errorf("%s: %s", w.file, name)
			}
		}
	}
}

// The remote cache is written by what is on main, and by nothing else.
func TestCacheIsWrittenOnMain(t *testing.T) {
	t.Parallel()
	writers := 0
	for _, w := range workflows(t) {
		if !strings.Contains(w.text, "CACHE_EXPORT_CONFIG") && !strings.Contains(w.text, "_CACHE_CONFIG") {
			continue
		}
		writers++
		push := fmt.Sprint(w.On["push"])
		if len(w.On) != 1 || push != "map[branches:[main]]" {
			t.Errorf("%s writes the cache, and runs on %v", w.file, w.On)
		}
	}
	if writers != 1 {
		t.Errorf("%d workflows write the cache, want 1", writers)
	}
}

var said = regexp.MustCompile(`(?:secrets|vars)\.[A-Z_]+`)

// The table of docs/workflows.md is what the files say.
func TestTableOfPermissions(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, w := range workflows(t) {
		for name, job := range w.Jobs {
			permissions := w.Permissions
			if job.Permissions != nil {
				permissions = job.Permissions
			}
			var allowed []string
			for _, scope := range slices.Sorted(maps.Keys(permissions)) {
				allowed = append(allowed, scope+": "+permissions[scope])
			}
			needs := said.FindAllString(fmt.Sprint(w.Env, job.Env, job.Steps), -1)
			slices.Sort(needs)
			want = append(want, fmt.Sprintf("%s %s | %s | %s", w.Name, name, strings.Join(allowed, ", "), strings.Join(slices.Compact(needs), ", ")))
		}
	}
	for _, line := range strings.Split(glob(t, "docs/workflows.md")["docs/workflows.md"], "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 7 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		for i := range cells {
			cells[i] = strings.Trim(cells[i], " `")
		}
		got = append(got, fmt.Sprintf("%s %s | %s | %s", cells[1], cells[2], cells[4], cells[5]))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the table says\n%s\nand the files\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The paths that start a workflow are those that touch its component, as esteira.yaml has them.
func TestPathsAreOwnership(t *testing.T) {
	t.Parallel()
	policy, err := config.ReadFile("esteira.yaml")
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]string{"ci-api-gateway": "api-gateway", "ci-inference-service": "inference-service", "infra-terraform": "infrastructure"}
	for _, w := range workflows(t) {
		name, ok := of[w.Name]
		if !ok {
			continue
		}
		delete(of, w.Name)
		at := slices.IndexFunc(policy.Components, func(c config.Component) bool { return c.Name == name })
		if at < 0 {
			t.Errorf("%s: esteira.yaml has no component %s", w.file, name)
			continue
		}
		push, _ := w.On["push"].(map[string]any)
		got := fmt.Sprint(push["paths"])
		if want := fmt.Sprint(paths(policy, policy.Components[at])); got != want {
			t.Errorf("%s: its paths are\n%s\nand those of %s\n%s", w.file, got, name, want)
		}
	}
	if len(of) > 0 {
		t.Errorf("no workflow has the name of %v", of)
	}
}

// paths are the filters of what touches a component.
func paths(policy config.Config, component config.Component) (filters []string) {
	owned := slices.Concat([]string{component.Path}, component.Also, policy.Everything)
	for _, path := range owned {
		filters = append(filters, filter(path))
	}
	for _, none := range policy.Unowned {
		if slices.ContainsFunc(owned, func(path string) bool { return strings.HasPrefix(none.Path, path+"/") }) {
			filters = append(filters, "!"+filter(none.Path))
		}
	}
	return filters
}

// filter is a file, or all that is in a folder.
func filter(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return path + "/**"
	}
	return path
}

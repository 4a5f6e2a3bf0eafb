package tests

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// unable are the jobs that cannot run here, and what this machine lacks.
var unable = map[string]string{
	"cache write":                  "a registry with a password",
	"cd-deploy promote":            "a run of ci-api-gateway or ci-inference-service at GitHub",
	"ci-api-gateway publish":       "a registry with a password",
	"ci-inference-service publish": "a registry with a password",
	"ml-training upload":           "an identity token, and Azure",
	"ml-promote promote":           "a run of ml-training at GitHub",
	"promotion candidate":          "the artefact of another run at GitHub",
	"promotion production":         "an environment, its approvals, and a cluster in which something runs",
	"promotion staging":            "an environment, and a cluster in which something runs",
	"pull-request-comment comment": "a run of pull-request at GitHub",
	"rollback rollback":            "an environment, and a token that may push",
}

// acted is a job as `act` runs it, on this machine itself.
type acted struct {
	job, event string
	// inputs are those of a run by hand, as JSON; secret is the one that the job has, NAME=VALUE.
	inputs, secret string
	// change lies over what is checked out without a name, which `act` copies by itself: the pull request's side.
	change map[string]string
	// says is what the job prints; one that is red exits with 1.
	red  bool
	says []string
}

// Each job of the workflows runs as GitHub would run it, its report published whether it is red or not, or is listed with
// what it lacks.
func TestWorkflowsRun(t *testing.T) {
	t.Parallel()
	program, tested := tool(t, "act"), checkout(t)
	runs := []acted{
		{job: "pull-request pull-request", event: "pull_request", says: []string{"0 of 5 components are judged"}},
		{
			job: "pull-request pull-request", event: "pull_request", red: true,
			change: map[string]string{"docs/deploy.md": "password: ghp_" + "0123456789abcdefghijABCDEFGHIJ012345\n"},
			says:   []string{"secrets failed", "docs/deploy.md"},
		},
		{job: "ci-api-gateway test", event: "push", says: []string{"✓ test"}},
		{job: "ci-inference-service test", event: "push", says: []string{"✓ test"}},
		{job: "infra-terraform report", event: "push", says: []string{"✓ plan"}},
		{
			job: "ml-training judge", event: "workflow_dispatch", says: []string{"somebody has approved it"},
			inputs: `{"approve": "true"}`,
		},
		{
			job: "argocd-setup install", event: "workflow_dispatch", says: []string{"objects are installed"},
			inputs: `{"wait": "0s"}`, secret: "ARGOCD_SETUP_KUBECONFIG=" + ownCluster(t),
		},
	}
	known := maps.Clone(unable)
	for _, r := range runs {
		known[r.job] = "it runs"
		t.Run(fmt.Sprintf("%s %t", r.job, r.red), func(t *testing.T) {
			t.Parallel()
			r.run(t, program, tested)
		})
	}
	if got, want := slices.Sorted(maps.Keys(known)), allJobs(t); !slices.Equal(got, want) {
		t.Errorf("run or listed are %q, and there are %q", got, want)
	}
}

func (a acted) run(t *testing.T, program, tested string) {
	t.Helper()
	artefacts, checkedOut := workspace(t), checkout(t)
	for name, text := range a.change {
		write(t, filepath.Join(checkedOut, name), text)
	}
	event := write(t, filepath.Join(workspace(t), "event.json"),
		`{"pull_request": {"number": 1, "base": {"sha": "0"}}, "inputs": `+cmp.Or(a.inputs, "{}")+`}`)
	workflow, job, _ := strings.Cut(a.job, " ")
	args := []string{
		a.event, "--workflows=.github/workflows/" + workflow + ".yml", "--job=" + job, "--eventpath=" + event, "--platform=ubuntu-24.04=-self-hosted",
		"--env=PATH=" + os.Getenv("PATH"), "--env=TESTED=" + tested, "--env=ARTEFACTS=" + artefacts,
		"--env=DAGGER_PROGRESS=report", "--actor=somebody",
	}
	command := exec.Command(program, append(args, standIns(t, tested)...)...)
	command.Dir, command.Env = checkedOut, append(environment(), "XDG_CACHE_HOME="+workspace(t))
	if name, _, has := strings.Cut(a.secret, "="); has {
		command.Args, command.Env = append(command.Args, "--secret="+name), append(command.Env, a.secret)
	}
	for _, entry := range environment() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "_EXPERIMENTAL_DAGGER") {
			command.Args = append(command.Args, "--env="+entry)
		}
	}
	said := observe(command)
	text := said.stdout + said.stderr
	if (said.code != 0) != a.red {
		t.Errorf("it exits with %d:\n%s", said.code, text)
	}
	for _, word := range a.says {
		if !strings.Contains(text, word) {
			t.Errorf("it does not say %q:\n%s", word, text)
		}
	}
	// What stops commands ends on a line of its own, or GitHub obeys none after it.
	if strings.Count(text, "::stop-commands::") > 0 && regexp.MustCompile(`[^| :]+::[0-9a-f]{32}::`).MatchString(text) {
		t.Errorf("commands are not obeyed again:\n%s", text)
	}
	if reports, _ := filepath.Glob(filepath.Join(artefacts, "*", "report.html")); workflow != "ml-training" && workflow != "argocd-setup" && len(reports) == 0 {
		t.Error("no report was published")
	}
}

// ownCluster is the kubeconfig of a cluster of its own.
func ownCluster(t *testing.T) string {
	t.Helper()
	c, err := newCluster()
	if err != nil {
		t.Fatal(err)
	}
	return c.reachable(t)
}

// checkout is this repository as GitHub would check it out.
func checkout(t *testing.T) string {
	t.Helper()
	dir := workspace(t)
	command := exec.Command("bash", "-euo", "pipefail", "-c",
		`git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from=- --ignore-failed-read | tar --extract --directory="$0"`, dir)
	command.Dir = repository
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return dir
}

// standIns are flags that put ours in place of other people's actions: there is no GitHub here to take those from.
func standIns(t *testing.T, tested string) (flags []string) {
	t.Helper()
	used := regexp.MustCompile(`uses: ([\w-]+/([\w-]+)@([0-9a-f]{40}))`)
	for _, pattern := range []string{"workflows/*.yml", "actions/*/action.yml"} {
		files, err := filepath.Glob(filepath.Join(tested, ".github", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, action := range used.FindAllStringSubmatch(read(t, file), -1) {
				flags = append(flags, "--local-repository=https://github.com/"+action[1]+"="+mustAbs("testdata/actions/"+action[2]))
			}
		}
	}
	slices.Sort(flags)
	return slices.Compact(flags)
}

// allJobs are those of all workflows.
func allJobs(t *testing.T) (jobs []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, ".github/workflows/*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		var workflow struct {
			Name string         `json:"name"`
			Jobs map[string]any `json:"jobs"`
		}
		if err := yaml.Unmarshal([]byte(read(t, file)), &workflow); err != nil {
			t.Fatal(err)
		}
		for job := range workflow.Jobs {
			jobs = append(jobs, workflow.Name+" "+job)
		}
	}
	slices.Sort(jobs)
	return jobs
}

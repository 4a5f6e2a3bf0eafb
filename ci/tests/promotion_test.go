package tests

import (
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// origin is a repository that is pushed to over HTTP, with a password.
type origin struct {
	dir, address, password string
}

// newOrigin has this repository's own manifests and policy in two commits.
func newOrigin(t *testing.T) origin {
	t.Helper()
	root := workspace(t)
	o := origin{dir: filepath.Join(root, "iris.git"), password: password()}
	work := workspace(t)
	for _, path := range []string{"k8s", "esteira.yaml"} {
		if err := exec.Command("cp", "-r", filepath.Join(repository, path), work).Run(); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(work, "apps/api-gateway/README.md"), "# What Ada wrote\n")
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"}, {"config", "user.name", "Ada"}, {"config", "user.email", "ada@localhost"},
		{"add", "--all"}, {"commit", "--quiet", "--message=Begin"}, {"commit", "--quiet", "--allow-empty", "--message=Build"},
		{"clone", "--quiet", "--bare", ".", o.dir}, {"--git-dir=" + o.dir, "config", "http.receivepack", "true"},
	} {
		if said, err := exec.Command("git", append([]string{"-C", work}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, said)
		}
	}
	backend := &cgi.Handler{Path: "/usr/lib/git-core/git-http-backend", Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=x-access-token"}}
	o.address = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if user, given, _ := r.BasicAuth(); user != "x-access-token" || given != o.password {
			w.Header().Set("WWW-Authenticate", "Basic")
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	})
	return o
}

// git says something of the repository.
func (o origin) git(t *testing.T, args ...string) string {
	t.Helper()
	said, err := exec.Command("git", append([]string{"--git-dir=" + o.dir}, args...)...).Output()
	if err != nil {
		t.Fatalf("git %s: %v", args, err)
	}
	return strings.TrimSpace(string(said))
}

// clone is a fresh one of what is there, as a job checks it out.
func (o origin) clone(t *testing.T) string {
	t.Helper()
	dir := workspace(t)
	if said, err := exec.Command("git", "clone", "--quiet", o.dir, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return dir
}

// commit makes a commit of all that somebody edited in a clone.
func commit(t *testing.T, clone string) {
	t.Helper()
	if said, err := exec.Command("git", "-C", clone, "-c", "user.name=Eve", "-c", "user.email=eve@localhost", "commit", "--quiet", "--all", "--message=Hurry").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
}

// push brings what was committed in a clone to where it came from.
func push(t *testing.T, clone string) {
	t.Helper()
	if said, err := exec.Command("git", "-C", clone, "push", "--quiet", "origin", "main").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
}

// setOf is the digest of the set that a promotion says it moved.
func setOf(t *testing.T, said string) string {
	t.Helper()
	found := regexp.MustCompile(`set [0-9]+, sha256:([0-9a-f]{64})`).FindStringSubmatch(said)
	if found == nil {
		t.Fatalf("it names no set:\n%s", said)
	}
	return found[1]
}

// call is one of `promotion`, over a fresh clone.
func (o origin) call(t *testing.T, password string, args ...string) outcome {
	t.Helper()
	flags := []string{
		"promotion", "--source=" + o.clone(t), "--remote=" + o.address + "/iris.git",
		"--token=" + secret(t, password), "--author=Robot <robot@localhost>",
	}
	said := call(t, append(flags, args...)...)
	if strings.Contains(said.stdout+said.stderr, password) {
		t.Errorf("it says the token:\n%s", said)
	}
	return said
}

// What was built goes to staging, is recorded as tested, is shown and proposed for production, and goes nowhere with a wrong
// token or without a set to go back to. Every step is one commit of a repository that is pushed to.
func TestPromotion(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	files := workspace(t)
	source, digest := o.git(t, "rev-parse", "main"), "sha256:"+strings.Repeat("a1", 32)
	candidate := "--candidate=" + write(t, filepath.Join(files, "candidate.json"),
		fmt.Sprintf(`{"images": {"api-gateway": {"digest": %q, "version": "main-1", "source": %q}}}`, digest, source))
	verified := "--verifications=" + write(t, filepath.Join(files, "verifications.json"),
		fmt.Sprintf(`[{"digest": %q, "verified": true, "source": %q}]`, digest, source))

	o.call(t, "wrong"+password(), "promote", "--to=staging", candidate, verified).fails(t, "Authentication failed")
	o.call(t, o.password, "promote", "--to=staging", candidate).fails(t, "nobody verified the signatures")
	if got := o.git(t, "rev-parse", "main"); got != source {
		t.Fatalf("main is at %s: something moved", got)
	}
	said := o.call(t, o.password, "promote", "--to=staging", candidate, verified).passes(t)
	staged := o.git(t, "rev-parse", "main")
	if !strings.HasSuffix(strings.TrimSpace(said), "by commit "+staged) || !strings.Contains(o.git(t, "show", "main:k8s/overlays/staging/release/kustomization.yaml"), digest) {
		t.Errorf("main is at %s:\n%s", staged, said)
	}
	if again := o.call(t, o.password, "promote", "--to=staging", candidate, verified).passes(t); !strings.Contains(again, "nothing was done") || o.git(t, "rev-parse", "main") != staged {
		t.Errorf("it moved twice: %s", again)
	}
	now := o.git(t, "log", "-1", "--format=%cI", "main")
	o.call(t, o.password, "record", "--environment=staging", "--tests="+write(t, filepath.Join(files, "tests.json"),
		fmt.Sprintf(`{"result": "passed", "at": %q, "run": "https://ci.example/1", "set": %q}`, now, setOf(t, said)))).passes(t)
	if shown := o.call(t, o.password, "diff", "--to=prod").passes(t); !strings.Contains(shown, "api-gateway") || !strings.Contains(shown, "--expect") {
		t.Errorf("%s", shown)
	}
	o.call(t, o.password, "rollback", "--environment=prod", "--owner=me", "--reason=it is bad").fails(t, "nothing was ever promoted to prod: there is nothing to go back to")
	if status := call(t, "promotion", "--source="+o.clone(t), "status").passes(t); !strings.Contains(status, "staging") || !strings.Contains(status, "prod") {
		t.Errorf("%s", status)
	}
	call(t, "promotion", "--source="+o.clone(t), "verify").passes(t)

	edited := o.clone(t)
	edit(t, filepath.Join(edited, "k8s/overlays/staging/release.yaml"), "main-1", "main-2")
	commit(t, edited)
	call(t, "promotion", "--source="+edited, "verify").fails(t, "release.yaml")
	call(t, "promotion", "--source="+edited, "rollback", "--environment=prod", "--owner=me", "--reason=why").fails(t, "name the --remote")
}

// Every version of a model is followed from its data to where it runs, and delivery is measured from the history.
func TestDelivery(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.stage(t, "sha256:"+strings.Repeat("a1", 32))
	stage := []string{"delivery", "--source=" + o.clone(t)}
	known := filepath.Join(repository, "pipelines/delivery/tracking/testdata")
	models := append(stage, "models", "--versions="+known+"/versions.json", "--runs="+known+"/runs.json")
	call(t, append(models, "--records="+known+"/records", "check")...).passes(t)
	call(t, append(models, "--records="+known+"/records/m1", "check")...).fails(t, "no record of the gate is about it")
	if said := call(t, append(stage, "dora", "--days=90")...).passes(t); !strings.Contains(said, "staging") || !strings.Contains(said, "deployment frequency") {
		t.Errorf("%s", said)
	}
}

// GitHub's environments are compared with esteira.yaml; what was not looked at is not applied, and a token that is missing, or
// that may not, is said. Which calls GitHub allows its own description says, in pipelines/github.
func TestPromotionEnvironments(t *testing.T) {
	t.Parallel()
	const token = "github_pat_never-shown"
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			t.Errorf("%s without the token", r.URL)
		}
		if r.Method == http.MethodGet {
			fmt.Fprint(w, `{"environments":[{"name":"preview"}],"id":7}`)
			return
		}
		w.Header().Set("X-Accepted-GitHub-Permissions", "administration=write")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message":"Resource not accessible by integration"}`)
	}))
	defer github.Close()
	port := github.URL[strings.LastIndex(github.URL, ":")+1:]
	ask := func(flags []string, what ...string) outcome {
		return call(t, slices.Concat([]string{"promotion"}, flags, []string{"environments", "--repository=team/iris",
			"--api=http://github:" + port, "--service=tcp://127.0.0.1:" + port}, what)...)
	}
	authorised := []string{"--token=" + secret(t, token)}
	planned := ask(authorised, "plan").passes(t)
	for _, want := range []string{"production           waitMinutes        (new)  → 5\n", "left alone: preview\n", "administration:write, members:read\n", "18 changes, sha256:"} {
		if !strings.Contains(planned, want) {
			t.Errorf("the plan does not say %q:\n%s", want, planned)
		}
	}
	ask(authorised, "check").fails(t, "18 fields of the environments of team/iris are not as desired")
	other := ask(authorised, "apply", "--expect=sha256:"+strings.Repeat("0", 64))
	other.fails(t, "sha256:")
	refused := ask(authorised, "apply")
	refused.fails(t, "administration:write")
	if strings.Contains(planned+other.stdout+other.stderr+refused.stdout+refused.stderr, token) {
		t.Error("the token is shown")
	}
	ask(nil, "plan").fails(t, "token")
}

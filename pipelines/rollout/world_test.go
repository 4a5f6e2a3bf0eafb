package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/git/gittest"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/promotion"
)

// world is a repository in which staging has had two sets, and a namespace of the cluster where a test plays Argo CD, Flagger
// and the controllers.
type world struct {
	t         *testing.T
	cluster   Cluster
	dir       string
	workspace promotion.Workspace
	source    Source
	// name is that of the namespace and of the application in it.
	name string

	mutex sync.Mutex
	lines []string
}

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// history is the repository that all tests get a copy of.
func history(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(scratch, "history")
	once.Do(func() {
		gittest.Environments(t, dir)
		gittest.Begin(t, dir, now)
		for sequence := 1; sequence <= 2; sequence++ {
			if err := promote(workspaceOf(dir), sequence); err != nil {
				t.Fatal(err)
			}
		}
	})
	return dir
}

var once sync.Once

func workspaceOf(dir string) promotion.Workspace {
	return promotion.Workspace{Repository: git.Repository{Dir: dir}, Branch: "main", Now: now, Author: git.Identity{Name: "Ada", Email: "ada@example.com"}}
}

// promote brings a set of both images to staging.
func promote(w promotion.Workspace, sequence int) error {
	ctx := context.Background()
	source, err := w.Repository.Resolve(ctx, "HEAD")
	if err != nil {
		return err
	}
	candidate := release.Candidate{Images: map[string]release.Image{}}
	var evidence promotion.Evidence
	for i, name := range []string{"api-gateway", "inference-service"} {
		digest := fmt.Sprintf("sha256:%064x", 16*sequence+i)
		candidate.Images[name] = release.Image{Digest: digest, Version: fmt.Sprintf("1.%d", sequence), Source: source}
		evidence.Verifications = append(evidence.Verifications, release.Verification{Digest: digest, Verified: true, Source: source})
	}
	_, err = w.Promote(ctx, promotion.Request{To: "staging", Candidate: &candidate}, evidence)
	return err
}

// newWorld is one in which the cluster runs set 1.
func newWorld(t *testing.T) *world {
	t.Helper()
	dir := gittest.Copy(t, history(t))
	name := strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
	w := &world{t: t, cluster: connected(t, ""), dir: dir, workspace: workspaceOf(dir), name: name}
	w.source = Source{Repository: w.workspace.Repository, Branch: "main"}
	w.apply("test", "api/v1/namespaces/"+name, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": name}})
	w.apply("test", w.path("argoproj.io/v1alpha1", "applications", name), object{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": object{"name": name},
		"spec": object{"project": "iris", "source": object{"repoURL": "https://example.com/iris.git", "path": "k8s/overlays/staging"},
			"destination": object{"server": "https://kubernetes.default.svc", "namespace": name}},
	})
	first := w.goal("HEAD^")
	w.deploy(first.Set)
	for _, canary := range canaries {
		w.apply("argocd", w.path("flagger.app/v1beta1", "canaries", canary), object{
			"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": object{"name": canary},
			"spec": object{"targetRef": object{"apiVersion": "apps/v1", "kind": "Deployment", "name": canary}, "service": object{"port": 80},
				"analysis": object{"interval": "15s", "threshold": 4, "stepWeights": []int{10, 50, 100}}},
		})
		w.copy(canary, first.Set)
		w.flagger(canary, object{"phase": "Initialized"})
	}
	w.argo(first.Commit, "Synced", "Healthy")
	return w
}

// canaries are the names of the applications that have one.
var canaries = []string{"api-gateway", "inference-service"}

func (w *world) goal(revision string) Goal {
	w.t.Helper()
	goal, err := w.source.Goal(context.Background(), "staging", revision)
	if err != nil {
		w.t.Fatal(err)
	}
	return goal
}

func (w *world) path(version, kind, name string) string {
	return "apis/" + version + "/namespaces/" + w.name + "/" + kind + "/" + name
}

// argo is what Argo CD says of the application.
func (w *world) argo(revision, sync, health string) {
	w.t.Helper()
	w.status(w.path("argoproj.io/v1alpha1", "applications", w.name), object{
		"sync": object{"status": sync, "revision": revision, "comparedTo": object{"destination": object{}, "source": object{"repoURL": ""}}}, "health": object{"status": health}})
}

// deploy applies the Deployments of a set, as Argo CD does.
func (w *world) deploy(set release.Set) {
	w.t.Helper()
	for _, name := range canaries {
		w.deployment("argocd", name, "", set.Images[name])
	}
}

// copy makes a canary's primary what its target is, as Flagger does, with pods that are all available.
func (w *world) copy(name string, set release.Set) {
	w.t.Helper()
	w.deployment("flagger", name, primary, set.Images[name])
	w.available(name+primary, 1)
}

func (w *world) deployment(as, name, suffix string, image release.Image) {
	w.t.Helper()
	labels := object{"workload": name + suffix, "version": image.Version}
	w.apply(as, w.path("apps/v1", "deployments", name+suffix), object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": name + suffix},
		"spec": object{"selector": object{"matchLabels": object{"workload": name + suffix}}, "template": object{
			"metadata": object{"labels": labels, "annotations": object{"flagger-id": suffix}},
			"spec": object{"containers": []object{{"name": name, "image": "example.com/" + name + "@" + image.Digest,
				"envFrom": []object{{"configMapRef": object{"name": "settings-4k2" + suffix}}}}}},
		}},
	})
}

// available is what the controllers say of a Deployment, of which so many of its one pod are available.
func (w *world) available(name string, pods int) {
	w.t.Helper()
	path := w.path("apps/v1", "deployments", name)
	var read deployment
	if err := json.Unmarshal(w.send(http.MethodGet, path, "application/json", nil), &read); err != nil {
		w.t.Fatal(err)
	}
	w.status(path+"/status", object{"observedGeneration": read.Metadata.Generation, "replicas": 1, "updatedReplicas": 1, "readyReplicas": pods, "availableReplicas": pods})
}

// flagger is what Flagger says of a canary.
func (w *world) flagger(name string, status object) {
	w.t.Helper()
	full := object{"phase": "", "failedChecks": 0, "canaryWeight": 0, "iterations": 0, "lastAppliedSpec": "new", "lastPromotedSpec": "old",
		// Its tick comes after whatever happened in this second.
		"lastTransitionTime": time.Now().Add(2 * time.Second).UTC().Format(time.RFC3339)}
	for key, value := range status {
		full[key] = value
	}
	w.status(w.path("flagger.app/v1beta1", "canaries", name)+"/status", full)
}

// failed is what Flagger says of a canary that it took back.
func failed() object {
	return object{"phase": "Failed", "conditions": []object{{"type": "Promoted", "status": "False", "reason": "Failed",
		"message": "Canary analysis failed, Deployment scaled to zero.", "lastUpdateTime": now, "lastTransitionTime": now}}}
}

// watch is one of a goal that looks often.
func (w *world) watch(goal Goal) Watch {
	return Watch{
		Cluster: w.cluster, Goal: goal, Application: w.name, Namespace: w.name,
		Limit: time.Minute, Interval: 20 * time.Millisecond, Patience: 10 * time.Second, Tell: w.tell,
	}
}

func (w *world) tell(line string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.lines = append(w.lines, line)
}

// told waits until the watch has said something.
func (w *world) told(words string) {
	w.t.Helper()
	for range 600 {
		w.mutex.Lock()
		said := strings.Join(w.lines, "\n")
		w.mutex.Unlock()
		if strings.Contains(said, words) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("the watch did not say %q:\n%s", words, strings.Join(w.lines, "\n"))
}

// begin starts a watch; what it returns waits for its result.
func (w *world) begin(watch Watch) (result func() Result) {
	w.t.Helper()
	done := make(chan Result, 1)
	go func() {
		defer close(done)
		result, err := watch.Follow(w.t.Context())
		if err != nil {
			w.t.Error(err)
			return
		}
		done <- result
	}()
	return func() Result { return <-done }
}

// comes asks for an outcome and words of its reason.
func (w *world) comes(got Result, want Outcome, reason ...string) {
	w.t.Helper()
	if got.Outcome != want {
		w.t.Errorf("%s, want %q:\n%s", got, want, strings.Join(w.lines, "\n"))
	}
	for _, words := range reason {
		if !strings.Contains(got.Reason, words) {
			w.t.Errorf("the reason %q does not say %q", got.Reason, words)
		}
	}
}

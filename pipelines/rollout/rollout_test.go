package rollout

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The API server goes away in the middle of it, and the watch goes on. (Not parallel: the others ask the same server.)
func TestCutOff(t *testing.T) {
	w := newWorld(t)
	goal := w.goal("")
	w.deploy(goal.Set)
	w.argo(goal.Commit, "Synced", "Progressing")
	w.flagger("api-gateway", object{"phase": "Progressing", "canaryWeight": 10})
	result := w.begin(w.watch(goal))
	w.told("10 % of the traffic")
	up, err := trial()
	if err != nil {
		t.Fatal(err)
	}
	if err := up.Restart(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	w.told("the cluster does not answer, and is asked again")
	w.succeed(goal)
	w.comes(result(), Healthy)
}

// succeed plays the end of a good rollout.
func (w *world) succeed(goal Goal) {
	w.t.Helper()
	for _, name := range canaries {
		w.copy(name, goal.Set)
		w.flagger(name, object{"phase": "Succeeded"})
	}
	w.argo(goal.Commit, "Synced", "Healthy")
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	goal := w.goal("")
	result := w.begin(w.watch(goal))
	w.told("which is not as far as")
	w.argo(goal.Commit, "OutOfSync", "Healthy")
	w.told("OutOfSync, at " + goal.Commit[:12] + ", which has the set, Healthy")
	w.deploy(goal.Set)
	w.argo(goal.Commit, "Synced", "Healthy") // Flagger has seen nothing yet: both are Initialized, and Argo CD calls that healthy
	w.told("Synced, at " + goal.Commit[:12])
	w.flagger("api-gateway", object{"phase": "Progressing", "canaryWeight": 10, "failedChecks": 1})
	w.told("canary api-gateway: Progressing, 10 % of the traffic, failed checks: 1")
	w.flagger("api-gateway", object{"phase": "Promoting", "canaryWeight": 100})
	w.told("canary api-gateway: Promoting, 100 % of the traffic")
	w.succeed(goal)
	w.comes(result(), Healthy)
	if len(w.lines) > 40 {
		t.Errorf("%d lines are a flood:\n%s", len(w.lines), strings.Join(w.lines, "\n"))
	}
	// Called again when all is over, it says the same at once.
	w.comes(w.begin(w.watch(goal))(), Healthy)
}

// Of two canaries one succeeds, the other fails: the set goes back as a whole, once, and the cluster is asked for the same
// again until that is healthy, too.
func TestOneOfTwoFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	goal, first := w.goal(""), w.goal("HEAD^").Set
	w.deploy(goal.Set)
	w.argo(goal.Commit, "Synced", "Progressing")
	result := w.begin(w.watch(goal))
	w.copy("api-gateway", goal.Set)
	w.flagger("api-gateway", object{"phase": "Succeeded"})
	w.flagger("inference-service", object{"phase": "Progressing", "canaryWeight": 20})
	w.told("canary inference-service: Progressing, 20 %")
	w.flagger("inference-service", failed())
	got := result()
	w.comes(got, RolledBack, "canary inference-service: Failed: Canary analysis failed, Deployment scaled to zero.")

	moved, err := WriteBack(context.Background(), w.workspace, got, "ml-team")
	if err != nil || !moved.Moved || moved.Sequence != 3 {
		t.Fatalf("%+v, %v", moved, err)
	}
	back := w.goal("")
	set := back.Set
	if !set.Same(first) || set.Rollback == nil || set.Rollback.To != 1 || !set.Rollback.SkipAnalysis {
		t.Errorf("set 3 is %+v: want set 1 as a whole", set)
	}
	if set.Pin == nil || set.Pin.Owner != "ml-team" || !strings.Contains(set.Pin.Reason, "canary inference-service: Failed") {
		t.Errorf("the pin is %+v", set.Pin)
	}
	again, err := WriteBack(context.Background(), w.workspace, got, "ml-team")
	if err != nil || again.Moved || again.Sequence != 3 {
		t.Errorf("called again: %+v, %v", again, err)
	}

	// Flagger leaves a canary Failed whose target is back at what it promoted last.
	w.deploy(first)
	w.argo(back.Commit, "Synced", "Healthy")
	w.flagger("inference-service", object{"phase": "Failed", "lastAppliedSpec": "old", "lastPromotedSpec": "old"})
	result = w.begin(w.watch(back))
	w.copy("api-gateway", first)
	w.flagger("api-gateway", object{"phase": "Succeeded"})
	w.comes(result(), Healthy)
}

// What somebody promoted meanwhile is not what failed.
func TestNothingElseIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	goal := w.goal("")
	if err := promote(w.workspace, 3); err != nil {
		t.Fatal(err)
	}
	head := w.goal("").Commit
	_, err := WriteBack(context.Background(), w.workspace, Result{Environment: "staging", Set: goal.Set.Digest(), Reason: "failed"}, "me")
	if err == nil || !strings.Contains(err.Error(), "staging is set 3") || w.goal("").Commit != head {
		t.Errorf("error %v", err)
	}
}

// A canary that failed before Flagger sees the new version says nothing of it.
func TestFailedBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	goal := w.goal("")
	w.deploy(goal.Set)
	old := failed()
	old["lastTransitionTime"] = time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	w.flagger("api-gateway", old)
	w.argo(goal.Commit, "Synced", "Degraded")
	result := w.begin(w.watch(goal))
	w.told("canary api-gateway: Failed")
	time.Sleep(200 * time.Millisecond)
	w.flagger("api-gateway", object{"phase": "Progressing"})
	w.told("canary api-gateway: Progressing")
	w.succeed(goal)
	w.comes(result(), Healthy)
}

// What stays as it is: the time is over, or it counts.
func TestStays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		play   func(*world, *Watch)
		want   Outcome
		reason []string
	}{
		{"never-synced", func(w *world, watch *Watch) {
			w.argo(watch.Goal.Commit, "OutOfSync", "Healthy")
			w.status(w.path("argoproj.io/v1alpha1", "applications", w.name), object{
				"operationState": object{"phase": "Failed", "message": "one or more objects\nfailed to apply", "startedAt": now, "operation": object{}},
				"conditions":     []object{{"type": "SyncError", "message": "Failed last sync attempt"}}})
		}, Undecided, []string{"300ms are over", "is OutOfSync: the last sync failed: one or more objects failed to apply; SyncError: Failed last sync attempt"}},
		{"stays-at-the-set-before", func(*world, *Watch) {}, Undecided, []string{"300ms are over", "which is not as far as"}},
		{"another-set-came", func(w *world, watch *Watch) {
			watch.Goal = w.goal("HEAD^")
			w.argo(w.goal("").Commit, "Synced", "Healthy")
		}, Undecided, []string{"set 2 came before it was healthy"}},
		{"a-commit-that-nobody-knows", func(w *world, watch *Watch) {
			w.argo(strings.Repeat("ab", 20), "Synced", "Healthy")
		}, Undecided, []string{"300ms are over", "abababababab, which is not in this clone"}},
		{"degraded", func(w *world, watch *Watch) {
			w.deploy(watch.Goal.Set)
			w.argo(watch.Goal.Commit, "Synced", "Degraded")
			watch.Patience, watch.Limit = 100*time.Millisecond, time.Minute
		}, RolledBack, []string{"degraded for 100ms", "is Degraded"}},
		{"not-long-enough-degraded", func(w *world, watch *Watch) {
			w.deploy(watch.Goal.Set)
			w.argo(watch.Goal.Commit, "Synced", "Degraded")
		}, Undecided, []string{"300ms are over", "is Degraded"}},
		{"suspended", func(w *world, watch *Watch) {
			w.deploy(watch.Goal.Set)
			w.argo(watch.Goal.Commit, "Synced", "Suspended")
			w.flagger("api-gateway", object{"phase": "WaitingPromotion"})
		}, Undecided, []string{"canary api-gateway waits for somebody to confirm it"}},
		{"no-canary", func(w *world, watch *Watch) {
			w.deploy(watch.Goal.Set)
			w.send(http.MethodDelete, w.path("flagger.app/v1beta1", "canaries", "api-gateway"), "application/json", nil)
			w.argo(watch.Goal.Commit, "Synced", "Progressing")
			w.available("api-gateway", 0)
		}, Undecided, []string{"deployment api-gateway: 0 of 1 pods are available"}},
		{"nobody-runs-it", func(w *world, watch *Watch) {
			w.argo(watch.Goal.Commit, "Synced", "Healthy")
		}, Undecided, []string{"no Deployment asks for api-gateway@sha256:"}},
		{"no-application", func(w *world, watch *Watch) { watch.Application = "nothing" }, Undecided,
			[]string{"there is no application nothing of Argo CD in the namespace", `"nothing" not found (404)`}},
		{"no-permission", func(w *world, watch *Watch) { watch.Cluster, watch.Limit = connected(w.t, "eve"), time.Minute }, Undecided,
			[]string{"the cluster does not let us look", `User "eve" cannot get resource "applications" in API group "argoproj.io" in the namespace`}},
		{"one-permission-of-three", func(w *world, watch *Watch) {
			w.permit("bob", object{"apiGroups": []string{"argoproj.io"}, "resources": []string{"applications"}, "verbs": []string{"get"}})
			watch.Cluster, watch.Limit = connected(w.t, "bob"), time.Minute
		}, Undecided, []string{`User "bob" cannot list resource "canaries" in API group "flagger.app"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			watch := w.watch(w.goal(""))
			watch.Limit = 300 * time.Millisecond
			test.play(w, &watch)
			w.comes(w.begin(watch)(), test.want, test.reason...)
		})
	}
}

// permit gives somebody a role in the namespace.
func (w *world) permit(who string, rule object) {
	w.t.Helper()
	const version = "rbac.authorization.k8s.io/v1"
	w.apply("test", w.path(version, "roles", who), object{"apiVersion": version, "kind": "Role", "metadata": object{"name": who}, "rules": []object{rule}})
	w.apply("test", w.path(version, "rolebindings", who), object{"apiVersion": version, "kind": "RoleBinding", "metadata": object{"name": who},
		"roleRef": object{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": who}, "subjects": []object{{"kind": "User", "name": who}}})
	time.Sleep(100 * time.Millisecond) // the server learns of it by a watch of its own
}

// Package argocd_test tries what argocd-cm.yaml has Argo CD judge by, in the Lua that Argo CD runs and with no more of it.
package argocd_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"sigs.k8s.io/yaml"
)

// statuses are the words that Argo CD takes; any other is an error of the script.
var statuses = []string{"Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown"}

// scripts are those of argocd-cm.yaml, by the group and the kind that they judge.
func scripts(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("argocd-cm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var settings struct{ Data map[string]string }
	if err := yaml.Unmarshal(text, &settings); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for key, script := range settings.Data {
		if judged, is := strings.CutPrefix(key, "resource.customizations.health."); is {
			found[strings.Replace(judged, "_", "/", 1)] = script
		}
	}
	var older map[string]map[string]string // the form that takes a * for the kind
	if err := yaml.Unmarshal([]byte(settings.Data["resource.customizations"]), &older); err != nil {
		t.Fatal(err)
	}
	for judged, customization := range older {
		found[judged] = customization["health.lua"]
	}
	return found
}

// health is what a script says of an object.
func health(t *testing.T, script, object string) (status, message string) {
	t.Helper()
	var content any
	if err := yaml.UnmarshalStrict([]byte(object), &content); err != nil {
		t.Fatal(err)
	}
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", value(state, content))
	if err := state.DoString(script); err != nil {
		t.Fatal(err)
	}
	said, is := state.Get(-1).(*lua.LTable)
	if !is {
		t.Fatalf("it returns %v: want a table", state.Get(-1))
	}
	return said.RawGetString("status").String(), said.RawGetString("message").String()
}

// value is one of JSON's as Lua has it.
func value(state *lua.LState, content any) lua.LValue {
	switch content := content.(type) {
	case string:
		return lua.LString(content)
	case float64:
		return lua.LNumber(content)
	case bool:
		return lua.LBool(content)
	case []any:
		table := state.NewTable()
		for _, item := range content {
			table.Append(value(state, item))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, item := range content {
			table.RawSetString(key, value(state, item))
		}
		return table
	}
	return lua.LNil
}

const (
	application = "argoproj.io/Application"
	canary      = "flagger.app/Canary"
	template    = "templates.gatekeeper.sh/ConstraintTemplate"
	constraint  = "constraints.gatekeeper.sh/*"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	judges, tried := scripts(t), map[string]bool{}
	for _, test := range []struct{ name, judged, object, status, message string }{
		{"an application that nobody has looked at", application, `{}`, "Progressing", "Not looked at yet"},
		{"an application whose sync runs", application, `{status: {operationState: {phase: Running}}}`, "Progressing", "Not looked at yet"},
		{"a healthy application", application, `{status: {health: {status: Healthy}}}`, "Healthy", ""},
		{"a degraded application", application, `{status: {health: {status: Degraded, message: a pod crashes}}}`, "Degraded", "a pod crashes"},

		{"a new canary", canary, `{spec: {}}`, "Progressing", "Flagger has not seen it yet"},
		{"a canary whose primary starts", canary, `{status: {phase: Initializing, canaryWeight: 0, conditions: [{type: Promoted, status: Unknown, reason: Initializing, message: "Deployment initialization is in progress."}]}}`,
			"Progressing", "Initializing: Deployment initialization is in progress."},
		{"an initialized canary", canary, `{status: {phase: Initialized, canaryWeight: 0}}`, "Healthy", "Initialized"},
		{"a canary that waits for people", canary, `{status: {phase: Waiting}}`, "Suspended", "Waiting"},
		{"a canary under judgement", canary, `{status: {phase: Progressing, canaryWeight: 20, failedChecks: 1, conditions: [{type: Promoted, status: Unknown, reason: Progressing, message: "New revision detected, progressing canary analysis."}]}}`,
			"Progressing", "Progressing, 20 % of the traffic: New revision detected, progressing canary analysis."},
		{"a canary that waits for people to promote it", canary, `{status: {phase: WaitingPromotion, canaryWeight: 50}}`, "Suspended", "WaitingPromotion, 50 % of the traffic"},
		{"a canary whose primary follows", canary, `{status: {phase: Promoting, canaryWeight: 100}}`, "Progressing", "Promoting, 100 % of the traffic"},
		{"a canary that is scaled down", canary, `{status: {phase: Finalising}}`, "Progressing", "Finalising"},
		{"a canary that was promoted", canary, `{status: {phase: Succeeded, canaryWeight: 0, lastAppliedSpec: 5d, lastPromotedSpec: 5d, conditions: [{type: Promoted, status: "True", reason: Succeeded}]}}`, "Healthy", "Succeeded: Succeeded"},
		{"a canary that failed", canary, `{status: {phase: Failed, lastAppliedSpec: 6f, lastPromotedSpec: 5d, conditions: [{type: Promoted, status: "False", reason: Failed, message: "Canary analysis failed, Deployment scaled to zero."}]}}`,
			"Degraded", "Failed: Canary analysis failed, Deployment scaled to zero."},
		{"a canary that failed and was taken back in Git", canary, `{status: {phase: Failed, lastAppliedSpec: 5d, lastPromotedSpec: 5d}}`, "Healthy", "Failed, and taken back in Git, too"},
		{"a canary that failed before anything was promoted", canary, `{status: {phase: Failed}}`, "Degraded", "Failed"},
		{"a canary that goes", canary, `{status: {phase: Terminating}}`, "Progressing", "Terminating"},
		{"a canary that is gone", canary, `{status: {phase: Terminated}}`, "Healthy", "Terminated"},
		{"a phase that Flagger may have one day", canary, `{status: {phase: Pondering}}`, "Unknown", "Pondering"},

		{"a new template", template, `{metadata: {generation: 1}}`, "Progressing", "Its kind is not there yet"},
		{"a template that no pod has", template, `{metadata: {generation: 1}, status: {created: true}}`, "Progressing", "Its kind is not there yet"},
		{"a template that does not compile", template, `{metadata: {generation: 2}, status: {created: true, byPod: [{id: audit-1, observedGeneration: 2}, {id: webhook-1, observedGeneration: 2, errors: [{code: ingest_error, message: "rego_parse_error: unexpected eof"}]}]}}`,
			"Degraded", "webhook-1: rego_parse_error: unexpected eof"},
		{"a template of which one pod has an older version", template, `{metadata: {generation: 2}, status: {created: true, byPod: [{id: audit-1, observedGeneration: 2}, {id: webhook-1, observedGeneration: 1}]}}`, "Progressing", "webhook-1 has an older version"},
		{"a template that all pods have", template, `{metadata: {generation: 2}, status: {created: true, byPod: [{id: audit-1, observedGeneration: 2}, {id: webhook-1, observedGeneration: 2}]}}`, "Healthy", "Its kind is there"},

		{"a new constraint", constraint, `{metadata: {generation: 1}}`, "Progressing", "Nobody enforces it yet"},
		{"a constraint with a wrong match", constraint, `{metadata: {generation: 1}, status: {byPod: [{id: webhook-1, observedGeneration: 1, errors: [{code: add_constraint_error}]}]}}`, "Degraded", "webhook-1: add_constraint_error"},
		{"a constraint that one pod does not enforce", constraint, `{metadata: {generation: 1}, status: {byPod: [{id: audit-1, enforced: true, observedGeneration: 1}, {id: webhook-1, enforced: false, observedGeneration: 1}]}}`, "Progressing", "webhook-1 does not enforce it yet"},
		{"a constraint of which one pod has an older version", constraint, `{metadata: {generation: 2}, status: {byPod: [{id: webhook-1, enforced: true, observedGeneration: 1}]}}`, "Progressing", "webhook-1 does not enforce it yet"},
		{"a constraint in force", constraint, `{metadata: {generation: 1}, status: {totalViolations: 0, byPod: [{id: webhook-1, enforced: true, observedGeneration: 1}]}}`, "Healthy", "In force"},
		{"a constraint that older objects violate", constraint, `{metadata: {generation: 1}, status: {totalViolations: 3, byPod: [{id: webhook-1, enforced: true, observedGeneration: 1}]}}`, "Healthy", "In force, and violated 3 times by what was there before"},
	} {
		tried[test.judged] = true
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			status, message := health(t, judges[test.judged], test.object)
			if status != test.status || message != test.message || !slices.Contains(statuses, status) {
				t.Errorf("%s: %q, want %s: %q", status, message, test.status, test.message)
			}
		})
	}
	for judged := range judges {
		if !tried[judged] {
			t.Errorf("nothing tries the health of %s", judged)
		}
	}
}

package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/esteira/esteira/pipelines/config"
)

// hub is a GitHub that remembers a repository's environments, two a page.
type hub struct {
	t            *testing.T
	mutex        sync.Mutex
	private      bool
	plan         string // of the organisation; what is empty is not shown
	environments map[string]*observed
	number       int64
	wrote        []string
	// before may answer a request in the hub's place.
	before func(w http.ResponseWriter, r *http.Request) bool
	// keep has the last word on what a written environment becomes.
	keep func(*observed)
}

func newHub(t *testing.T) *hub { return &hub{t: t, environments: map[string]*observed{}} }

var numbers = map[string]int64{"ada": 1, "grace": 2, "platform-team": 3}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.before == nil || !h.before(w, r) {
		h.handle(w, r)
	}
}

func (h *hub) handle(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		h.wrote = append(h.wrote, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/repos/team/iris/environments/"))
	}
	switch path := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/"); {
	case path[0] == "orgs" && len(path) == 2:
		answer(h.t, w, map[string]any{"login": "team", "plan": map[string]any{"name": h.plan}})
	case path[0] == "users" || path[0] == "orgs":
		h.reviewer(w, path[len(path)-1])
	case len(path) == 3:
		answer(h.t, w, map[string]any{"private": h.private, "owner": map[string]any{"login": "team", "type": "Organization"}})
	case len(path) == 4:
		all := []any{}
		for _, name := range slices.Sorted(maps.Keys(h.environments)) {
			all = append(all, h.environments[name])
		}
		answer(h.t, w, map[string]any{"total_count": len(all), "environments": page(w, r, all)})
	case len(path) == 5:
		h.put(w, r, path[4])
	default:
		h.policies(w, r, h.environments[path[4]], path[len(path)-1])
	}
}

func (h *hub) reviewer(w http.ResponseWriter, name string) {
	if numbers[name] == 0 {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"message":"Not Found"}`)
		return
	}
	answer(h.t, w, map[string]any{"id": numbers[name]})
}

func (h *hub) put(w http.ResponseWriter, r *http.Request, name string) {
	var body struct {
		WaitTimer         int   `json:"wait_timer"`
		PreventSelfReview bool  `json:"prevent_self_review"`
		CanAdminsBypass   *bool `json:"can_admins_bypass"`
		Reviewers         []struct {
			Type string
			ID   int64
		} `json:"reviewers"`
		DeploymentBranchPolicy json.RawMessage `json:"deployment_branch_policy"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		h.t.Error(err)
	}
	e := &observed{Name: name, CanAdminsBypass: body.CanAdminsBypass, ProtectionRules: []rule{{Type: "branch_policy"}}}
	if before := h.environments[name]; before != nil {
		e.policies = before.policies
	}
	if err := json.Unmarshal(body.DeploymentBranchPolicy, &e.DeploymentBranchPolicy); err != nil {
		h.t.Error(err)
	}
	if body.WaitTimer > 0 {
		e.ProtectionRules = append(e.ProtectionRules, rule{Type: "wait_timer", WaitTimer: body.WaitTimer})
	}
	required := rule{Type: "required_reviewers", PreventSelfReview: body.PreventSelfReview}
	for _, asked := range body.Reviewers {
		reviewer := reviewer{Type: asked.Type}
		for name, number := range numbers {
			if number == asked.ID {
				reviewer.Reviewer.ID, reviewer.Reviewer.Login, reviewer.Reviewer.Slug = number, name, name
			}
		}
		required.Reviewers = append(required.Reviewers, reviewer)
	}
	if required.Reviewers != nil {
		e.ProtectionRules = append(e.ProtectionRules, required)
	}
	if h.keep != nil {
		h.keep(e)
	}
	h.environments[name] = e
	answer(h.t, w, e)
}

func (h *hub) policies(w http.ResponseWriter, r *http.Request, of *observed, last string) {
	switch r.Method {
	case http.MethodGet:
		answer(h.t, w, map[string]any{"total_count": len(of.policies), "branch_policies": page(w, r, of.policies)})
	case http.MethodPost:
		var asked policy
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			h.t.Error(err)
		}
		h.number++
		asked.ID = h.number
		of.policies = append(of.policies, asked)
		answer(h.t, w, asked)
	case http.MethodDelete:
		id, _ := strconv.ParseInt(last, 10, 64)
		of.policies = slices.DeleteFunc(of.policies, func(p policy) bool { return p.ID == id })
		w.WriteHeader(http.StatusNoContent)
	}
}

// page is the part of a list that was asked for, two at a time, and says where the next is.
func page[T any](w http.ResponseWriter, r *http.Request, all []T) []T {
	const size = 2
	number, _ := strconv.Atoi(r.URL.Query().Get("page"))
	number = max(1, number)
	to := min(size*number, len(all))
	if to < len(all) {
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=%d>; rel="next"`, r.Host, r.URL.Path, number+1))
	}
	return all[min(size*(number-1), len(all)):to]
}

func answer(t *testing.T, w http.ResponseWriter, value any) {
	if err := json.NewEncoder(w).Encode(value); err != nil {
		t.Error(err)
	}
}

// shipped are the environments of this repository.
func shipped(t *testing.T) []config.Environment {
	t.Helper()
	read, err := config.ReadFile("../../esteira.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return read.Environments
}

// What is shipped is made from nothing, and is then as it is desired: nothing is written twice. An Enterprise Server has
// its API below a path.
func TestEnvironmentsAreMadeOnce(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := client(t, serve(t, http.StripPrefix("/api/v3", h).ServeHTTP)+"/api/v3/")
	plan, err := c.PlanEnvironments(t.Context(), team, shipped(t))
	if err != nil || len(plan.Changes) != 3*6 || h.wrote != nil {
		t.Fatalf("%v, %v, it wrote %v", plan, err, h.wrote)
	}
	if want := "[actions:read administration:write members:read]"; fmt.Sprint(plan.Permissions) != want {
		t.Errorf("permissions are %v, want %v", plan.Permissions, want)
	}
	digest, err := plan.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ApplyEnvironments(t.Context(), team, shipped(t), digest); err != nil {
		t.Fatal(err)
	}
	production := h.environments["production"].environment()
	if production.WaitMinutes != 5 || production.AdminsMayBypass || !production.PreventSelfReview ||
		fmt.Sprint(production.Branches, production.Reviewers.Teams) != "[main] [platform-team]" {
		t.Errorf("production is %+v", production)
	}
	if back := h.environments["production-rollback"].environment(); back.WaitMinutes != 0 || back.AdminsMayBypass || fmt.Sprint(back.Branches) != "[main]" {
		t.Errorf("production-rollback is %+v", back)
	}
	h.wrote = nil
	plan, err = c.ApplyEnvironments(t.Context(), team, shipped(t), "")
	if err != nil || len(plan.Changes) != 0 || len(plan.Permissions) != 0 || h.wrote != nil {
		t.Errorf("%v, %v, it wrote %v again", plan, err, h.wrote)
	}
}

// Each field that differs is told, from what to what, and is mended alone; what nobody desires stays.
func TestEnvironmentsDiffer(t *testing.T) {
	t.Parallel()
	yes := true
	for _, test := range []struct {
		name   string
		change func(*observed)
		want   []Change
	}{
		{"wait timer", func(o *observed) {
			o.ProtectionRules = slices.DeleteFunc(o.ProtectionRules, func(r rule) bool { return r.Type == "wait_timer" })
		}, []Change{{"production", "waitMinutes", "0", "5"}}},
		{"bypass", func(o *observed) { o.CanAdminsBypass = &yes }, []Change{{"production", "adminsMayBypass", "true", "false"}}},
		{"bypass that is not told", func(o *observed) { o.CanAdminsBypass = nil }, []Change{{"production", "adminsMayBypass", "true", "false"}}},
		{"every branch", func(o *observed) { o.DeploymentBranchPolicy, o.policies = nil, nil },
			[]Change{{"production", "branches", "every branch", "main"}}},
		{"protected branches", func(o *observed) {
			o.DeploymentBranchPolicy.ProtectedBranches, o.DeploymentBranchPolicy.CustomBranchPolicies, o.policies = &yes, nil, nil
		}, []Change{{"production", "branches", "protected branches", "main"}}},
		{"more branches than a page", func(o *observed) {
			o.policies = append(o.policies, policy{91, "a", "branch"}, policy{92, "b", "branch"}, policy{93, "v*", "tag"}, policy{94, "z/*", "branch"})
		}, []Change{{"production", "branches", "a, b, main, tag v*, z/*", "main"}}},
		{"another reviewer", func(o *observed) {
			last := &o.ProtectionRules[len(o.ProtectionRules)-1]
			last.PreventSelfReview = false
			last.Reviewers[0].Type, last.Reviewers[0].Reviewer.Login = "User", "grace"
		}, []Change{{"production", "reviewers.users", "grace", "none"}, {"production", "reviewers.teams", "none", "platform-team"},
			{"production", "preventSelfReview", "false", "true"}}},
		{"others, three pages of them", func(*observed) {}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			c := client(t, serve(t, h.ServeHTTP))
			if _, err := c.ApplyEnvironments(t.Context(), team, shipped(t), ""); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"preview", "qa", "zoo"} {
				h.environments[name] = &observed{Name: name}
			}
			test.change(h.environments["production"])
			plan, err := c.PlanEnvironments(t.Context(), team, shipped(t))
			if err != nil || !slices.Equal(plan.Changes, test.want) || fmt.Sprint(plan.Others) != "[preview qa zoo]" {
				t.Fatalf("%+v, %v, want %v", plan, err, test.want)
			}
			h.wrote = nil
			if _, err := c.ApplyEnvironments(t.Context(), team, shipped(t), ""); err != nil {
				t.Error(err)
			}
			if again, err := c.PlanEnvironments(t.Context(), team, shipped(t)); err != nil || len(again.Changes) != 0 || len(again.Others) != 3 {
				t.Errorf("afterwards %v, %v", again, err)
			}
			for _, wrote := range h.wrote {
				if !strings.Contains(wrote, " production") || strings.Contains(wrote, "rollback") {
					t.Errorf("it wrote %s, too", wrote)
				}
			}
		})
	}
}

// What GitHub accepts and does not do, or refuses, is an error that says what, and which plan or permission is missing.
func TestEnvironmentsThatGitHubDoesNotAllow(t *testing.T) {
	t.Parallel()
	ignoreTimer := func(o *observed) {
		o.ProtectionRules = slices.DeleteFunc(o.ProtectionRules, func(r rule) bool { return r.Type == "wait_timer" })
	}
	refuse := func(status int, body string, headers ...string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut {
				return false
			}
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	for _, test := range []struct {
		name    string
		private bool
		plan    string
		before  func(http.ResponseWriter, *http.Request) bool
		keep    func(*observed)
		want    []string
	}{
		{"a timer that is ignored", true, "team", nil, ignoreTimer, []string{`environment production: waitMinutes is "0" and not "5"`,
			"only with GitHub Enterprise it can have production.reviewers, production.waitMinutes; the account's plan is team"}},
		{"a timer that is ignored, by a plan that is not shown", true, "", nil, ignoreTimer, []string{"the token is not shown the account's plan"}},
		{"a timer that is ignored in public", false, "free", nil, ignoreTimer, []string{"may not have it"}},
		{"bypass that is ignored", false, "", nil, func(o *observed) { o.CanAdminsBypass = nil }, []string{`adminsMayBypass is "true" and not "false"`}},
		{"a plan that refuses", true, "team", refuse(422, `{"message":"Failed to create the environment protection rule. Please ensure the billing plan supports the required reviewers protection rule."}`), nil,
			[]string{"environment production: it was not written", "Please ensure the billing plan", "the account's plan is team"}},
		{"a plan without environments", true, "free", refuse(404, `{"message":"Not Found"}`), nil, []string{"the account's plan is free"}},
		{"a server without the field", false, "", refuse(422, `{"message":"Invalid request.\n\n\"can_admins_bypass\" is not a permitted key."}`), nil, []string{"is not a permitted key"}},
		{"a permission that is missing", false, "", refuse(403, `{"message":"Resource not accessible by integration"}`, "X-Accepted-GitHub-Permissions", "administration=write"), nil,
			[]string{"403 Resource not accessible by integration; accepted: administration=write", "the permission administration:write"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			h.private, h.plan, h.before, h.keep = test.private, test.plan, test.before, test.keep
			_, err := client(t, serve(t, h.ServeHTTP)).ApplyEnvironments(t.Context(), team, shipped(t), "")
			for _, want := range append(test.want, "the environments of team/iris are not as desired") {
				if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), token) {
					t.Errorf("error %v, want …%s…", err, want)
				}
			}
		})
	}
}

// A plan says beforehand what the account's plan will not allow.
func TestEnvironmentsBeyondTheAccountsPlan(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		private    bool
		plan, want string
	}{
		{false, "free", "[]"},
		{true, "enterprise", "[]"},
		{true, "free", "[the account's plan is free: its private repositories can have no environments]"},
		{true, "team", "[the repository is private, and only with GitHub Enterprise it can have production.reviewers, production.waitMinutes; the account's plan is team]"},
		{true, "", "[the repository is private, and only with GitHub Enterprise it can have production.reviewers, production.waitMinutes; the token is not shown the account's plan]"},
	} {
		h := newHub(t)
		h.private, h.plan = test.private, test.plan
		plan, err := client(t, serve(t, h.ServeHTTP)).PlanEnvironments(t.Context(), team, shipped(t))
		if err != nil || fmt.Sprint(plan.Limits) != test.want {
			t.Errorf("private %v, plan %q: %v, %v, want %v", test.private, test.plan, plan.Limits, err, test.want)
		}
	}
}

// An environment that somebody changed in the meantime is left alone.
func TestEnvironmentsChangedSincePlanned(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := client(t, serve(t, h.ServeHTTP))
	plan, err := c.PlanEnvironments(t.Context(), team, shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	digest, err := plan.Digest()
	if err != nil {
		t.Fatal(err)
	}
	h.environments["staging"] = &observed{Name: "staging"}
	if _, err := c.ApplyEnvironments(t.Context(), team, shipped(t), digest); !errors.Is(err, ErrPlanChanged) || h.wrote != nil {
		t.Errorf("%v, it wrote %v", err, h.wrote)
	}
}

// Cut off at each write in turn, with and without the write having been done, and called again, it ends in the same state.
func TestEnvironmentsCutOffAndCalledAgain(t *testing.T) {
	t.Parallel()
	const writes = 6 // a PUT and a POST for each of the three
	for at := range writes {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d %v", at, done), func(t *testing.T) {
				t.Parallel()
				h, writes := newHub(t), 0
				h.before = func(_ http.ResponseWriter, r *http.Request) bool {
					if r.Method != http.MethodGet {
						writes++
					}
					if done && r.Method != http.MethodGet && writes == at+1 {
						h.handle(discarded{}, r)
					}
					if writes > at {
						panic(http.ErrAbortHandler)
					}
					return false
				}
				api := serve(t, h.ServeHTTP)
				cut := client(t, api)
				cut.retry.again.Client.RetryMax = 0
				if _, err := cut.ApplyEnvironments(t.Context(), team, shipped(t), ""); err == nil {
					t.Fatal("it was not cut off")
				}
				h.mutex.Lock()
				h.before = nil
				h.mutex.Unlock()
				c := client(t, api)
				if _, err := c.ApplyEnvironments(t.Context(), team, shipped(t), ""); err != nil {
					t.Fatal(err)
				}
				if plan, err := c.PlanEnvironments(t.Context(), team, shipped(t)); err != nil || len(plan.Changes) != 0 || h.number != 3 {
					t.Errorf("%v, %v, %d policies", plan, err, h.number)
				}
			})
		}
	}
}

// discarded is an answer that never arrives.
type discarded struct{}

func (discarded) Header() http.Header            { return http.Header{} }
func (discarded) Write(text []byte) (int, error) { return len(text), nil }
func (discarded) WriteHeader(int)                {}

func TestEnvironmentsRefuses(t *testing.T) {
	t.Parallel()
	api := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("something was asked") })
	main := []string{"main"}
	for _, test := range []struct {
		desired []config.Environment
		want    string
	}{
		{nil, "no environments are desired"},
		{[]config.Environment{{Name: "a", Branches: main}, {Name: "A", Branches: main}}, `environment "A": there are two`},
		{[]config.Environment{{Name: "a", Branches: main, PreventSelfReview: true}}, "nobody reviews"},
		{[]config.Environment{{Name: "a", Branches: []string{"[main"}}}, `"[main" is no pattern`},
		{[]config.Environment{{Name: "a", Branches: []string{"every branch"}}}, `"every branch" is no pattern`},
	} {
		if _, err := client(t, api).PlanEnvironments(t.Context(), team, test.desired); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want …%s…", err, test.want)
		}
	}
}

// An answer that is not what GitHub gives is an error, or an environment that differs, and never a crash.
func TestEnvironmentsOfSomethingElse(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`[]`, `{`, `{"environments":{}}`, `{"environments":[null,{"protection_rules":[null,{"reviewers":[{}]}]}]}`, `<html>`, `null`} {
		api := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/repos/team/iris/environments" {
				fmt.Fprint(w, body)
				return
			}
			fmt.Fprint(w, `{}`)
		})
		plan, err := client(t, api).PlanEnvironments(t.Context(), team, shipped(t))
		if err == nil && len(plan.Changes) != 18 {
			t.Errorf("%s: %v", body, plan)
		}
	}
}

// Whatever GitHub, or something in its place, answers: it is read, or refused, and compared without a crash.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"name":"production","can_admins_bypass":false,"protection_rules":[{"type":"required_reviewers","reviewers":[{"type":"Team","reviewer":{"slug":"a"}}]}],"deployment_branch_policy":{"custom_branch_policies":true}}`))
	f.Add([]byte(`{"payload":"{\"set\":\"sha256:1\"}"}`))
	f.Add([]byte(`{"protection_rules":[null],"deployment_branch_policy":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var o observed
		if json.Unmarshal(text, &o) == nil {
			desired := []config.Environment{{Name: "production", Branches: []string{"main"}}}
			compare(team, desired, map[string]observed{"production": o})
		}
		var d github.Deployment
		if json.Unmarshal(text, &d) == nil {
			setOf(&d)
		}
	})
}

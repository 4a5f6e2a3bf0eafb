package manifest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/report"
)

const accepts = `version: 1
accepted:
  - rule: probes
    object: Deployment/app
    reason: it answers nobody
    owner: platform-team
    expires: "2026-11-30"
uncovered:
  - object: Widget
    reason: its schema is nowhere
    owner: platform-team
    expires: "2026-11-30"
`

func remark(rule, kind, name string) manifest.Remark {
	return manifest.Remark{
		Tool: "kube-score", Rule: rule, Severity: finding.High, Message: "it is bad", Root: "overlays/dev",
		Object: manifest.Object{Kind: kind, Name: name},
	}
}

func placed(remarks ...manifest.Remark) manifest.Placed {
	p := manifest.Placed{Said: manifest.Said{Remarks: remarks, Judged: 1 + len(remarks)}}
	for range remarks {
		place := manifest.Place{Location: finding.Location{File: "base/app.yaml", Line: 3}, Roots: []string{"overlays/dev"}}
		p.Places = append(p.Places, place)
	}
	return p
}

func TestJudge(t *testing.T) {
	t.Parallel()
	policy, err := manifest.ParsePolicy("policy.yaml", []byte(accepts))
	if err != nil {
		t.Fatal(err)
	}
	probes, other := remark("probes", "Deployment", "app"), remark("probes", "Deployment", "other")
	old := placed(other)
	cases := []struct {
		name   string
		placed manifest.Placed
		before *manifest.Placed
		day    string
		status report.Status
		says   string
	}{
		{name: "nothing", placed: placed(), day: "2026-11-26", status: report.Passed, says: "nothing blocks"},
		{name: "accepted", placed: placed(probes), day: "2026-11-30", status: report.Passed, says: "1 accepted"},
		{name: "accepted until yesterday", placed: placed(probes), day: "2026-12-01", status: report.Failed, says: "which is over (policy.yaml:3)"},
		{name: "of another object", placed: placed(other), day: "2026-11-26", status: report.Failed, says: "base/app.yaml:3: Deployment/other: it is bad"},
		{name: "of another rule", placed: placed(remark("limits", "Deployment", "app")), day: "2026-11-26", status: report.Failed, says: "(limits)"},
		{name: "uncovered and listed", placed: placed(remark(manifest.RuleUncovered, "Widget", "any")), day: "2026-11-26", status: report.Passed, says: "1 accepted"},
		{name: "uncovered", placed: placed(remark(manifest.RuleUncovered, "Gadget", "any")), day: "2026-11-26", status: report.Failed, says: "Gadget/any"},
		{name: "there before", placed: placed(other), before: &old, day: "2026-11-26", status: report.Passed, says: "1 were there before"},
		{name: "new beside old", placed: placed(other, remark("limits", "Deployment", "app")), before: &old, day: "2026-11-26", status: report.Failed, says: "(limits)"},
		{name: "nothing looked at", placed: manifest.Placed{}, day: "2026-11-26", status: report.Undecided, says: "nothing to judge"},
		{name: "undecided", placed: manifest.Placed{Said: manifest.Said{Undecided: "it died", Judged: 3}}, day: "2026-11-26", status: report.Undecided, says: "it died"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.DateOnly, test.day)
			if err != nil {
				t.Fatal(err)
			}
			stage := manifest.Judge(policy, test.placed, test.before, now.Add(23*time.Hour)).Stage("probes")
			if stage.Status != test.status || !strings.Contains(stage.Summary, test.says) {
				t.Errorf("%s: %s, want %s: …%s…", stage.Status, stage.Summary, test.status, test.says)
			}
		})
	}
}

func TestUnused(t *testing.T) {
	t.Parallel()
	policy, err := manifest.ParsePolicy("policy.yaml", []byte(accepts))
	if err != nil {
		t.Fatal(err)
	}
	judgement := manifest.Judge(policy, placed(remark("probes", "Deployment", "app")), nil, time.Now())
	unused := acceptance.Unused(policy.Exceptions(), []acceptance.Judgement{judgement})
	if len(unused) != 1 || unused[0].Location.Line != 9 || !strings.Contains(unused[0].Message, "Widget") {
		t.Errorf("%+v, want the one of Widget in line 9", unused)
	}
}

func TestPolicyIsReadStrictly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, old, new, want string }{
		{"unknown key", "owner: platform-team", "ownr: platform-team", `"ownr" is unknown`},
		{"unknown key above", "accepted:", "acepted:", "acepted"},
		{"no reason", "    reason: it answers nobody\n", "", "policy.yaml:3: reason is missing"},
		{"no end", "    expires: \"2026-11-30\"\nuncovered", "uncovered", "expires is missing"},
		{"no day", "2026-11-30", "next year", "write a day"},
		{"other version", "version: 1", "version: 2", "version is 2"},
		{"no YAML", "accepted:", "\taccepted:", "policy.yaml"},
	} {
		_, err := manifest.ParsePolicy("policy.yaml", []byte(strings.Replace(accepts, test.old, test.new, 1)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want …%s…", test.name, err, test.want)
		}
	}
}

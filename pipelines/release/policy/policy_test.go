package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/config/section"
	"github.com/esteira/esteira/pipelines/release/policy"
)

func TestFrozen(t *testing.T) {
	t.Parallel()
	freeze := &policy.Freeze{
		TimeZone: "America/New_York",
		Weekly:   []policy.Weekly{{From: "Fri 16:00", To: "Mon 08:00"}, {From: "Tue 12:00", To: "Tue 13:00"}},
		Holidays: []string{"2026-11-26"},
		Periods:  []policy.Period{{From: "2026-12-20", To: "2027-01-03", Reason: "the year ends"}},
	}
	for at, says := range map[string]string{
		"2026-11-27T20:59:00Z": "", // Friday, 15:59 in winter
		"2026-11-27T21:00:00Z": "Fri 16:00",
		"2026-07-03T19:59:00Z": "", // Friday, 15:59 in summer
		"2026-07-03T20:00:00Z": "Fri 16:00",
		"2026-11-29T12:00:00Z": "Sun 07:00",
		"2026-11-30T12:59:00Z": "Mon 07:59",
		"2026-11-30T13:00:00Z": "",
		"2026-11-24T17:30:00Z": "Tue 12:30",
		"2026-11-24T18:00:00Z": "",
		"2026-11-26T04:59:00Z": "", // still the 25th there
		"2026-11-26T05:00:00Z": "holiday",
		"2026-11-27T04:59:00Z": "holiday",
		"2026-11-27T05:00:00Z": "",
		"2026-12-21T15:00:00Z": "the year ends",
		"2027-01-04T04:59:00Z": "the year ends",
		"2027-01-04T14:00:00Z": "",
		"2026-03-08T06:30:00Z": "Sun 01:30", // the night in which clocks go forward
		"2026-11-01T05:30:00Z": "Sun 01:30", // and back, twice half past one
		"2026-11-01T06:30:00Z": "Sun 01:30",
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		got, err := freeze.Frozen(now)
		if err != nil || (got == "") != (says == "") || !strings.Contains(got, says) {
			t.Errorf("%s: %q, %v; want %q in it", at, got, err, says)
		}
	}
	if got, err := (*policy.Freeze)(nil).Frozen(time.Now()); got != "" || err != nil {
		t.Errorf("no freeze: %q, %v", got, err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	in := func(e policy.Environment) policy.Policy {
		return policy.Policy{Environments: map[string]policy.Environment{"staging": {}, "prod": e}}
	}
	freeze := func(f policy.Freeze) policy.Policy { return in(policy.Environment{Freeze: &f}) }
	for name, test := range map[string]struct {
		policy policy.Policy
		field  string
	}{
		"all is well":        {in(policy.Environment{From: "staging", Delivery: policy.PullRequest, Approvals: 2, Updater: "k8s/u.yaml"}), ""},
		"option for branch":  {policy.Policy{Branch: "-f"}, "branch"},
		"climbing branch":    {policy.Policy{Branch: "a/../b"}, "branch"},
		"negative depth":     {policy.Policy{RollbackDepth: -1}, "rollbackDepth"},
		"negative days":      {policy.Policy{PinDays: -1}, "pinDays"},
		"stop by nobody":     {policy.Policy{Stop: &policy.Stop{Reason: "a"}}, "stop.owner"},
		"stop for nothing":   {policy.Policy{Stop: &policy.Stop{Owner: "a"}}, "stop.reason"},
		"climbing name":      {policy.Policy{Environments: map[string]policy.Environment{"../x": {}}}, "environments.../x"},
		"from itself":        {in(policy.Environment{From: "prod"}), "environments.prod.from"},
		"from nowhere":       {in(policy.Environment{From: "qa"}), "environments.prod.from"},
		"by pigeon":          {in(policy.Environment{Delivery: "pigeon"}), "environments.prod.delivery"},
		"negative approvals": {in(policy.Environment{Approvals: -1}), "environments.prod.approvals"},
		"lonely emergency":   {in(policy.Environment{EmergencyApprovals: 1}), "environments.prod.emergencyApprovals"},
		"updater elsewhere":  {in(policy.Environment{Updater: "../u.yaml"}), "environments.prod.updater"},
		"no time zone":       {freeze(policy.Freeze{}), "environments.prod.freeze.timeZone"},
		"unknown time zone":  {freeze(policy.Freeze{TimeZone: "Atlantis/Port"}), "environments.prod.freeze.timeZone"},
		"no weekday":         {freeze(policy.Freeze{TimeZone: "UTC", Weekly: []policy.Weekly{{From: "Fr 16:00", To: "Mon 08:00"}}}), "environments.prod.freeze.weekly[0].from"},
		"no time":            {freeze(policy.Freeze{TimeZone: "UTC", Weekly: []policy.Weekly{{From: "Fri 16:00", To: "Mon 25:00"}}}), "environments.prod.freeze.weekly[0].to"},
		"no stretch":         {freeze(policy.Freeze{TimeZone: "UTC", Weekly: []policy.Weekly{{From: "Fri 16:00", To: "Fri 16:00"}}}), "environments.prod.freeze.weekly[0].to"},
		"no such day":        {freeze(policy.Freeze{TimeZone: "UTC", Holidays: []string{"2026-02-30"}}), "environments.prod.freeze.holidays[0]"},
		"backwards":          {freeze(policy.Freeze{TimeZone: "UTC", Periods: []policy.Period{{From: "2026-12-20", To: "2026-12-19", Reason: "a"}}}), "environments.prod.freeze.periods[0].to"},
	} {
		var wrong *section.FieldError
		switch err := test.policy.Check(); {
		case test.field == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.field != "" && (!errors.As(err, &wrong) || wrong.Field != test.field):
			t.Errorf("%s: %v, want one about %s", name, err, test.field)
		}
	}
}

func TestDigestKnowsDefaults(t *testing.T) {
	t.Parallel()
	said := policy.Policy{Branch: "main", RollbackDepth: 10, PinDays: 14, Environments: map[string]policy.Environment{"prod": {Delivery: "push", EmergencyApprovals: 2}}}
	unsaid := policy.Policy{Environments: map[string]policy.Environment{"prod": {}}}
	other := policy.Policy{Environments: map[string]policy.Environment{"prod": {Approvals: 1}}}
	a, _ := said.Digest()
	b, _ := unsaid.Digest()
	c, _ := other.Digest()
	if a != b || a == c {
		t.Errorf("%s, %s and %s", a, b, c)
	}
}

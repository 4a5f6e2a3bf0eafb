package release_test

import (
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/release"
)

var now = time.Date(2026, 11, 27, 2, 30, 0, 0, time.UTC)

func approval(reviewer string, change func(*release.Review)) release.Review {
	review := release.Review{Reviewer: reviewer, Kind: "User", Permission: "write", State: "APPROVED", Commit: commit, At: now.Add(-time.Hour)}
	if change != nil {
		change(&review)
	}
	return review
}

func TestApproved(t *testing.T) {
	t.Parallel()
	state := func(state string, after time.Duration) func(*release.Review) {
		return func(r *release.Review) { r.State, r.At = state, r.At.Add(after) }
	}
	people := []release.Person{
		{Name: "Bob", Email: "12+Bob@users.noreply.github.com", Part: "wrote 1234567"},
		{Name: "Old", Email: "old@users.noreply.github.example.com", Part: "wrote 2234567"},
		{Name: "Cy", Email: "CY@example.com", Part: "wrote 3234567"},
	}
	for _, test := range []struct {
		name    string
		reviews []release.Review
		asked   int
		count   int
		says    string
	}{
		{"nobody is asked", nil, 0, 0, ""},
		{"one of one", []release.Review{approval("eve", nil)}, 1, 1, ""},
		{"two of one", []release.Review{approval("eve", nil), approval("fay", nil)}, 1, 2, ""},
		{"one of two", []release.Review{approval("eve", nil)}, 2, 0, "approvals: 1 of 2. Somebody"},
		{"one, twice", []release.Review{approval("eve", nil), approval("Eve", nil)}, 2, 0, "approvals: 1 of 2"},
		{"a comment after it", []release.Review{approval("eve", nil), approval("eve", state("COMMENTED", time.Minute))}, 1, 1, ""},
		{"dismissed", []release.Review{approval("eve", nil), approval("eve", state("DISMISSED", time.Minute))}, 1, 0, "eve does not approve any more (DISMISSED)"},
		{"changes, then approval", []release.Review{approval("eve", state("CHANGES_REQUESTED", -time.Minute)), approval("eve", nil)}, 1, 1, ""},
		{"approval, then changes", []release.Review{approval("eve", nil), approval("eve", state("CHANGES_REQUESTED", time.Minute)), approval("fay", nil)}, 1, 0, "eve asks for changes"},
		{"changes by who may not write", []release.Review{approval("eve", nil), approval("troll", func(r *release.Review) { r.State, r.Permission = "CHANGES_REQUESTED", "read" })}, 1, 1, ""},
		{"out of order", []release.Review{approval("eve", state("DISMISSED", time.Minute)), approval("eve", nil)}, 1, 0, "DISMISSED"},
		{"by an author", []release.Review{approval("bob", nil)}, 1, 0, "bob wrote 1234567"},
		{"by an author with an old address at another host", []release.Review{approval("OLD", nil)}, 1, 0, "OLD wrote 2234567"},
		{"by an author of another address", []release.Review{approval("cyril", nil)}, 1, 0, "cyril wrote 3234567"},
		{"by who pushed", []release.Review{approval("gil", nil)}, 1, 0, "gil pushed some of it"},
		{"by a bot", []release.Review{approval("helper[bot]", func(r *release.Review) { r.Kind = "Bot" })}, 1, 0, `is no person ("Bot")`},
		{"by nobody knows what", []release.Review{approval("eve", func(r *release.Review) { r.Kind = "" })}, 1, 0, `is no person ("")`},
		{"by who may not write", []release.Review{approval("eve", func(r *release.Review) { r.Permission = "read" })}, 1, 0, `may not write ("read")`},
		{"of another commit", []release.Review{approval("eve", func(r *release.Review) { r.Commit = "5" + commit[1:] })}, 1, 0, "eve saw 5c74173aaaaa"},
		{"from the future", []release.Review{approval("eve", func(r *release.Review) { r.At = now.Add(time.Hour) })}, 1, 0, "yet to come"},
	} {
		request := release.PullRequest{Reviews: test.reviews, Pushers: []string{"Gil"}, Logins: map[string]string{"cy@Example.com": "cyril"}}
		got, err := release.Approved(request, release.Asked{Approvals: test.asked, Commit: commit, Involved: people, Now: now})
		if len(got) != test.count || (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %+v, %v; want %d and %q", test.name, got, err, test.count, test.says)
		}
	}
	request := release.PullRequest{Reviews: []release.Review{approval("eve", nil)}, Pushers: []string{}}
	if _, err := release.Approved(request, release.Asked{Approvals: 1, Commit: commit, Involved: people, Now: now}); err == nil || !strings.Contains(err.Error(), "Cy <CY@example.com> wrote 3234567, and nobody knows who that is at GitHub") {
		t.Errorf("an author whom nobody knows: %v", err)
	}
	request.Pushers = nil
	if _, err := release.Approved(request, release.Asked{Approvals: 1, Commit: commit, Now: now}); err == nil || !strings.Contains(err.Error(), "nobody said who pushed") {
		t.Errorf("nobody said who pushed: %v", err)
	}
}

func TestReadPullRequest(t *testing.T) {
	t.Parallel()
	request, err := release.ReadPullRequest(strings.NewReader(`{"reviews": [{"reviewer": "eve", "kind": "User", "permission": "write", "state": "APPROVED", "commit": "` + commit + `", "at": "2026-11-27T02:00:00Z"}], "pushers": []}`))
	if err != nil || len(request.Reviews) != 1 || request.Pushers == nil {
		t.Errorf("%+v, %v", request, err)
	}
	for _, text := range []string{"", "[]", `{"review": []}`, `{"reviews": [{"at": "yesterday"}]}`} {
		if _, err := release.ReadPullRequest(strings.NewReader(text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}

func TestSigned(t *testing.T) {
	t.Parallel()
	set := read(t, complete)
	image := release.Verification{Digest: "sha256:" + digest, Verified: true, Source: commit}
	model := image
	model.Verdict = "rubber-stamp"
	for _, test := range []struct {
		name string
		all  []release.Verification
		says string
	}{
		{"all is well", []release.Verification{model}, ""},
		{"nothing", nil, "api-gateway: nobody verified"},
		{"one failed, one not", []release.Verification{model, {Digest: model.Digest, Reason: "no signature"}}, "no signature"},
		{"one failed first", []release.Verification{{Digest: model.Digest, Reason: "no signature"}, model}, "no signature"},
		{"another verdict", []release.Verification{image}, `the signed record says ""`},
	} {
		err := set.Signed(test.all)
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", test.name, err, test.says)
		}
	}
}

func FuzzReadPullRequest(f *testing.F) {
	f.Add(`{"reviews": [], "pushers": null}`)
	f.Fuzz(func(t *testing.T, text string) {
		request, err := release.ReadPullRequest(strings.NewReader(text))
		if err != nil {
			return
		}
		if got, err := release.Approved(request, release.Asked{Approvals: 1, Commit: commit, Now: now}); err == nil && len(got) == 0 {
			t.Errorf("%q: approved by nobody", text)
		}
	})
}

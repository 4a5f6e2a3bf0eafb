package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// PullRequest is what GitHub says about who looked at a promotion, and who had a part in it.
type PullRequest struct {
	Reviews []Review `json:"reviews"`
	// Pushers are the logins of who pushed anything of it. Nil says that nobody asked, and nothing is approved then.
	Pushers []string `json:"pushers"`
	// Logins are those of authors, by the addresses in their commits.
	Logins map[string]string `json:"logins,omitempty"`
}

// Review is one of a pull request's.
type Review struct {
	// Reviewer is a login.
	Reviewer string `json:"reviewer"`
	// Kind is that of the account: User, Bot, Organization, Mannequin.
	Kind string `json:"kind"`
	// Permission is what the account may do with the repository: admin, maintain, write, triage, read, none.
	Permission string `json:"permission"`
	// State is APPROVED, CHANGES_REQUESTED, DISMISSED, COMMENTED or PENDING.
	State string `json:"state"`
	// Commit is what the reviewer saw.
	Commit string    `json:"commit"`
	At     time.Time `json:"at"`
}

// ReadPullRequest reads it as JSON, strictly.
func ReadPullRequest(r io.Reader) (PullRequest, error) {
	var request PullRequest
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return PullRequest{}, fmt.Errorf("reviews: %w", err)
	}
	return request, nil
}

// Person is somebody who had a part in what is promoted.
type Person struct {
	Name, Email string
	// Part says which, such as: wrote 4c74173.
	Part string
}

// Asked is what approvals have to be.
type Asked struct {
	// Approvals is how many.
	Approvals int
	// Commit is what they have to be about.
	Commit string
	// Involved are the people whose approvals do not count.
	Involved []Person
	Now      time.Time
}

// clockSkew is how far clocks may differ.
const clockSkew = 5 * time.Minute

// Approved are the approvals that count, if they are as many as are asked for. Of each reviewer the last review counts that
// is more than a comment. Who wrote, pushed or committed anything of it does not count, nor a bot, nor who may not write,
// nor who saw another commit; and one who asks for changes stops all.
func Approved(request PullRequest, asked Asked) ([]Approval, error) {
	if asked.Approvals == 0 {
		return nil, nil
	}
	if request.Pushers == nil {
		return nil, errors.New("approvals: nobody said who pushed: read the pull request's pushers, too ([] if there are none)")
	}
	involved, err := request.logins(asked.Involved)
	if err != nil {
		return nil, err
	}
	var approvals []Approval
	var not []string
	for _, review := range latest(request.Reviews) {
		why := review.discounted(asked, involved)
		switch {
		case review.State == "CHANGES_REQUESTED" && mayWrite(review.Permission):
			return nil, fmt.Errorf("approvals: %s asks for changes: settle that first", review.Reviewer)
		case why != "":
			not = append(not, review.Reviewer+" "+why)
		default:
			approvals = append(approvals, Approval{review.Reviewer, review.Commit, review.At.UTC()})
		}
	}
	if len(approvals) < asked.Approvals {
		text := fmt.Sprintf("approvals: %d of %d", len(approvals), asked.Approvals)
		if len(not) > 0 {
			text += "; not counted: " + strings.Join(not, ", ")
		}
		return nil, fmt.Errorf("%s. Somebody with write access who had no part in it has to approve %.12s", text, asked.Commit)
	}
	return approvals, nil
}

// latest are the last reviews of each reviewer that say more than a comment, by name.
func latest(reviews []Review) []Review {
	last := map[string]Review{}
	for _, review := range reviews {
		key := strings.ToLower(review.Reviewer)
		before, known := last[key]
		if review.State == "COMMENTED" || review.State == "PENDING" || known && review.At.Before(before.At) {
			continue
		}
		last[key] = review
	}
	var sorted []Review
	for _, key := range slices.Sorted(maps.Keys(last)) {
		sorted = append(sorted, last[key])
	}
	return sorted
}

// discounted says why a review does not count; empty if it does.
func (r Review) discounted(asked Asked, involved map[string]string) string {
	part, had := involved[strings.ToLower(r.Reviewer)]
	switch {
	case r.State != "APPROVED":
		return "does not approve any more (" + r.State + ")"
	case r.Kind != "User":
		return fmt.Sprintf("is no person (%q)", r.Kind)
	case !mayWrite(r.Permission):
		return fmt.Sprintf("may not write (%q)", r.Permission)
	case had:
		return part
	case r.Commit != asked.Commit:
		return fmt.Sprintf("saw %.12s", r.Commit)
	case r.At.After(asked.Now.Add(clockSkew)):
		return "approved at " + r.At.Format(time.RFC3339) + ", which is yet to come"
	}
	return ""
}

func mayWrite(permission string) bool {
	return slices.Contains([]string{"admin", "maintain", "write"}, permission)
}

// logins are those of everybody involved, with the part that each had. An author of whom nobody knows who that is at GitHub
// might be any of the reviewers: that is an error.
func (p PullRequest) logins(involved []Person) (map[string]string, error) {
	parts := map[string]string{}
	for _, pusher := range p.Pushers {
		parts[strings.ToLower(pusher)] = "pushed some of it"
	}
	known := map[string]string{}
	for email, login := range p.Logins {
		known[strings.ToLower(email)] = login
	}
	for _, person := range involved {
		login := known[strings.ToLower(person.Email)]
		if login == "" {
			login = noreply(person.Email)
		}
		if login == "" {
			return nil, fmt.Errorf("approvals: %s <%s> %s, and nobody knows who that is at GitHub: name the login of that address in logins", person.Name, person.Email, person.Part)
		}
		parts[strings.ToLower(login)] = person.Part
	}
	return parts, nil
}

// noreply is the login in an address such as 123+login@users.noreply.github.com, on whichever host.
func noreply(email string) string {
	local, host, _ := strings.Cut(email, "@")
	if !strings.HasPrefix(host, "users.noreply.") {
		return ""
	}
	if _, login, numbered := strings.Cut(local, "+"); numbered {
		return login
	}
	return local
}

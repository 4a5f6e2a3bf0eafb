package github

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/esteira/esteira/pipelines/release"
)

// Between are the commits that a promotion brings: those since the set before, up to its own.
type Between struct {
	Branch       string // on which they are, such as main
	Since, Until string
}

// Reviews are what GitHub says of a pull request of a promotion, and of who had a part in what it promotes: who pushed it,
// who opened a pull request with it, and whose the addresses in the commits are. Whether that is approved it does not say.
// What GitHub does not tell, and has to, is an error.
func (c *Client) Reviews(ctx context.Context, at Repository, number int, between Between) (release.PullRequest, error) {
	request, _, err := c.rest.PullRequests.Get(ctx, at.Owner, at.Name, number)
	if err != nil {
		return release.PullRequest{}, fmt.Errorf("pull request %d of %s was not read: %w", number, at, refusal(err, "pull_requests:read"))
	}
	reviews, err := c.reviews(ctx, at, number)
	if err != nil {
		return release.PullRequest{}, err
	}
	commits, err := c.commits(ctx, at, between)
	if err != nil {
		return release.PullRequest{}, err
	}
	logins, err := c.logins(ctx, commits)
	if err != nil {
		return release.PullRequest{}, err
	}
	pushers, err := c.pushers(ctx, at, between, commits)
	if err != nil {
		return release.PullRequest{}, err
	}
	proposers, err := c.proposers(ctx, at, request, commits)
	if err != nil {
		return release.PullRequest{}, err
	}
	pushers = append(pushers, proposers...)
	slices.Sort(pushers)
	return release.PullRequest{Reviews: reviews, Pushers: slices.Compact(pushers), Logins: logins}, nil
}

// reviews are all of a pull request, each with what its reviewer may do with the repository by now.
func (c *Client) reviews(ctx context.Context, at Repository, number int) ([]release.Review, error) {
	all, permissions := []release.Review{}, map[string]string{}
	list := pages(func(page github.ListOptions) ([]*github.PullRequestReview, *github.Response, error) {
		return c.rest.PullRequests.ListReviews(ctx, at.Owner, at.Name, number, &page)
	})
	for review, err := range list {
		if err != nil {
			return nil, fmt.Errorf("the reviews of pull request %d of %s were not listed: %w", number, at, refusal(err, "pull_requests:read"))
		}
		login := review.GetUser().GetLogin()
		if _, known := permissions[login]; !known {
			if permissions[login], err = c.permission(ctx, at, login); err != nil {
				return nil, err
			}
		}
		all = append(all, release.Review{
			Reviewer: login, Kind: review.GetUser().GetType(), Permission: permissions[login],
			State: review.GetState(), Commit: review.GetCommitID(), At: review.GetSubmittedAt().UTC(),
		})
	}
	return all, nil
}

// permission is what an account may do with the repository: admin, write, read or none.
func (c *Client) permission(ctx context.Context, at Repository, login string) (string, error) {
	if login == "" { // the account was deleted
		return "none", nil
	}
	level, _, err := c.rest.Repositories.GetPermissionLevel(ctx, at.Owner, at.Name, url.PathEscape(login))
	if answered(err, http.StatusNotFound) { // no collaborator
		return "none", nil
	}
	if err != nil {
		return "", fmt.Errorf("what %s may do with %s was not read: %w", login, at, refusal(err, "metadata:read"))
	}
	return level.GetPermission(), nil
}

// commits are those between two commits, or an error where GitHub does not show all of them.
func (c *Client) commits(ctx context.Context, at Repository, between Between) (all []*github.RepositoryCommit, err error) {
	if between.Branch == "" || between.Since == "" || between.Until == "" {
		return nil, fmt.Errorf("%+v: a branch and two commits are needed", between)
	}
	var whole github.CommitsComparison
	list := pages(func(page github.ListOptions) ([]*github.RepositoryCommit, *github.Response, error) {
		some, answer, err := c.rest.Repositories.CompareCommits(ctx, at.Owner, at.Name, between.Since, between.Until, &page)
		if err != nil {
			return nil, nil, err
		}
		whole = *some
		return some.Commits, answer, nil
	})
	for commit, err := range list {
		if err != nil {
			return nil, fmt.Errorf("the commits of %s from %.12s to %.12s were not listed: %w", at, between.Since, between.Until, refusal(err, "contents:read"))
		}
		all = append(all, commit)
	}
	switch {
	case whole.GetStatus() != "ahead":
		return nil, fmt.Errorf("%.12s of %s is not behind %.12s, but %s: nobody can say what lies between", between.Since, at, between.Until, whole.GetStatus())
	case len(all) != whole.GetTotalCommits():
		return nil, fmt.Errorf("%d of the %d commits of %s from %.12s to %.12s were shown: nobody can say who wrote the others",
			len(all), whole.GetTotalCommits(), at, between.Since, between.Until)
	}
	return all, nil
}

var coAuthor = regexp.MustCompile(`(?mi)^co-authored-by:[^<\n]*<([^>\n]+)>`)

// logins are whose the addresses in the commits are, as far as GitHub says. A co-author's is found where it is public.
func (c *Client) logins(ctx context.Context, commits []*github.RepositoryCommit) (map[string]string, error) {
	logins := map[string]string{}
	for _, commit := range commits {
		for _, person := range []struct {
			address, login string
		}{
			{commit.GetCommit().GetAuthor().GetEmail(), commit.GetAuthor().GetLogin()},
			{commit.GetCommit().GetCommitter().GetEmail(), commit.GetCommitter().GetLogin()},
		} {
			if person.login != "" && person.address != "" {
				logins[person.address] = person.login
			}
		}
	}
	for _, commit := range commits {
		for _, found := range coAuthor.FindAllStringSubmatch(commit.GetCommit().GetMessage(), -1) {
			address := strings.TrimSpace(found[1])
			if logins[address] != "" || strings.Contains(address, "@users.noreply.") || strings.ContainsAny(address, `" `) {
				continue
			}
			result, _, err := c.rest.Search.Users(ctx, `"`+address+`" in:email`, nil)
			if err != nil {
				return nil, fmt.Errorf("the co-author %s was not looked for: %w", address, refusal(err, "metadata:read"))
			}
			if len(result.Users) == 1 {
				logins[address] = result.Users[0].GetLogin()
			}
		}
	}
	return logins, nil
}

// activity is something that happened to a branch.
type activity struct {
	Before    string    `json:"before"`
	After     string    `json:"after"`
	Timestamp time.Time `json:"timestamp"`
	Type      string    `json:"activity_type"`
	Actor     struct {
		Login string `json:"login"`
	} `json:"actor"`
}

// pushed says whether the actor brought the commits. Merging brings what somebody else had pushed.
func (a activity) pushed() bool {
	return a.Type == "push" || a.Type == "force_push" || a.Type == "branch_creation"
}

// activities are what happened to a branch, the newest first.
func (c *Client) activities(ctx context.Context, at Repository, branch string) iter.Seq2[activity, error] {
	return func(yield func(activity, error) bool) {
		query := url.Values{"ref": {"refs/heads/" + branch}, "per_page": {"100"}}
		for {
			var some []activity
			answer, err := c.call(ctx, http.MethodGet, fmt.Sprintf("repos/%s/activity?%s", at, query.Encode()), nil, &some)
			if err != nil {
				yield(activity{}, err)
				return
			}
			for _, one := range some {
				if !yield(one, nil) {
					return
				}
			}
			if answer.After == "" || answer.After == query.Get("after") {
				return
			}
			query.Set("after", answer.After)
		}
	}
}

// pushers are who pushed the commits onto their branch. Each step back has to lead to the one before, until what was there
// already: a gap is an error.
func (c *Client) pushers(ctx context.Context, at Repository, between Between, commits []*github.RepositoryCommit) ([]string, error) {
	within := map[string]bool{}
	for _, commit := range commits {
		within[commit.GetSHA()] = true
	}
	pushers, next := []string{}, ""
	for a, err := range c.activities(ctx, at, between.Branch) {
		begins := a.After == between.Until || a.Before == between.Since || within[a.Before] && a.Before != between.Until
		switch {
		case err != nil:
			return nil, fmt.Errorf("what happened to branch %s of %s was not listed: %w", between.Branch, at, refusal(err, "contents:read"))
		case next == "" && !begins:
			continue // newer than what is promoted
		case next != "" && a.After != next:
			return nil, fmt.Errorf("GitHub does not tell who pushed %.12s to %s of %s: its record has a gap", next, between.Branch, at)
		case a.pushed() && a.Actor.Login == "":
			return nil, fmt.Errorf("GitHub does not tell who pushed %.12s to %s of %s: it names nobody", a.After, between.Branch, at)
		case a.pushed():
			pushers = append(pushers, a.Actor.Login)
		}
		if !within[a.Before] {
			return pushers, nil
		}
		next = a.Before
	}
	return nil, fmt.Errorf("GitHub does not tell who pushed %.12s to %s of %s: its record does not reach back so far", cmp.Or(next, between.Until), between.Branch, at)
}

// proposers are who opened the pull requests that the commits came by, and the promotion's own, and who pushed to their
// branches, as far as GitHub still knows: a branch may be gone, or in somebody else's repository.
func (c *Client) proposers(ctx context.Context, at Repository, promotion *github.PullRequest, commits []*github.RepositoryCommit) ([]string, error) {
	requests := map[int]*github.PullRequest{promotion.GetNumber(): promotion}
	for _, commit := range commits {
		list := pages(func(page github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
			return c.rest.PullRequests.ListPullRequestsWithCommit(ctx, at.Owner, at.Name, commit.GetSHA(), &page)
		})
		for request, err := range list {
			if err != nil {
				return nil, fmt.Errorf("the pull requests of commit %.12s of %s were not listed: %w", commit.GetSHA(), at, refusal(err, "pull_requests:read"))
			}
			requests[request.GetNumber()] = request
		}
	}
	var all []string
	for _, request := range requests {
		all = append(all, request.GetUser().GetLogin())
		if !strings.EqualFold(request.GetHead().GetRepo().GetFullName(), at.String()) {
			continue
		}
		some, err := c.pushersOf(ctx, at, request)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// pushersOf are who pushed to the branch of a pull request, since the branch was made and until it was merged.
func (c *Client) pushersOf(ctx context.Context, at Repository, request *github.PullRequest) ([]string, error) {
	var pushers []string
	for a, err := range c.activities(ctx, at, request.GetHead().GetRef()) {
		switch {
		case answered(err, http.StatusNotFound) || answered(err, http.StatusUnprocessableEntity): // the branch is gone
			return pushers, nil
		case err != nil:
			return nil, fmt.Errorf("what happened to branch %s of %s was not listed: %w", request.GetHead().GetRef(), at, refusal(err, "contents:read"))
		case request.MergedAt != nil && a.Timestamp.After(request.GetMergedAt().Time):
			continue // another branch of that name
		case a.pushed():
			pushers = append(pushers, a.Actor.Login)
		}
		if a.Type == "branch_creation" && !a.Timestamp.After(request.GetCreatedAt().Time) {
			break
		}
	}
	return pushers, nil
}

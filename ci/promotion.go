package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// promotionLimit ends a call that waits for a remote that does not answer.
const promotionLimit = 5 * time.Minute

// gitRemote is what the clone in the container calls the repository that is moved.
const gitRemote = "promoted"

// askPass answers Git's questions, so that a token is on no command line.
const askPass = `#!/bin/sh
case $1 in Username*) echo x-access-token ;; *) cat /run/token ;; esac
`

// Promotion says what runs where, and moves it. A release set an environment, k8s/overlays/ENVIRONMENT/release.yaml, says so in
// Git; Argo CD does what Git says.
type Promotion struct {
	// +private
	Esteira *Esteira
	// +private
	Source *dagger.Directory
	// +private
	Branch string
	// +private
	Remote string
	// +private
	Token *dagger.Secret
	// +private
	Author string
}

// Promotion says what runs where, and moves it from one environment to the next, or back. What only reads needs nothing but the
// clone; what moves pushes one commit, with lease, to the --remote.
func (e *Esteira) Promotion(
	// The repository, with its .git and all of its history
	// +defaultPath="/"
	// +ignore=["out", "**/node_modules", "**/.venv", "**/__pycache__", "**/.gradle", "**/.terraform", "**/target", "**/.*_cache"]
	source *dagger.Directory,
	// Branch that the cluster follows
	// +default="main"
	branch string,
	// Git address whose branch is read and moved, such as https://github.com/OWNER/NAME.git
	// +optional
	remote string,
	// Token that may push there: contents:write
	// +optional
	token *dagger.Secret,
	// Who commits, as NAME <ADDRESS>
	// +optional
	author string,
) *Promotion {
	return &Promotion{Esteira: e, Source: source, Branch: branch, Remote: remote, Token: token, Author: author}
}

// Status says what runs in each environment, what is pinned, and what waits.
// +cache="never"
func (p *Promotion) Status(ctx context.Context) (string, error) { return p.ask(ctx, nil, "status") }

// Diff shows what a promotion would change, before anything does: images, model, configuration, rendered manifests, policies,
// cost and time. Its last line is the digest that `promote --expect` wants.
// +cache="never"
func (p *Promotion) Diff(ctx context.Context,
	// Environment that it goes to
	to string,
	// Environment that it comes from (default: as the policy says)
	// +optional
	from string,
	// Images and models that move (default: all)
	// +optional
	component []string,
	// Run of the cost stage, its `json`
	// +optional
	cost *dagger.File,
	// Run of the policies' stage, its `json`
	// +optional
	policies *dagger.File,
) (string, error) {
	args := append([]string{"diff", "--to=" + to}, moving(from, 0, component, "")...)
	return p.ask(ctx, map[string]*dagger.File{"cost": cost, "policies": policies}, args...)
}

// Promote moves a set to an environment, by one commit, where everything that the policy asks for is there. Its last line says
// which commit, or that nothing was left to do.
// +cache="never"
func (p *Promotion) Promote(ctx context.Context,
	// Environment that it goes to
	to string,
	// Environment that it comes from (default: as the policy says)
	// +optional
	from string,
	// Sequence of the set that moves (default: what runs there now)
	// +optional
	set int,
	// Images and models that move (default: all)
	// +optional
	component []string,
	// Digest that diff printed: anything else is refused
	// +optional
	expect string,
	// Reason why it can't wait for a freeze to end
	// +optional
	emergency string,
	// Who reviewed it, as `esteira promotion reviews` writes it
	// +optional
	reviews *dagger.File,
	// Repository at GitHub, as OWNER/NAME, whose reviews of the promotion's pull request count, read twice; the --token reads them
	// +optional
	github string,
	// Number of that pull request (default: the open one of the proposed set)
	// +optional
	pullRequest int,
	// Address of GitHub's API, of an Enterprise Server say
	// +default="https://api.github.com/"
	api string,
	// What `signatures` verified, as JSON
	// +optional
	verifications *dagger.File,
	// Images and models, as JSON, for an environment that takes candidates
	// +optional
	candidate *dagger.File,
) (string, error) {
	args := append([]string{"promote", "--to=" + to}, moving(from, set, component, emergency)...)
	if expect != "" {
		args = append(args, "--expect="+expect)
	}
	if github != "" {
		args = append(args, "--github="+github, fmt.Sprintf("--pull-request=%d", pullRequest), "--token-file=/run/token", "--api="+api)
	}
	files := map[string]*dagger.File{"reviews": reviews, "verifications": verifications, "candidate": candidate}
	return p.move(ctx, files, args...)
}

// moving are the flags of what is to move.
func moving(from string, set int, components []string, emergency string) (flags []string) {
	if from != "" {
		flags = append(flags, "--from="+from)
	}
	if set != 0 {
		flags = append(flags, "--set="+strconv.Itoa(set))
	}
	for _, component := range components {
		flags = append(flags, "--component="+component)
	}
	if emergency != "" {
		flags = append(flags, "--emergency="+emergency)
	}
	return flags
}

// Rollback brings an older set back, by one commit, and pins it. It waits for nobody, and needs nothing but Git.
// +cache="never"
func (p *Promotion) Rollback(ctx context.Context,
	// Environment that goes back
	environment string,
	// Who takes the pin away again
	owner string,
	// Why
	reason string,
	// Sequence of the set that comes back (default: the good one before)
	// +optional
	to int,
	// When the pin ends, such as 2026-11-30T12:00:00Z (default: as the policy says)
	// +optional
	expires string,
) (string, error) {
	args := []string{"rollback", "--environment=" + environment, "--owner=" + owner, "--reason=" + reason}
	if to != 0 {
		args = append(args, "--to="+strconv.Itoa(to))
	}
	if expires != "" {
		args = append(args, "--expires="+expires)
	}
	return p.move(ctx, nil, args...)
}

// Pin keeps an environment, or some of its components, at what it is.
// +cache="never"
func (p *Promotion) Pin(ctx context.Context,
	// Environment that is pinned
	environment string,
	// Who takes the pin away again
	owner string,
	// Why
	reason string,
	// When it ends, such as 2026-11-30T12:00:00Z
	expires string,
	// Images and models that are pinned (default: all)
	// +optional
	component []string,
) (string, error) {
	args := []string{"pin", "--environment=" + environment, "--owner=" + owner, "--reason=" + reason, "--expires=" + expires}
	return p.move(ctx, nil, append(args, moving("", 0, component, "")...)...)
}

// Unpin takes a pin away.
// +cache="never"
func (p *Promotion) Unpin(ctx context.Context,
	// Environment that is pinned
	environment string,
) (string, error) {
	return p.move(ctx, nil, "unpin", "--environment="+environment)
}

// Record writes what integration tests of a set came to into its file: only what passed is promoted further.
// +cache="never"
func (p *Promotion) Record(ctx context.Context,
	// Environment that was tested
	environment string,
	// The result, set, time and run of the tests, as JSON
	tests *dagger.File,
) (string, error) {
	return p.move(ctx, map[string]*dagger.File{"tests": tests}, "record", "--environment="+environment)
}

// History lists the sets of an environment, the last one first.
// +cache="never"
func (p *Promotion) History(ctx context.Context,
	// Environment
	environment string,
) (string, error) {
	return p.ask(ctx, nil, "history", "--environment="+environment)
}

// Verify is an error where a release file was edited by hand, where the history has a gap, or where what is derived from a
// file says something else.
// +cache="never"
func (p *Promotion) Verify(ctx context.Context) (string, error) { return p.ask(ctx, nil, "verify") }

// VerifyCheck is red unless all release files follow from one another, and from nothing else.
// +check
// +cache="never"
func (p *Promotion) VerifyCheck(ctx context.Context) error {
	_, err := p.Verify(ctx)
	return err
}

// ask runs a command that changes nothing. Files are handed in under the names of its flags. Without a remote it reads the
// work tree and the clock alone: asked again within the minute, the answer is the same one.
func (p *Promotion) ask(ctx context.Context, files map[string]*dagger.File, args ...string) (string, error) {
	bench, err := p.bench(ctx)
	if err != nil {
		return "", err
	}
	bench, flags := handed(bench, files)
	now := time.Now()
	if p.Remote == "" {
		now = now.Truncate(time.Minute)
	}
	return p.said(ctx, bench.
		WithEnvVariable("ESTEIRA_NOW", now.String()).
		WithExec(withTimeout(promotionLimit, p.words(append(args, flags...)...)...)))
}

// move runs a command that pushes. Files are handed in under the names of its flags.
func (p *Promotion) move(ctx context.Context, files map[string]*dagger.File, args ...string) (string, error) {
	bench, flags, err := p.mover(ctx, files)
	if err != nil {
		return "", err
	}
	return p.run(ctx, bench, append(args, flags...)...)
}

// mover is a container from which sets are moved, and the flags that say by whom and with which files.
func (p *Promotion) mover(ctx context.Context, files map[string]*dagger.File) (*dagger.Container, []string, error) {
	if p.Remote == "" || p.Author == "" {
		return nil, nil, errors.New("name the --remote to push to, and the --author of the commit; a work tree of your own `esteira promotion` moves")
	}
	bench, err := p.bench(ctx)
	if err != nil {
		return nil, nil, err
	}
	bench, flags := handed(bench, files)
	return bench, append(flags, "--author="+p.Author), nil
}

// clone is a container with our own command and Git, in a clone that somebody else owns.
func (e *Esteira) clone(ctx context.Context, source *dagger.Directory) (*dagger.Container, error) {
	command, err := e.command(ctx)
	if err != nil {
		return nil, err
	}
	return e.apt("ca-certificates", "git").
		WithMountedFile("/usr/local/bin/esteira", command).
		WithMountedDirectory(sourcePath, source).
		WithWorkdir(sourcePath).
		WithEnvVariable("GIT_CONFIG_COUNT", "1").
		WithEnvVariable("GIT_CONFIG_KEY_0", "safe.directory").
		WithEnvVariable("GIT_CONFIG_VALUE_0", "*"), nil
}

// handed is the container with those of the files that there are, and the flags that name them.
func handed(c *dagger.Container, files map[string]*dagger.File) (*dagger.Container, []string) {
	var flags []string
	for _, flag := range slices.Sorted(maps.Keys(files)) {
		if files[flag] != nil {
			c = c.WithMountedFile("/"+flag+".json", files[flag])
			flags = append(flags, "--"+flag+"=/"+flag+".json")
		}
	}
	return c, flags
}

// bench is a container with the clone in it.
func (p *Promotion) bench(ctx context.Context) (*dagger.Container, error) {
	bench, err := p.Esteira.clone(ctx, p.Source)
	if err != nil || p.Remote == "" {
		return bench, err
	}
	return p.reaching(bench)
}

// reaching is the container from which the remote is pushed to.
func (p *Promotion) reaching(bench *dagger.Container) (*dagger.Container, error) {
	parsed, err := url.Parse(p.Remote)
	if err != nil || parsed.Hostname() == "" || parsed.User != nil {
		return nil, fmt.Errorf("--remote %q is no address of a repository, such as https://github.com/OWNER/NAME.git; a password belongs into --token", p.Remote)
	}
	if p.Token != nil {
		bench = bench.
			WithMountedSecret("/run/token", p.Token).
			WithNewFile("/usr/local/bin/askpass", askPass, dagger.ContainerWithNewFileOpts{Permissions: 0o755}).
			WithEnvVariable("GIT_ASKPASS", "askpass")
	}
	return bench.
		WithEnvVariable("ESTEIRA_NOW", time.Now().String()).
		WithEnvVariable("GIT_TERMINAL_PROMPT", "0").
		WithExec([]string{"git", "remote", "add", gitRemote, p.Remote}), nil
}

func (p *Promotion) run(ctx context.Context, bench *dagger.Container, args ...string) (string, error) {
	return p.said(ctx, p.command(bench, args...))
}

// said is what one of our own commands printed.
func (p *Promotion) said(ctx context.Context, done *dagger.Container) (string, error) {
	said, err := done.Stdout(ctx)
	if err != nil {
		return "", plain(err)
	}
	return said, nil
}

// command is the container after one of our own commands, which is never cached.
func (p *Promotion) command(bench *dagger.Container, args ...string) *dagger.Container {
	return p.timed(bench, promotionLimit, args...)
}

// timed is command with a limit of its own.
func (p *Promotion) timed(bench *dagger.Container, limit time.Duration, args ...string) *dagger.Container {
	return bench.
		WithEnvVariable("ESTEIRA_NOW", time.Now().String()).
		WithExec(withTimeout(limit, p.words(args...)...))
}

// words are one of our own commands, in this clone.
func (p *Promotion) words(args ...string) []string {
	words := append([]string{"esteira", "promotion"}, args...)
	words = append(words, "--branch="+p.Branch)
	if p.Remote != "" {
		words = append(words, "--remote="+gitRemote)
	}
	return words
}

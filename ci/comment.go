package main

import (
	"context"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// Comment writes a report into one comment of an open pull request, into that of an earlier call where there is one. Its last
// line says where, or that the pull request has another head by now.
// +cache="never"
func (e *Esteira) Comment(ctx context.Context,
	// The report, as `json` of a result, from whomever: it is read strictly, and written anew
	report *dagger.File,
	// Repository of the pull request, as OWNER/NAME
	repository string,
	// Where the pull request comes from, as OWNER:BRANCH
	head string,
	// SHA of the commit that was judged
	commit string,
	// Token with the permission pull_requests:write there
	token *dagger.Secret,
	// Address of GitHub's API, of an Enterprise Server say
	// +default="https://api.github.com/"
	api string,
	// Service on this machine that answers as GitHub does, such as tcp://localhost:4010 for --api http://github:4010
	// +optional
	service *dagger.Service,
) (string, error) {
	command, err := e.command(ctx)
	if err != nil {
		return "", err
	}
	text, err := report.Contents(ctx)
	if err != nil {
		return "", err
	}
	c, err := reachingGithub(e.apt("ca-certificates").WithMountedFile("/usr/local/bin/esteira", command), api, service)
	if err != nil {
		return "", err
	}
	said, err := c.
		WithNewFile("/report.json", text).
		WithMountedSecret("/run/token", token).
		WithEnvVariable("ESTEIRA_NOW", time.Now().String()).
		WithExec([]string{"esteira", "comment", "--report=/report.json", "--repository=" + repository, "--head=" + head,
			"--commit=" + commit, "--token-file=/run/token", "--api=" + api}).
		Stdout(ctx)
	if err != nil {
		return "", plain(err)
	}
	return said, nil
}

package main

import (
	"fmt"
	"net/url"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// githubPort is where the mock of GitHub's API listens.
const githubPort = 4010

// GithubMock is a mock of GitHub's API, which Prism makes from GitHub's own description of it: it refuses what GitHub does
// not document, and does nothing. For tests, demonstrations and laptops: this machine reaches it by `github-mock up`.
func (e *Esteira) GithubMock() *dagger.Service {
	pin := dag.CurrentModule().Source().Directory("toolbox/prism")
	return e.withCredentials(e.apt("ca-certificates", "nodejs", "npm")).
		WithFile("/prism/package.json", pin.File("package.json")).
		WithFile("/prism/package-lock.json", pin.File("package-lock.json")).
		WithWorkdir("/prism").
		WithExec(withTimeout(downloadLimit, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")).
		WithExposedPort(githubPort).
		AsService(dagger.ContainerAsServiceOpts{Args: []string{"node_modules/.bin/prism", "mock", "--host=0.0.0.0", "--port=4010",
			"node_modules/@octokit/openapi/generated/api.github.com.json"}})
}

// reachingGithub is a container that reaches GitHub's API at an address: a service on this machine, where one is named.
func reachingGithub(c *dagger.Container, api string, service *dagger.Service) (*dagger.Container, error) {
	if service == nil {
		return c, nil
	}
	parsed, err := url.Parse(api)
	if err != nil || parsed.Hostname() == "" {
		return nil, fmt.Errorf("--api %q is no http or https URL", api)
	}
	return c.WithServiceBinding(parsed.Hostname(), service), nil
}

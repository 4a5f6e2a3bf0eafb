package main

import (
	"errors"
	"flag"
	"os"
	"strings"

	"github.com/esteira/esteira/pipelines/github"
)

// githubAccess is how a command reaches a repository at GitHub.
type githubAccess struct {
	at         github.Repository
	token, api string
}

// githubFlags are a command's, with those that say how GitHub is reached.
func githubFlags(name, repository string) (*flag.FlagSet, *githubAccess) {
	access := &githubAccess{}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.Func("repository", "`OWNER/NAME` "+repository, func(value string) (err error) {
		access.at, err = github.ParseRepository(value)
		return err
	})
	flags.StringVar(&access.token, "token-file", "", "`file` with the token (default: the variable GITHUB_TOKEN)")
	flags.StringVar(&access.api, "api", github.API, "`URL` of GitHub's API")
	return flags, access
}

// open is a client for the repository. Nothing is asked of GitHub yet.
func (a githubAccess) open() (*github.Client, github.Repository, error) {
	if a.at.Name == "" {
		return nil, a.at, usageError{errors.New("name the --repository")}
	}
	token := os.Getenv("GITHUB_TOKEN")
	if a.token != "" {
		text, err := os.ReadFile(a.token)
		if err != nil {
			return nil, a.at, err
		}
		token = strings.TrimSpace(string(text))
	}
	client, err := github.New(a.api, token)
	return client, a.at, err
}

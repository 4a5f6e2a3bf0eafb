package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// pullRequest is a whole pull request in which nothing changed, once with every component judged and once against a base.
func pullRequest(ctx context.Context, b *bench) ([]line, error) {
	tree, database := filepath.Join(b.work, "tree"), filepath.Join(b.work, "advisories")
	if err := b.judgeable(ctx, tree, database); err != nil {
		return nil, err
	}
	call := func(args ...string) func(context.Context) (time.Duration, error) {
		return func(ctx context.Context) (time.Duration, error) {
			return timed(func() error { return passed(b.judge(ctx, tree, database, args...)) })
		}
	}
	all, none, err := sideBySide(ctx, 3,
		side{"pull request, everything, no change", call()},
		side{"pull request against its base, no change", call("--base", tree)})
	return []line{
		{what: "pull request, everything, no change", unit: "s", esteira: all, target: []limit{{0, 3}}},
		{what: "pull request against its base, no change", unit: "s", esteira: none, target: []limit{{0, 3}}},
	}, err
}

// judge is a pull request's check of a tree, by this checkout's module.
func (b *bench) judge(ctx context.Context, tree, database string, args ...string) *exec.Cmd {
	return b.dagger(ctx, append(append([]string{"call", "pull-request", "--source", tree, "--database", database}, args...), "check")...)
}

// judgeable is a copy of this repository, and a database of vulnerabilities that is to be had without internet: the tests'
// own, which the copy's policy takes for large enough.
func (b *bench) judgeable(ctx context.Context, tree, database string) error {
	if err := errors.Join(b.copyTree(ctx, ".", tree), b.advisories(ctx, database)); err != nil {
		return err
	}
	policy := filepath.Join(tree, "esteira.yaml")
	text, err := os.ReadFile(policy)
	if err != nil {
		return err
	}
	if strings.Count(string(text), askedOfDatabase) != 1 {
		return fmt.Errorf("%s: it says nothing of the database of vulnerabilities, or more than once", policy)
	}
	return os.WriteFile(policy, []byte(smallDatabase(string(text))), 0o644)
}

// advisories packs the tests' database of vulnerabilities.
func (b *bench) advisories(ctx context.Context, database string) error {
	pack := command(ctx, "go", "run", "./pipelines/cmd/esteira", "security", "database",
		"--records", "pipelines/vulnerability/testdata/osv", "--out", database)
	pack.Dir = b.repository
	return inTurn(pack)
}

const askedOfDatabase = "    database:\n"

// smallDatabase is an esteira.yaml that takes the tests' database for large enough.
func smallDatabase(text string) string {
	return strings.Replace(text, askedOfDatabase, askedOfDatabase+"      records: {Debian: 3, GIT: 2, Go: 2, Maven: 3, PyPI: 3, npm: 1}\n", 1)
}

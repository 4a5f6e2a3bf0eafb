package main

import (
	"context"
	"errors"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// Secrets reports secrets in the repository's files, and in the commits of a change, by gitleaks: the file, the line, the
// commit and the rule, and never the secret itself. What tells the tool to look away is a finding.
// +cache="session"
func (s *Security) Secrets(ctx context.Context,
	// The repository; its policy.yaml says what is accepted
	// +defaultPath="/"
	// +ignore=[".git", "out", "**/target", "**/__pycache__", "**/.venv", "**/.*_cache"]
	tree *dagger.Directory,
	// The repository before the change: its policy.yaml judges, and what was there before does not block
	// +optional
	before *dagger.Directory,
	// The repository's .git folder, with the commits
	// +optional
	history *dagger.Directory,
	// Commits of that history to look into, such as main..HEAD
	// +optional
	commits string,
) (*Result, error) {
	if (history == nil) != (commits == "") {
		return nil, errors.New("--history and --commits go together: one of them is missing")
	}
	whole := &Security{Esteira: s.Esteira, Source: tree, Base: before}
	return whole.judge(ctx, "secrets", func(s *Security, ctx context.Context) (*dagger.Container, error) {
		bench, err := s.bench(ctx, "gitleaks")
		if err != nil {
			return nil, err
		}
		args := []string{"esteira", "security", "secrets", "--source=" + sourcePath, "--out=" + securityPath}
		if history != nil && s.Source == tree { // the commits are the change's, and none of what was before
			bench = bench.WithMountedDirectory("/history", history)
			args = append(args, "--repository=/history", "--commits="+commits)
		}
		return bench.WithMountedDirectory(sourcePath, s.Source).WithExec(withTimeout(scanLimit, args...)), nil
	})
}

// SecretsCheck is red unless no secret is found in the repository's files.
// +check
// +cache="never"
func (s *Security) SecretsCheck(ctx context.Context,
	// The repository
	// +defaultPath="/"
	// +ignore=[".git", "out", "**/target", "**/__pycache__", "**/.venv", "**/.*_cache"]
	tree *dagger.Directory,
) error {
	return checked(s.Secrets(ctx, tree, nil, nil, ""))
}

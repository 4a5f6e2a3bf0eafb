package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/report"
	"github.com/esteira/esteira/pipelines/vulnerability"
)

// Where the containers of this stage have what they work on.
const (
	databasePath = "/database"
	securityPath = "/security"
)

// scanLimit ends a scan that hangs.
const scanLimit = 15 * time.Minute

// Security looks for what makes a component unsafe: known vulnerabilities of what it is made of, secrets in it, and images
// that nobody signed.
type Security struct {
	// +private
	Esteira *Esteira
	// +private
	Source *dagger.Directory
	// +private
	Base *dagger.Directory
	// +private
	Known *dagger.Directory
	// +private
	DatabaseURL string
	// +private
	Ecosystems []string
	// +private
	PolicyFolder *dagger.Directory
}

// Security looks for what makes a component unsafe: known vulnerabilities of its packages and of its image, and secrets.
func (e *Esteira) Security(
	// The component's own folder; its policy.yaml says what is accepted
	// +defaultPath="/apps/api-gateway"
	// +ignore=["**/target", "**/build", "**/.gradle", "**/__pycache__", "**/.venv", "**/.*_cache", "**/*.egg-info", ".git"]
	source *dagger.Directory,
	// The same folder before the change: its policy.yaml judges, and what was there before does not block
	// +optional
	base *dagger.Directory,
	// Database of vulnerabilities, a folder that `security database` made; none downloads the current one, once a day
	// +optional
	database *dagger.Directory,
	// Address with ECOSYSTEM/all.zip below it, to download the database from (default: osv.dev's own)
	// +optional
	databaseURL string,
	// Ecosystems to download, as osv.dev names them (default: Debian, GIT, Maven and PyPI; GIT has the severities of what
	// Debian has)
	// +optional
	ecosystems []string,
	// A folder whose esteira.yaml has the policy, in its section security; without one the defaults hold
	// +defaultPath="/"
	// +ignore=["**", "!esteira.yaml"]
	policy *dagger.Directory,
) *Security {
	databaseURL = cmp.Or(databaseURL, "https://osv-vulnerabilities.storage.googleapis.com")
	if len(ecosystems) == 0 {
		ecosystems = []string{"Debian", "GIT", "Maven", "PyPI"}
	}
	return &Security{
		Esteira: e, Source: source, Base: base, Known: database, DatabaseURL: databaseURL, Ecosystems: ecosystems, PolicyFolder: policy,
	}
}

// before is the stage over the base.
func (s *Security) before() *Security {
	base := *s
	base.Source, base.Base = s.Base, nil
	return &base
}

// Database is the database of known vulnerabilities: the one that was handed in, else today's, downloaded. Exported, it is
// what a machine without internet hands in by --database.
// +cache="session"
func (s *Security) Database(ctx context.Context) (*dagger.Directory, error) {
	if s.Known != nil {
		return s.Known, nil
	}
	command, err := s.Esteira.command(ctx)
	if err != nil {
		return nil, err
	}
	return s.Esteira.apt("ca-certificates").
		WithMountedFile("/usr/local/bin/esteira", command).
		WithEnvVariable("ESTEIRA_TODAY", time.Now().UTC().Format(time.DateOnly)).
		WithExec([]string{"esteira", "security", "database",
			"--url=" + s.DatabaseURL, "--ecosystems=" + strings.Join(s.Ecosystems, ","), "--out=" + databasePath}).
		Directory(databasePath), nil
}

// policy is what is asked of packages.
func (s *Security) policy(ctx context.Context) (vulnerability.Policy, error) {
	names, err := s.PolicyFolder.Glob(ctx, policyFile)
	if err != nil || len(names) == 0 {
		return vulnerability.Policy{}, err
	}
	text, err := s.PolicyFolder.File(policyFile).Contents(ctx)
	if err != nil {
		return vulnerability.Policy{}, err
	}
	parsed, err := config.Parse(policyFile, []byte(text))
	return parsed.Security.Vulnerabilities, err
}

// exceptions are what is accepted: by the base where there is one, because who is judged does not hold the scales.
func (s *Security) exceptions(ctx context.Context) ([]acceptance.Exception, error) {
	source := s.Source
	if s.Base != nil {
		source = s.Base
	}
	text, err := policyText(ctx, source)
	if err != nil {
		return nil, err
	}
	return acceptance.Read(text)
}

// bench is a container with tools of the toolbox and our own command.
func (s *Security) bench(ctx context.Context, tools ...string) (*dagger.Container, error) {
	command, err := s.Esteira.command(ctx)
	if err != nil {
		return nil, err
	}
	bench := s.Esteira.apt("ca-certificates", "git").
		WithMountedFile("/usr/local/bin/esteira", command).
		WithEnvVariable("SYFT_CHECK_FOR_APP_UPDATE", "false")
	return s.Esteira.withTools(ctx, bench, tools)
}

// look is a check: what it returns leaves said.json in securityPath.
type look func(s *Security, ctx context.Context) (*dagger.Container, error)

// judge is the result of a check.
func (s *Security) judge(ctx context.Context, name string, run look) (*Result, error) {
	stage, _, files := s.stage(ctx, name, run)
	return stageResult(stage, files)
}

// stage is a check as a stage. What keeps the tools from saying anything is undecided, and asked again.
func (s *Security) stage(ctx context.Context, name string, run look) (report.Stage, acceptance.Judgement, *dagger.Directory) {
	const remedy = "mend what keeps the check from deciding"
	done := stopwatch(name)
	judgement, files, err := s.judgement(ctx, run)
	var failed *dagger.ExecError
	switch {
	case errors.As(err, &failed):
		return done(broken(failed, scanLimit, func(output string) (report.Stage, bool) {
			return report.Stage{Summary: firstComplaint(output), Remedy: remedy}, false
		})), judgement, nil
	case err != nil:
		return done(report.Stage{Status: report.Undecided, Summary: err.Error(), Remedy: remedy}), judgement, nil
	}
	return done(judgement.Stage(name)), judgement, files
}

// firstComplaint is the error of our command, without its prefix.
func firstComplaint(output string) string {
	for line := range strings.Lines(output) {
		if complaint, ok := strings.CutPrefix(line, "esteira: "); ok {
			return strings.TrimSpace(complaint)
		}
	}
	return "a step failed"
}

func (s *Security) judgement(ctx context.Context, run look) (acceptance.Judgement, *dagger.Directory, error) {
	exceptions, err := s.exceptions(ctx)
	if err != nil {
		return acceptance.Judgement{}, nil, err
	}
	said, files, err := s.said(ctx, run)
	if err != nil {
		return acceptance.Judgement{}, nil, err
	}
	var before *acceptance.Said
	if s.Base != nil {
		old, _, err := s.before().said(ctx, run)
		if err != nil {
			return acceptance.Judgement{}, nil, err
		}
		before = &old
	}
	judgement := acceptance.Judge(exceptions, said, before, time.Now())
	return judgement, files, nil
}

func (s *Security) said(ctx context.Context, run look) (acceptance.Said, *dagger.Directory, error) {
	looked, err := run(s, ctx)
	if err != nil {
		return acceptance.Said{}, nil, err
	}
	text, err := looked.File(securityPath + "/said.json").Contents(ctx)
	if err != nil {
		return acceptance.Said{}, nil, err
	}
	said, err := acceptance.ReadSaid(strings.NewReader(text))
	return said, looked.Directory(securityPath).WithoutFile("said.json"), err
}

// Scan reports known vulnerabilities of the packages that a folder asks for: of its locks, of its jars, and of all that its
// Maven or Gradle build resolves to. Its files hold the bill of materials, sbom.cdx.json.
// +cache="session"
func (s *Security) Scan(ctx context.Context) (*Result, error) {
	return s.judge(ctx, "scan", (*Security).scan)
}

// ScanCheck is red unless nothing is known that blocks.
// +check
// +cache="never"
func (s *Security) ScanCheck(ctx context.Context) error { return checked(s.Scan(ctx)) }

func (s *Security) scan(ctx context.Context) (*dagger.Container, error) {
	bench, args, err := s.scanner(ctx, s.Source)
	if err != nil {
		return nil, err
	}
	return bench.WithMountedDirectory(sourcePath, s.Source).
		WithExec(withTimeout(scanLimit, append([]string{"esteira", "security", "scan", "--source=" + sourcePath}, args...)...)), nil
}

// scanner is a container with the tools, a database that the policy believes, and the graph of a component's build.
func (s *Security) scanner(ctx context.Context, source *dagger.Directory) (*dagger.Container, []string, error) {
	policy, err := s.policy(ctx)
	if err != nil {
		return nil, nil, err
	}
	database, err := s.believed(ctx, policy.Database)
	if err != nil {
		return nil, nil, err
	}
	bench, err := s.bench(ctx, "osv-scanner", "syft")
	if err != nil {
		return nil, nil, err
	}
	args := []string{"--database=" + databasePath, "--out=" + securityPath}
	if policy.Blocks != "" {
		args = append(args, "--blocks="+string(policy.Blocks))
	}
	graph, build, err := s.graph(ctx, source)
	if err != nil {
		return nil, nil, err
	}
	if graph != nil {
		bench = bench.WithMountedFile("/graph.tgf", graph)
		args = append(args, "--graph=/graph.tgf", "--build="+build)
	}
	return bench.WithMountedDirectory(databasePath, database), args, nil
}

// believed is the database, where it is new and full enough by now's clock.
func (s *Security) believed(ctx context.Context, policy vulnerability.DatabasePolicy) (*dagger.Directory, error) {
	database, err := s.Database(ctx)
	if err != nil {
		return nil, err
	}
	text, err := database.File(vulnerability.ManifestFile).Contents(ctx)
	if err != nil {
		return nil, err
	}
	manifest, err := vulnerability.ReadDatabase(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	return database, manifest.Check(policy, time.Now())
}

// graph is that of a Java component's build, and the file that describes it; nil of another's.
func (s *Security) graph(ctx context.Context, source *dagger.Directory) (*dagger.File, string, error) {
	entries, err := source.Entries(ctx)
	if err != nil {
		return nil, "", err
	}
	at := slices.IndexFunc(entries, describesJava)
	if at < 0 {
		return nil, "", nil
	}
	graph, err := s.Esteira.Java(source, nil, "20m").graph(ctx)
	return graph, entries[at], err
}

// describesJava says whether a file makes a folder a Java component.
func describesJava(name string) bool {
	return name == "pom.xml" || strings.HasPrefix(name, "build.gradle") || strings.HasPrefix(name, "settings.gradle")
}

package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// serviceFile is what a team with one service has in its repository beside it. The database of vulnerabilities is the tests' own.
const serviceFile = `version: 1
components:
  - {name: api-gateway, path: ` + component + `, kind: java, owner: java-team}
unowned:
  - {path: policy.yaml, reason: "what is accepted of the repository as a whole"}
security:
  vulnerabilities:
    blocks: high
    database:
      maxHours: 72
`

// servicePolicy is what is accepted there.
const servicePolicy = `version: 1
accepted:
  - rule: generic-api-key
    object: ` + component + `/src/test/resources/assignment.json
    reason: made-up user keys of an experiment
    owner: java-team
    expires: 2099-12-31
`

// readyTools are those of the toolbox that a pull request of the service needs.
var readyTools = []string{"gitleaks", "osv-scanner", "syft"}

// runner is a pull request that changes the only service of a repository, on a machine whose engine is empty: with nothing
// else, and with a remote cache and ready tools, as cache.yml and `toolbox publish` leave them. Beside it the plain tools,
// installed and run in turn on a fresh Debian.
func runner(ctx context.Context, b *bench) (lines []line, err error) {
	tree, base, database, tools := filepath.Join(b.work, "tree"), filepath.Join(b.work, "base"), filepath.Join(b.work, "advisories"), filepath.Join(b.work, "tools")
	if err := errors.Join(
		b.advisories(ctx, database), b.service(ctx, base), b.service(ctx, tree), change(filepath.Join(tree, component, changedFile)),
	); err != nil {
		return nil, err
	}
	for _, name := range readyTools {
		if err := inTurn(b.dagger(ctx, "call", "toolbox", "tool", "--name", name, "export", "--path", filepath.Join(tools, name))); err != nil {
			return nil, err
		}
	}
	purge := func() error { return inTurn(b.engine(context.WithoutCancel(ctx), "down", "--purge")) }
	if err := purge(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, purge()) }()
	judge := func(cache string, settings ...string) (time.Duration, error) {
		check := b.judge(ctx, tree, database, "--base", base)
		check.Args = append(check.Args[:2:2], append(settings, check.Args[2:]...)...)
		return b.onEmpty(ctx, check, cache)
	}
	cold, err := judge("")
	if err != nil {
		return nil, err
	}
	say("pull request on an empty engine: %.1f s", cold.Seconds())
	if _, err := judge("EXPORT_CONFIG=mode=max,compression=zstd,", "--tools", tools); err != nil {
		return nil, err
	}
	if err := b.emptied(ctx); err != nil {
		return nil, err
	}
	cached, err := judge("IMPORT_CONFIG=", "--tools", tools)
	if err != nil {
		return nil, err
	}
	say("the same with a remote cache and ready tools: %.1f s", cached.Seconds())
	bare, err := b.bareJudgement(ctx, tree, database)
	say("the plain tools, installed and run in turn: %.1f s", bare.Seconds())
	return []line{
		{what: "pull request, empty engine", unit: "s", esteira: cold.Seconds(), bare: bare.Seconds(), target: []limit{{1, 60}}},
		{what: "the same, remote cache and ready tools (bare: without them)", unit: "s", esteira: cached.Seconds(), bare: cold.Seconds(), target: []limit{{0.25, 0}}},
	}, err
}

// service is a repository with the component alone.
func (b *bench) service(ctx context.Context, tree string) error {
	return errors.Join(
		b.copyTree(ctx, component, filepath.Join(tree, component)),
		os.WriteFile(filepath.Join(tree, "policy.yaml"), []byte(servicePolicy), 0o644),
		os.WriteFile(filepath.Join(tree, "esteira.yaml"), []byte(smallDatabase(serviceFile)), 0o644))
}

// onEmpty runs a check on the bench's own engine, with a remote cache in that engine's registry.
func (b *bench) onEmpty(ctx context.Context, check *exec.Cmd, cache string) (time.Duration, error) {
	if err := inTurn(b.engine(ctx, "up")); err != nil {
		return 0, err
	}
	host, err := b.emptyEngine(ctx)
	if err != nil {
		return 0, err
	}
	check.Env = append(os.Environ(), runnerHost+"="+host)
	if cache != "" {
		registry, err := b.setting(ctx, "ESTEIRA_REGISTRY")
		if err != nil {
			return 0, err
		}
		check.Env = append(check.Env, "_EXPERIMENTAL_DAGGER_CACHE_"+cache+"type=registry,ref="+registry+"/cache:bench",
			"_EXPERIMENTAL_DAGGER_SHUTDOWN_TIMEOUT=30m") // the export goes on when the call has ended, and is cut off after ten seconds
	}
	return timed(func() error { return passed(check) })
}

// emptied is the bench's engine without what it knows; its registry stays.
func (b *bench) emptied(ctx context.Context) error {
	return errors.Join(inTurn(b.engine(ctx, "down")), os.RemoveAll(filepath.Join(filepath.Dir(b.home), "instances", "bench", "state")))
}

// bareImage is an image as a careful Dockerfile makes one, in the bare system after `mvn verify`: a JRE of the modules that are
// needed, the jar taken apart, the JVM's start prepared, all of it compressed.
const bareImage = `set -eu
cd ` + bareSource + ` && rm -rf /image && mkdir /image
java -Djarmode=tools -jar target/*.jar extract --destination /image/app
jlink --add-modules java.base,java.desktop,java.instrument,java.management,java.naming,java.net.http,java.prefs,java.rmi,java.scripting,java.security.jgss,java.sql,jdk.crypto.ec,jdk.jfr,jdk.management,jdk.net,jdk.unsupported \
  --compress zip-6 --strip-java-debug-attributes --no-header-files --no-man-pages --output /image/jre
/image/jre/bin/java -XX:AOTCacheOutput=/image/app.aot -Dspring.context.exit=onRefresh -jar /image/app/*.jar >/dev/null
tar -czf /image.tar.gz /image`

// bareJudgement is how long the plain tools take for the same, each installed from its sources and run in turn: secrets, Maven,
// the image, and the bills of materials of sources and image, looked up in the database. They join nothing to one report.
func (b *bench) bareJudgement(ctx context.Context, tree, database string) (time.Duration, error) {
	built, err := b.installBare(ctx)
	if err != nil {
		return 0, err
	}
	tools := filepath.Join(b.work, "bare-tools")
	tool := func(name string, args ...string) *exec.Cmd {
		return command(ctx, filepath.Join(tools, name), args...)
	}
	taken, err := timed(func() error {
		for _, name := range readyTools {
			install := command(ctx, "go", "build", "-ldflags=-s -w", "-o", filepath.Join(tools, name), "tool")
			install.Dir = filepath.Join(b.repository, "ci/toolbox", name)
			install.Env = append(os.Environ(), "GOCACHE="+tools+"/cache", "GOMODCACHE="+tools+"/modules", "GOFLAGS=-modcacherw", "CGO_ENABLED=0")
			if err := inTurn(install); err != nil {
				return err
			}
		}
		// osv-scanner looks for its database in a folder of that name.
		if err := os.Symlink(database, filepath.Join(b.work, "osv-scanner")); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := inTurn(tool("gitleaks", "dir", "--exit-code=0", tree), chrooted(ctx, b.bareRoot(), nil, "sh", "-c", bareImage)); err != nil {
			return err
		}
		for _, what := range []string{bareSource, "/image"} {
			bill := filepath.Join(tools, filepath.Base(what)+".cdx.json")
			if err := inTurn(
				tool("syft", "scan", "--quiet", "dir:"+b.bareRoot()+what, "--output=cyclonedx-json="+bill),
				tool("osv-scanner", "scan", "source", "--offline", "--local-db-path="+b.work, "--lockfile="+bill, "--all-packages"),
			); err != nil {
				return err
			}
		}
		return nil
	})
	return built + taken, err
}

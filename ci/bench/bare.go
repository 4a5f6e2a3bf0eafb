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

// barePackages are those that the Java stage builds with (ci/java.go, ci/java_tools.go).
var barePackages = []string{"ca-certificates", "ca-certificates-java", "openjdk-25-jdk-headless", "maven"}

// bareSource is the component's copy inside the bare system.
const bareSource = "/src"

func (b *bench) bareRoot() string { return filepath.Join(b.home, "bare") }

// maven runs bare Maven on the bare copy of the component.
func maven(ctx context.Context, root string, goals ...string) *exec.Cmd {
	return chrooted(ctx, root, nil, append([]string{"mvn", "-B", "-q", "-f", bareSource + "/pom.xml"}, goals...)...)
}

// bare makes sure that there is a bare system, and that it holds the component as it is now.
func (b *bench) bare(ctx context.Context) error {
	if _, err := os.Stat(b.bareRoot()); errors.Is(err, fs.ErrNotExist) {
		say("make the bare system: Debian, JDK, Maven")
		_, err := b.installBare(ctx)
		return err
	}
	return b.copyComponent(ctx, b.bareRoot()+bareSource)
}

// installBare makes the bare system anew, from the base image that the stages start from, and returns how long a first
// build took there: packages, dependencies and `mvn verify`, all downloaded.
func (b *bench) installBare(ctx context.Context) (time.Duration, error) {
	root := filepath.Join(b.work, "bare")
	if err := b.rootFS(ctx, root, "core", "container", "from", "--address=debian:trixie-slim"); err != nil {
		return 0, err
	}
	if err := b.copyComponent(ctx, root+bareSource); err != nil {
		return 0, err
	}
	// The JRE's installation links its manual's pages into a folder that a slim Debian does not have.
	if err := inTurn(command(ctx, "mkdir", "-p", root+"/usr/share/man/man1")); err != nil {
		return 0, err
	}
	install := append([]string{"apt-get", "install", "-qq", "-y", "--no-install-recommends"}, barePackages...)
	taken, err := timed(func() error {
		return inTurn(
			chrooted(ctx, root, nil, "apt-get", "update", "-qq"),
			chrooted(ctx, root, []string{"DEBIAN_FRONTEND=noninteractive"}, install...),
			maven(ctx, root, "verify"))
	})
	if err != nil {
		return 0, err
	}
	if err := os.RemoveAll(b.bareRoot()); err != nil {
		return 0, err
	}
	return taken, os.Rename(root, b.bareRoot())
}

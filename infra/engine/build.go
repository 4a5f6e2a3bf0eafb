package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	daggerVersion = "v0.19.10"
	daggerModule  = "github.com/dagger/dagger"
)

// source finds the folder of this program's own source, beside which the
// pinned module lies that Dagger is built from.
func source() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	dir := filepath.Dir(file)
	if _, err := os.Stat(filepath.Join(dir, "dagger", "go.mod")); err != nil {
		return "", fmt.Errorf("the module that Dagger is built from is not where this program was compiled: %w; call `go run . up` in infra/engine", err)
	}
	return dir, nil
}

// toolchain is the host's Go, and where it has modules from.
type toolchain struct{ version, root, proxy string }

// findToolchain asks Go for what it would build Dagger with.
func findToolchain(ctx context.Context, dir string) (toolchain, error) {
	cmd := command(ctx, "go", "env", "GOVERSION", "GOROOT", "GOPROXY")
	cmd.Dir = dir
	out, err := output(cmd)
	if err != nil {
		return toolchain{}, err
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 3 {
		return toolchain{}, fmt.Errorf("go env GOVERSION GOROOT GOPROXY printed %q, not three lines", out)
	}
	return toolchain{version: lines[0], root: lines[1], proxy: lines[2]}, nil
}

// binaries is a part made of Dagger's own commands.
func binaries(name, dir string, commands ...string) (part, error) {
	key, err := contents(dir, "go.mod", "go.sum", "distconsts/go.mod", "distconsts/distconsts.go")
	if err != nil {
		return part{}, err
	}
	packages := make([]string, len(commands))
	for i, c := range commands {
		packages[i] = daggerModule + "/cmd/" + c
	}
	return part{
		name: name,
		key:  digest(append(packages, key, strings.Join(buildFlags, " "), runtime.GOARCH)...),
		make: func(ctx context.Context, out string) error { return run(goBuild(ctx, dir, out, packages)) },
	}, nil
}

// contents is a key of files in a folder.
func contents(dir string, files ...string) (string, error) {
	var texts []string
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return "", err
		}
		texts = append(texts, string(text))
	}
	return digest(texts...), nil
}

var buildFlags = []string{
	"-mod=readonly", "-trimpath", "-buildvcs=false",
	"-ldflags", fmt.Sprintf("-s -w -X %[1]s/engine.Version=%[2]s -X %[1]s/engine.Tag=%[2]s", daggerModule, daggerVersion),
}

func goBuild(ctx context.Context, dir, out string, packages []string) *exec.Cmd {
	args := append(append([]string{"build"}, buildFlags...), "-o", out+"/")
	cmd := command(ctx, "go", append(args, packages...)...)
	cmd.Dir = dir
	// The compiler lives for a second, and has no need to collect its garbage before it holds a gibibyte.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOGC=off", "GOMEMLIMIT=1GiB")
	return cmd
}

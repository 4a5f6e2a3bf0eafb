package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// needed maps what the engine calls on the host to the Debian package that has it.
var needed = []struct{ program, pkg string }{
	{"runc", "runc"},
	{filepath.Join(cniPlugins, "bridge"), "containernetworking-plugins"},
	{"iptables", "iptables"},
	{"dnsmasq", "dnsmasq-base"},
	{"mmdebstrap", "mmdebstrap"},
	{"ip", "iproute2"},
	{"git", "git"},
}

// missingPackages returns the Debian packages that provide what find does not find.
func missingPackages(find func(program string) (string, error)) []string {
	var missing []string
	for _, n := range needed {
		if _, err := find(n.program); err != nil {
			missing = append(missing, n.pkg)
		}
	}
	return missing
}

// installPackages installs Debian packages. It never removes one to make room:
// another container runtime on the host stays.
func installPackages(ctx context.Context, packages []string) error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("this is not Debian (%w): install what these packages of Debian's hold, then call again: %s",
			err, strings.Join(packages, " "))
	}
	install := append([]string{"install", "-y", "--no-install-recommends", "--no-remove"}, packages...)
	first := run(aptGet(ctx, install...))
	if first == nil {
		return nil
	}
	if err := run(aptGet(ctx, "update")); err != nil {
		return fmt.Errorf("the list of Debian packages cannot be fetched: check network and apt sources: %w", errors.Join(err, first))
	}
	if err := run(aptGet(ctx, install...)); err != nil {
		return fmt.Errorf("cannot install Debian packages; try it by hand and call again: %w", err)
	}
	return nil
}

func aptGet(ctx context.Context, args ...string) *exec.Cmd {
	// Another apt may be at work, such as the one that a new machine updates itself with.
	cmd := command(ctx, "apt-get", append([]string{"--option=DPkg::Lock::Timeout=300"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	return cmd
}

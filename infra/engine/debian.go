package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// debianSuite is the release of Debian that the base images hold.
const debianSuite = "trixie"

// layerEpoch is the time stamp, in seconds since 1970, of every file in our
// layers: a layer made again from the same packages has the same digest.
const layerEpoch = "1735689600"

// bootstrapArgs is the recipe of a small Debian: what Debian's own slim images
// leave out (manuals, translations, documentation but the licences) is left out.
func bootstrapArgs(packages ...string) []string {
	args := []string{
		"--variant=minbase",
		"--format=tar",
		"--skip=output/dev",
		"--include=" + strings.Join(append([]string{"ca-certificates"}, packages...), ","),
		"--dpkgopt=force-unsafe-io", // no fsync for each file: a broken layer is made again
		`--aptopt=Acquire::Languages "none"`,
		"--dpkgopt=path-exclude=/usr/share/doc/*",
		"--dpkgopt=path-include=/usr/share/doc/*/copyright",
	}
	for _, dir := range []string{"man", "info", "locale", "groff", "lintian", "linda"} {
		args = append(args, "--dpkgopt=path-exclude=/usr/share/"+dir+"/*")
	}
	return append(args,
		`--customize-hook="$ESTEIRA_SELF" trust "$1"`,
		`--customize-hook=rm --force "$1/etc/hostname" "$1/etc/resolv.conf"`, // the host's
		debianSuite, "-")
}

// mirrorArgs are the sources of a Debian mirror whose security archive lies
// beside it, as on Debian's own hosts; none for Debian's own hosts.
func mirrorArgs(mirror string) []string {
	if mirror == "" {
		return nil
	}
	mirror = strings.TrimRight(mirror, "/")
	return []string{
		fmt.Sprintf("deb %s %s main", mirror, debianSuite),
		fmt.Sprintf("deb %s %s-updates main", mirror, debianSuite),
		fmt.Sprintf("deb %s-security %s-security main", mirror, debianSuite),
	}
}

// bootstrap makes a Debian system and writes it to a compressed layer.
func bootstrap(ctx context.Context, args []string, layer string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	work := filepath.Dir(layer)
	cmd := isolated(ctx, "mmdebstrap", args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+work, "SOURCE_DATE_EPOCH="+layerEpoch, "ESTEIRA_SELF="+self)
	return compress(cmd, layer, gzip.DefaultCompression)
}

// compress runs a command that prints a tar and writes that as a compressed layer.
func compress(cmd *exec.Cmd, layer string, level int) error {
	file, err := os.Create(layer)
	if err != nil {
		return err
	}
	defer file.Close()
	packed, err := gzip.NewWriterLevel(file, level)
	if err != nil {
		return err
	}
	cmd.Stdout = io.Writer(packed)
	if err := run(cmd); err != nil {
		return err
	}
	return errors.Join(packed.Close(), file.Close())
}

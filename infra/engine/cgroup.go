package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const cgroups = "/sys/fs/cgroup"

// buildkitConfig puts the control groups of an engine's containers below one of
// its own, where they are found when the engine was killed, and gives them our
// network.
func buildkitConfig(group string) string {
	return fmt.Sprintf("[worker.oci]\n  defaultCgroupParent = %q\n  cniConfigPath = %q\n", group, cniConfigPath)
}

// removeCgroups removes the control groups that a killed engine left, in the
// one tree of control groups version 2 or in the many of version 1. They hold no
// process any more: a group that does is not removed, and an error.
func removeCgroups(group string) error {
	tops, err := filepath.Glob(cgroups + "/*/" + group)
	if err != nil {
		return err
	}
	for _, top := range append(tops, filepath.Join(cgroups, group)) {
		if err := removeEmptyTree(top); err != nil {
			return err
		}
	}
	return nil
}

// removeEmptyTree removes folders, the innermost first, and no file.
func removeEmptyTree(top string) error {
	var dirs []string
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, dir := range slices.Backward(dirs) {
		if err := os.Remove(dir); err != nil {
			return err
		}
	}
	return nil
}

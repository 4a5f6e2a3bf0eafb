package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-units"
	"golang.org/x/sys/unix"
)

// defaultDisk is more than two whole runs of the tests leave: 49 GB from nothing, and a second one writes 14.
const defaultDisk = "70GB"

var diskSize = regexp.MustCompile(`^[1-9][0-9]*([kMGT]i?B|%)$`)

// diskLimit is how much the engine's cache may take: ESTEIRA_ENGINE_DISK, such
// as 40GB or 25%.
func diskLimit() (string, error) {
	limit := os.Getenv("ESTEIRA_ENGINE_DISK")
	if limit == "" {
		return defaultDisk, nil
	}
	if !diskSize.MatchString(limit) {
		return "", fmt.Errorf("ESTEIRA_ENGINE_DISK is %q: give a size such as 40GB, or a share of the disk such as 25%%", limit)
	}
	return limit, nil
}

// bytesOf are the bytes of a disk that such a limit comes to. As for the engine,
// 1 GB is 2^30 bytes.
func bytesOf(limit string, disk unix.Statfs_t) (int64, error) {
	if percent, ok := strings.CutSuffix(limit, "%"); ok {
		share, err := strconv.ParseInt(percent, 10, 64)
		return int64(disk.Blocks) * disk.Bsize / 100 * share, err
	}
	return units.RAMInBytes(limit)
}

// diskOf is the disk that a folder is on.
func diskOf(folder string) (unix.Statfs_t, error) {
	var disk unix.Statfs_t
	if err := unix.Statfs(folder, &disk); err != nil {
		return disk, fmt.Errorf("look how much of the disk of %s is free: %w", folder, err)
	}
	return disk, nil
}

// leastFree is how many blocks of a disk the engine has to leave free: a
// twentieth of it. The engine looks at all free blocks, so those that the file
// system keeps from everybody are added.
func leastFree(disk unix.Statfs_t) uint64 {
	return disk.Blocks/20 + disk.Bfree - disk.Bavail
}

// roomOf is how many bytes may be written to a disk before the engine throws
// away what it made.
func roomOf(disk unix.Statfs_t) int64 {
	return (int64(disk.Bfree) - int64(leastFree(disk))) * disk.Bsize
}

// roomy is more than a whole run of the tests writes on a warm engine: 13 GiB
// were measured, with what Go and the tests' own folders take of the same disk.
const roomy = 15 << 30

// tight says what to do where the engine may write so little to a folder's disk
// before it throws away what it made, that a call may find its tools gone. It
// says nothing where there is room.
func tight(folder string) (string, error) {
	disk, err := diskOf(folder)
	if err != nil {
		return "", err
	}
	room := roomOf(disk)
	if room >= roomy {
		return "", nil
	}
	const gib = 1 << 30
	return fmt.Sprintf("the disk of %s has room for %.1f GiB more before the engine throws away what it made, tools included: "+
		"free %.0f GiB or more, or let ESTEIRA_ENGINE_HOME name a larger disk", folder, float64(max(0, room))/gib, math.Ceil(float64(roomy-room)/gib)), nil
}

// engineConfig is the engine's configuration file: how much disk it may take
// and has to leave free, in bytes, and our registry in front of Docker's.
func engineConfig(disk string, free uint64, registry string) ([]byte, error) {
	type object = map[string]any
	return json.MarshalIndent(object{
		"logLevel": "info",
		"gc":       object{"maxUsedSpace": disk, "minFreeSpace": free, "reservedSpace": "2GB"},
		"registries": object{
			"docker.io": object{"mirrors": []string{registry}},
			registry:    object{"http": true},
		},
	}, "", "  ")
}

// proxied are the variables of the host that containers get, too.
var proxied = []string{"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"}

// hostEnv is what the engine takes over from the host's environment: proxies,
// and the Go proxy that modules are loaded with. Nothing else leaks into it.
func hostEnv(lookup func(string) (string, bool)) []string {
	var env []string
	for _, name := range proxied {
		value, ok := lookup(name)
		if !ok {
			value, ok = lookup(strings.ToLower(name))
		}
		if ok && value != "" {
			env = append(env, name+"="+value)
		}
	}
	if value, ok := lookup("GOPROXY"); ok {
		env = append(env, "_DAGGER_ENGINE_SYSTEMENV_GOPROXY="+value)
	}
	return env
}

// pastProxy excepts an address from the proxies, where there are any.
func pastProxy(env []string, address string) []string {
	exceptions := address
	var out []string
	for _, entry := range env {
		if value, ok := strings.CutPrefix(entry, "NO_PROXY="); ok {
			exceptions = value + "," + address
			continue
		}
		out = append(out, entry)
	}
	if !slices.ContainsFunc(out, func(entry string) bool { return strings.Contains(entry, "_PROXY=") }) {
		return env
	}
	return append(out, "NO_PROXY="+exceptions)
}

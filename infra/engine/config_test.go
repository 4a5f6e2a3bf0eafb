package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDiskLimit(t *testing.T) {
	for value, want := range map[string]string{
		"": defaultDisk, "25%": "25%", "900GB": "900GB", "8GiB": "8GiB",
		"40": "", "0GB": "", "-1GB": "", "40 GB": "", "much": "", `1GB","x":"`: "",
	} {
		t.Setenv("ESTEIRA_ENGINE_DISK", value)
		got, err := diskLimit()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("ESTEIRA_ENGINE_DISK=%q: %q, %v; want %q", value, got, err, want)
		}
		if err != nil && !mentions(err, strconv.Quote(value)) {
			t.Errorf("the error %q does not show the value %q", err, value)
		}
	}
}

func TestBytesOf(t *testing.T) {
	disk := unix.Statfs_t{Blocks: 1000, Bsize: 4096}
	for limit, want := range map[string]int64{"40GB": 40 << 30, "8GiB": 8 << 30, "512MB": 512 << 20, "25%": 1024000, "100%": 4096000} {
		if got, err := bytesOf(limit, disk); got != want || err != nil {
			t.Errorf("%s are %d bytes, %v; want %d", limit, got, err, want)
		}
	}
	if got, err := bytesOf("much", disk); err == nil {
		t.Errorf("much are %d bytes", got)
	}
}

// A disk with room is not spoken of; a small one is, with what is left of it.
func TestTight(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a disk")
	}
	small, large := disk(t, "2G"), disk(t, "100G")
	if note, err := tight(large); note != "" || err != nil {
		t.Errorf("of a large disk: %q, %v", note, err)
	}
	note, err := tight(small)
	for _, word := range []string{small, "room for 1.9 GiB more", "free 14 GiB or more", "ESTEIRA_ENGINE_HOME"} {
		if err != nil || !strings.Contains(note, word) {
			t.Errorf("of a small disk: %q, %v; want %q", note, err, word)
		}
	}
	if _, err := tight(filepath.Join(small, "away")); err == nil {
		t.Error("of no disk: no error")
	}
}

// disk is a folder on a disk of its own.
func disk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestEngineConfig(t *testing.T) {
	text, err := engineConfig("40GB", 5<<30, "192.0.2.1:5000")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		GC struct {
			MaxUsedSpace string
			MinFreeSpace uint64
		}
		Registries map[string]struct {
			Mirrors []string
			HTTP    bool
		}
	}
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	if config.GC.MaxUsedSpace != "40GB" || config.GC.MinFreeSpace != 5<<30 {
		t.Errorf("disk use has no limit in %s", text)
	}
	if !slices.Equal(config.Registries["docker.io"].Mirrors, []string{"192.0.2.1:5000"}) || !config.Registries["192.0.2.1:5000"].HTTP {
		t.Errorf("our registry is not in front of Docker's in %s", text)
	}
}

func TestHostEnv(t *testing.T) {
	for _, c := range []struct {
		name string
		host map[string]string
		want []string
	}{
		{"nothing leaks", map[string]string{"AWS_SECRET_ACCESS_KEY": "s", "PATH": "/x"}, nil},
		{"small letters count", map[string]string{"https_proxy": "http://192.0.2.9:3128"},
			[]string{"HTTPS_PROXY=http://192.0.2.9:3128", "NO_PROXY=192.0.2.1"}},
		{"exceptions are kept", map[string]string{"HTTP_PROXY": "http://192.0.2.9:3128", "NO_PROXY": "example.org"},
			[]string{"HTTP_PROXY=http://192.0.2.9:3128", "NO_PROXY=example.org,192.0.2.1"}},
		{"an empty proxy is none", map[string]string{"HTTP_PROXY": ""}, nil},
		{"the Go proxy", map[string]string{"GOPROXY": "https://goproxy.example.org"},
			[]string{"_DAGGER_ENGINE_SYSTEMENV_GOPROXY=https://goproxy.example.org"}},
	} {
		got := pastProxy(hostEnv(func(name string) (string, bool) {
			value, ok := c.host[name]
			return value, ok
		}), "192.0.2.1")
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q; want %q", c.name, got, c.want)
		}
	}
}

func TestMirrorArgs(t *testing.T) {
	if got := mirrorArgs(""); got != nil {
		t.Errorf("without a mirror: %q; want mmdebstrap's own", got)
	}
	want := []string{
		"deb http://mirror.example.org/debian trixie main",
		"deb http://mirror.example.org/debian trixie-updates main",
		"deb http://mirror.example.org/debian-security trixie-security main",
	}
	if got := mirrorArgs("http://mirror.example.org/debian/"); !reflect.DeepEqual(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
}

func TestMissingPackages(t *testing.T) {
	lacks := func(programs ...string) func(string) (string, error) {
		return func(program string) (string, error) {
			if slices.Contains(programs, program) {
				return "", errors.Join(exec.ErrNotFound)
			}
			return program, nil
		}
	}
	for _, c := range []struct {
		absent, want []string
	}{
		{nil, nil},
		{[]string{"runc"}, []string{"runc"}},
		{[]string{"/usr/lib/cni/bridge", "ip"}, []string{"containernetworking-plugins", "iproute2"}},
	} {
		if got := missingPackages(lacks(c.absent...)); !slices.Equal(got, c.want) {
			t.Errorf("without %q: %q; want %q", c.absent, got, c.want)
		}
	}
}

func TestInstanceCheck(t *testing.T) {
	for _, c := range []struct{ home, name, err string }{
		{"/srv", "main", ""},
		{"/srv", "test-kill-2", ""},
		{"/srv", "../etc", "instance"},
		{"/srv", "", "instance"},
		{"/srv", "Main", "instance"},
		{"/srv/" + strings.Repeat("deep/", 20), "main", "shorter"},
	} {
		if err := (instance{home: home(c.home), name: c.name}).check(); !mentions(err, c.err) {
			t.Errorf("%q in %s: %v; want %q", c.name, c.home, err, c.err)
		}
	}
}

func TestPackagesNeedDebian(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := installPackages(t.Context(), []string{"runc", "iptables"}); !mentions(err, "not Debian") || !mentions(err, "runc iptables") {
		t.Errorf("%v; want that this is not Debian, and what is needed", err)
	}
}

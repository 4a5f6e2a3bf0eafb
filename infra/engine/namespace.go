package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// cniPlugins is where Debian puts the network plug-ins.
const cniPlugins = "/usr/lib/cni"

// mount is one call of mount(2).
type mount struct {
	source, target, kind string
	flags                uintptr
	data                 string
}

func (m mount) do() error {
	if err := unix.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
		return fmt.Errorf("cannot mount %s on %s: %w", m.source, m.target, err)
	}
	return nil
}

// furnish turns the new mount namespace of this process into the engine's
// house. The engine has its paths compiled in, some of them below /etc, /opt,
// /run and /var/lib: here these lead to the instance's own folders or to
// memory, so that nothing is written to the host's.
func furnish(s start) error {
	if err := (mount{"none", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""}).do(); err != nil {
		return err
	}
	// The house is put together in one place and moved in at the end. Relative
	// paths stay good when the home itself lies below a folder that is covered.
	stage := filepath.Join(s.Folder, "stage")
	if err := (mount{"tmpfs", stage, "tmpfs", unix.MS_NOSUID, "mode=0755"}).do(); err != nil {
		return err
	}
	if err := os.Chdir(stage); err != nil {
		return err
	}
	if err := furnishOpt(s); err != nil {
		return err
	}
	if err := furnishEtc(s); err != nil {
		return err
	}
	for _, dir := range []string{"run", "tmp", "lib", "old-cgroup"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	if err := bind(filepath.Join(s.Folder, "run"), "run"); err != nil {
		return err
	}
	if err := bind(filepath.Join(s.Folder, "tmp"), "tmp"); err != nil {
		return err
	}
	if err := freshSys(); err != nil {
		return err
	}
	for _, m := range []mount{
		{"proc", "/proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"overlay", "/etc", "overlay", 0, "lowerdir=/etc,upperdir=etc/upper,workdir=etc/work"},
		{"opt", "/opt", "", unix.MS_BIND | unix.MS_REC, ""},
		{"lib", "/var/lib", "", unix.MS_BIND | unix.MS_REC, ""},
		{"run", "/run", "", unix.MS_BIND | unix.MS_REC, ""},
		{"tmp", "/tmp", "", unix.MS_BIND | unix.MS_REC, ""},
	} {
		if err := m.do(); err != nil {
			return err
		}
	}
	return os.Chdir("/")
}

// furnishOpt lays out what the constants of dagger/distconsts point to.
func furnishOpt(s start) error {
	for _, dir := range []string{"opt/cni/bin", "opt/no-certificates", "opt/engine", "opt/content", "opt/registry", "opt/state", "opt/images", "opt/log", "opt/base"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	binds := map[string]string{
		"opt/engine":   s.Recipe.Engine,
		"opt/content":  s.Recipe.GoSDK,
		"opt/registry": s.Recipe.Registry,
		"opt/base":     s.Recipe.Base,
		"opt/state":    filepath.Join(s.Folder, "state"),
		"opt/images":   filepath.Join(s.Folder, "images"),
		"opt/log":      filepath.Join(s.Folder, "log"),
	}
	for target, source := range binds {
		if err := bind(source, target); err != nil {
			return err
		}
	}
	links := map[string]string{"opt/runc": s.Recipe.Runc, "opt/cni/bin/dnsname": "/opt/engine/dnsname"}
	for _, plugin := range []string{"bridge", "loopback", "host-local"} {
		links["opt/cni/bin/"+plugin] = filepath.Join(cniPlugins, plugin)
	}
	for link, target := range links {
		if err := os.Symlink(target, link); err != nil {
			return err
		}
	}
	return nil
}

// furnishEtc writes the files of /etc that the engine reads. They go into a
// layer over the host's /etc that is forgotten with the instance.
func furnishEtc(s start) error {
	disk, err := diskOf(s.Folder)
	if err != nil {
		return err
	}
	config, err := engineConfig(s.Recipe.Disk, leastFree(disk)*uint64(disk.Bsize)+s.Recipe.Spare, s.Network.registry())
	if err != nil {
		return err
	}
	cni, err := cniConfig(s.Network.Containers)
	if err != nil {
		return err
	}
	hosts, err := os.ReadFile("/etc/hosts")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, dir := range []string{"etc/upper/dagger", "etc/work"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	files := map[string][]byte{
		"etc/upper/dagger/engine.json": config,
		"etc/upper/cni.conflist":       cni,
		"etc/upper/hosts":              hosts,
		"etc/upper/resolv.conf":        []byte(s.Recipe.Nameservers),
		"etc/upper/buildkitd.toml":     []byte(buildkitConfig(s.Network.Device)),
		"etc/upper/registry.yml":       []byte(registryConfig("/opt/images")),
	}
	for name, content := range files {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// freshSys shows the interfaces of this network namespace in /sys, and keeps
// the control groups.
func freshSys() error {
	if err := (mount{cgroups, "old-cgroup", "", unix.MS_BIND | unix.MS_REC, ""}).do(); err != nil {
		return err
	}
	if err := (mount{"sysfs", "/sys", "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""}).do(); err != nil {
		return err
	}
	return mount{"old-cgroup", cgroups, "", unix.MS_BIND | unix.MS_REC, ""}.do()
}

func bind(source, target string) error {
	return mount{source, target, "", unix.MS_BIND, ""}.do()
}

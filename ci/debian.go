package main

import (
	"strings"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// aptInstall installs its arguments and leaves no package lists behind. Java's packages fail to install where a slim
// base has removed the folder of their manual pages.
const aptInstall = `set -eu
mkdir -p /usr/share/man/man1
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/tmp/apt.log || { cat /tmp/apt.log; exit 1; }
rm -rf /var/lib/apt/lists/* /tmp/apt.log`

// apt is the Debian base with packages installed. The date is part of its key, so that it is made anew on purpose and
// never by accident.
func (e *Esteira) apt(packages ...string) *dagger.Container {
	install := append([]string{"sh", "-c", aptInstall, "apt"}, packages...)
	return e.withMirrors(e.Debian).
		WithEnvVariable("ESTEIRA_APT_DATE", e.AptDate).
		WithExec(install)
}

// withMirrors points the clients of all package registries at the mirrors that were given, and none elsewhere.
func (e *Esteira) withMirrors(c *dagger.Container) *dagger.Container {
	if e.AptMirror != "" {
		mirror := strings.TrimSuffix(e.AptMirror, "/")
		sources := "deb " + mirror + "/debian trixie main\n" +
			"deb " + mirror + "/debian trixie-updates main\n" +
			"deb " + mirror + "/debian-security trixie-security main\n"
		c = c.WithoutFile("/etc/apt/sources.list.d/debian.sources").WithNewFile("/etc/apt/sources.list", sources)
	}
	for _, v := range []struct{ name, value string }{
		{"GOPROXY", e.GoProxy},
		{"PIP_INDEX_URL", e.PypiIndex},
		{"UV_DEFAULT_INDEX", e.PypiIndex},
		{"NPM_CONFIG_REGISTRY", e.NpmRegistry},
	} {
		if v.value != "" {
			c = c.WithEnvVariable(v.name, v.value)
		}
	}
	return c
}

// withCredentials mounts the credentials of private package registries where their clients look; nothing of them is
// kept in a layer.
func (e *Esteira) withCredentials(c *dagger.Container) *dagger.Container {
	if e.Netrc != nil {
		c = c.WithMountedSecret("/root/.netrc", e.Netrc)
	}
	if e.Npmrc != nil {
		c = c.WithMountedSecret("/root/.npmrc", e.Npmrc)
	}
	return c
}

// unpackDebs unpacks packages into /out without installing them, and keeps each one's record under
// /var/lib/dpkg/status.d, where scanners look for the packages of an image that has no dpkg.
const unpackDebs = `set -eu
apt-get update -qq
mkdir -p /debs /out/var/lib/dpkg/status.d /out/tmp
cd /debs && apt-get download -qq "$@"
for deb in /debs/*.deb; do
  dpkg-deb -x "$deb" /out
  name=$(dpkg-deb -f "$deb" Package)
  { dpkg-deb -f "$deb"; echo 'Status: install ok installed'; } >"/out/var/lib/dpkg/status.d/$name"
done
rm -rf /out/usr/share/man /out/usr/share/info /out/usr/share/locale /out/usr/share/lintian
find /out/usr/share/doc -type f ! -name copyright -delete
find /out -depth -type d -empty -delete
mkdir -p /out/etc/ssl/certs /out/tmp && chmod 1777 /out/tmp
find /usr/share/ca-certificates/mozilla -name '*.crt' | sort | xargs cat >/out/etc/ssl/certs/ca-certificates.crt
printf 'root:x:0:0:root:/:/usr/sbin/nologin\napp:x:65532:65532:app:/:/usr/sbin/nologin\n' >/out/etc/passwd
printf 'root:x:0:\napp:x:65532:\n' >/out/etc/group
ldconfig -r /out`

// rootFS is a root file system of Debian packages and nothing else: no shell, no package manager. Its certificates are
// Debian's, whatever the building machine trusts.
func (e *Esteira) rootFS(packages ...string) *dagger.Directory {
	unpack := append([]string{"sh", "-c", unpackDebs, "debs"}, packages...)
	return e.apt("ca-certificates").WithExec(unpack).Directory("/out")
}

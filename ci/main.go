// Esteira is the conveyor belt: every stage of delivery is a function that anyone can call on a laptop, and the same call
// runs in CI.
//
// A stage takes its component's own folder, runs tools in containers and hands what they printed to a pure function of
// pipelines/. What it returns says `check`: the call that is red when the work is.
package main

import (
	"github.com/esteira/esteira/ci/internal/dagger"
)

// Esteira holds what all stages share: the base image, the mirrors, the credentials of private package registries, and
// ready tools.
type Esteira struct {
	// +private
	Debian *dagger.Container
	// +private
	AptDate string
	// +private
	AptMirror string
	// +private
	MavenMirror string
	// +private
	PypiIndex string
	// +private
	NpmRegistry string
	// +private
	GoProxy string
	// +private
	MavenSettings *dagger.Secret
	// +private
	Netrc *dagger.Secret
	// +private
	Npmrc *dagger.Secret
	// +private
	ReadyTools *dagger.Directory
}

// New sets what every stage starts from. All of it is optional.
func New(
	// Debian image from which every tool container is made (default: debian:trixie-slim)
	// +optional
	debian *dagger.Container,
	// Day (YYYY-MM-DD) that keys whatever is installed by apt: a new day refreshes the bases
	// +default="2026-11-23"
	aptDate string,
	// Mirror of Debian's archive: a URL with debian/ and debian-security/ below it
	// +optional
	aptMirror string,
	// Mirror of Maven Central, a URL, for Maven and Gradle
	// +optional
	mavenMirror string,
	// Index of Python packages, a URL
	// +optional
	pypiIndex string,
	// Registry of npm packages, a URL
	// +optional
	npmRegistry string,
	// Proxy of Go modules, as in GOPROXY
	// +optional
	goProxy string,
	// Maven's settings.xml, with the credentials of private repositories
	// +optional
	mavenSettings *dagger.Secret,
	// A netrc file, with the credentials of private indexes and proxies
	// +optional
	netrc *dagger.Secret,
	// An npmrc file, with the credentials of private npm registries
	// +optional
	npmrc *dagger.Secret,
	// A folder of ready tools (crane, syft, …), used instead of building them
	// +optional
	tools *dagger.Directory,
	// An image of ready tools, as `toolbox publish` makes it, used instead of building them
	// +optional
	toolsImage *dagger.Container,
) *Esteira {
	if debian == nil {
		debian = dag.Container().From("debian:trixie-slim")
	}
	if tools == nil && toolsImage != nil {
		tools = toolsImage.Directory(toolsPath)
	}
	return &Esteira{
		Debian: debian, AptDate: aptDate, AptMirror: aptMirror, MavenMirror: mavenMirror, PypiIndex: pypiIndex,
		NpmRegistry: npmRegistry, GoProxy: goProxy, MavenSettings: mavenSettings, Netrc: netrc, Npmrc: npmrc, ReadyTools: tools,
	}
}

// Package distconsts holds what Dagger's engine and CLI are told at build time.
//
// It stands in for Dagger's package of the same name, which its release
// pipeline generates and its Go module therefore lacks. The paths are those
// inside the engine's own mount namespace, where /opt belongs to the engine;
// nothing is ever written to the host's /opt.
package distconsts

// Where the engine finds its parts, see namespace.go of infra/engine.
const (
	RuncPath                         = "/opt/runc"
	DaggerInitPath                   = "/opt/engine/init"
	EngineDefaultStateDir            = "/opt/state"
	EngineContainerBuiltinContentDir = "/opt/content"

	// An empty folder: whatever lies there is installed into every container
	// at more than a second per exec. Our images are made with the host's
	// certificates in them instead.
	EngineCustomCACertsDir = "/opt/no-certificates"
)

// The socket that clients of the engine use.
const DefaultEngineSockAddr = "unix:///run/dagger/engine.sock"

// Environment variables by which the engine learns of the SDKs that it carries.
const (
	GoSDKManifestDigestEnvName         = "DAGGER_GO_SDK_MANIFEST_DIGEST"
	PythonSDKManifestDigestEnvName     = "DAGGER_PYTHON_SDK_MANIFEST_DIGEST"
	TypescriptSDKManifestDigestEnvName = "DAGGER_TYPESCRIPT_SDK_MANIFEST_DIGEST"
)

// What the CLI uses where Docker answers, the same as in Dagger's release.
const (
	EngineContainerName  = "dagger-engine.dev"
	EngineImageRepo      = "registry.dagger.io/engine"
	OCIVersionAnnotation = "org.opencontainers.image.version"
)

// Images that Dagger itself falls back to.
const (
	AlpineVersion = "3.22.1"
	AlpineImage   = "alpine:3.22.1"
	GolangImage   = "golang:1.25.5-alpine"
	BusyboxImage  = "busybox:1.37.0-musl"
)

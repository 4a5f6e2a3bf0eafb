// Package esteira carries the source of the commands of this repository, so that a stage can compile them in a container
// wherever its module was loaded from: this checkout, a second repository that installed it as a toolchain, or a Git URL.
package esteira

import "embed"

// Source holds the root module: go.mod, go.sum and pipelines/.
//
//go:embed go.mod go.sum pipelines
var Source embed.FS

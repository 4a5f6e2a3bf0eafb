// Package rules holds our own rules about planned resources, in Rego, for what checkov's lack. Those who are judged by them
// do not bring them along.
package rules

import "embed"

// Files are the rules, without their tests.
//
//go:embed access.rego lib.rego network.rego settings.rego watched.rego
var Files embed.FS

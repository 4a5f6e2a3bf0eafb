// Package policy holds what is asked of a promotion: approvals, times, how it reaches the branch. It refuses what cannot be
// meant, and says when an environment is frozen.
package policy

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/config/section"
)

// What is asked where a policy does not say.
const (
	DefaultBranch        = "main"
	DefaultRollbackDepth = 10
	DefaultPinDays       = 14
	EmergencyApprovals   = 2
)

// Policy says how sets of releases move.
type Policy struct {
	// Branch is what the cluster follows; empty means main.
	Branch string `json:"branch,omitempty"`
	// RollbackDepth is how many sets back a rollback may go, and so what prune keeps; 0 means 10.
	RollbackDepth int `json:"rollbackDepth,omitempty"`
	// PinDays is how long the pin of a rollback lasts where nobody says; 0 means 14.
	PinDays int `json:"pinDays,omitempty"`
	// Stop keeps everything from being promoted, emergencies too; nil where nothing is stopped.
	Stop *Stop `json:"stop,omitempty"`
	// Environments are by their folders' names. One that is not there cannot be promoted to.
	Environments map[string]Environment `json:"environments,omitempty"`
}

// Stop is a line that somebody has stopped.
type Stop struct {
	Owner  string `json:"owner"`
	Reason string `json:"reason"`
}

// Delivery says how a commit reaches the branch.
type Delivery string

// The ways.
const (
	// Push puts it there, with lease.
	Push Delivery = "push"
	// PullRequest puts it onto a branch of its own, and onto the branch once it is approved.
	PullRequest Delivery = "pull-request"
)

var deliveries = []Delivery{Push, PullRequest}

// Environment is what is asked of a promotion to it.
type Environment struct {
	// From is the environment whose sets it takes; empty for one that takes candidates.
	From string `json:"from,omitempty"`
	// Delivery is push where nothing is said.
	Delivery Delivery `json:"delivery,omitempty"`
	// Approvals is how many people have to approve.
	Approvals int `json:"approvals,omitempty"`
	// Unsigned lets in what nobody has signed.
	Unsigned bool `json:"unsigned,omitempty"`
	// Freeze says when nothing is promoted; nil for never.
	Freeze *Freeze `json:"freeze,omitempty"`
	// EmergencyApprovals is what it takes during a freeze; 0 means 2, and less is not to be had.
	EmergencyApprovals int `json:"emergencyApprovals,omitempty"`
	// Updater is the file, from the repository's root, of the Image Updater resource that writes to the environment.
	Updater string `json:"updater,omitempty"`
}

// WithDefaults is the policy with what it does not say.
func (p Policy) WithDefaults() Policy {
	if p.Branch == "" {
		p.Branch = DefaultBranch
	}
	if p.RollbackDepth == 0 {
		p.RollbackDepth = DefaultRollbackDepth
	}
	if p.PinDays == 0 {
		p.PinDays = DefaultPinDays
	}
	p.Environments = maps.Clone(p.Environments)
	for name, environment := range p.Environments {
		if environment.Delivery == "" {
			environment.Delivery = Push
		}
		environment.EmergencyApprovals = max(environment.EmergencyApprovals, environment.Approvals, EmergencyApprovals)
		p.Environments[name] = environment
	}
	return p
}

// Digest is the SHA-256 of the policy with its defaults as JSON.
func (p Policy) Digest() (string, error) {
	return section.Digest(p.WithDefaults())
}

var (
	environmentName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	branchName      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$`)
)

// Check is a *section.FieldError for the first thing that cannot be meant.
func (p Policy) Check() error {
	switch {
	case p.Branch != "" && (!branchName.MatchString(p.Branch) || strings.Contains(p.Branch, "..")):
		return section.Wrong("branch", fmt.Sprintf("%q", p.Branch), "is no branch")
	case p.RollbackDepth < 0:
		return section.Wrong("rollbackDepth", p.RollbackDepth, "is negative")
	case p.PinDays < 0:
		return section.Wrong("pinDays", p.PinDays, "is negative")
	case p.Stop != nil && p.Stop.Owner == "":
		return section.Wrong("stop.owner", `""`, "is nobody: name who starts the line again")
	case p.Stop != nil && p.Stop.Reason == "":
		return section.Wrong("stop.reason", `""`, "is no reason")
	}
	for _, name := range slices.Sorted(maps.Keys(p.Environments)) {
		if !environmentName.MatchString(name) {
			return section.Wrong("environments."+name, fmt.Sprintf("%q", name), "is no folder's name of lower-case letters, digits and single hyphens")
		}
		if err := p.checkEnvironment("environments."+name, name, p.Environments[name]); err != nil {
			return err
		}
	}
	return nil
}

func (p Policy) checkEnvironment(field, name string, e Environment) error {
	_, known := p.Environments[e.From]
	switch {
	case e.From == name:
		return section.Wrong(field+".from", fmt.Sprintf("%q", e.From), "is the environment itself")
	case e.From != "" && !known:
		return section.Wrong(field+".from", fmt.Sprintf("%q", e.From), "is none of the environments")
	case e.Delivery != "" && !slices.Contains(deliveries, e.Delivery):
		return section.Wrong(field+".delivery", fmt.Sprintf("%q", e.Delivery), fmt.Sprintf("is none of %q", deliveries))
	case e.Approvals < 0:
		return section.Wrong(field+".approvals", e.Approvals, "is negative")
	case e.EmergencyApprovals < 0 || e.EmergencyApprovals == 1:
		return section.Wrong(field+".emergencyApprovals", e.EmergencyApprovals, "is less than 2: an emergency is not one person's")
	case e.Updater != "" && (path.Clean(e.Updater) != e.Updater || path.IsAbs(e.Updater) || strings.HasPrefix(e.Updater, "../")):
		return section.Wrong(field+".updater", fmt.Sprintf("%q", e.Updater), "is no file below the repository's root")
	}
	if e.Freeze == nil {
		return nil
	}
	return e.Freeze.check(field + ".freeze")
}

package promotion

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/manifest/edit"
	"github.com/esteira/esteira/pipelines/release"
)

// Request is what is to be promoted.
type Request struct {
	// To is the environment; From the one that it comes from, as the policy says, or empty.
	To, From string
	// Set is the sequence of the set that moves; 0 means the one that runs there now.
	Set int
	// Components are the images and models that move; none means all.
	Components []string
	// Candidate is what moves to an environment that takes candidates.
	Candidate *release.Candidate
	// Emergency is why it can't wait for a freeze to end; empty for what can.
	Emergency string
}

// Plan is what a promotion would do.
type Plan struct {
	Before release.Set `json:"before"`
	After  release.Set `json:"after"`
	// Base is the commit that it builds on.
	Base string `json:"base"`
	// Policy is the digest of the policy there.
	Policy string `json:"policy"`
	// Expect is the digest over set, base and policy: what promote makes of --expect.
	Expect string `json:"expect"`
	// Nothing says that the environment runs that already.
	Nothing bool `json:"nothing"`
	// Refusals are why it would be refused now, but for approvals and signatures.
	Refusals []string `json:"refusals,omitempty"`
	// state is that of the environment, from that of the one that it takes sets from, if it does.
	state, from state
	files       map[string][]byte
}

// Plan says what a promotion would do. It changes nothing.
func (w Workspace) Plan(ctx context.Context, request Request) (Plan, error) {
	base, err := w.base(ctx)
	if err != nil {
		return Plan{}, err
	}
	return w.planAt(ctx, base, request)
}

func (w Workspace) planAt(ctx context.Context, base string, request Request) (Plan, error) {
	s, err := w.load(ctx, base, request.To)
	if err != nil {
		return Plan{}, err
	}
	if s.updated() {
		return Plan{}, fmt.Errorf("%s: %w", request.To, errUpdated)
	}
	plan := Plan{Before: s.set, Base: base, state: s}
	if plan.Policy, err = s.policy.Digest(); err != nil {
		return Plan{}, err
	}
	if s.asked.From != "" {
		if plan.from, err = s.load(ctx, w.Repository, s.asked.From); err != nil {
			return Plan{}, err
		}
	}
	refusal, err := w.fill(ctx, &plan, request)
	if err != nil {
		return Plan{}, err
	}
	wrongs := []error{refusal, plan.After.Blessed(), w.times(s, request.Emergency), pinned(s.set, plan.After, w), s.intact()}
	if s.asked.From != "" {
		wrongs = append(wrongs, plan.from.intact())
	}
	for _, wrong := range wrongs {
		if wrong != nil {
			plan.Refusals = append(plan.Refusals, strings.Split(wrong.Error(), "\n")...)
		}
	}
	if plan.Nothing {
		plan.Refusals = nil
		return plan, nil
	}
	if plan.files, err = s.rewritten(plan.After); err != nil {
		return Plan{}, err
	}
	return plan, nil
}

// fill puts the set to be into a plan; what it finds against it is not an error yet.
func (w Workspace) fill(ctx context.Context, plan *Plan, request Request) (refusal, err error) {
	s := plan.state
	images, models, err := plan.moving(request)
	if err != nil {
		return nil, err
	}
	after := release.Set{
		APIVersion: release.APIVersion, Kind: release.Kind, Environment: s.environment,
		Sequence: s.set.Sequence + 1, Parent: s.set.Digest(), Images: images, Models: models,
	}
	if s.asked.From != "" {
		after.From, refusal = plan.from.tested(after)
	}
	if after.Configuration, err = w.configuration(ctx, s); err != nil {
		return nil, err
	}
	if request.Emergency != "" {
		after.Emergency = &release.Emergency{Reason: request.Emergency, Approvals: s.asked.EmergencyApprovals}
	}
	if s.set.Pin != nil && w.Now.Before(s.set.Pin.Expires) {
		after.Pin = s.set.Pin
	}
	if err := after.Check(); err != nil {
		return nil, fmt.Errorf("what is to be promoted: %w", err)
	}
	plan.After = after
	plan.Nothing = after.Same(s.set) && s.set.Sequence > 0
	plan.Expect = expect(after, plan.Base, plan.Policy)
	return refusal, nil
}

// moving are the images and models that the environment is to run.
func (p *Plan) moving(request Request) (map[string]release.Image, map[string]release.Model, error) {
	s := p.state
	var source release.Candidate
	switch {
	case s.asked.From == "" && request.Candidate == nil:
		return nil, nil, fmt.Errorf("%s takes candidates, and none is named", s.environment)
	case s.asked.From == "" && request.From != "":
		return nil, nil, fmt.Errorf("%s takes candidates, and nothing from %s", s.environment, request.From)
	case s.asked.From == "":
		source = *request.Candidate
	case request.Candidate != nil:
		return nil, nil, fmt.Errorf("%s takes what %s ran, and no candidates", s.environment, s.asked.From)
	case request.From != "" && request.From != s.asked.From:
		return nil, nil, fmt.Errorf("%s takes what %s ran, and nothing from %s", s.environment, s.asked.From, request.From)
	default:
		set := p.from.set
		if request.Set != 0 {
			entry, err := release.Find(release.Sets(p.from.states), request.Set)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", s.asked.From, err)
			}
			set = entry.Set
		}
		source = release.Candidate{Images: set.Images, Models: set.Models}
	}
	if err := release.CheckComponents(source.Images, source.Models); err != nil {
		return nil, nil, fmt.Errorf("what is to be promoted: %w", err)
	}
	return onto(s.set, source, request.Components)
}

// onto are the images and models of a set with those of the candidate's that are chosen in their places. Where all of an
// environment is promoted, what the other one does not run goes; a candidate is what is new, and the rest stays.
func onto(set release.Set, c release.Candidate, chosen []string) (map[string]release.Image, map[string]release.Model, error) {
	images, models := maps.Clone(set.Images), maps.Clone(set.Models)
	if images == nil {
		images = map[string]release.Image{}
	}
	moved := release.Set{Images: c.Images, Models: c.Models}
	for _, component := range chosen {
		if !moved.Has(component) {
			return nil, nil, fmt.Errorf("the component %q is unknown: there are %q", component, moved.Components())
		}
	}
	for _, component := range moved.Components() {
		if len(chosen) > 0 && !slices.Contains(chosen, component) {
			continue
		}
		delete(images, component)
		delete(models, component)
		if image, is := c.Images[component]; is {
			images[component] = image
		} else {
			models[component] = c.Models[component]
		}
	}
	if len(moved.Components()) == 0 {
		return nil, nil, errors.New("there is nothing to promote: it runs nothing yet")
	}
	return images, models, nil
}

// tested is the set of an environment that ran just what another one is to run, and passed its integration tests. refusal says
// why there is none.
func (s *state) tested(after release.Set) (origin *release.Origin, refusal error) {
	refusal = fmt.Errorf("%s never ran this combination (%s): promote it there first, and have it tested", s.environment, strings.Join(after.Components(), ", "))
	for _, entry := range slices.Backward(release.Sets(s.states)) {
		set := entry.Set
		if !set.Same(after) {
			continue
		}
		switch tests := set.Tests; {
		case tests == nil:
			refusal = fmt.Errorf("set %d of %s has no result of integration tests: have it tested", set.Sequence, s.environment)
		case tests.Set != set.Digest():
			refusal = fmt.Errorf("the integration tests of set %d of %s ran against sha256:%.12s…, not against it: have it tested", set.Sequence, s.environment, tests.Set)
		case tests.Result != release.Passed:
			refusal = fmt.Errorf("the integration tests of set %d of %s failed: %s", set.Sequence, s.environment, tests.Run)
		default:
			return &release.Origin{Environment: s.environment, Sequence: set.Sequence, Digest: set.Digest()}, nil
		}
		break
	}
	return nil, refusal
}

// expect is the digest over a set, the commit that it builds on, and the policy there.
func expect(set release.Set, base, policy string) string {
	sum := sha256.Sum256([]byte(set.Digest() + "\n" + base + "\n" + policy + "\n"))
	return hex.EncodeToString(sum[:])
}

// Repositories are where a registry has the images of the environment, by their names: what its kustomization calls newName.
func (p Plan) Repositories() (map[string]string, error) {
	repositories := map[string]string{}
	for name, content := range p.state.files {
		if !strings.HasSuffix(name, "/kustomization.yaml") {
			continue
		}
		file, err := edit.Parse(name, content)
		if err != nil {
			return nil, err
		}
		for _, root := range file.Documents() {
			for _, image := range items(root, "images") {
				repositories[text(image, "name")] = cmp.Or(text(image, "newName"), text(image, "name"))
			}
		}
	}
	return repositories, nil
}

// Config is esteira.yaml of the commit that is built on.
func (p Plan) Config() config.Config { return p.state.config }

// Proposal is the branch of the pull request for the set to be.
func (p Plan) Proposal() string { return proposal(p.After) }

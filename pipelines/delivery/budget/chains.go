package budget

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/delivery/policy"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

// File is a repository's esteira.yaml, with its text, so that its fields have lines.
type File struct {
	Name string
	Text []byte
	config.Config
}

// ReadFile reads one; name is what its places are called.
func ReadFile(name string, text []byte) (File, error) {
	read, err := config.Parse(name, text)
	if err != nil {
		return File{}, err
	}
	return File{name, text, read}, nil
}

func (f File) value(field string, value any) Value {
	return Value{Location: finding.Location{File: f.Name, Line: config.Line(f.Text, field)}, Field: field, Text: fmt.Sprint(value)}
}

// declared is a time that somebody answers for.
type declared struct {
	Span
	value Value
}

func (f File) declared(name string, span policy.Span) declared {
	typical, worst := span.Durations()
	return declared{Span{typical, worst}, f.value("delivery.declared."+name+".worstSeconds", span.Worst)}
}

func (d declared) part(name string, human bool) Part {
	return Part{Name: name, Human: human, How: "declared", Span: d.Span, Values: []Value{d.value}}
}

// Add adds up what a tree says. Targets and declared times are the policy's: they come from the base, and not from the change
// that is judged; the environments are the change's own.
func Add(tree *Tree, own, policy File) Budget {
	b := Budget{Definitions: []string{Merged, Deployed, Typical, Worst}}
	if policy.Delivery == nil {
		b.Undecided = []string{policy.Name + " has no section delivery: nobody said how fast it has to be, and how long a build takes"}
		return b
	}
	a := &adder{reader: reader{Tree: tree}, own: own, policy: policy, p: *policy.Delivery}
	b.Chains = a.chains()
	b.Problems, b.Undecided, b.Notes = a.problems, a.undecided, a.notes
	if len(b.Undecided) > 0 {
		b.Chains = nil // a sum without one of its parts is none
	}
	return b
}

// adder puts the chains together.
type adder struct {
	reader
	own, policy File
	p           policy.Policy
}

func (a *adder) chains() []Chain {
	start := a.policy.declared("start", a.p.Declared.Start)
	production, staging := a.environment(a.p.Production, start), a.environment(a.p.Staging, start)
	a.frozen(production.name)
	chains := []Chain{
		a.deployed(production, staging),
		a.trained(production, staging),
	}
	chains = append(chains, a.developments(start)...)
	chains = append(chains, a.taken(production)...)
	chains = append(chains, a.back(production)...)
	if production.polled.Name == production.sync.Name {
		return chains
	}
	return append(chains, lost(chains[0], production))
}

// environment is an overlay, and how it gets its changes.
type environment struct {
	name, root string
	workloads  []workload
	// sync is from a commit to the cluster, polled the same without a webhook.
	sync, polled Part
}

func (a *adder) environment(name string, start declared) environment {
	root, found := a.overlay(name)
	if !found {
		a.fail("overlay %s was not rendered: want a folder overlays/%s, rendered without an error", name, name)
		return environment{name: name}
	}
	sync, polled := a.sync(name)
	return environment{name, root, a.workloads(root, start), sync, polled}
}

func (a *adder) chain(name, from, to, target string, seconds int) Chain {
	asked := a.policy.value("delivery.targets."+target, seconds)
	return Chain{Name: name, From: from, To: to, Target: time.Duration(seconds) * time.Second, Asked: &asked}
}

// deployed is from a merge to production.
func (a *adder) deployed(production, staging environment) Chain {
	c := a.chain("merge to deployed", "merged", "deployed in "+production.name, "deployedSeconds", a.p.Targets.Deployed)
	c.add(a.policy.declared("build", a.p.Declared.Build).part("the images are built and in the registry", false))
	a.promoted(&c, production, staging)
	return c
}

// trained is from the start of a training to production.
func (a *adder) trained(production, staging environment) Chain {
	c := a.chain("training to production", "a training starts", "deployed in "+production.name, "trainedSeconds", a.p.Targets.Trained)
	c.add(a.policy.declared("training", a.p.Declared.Training).part("the model is trained, judged and registered", false))
	a.promoted(&c, production, staging)
	return c
}

// promoted adds what a promotion waits for, and its rollout. Where the workflow lets it, production's wait timer runs while
// staging tests the set, and anyway while a reviewer looks.
func (a *adder) promoted(c *Chain, production, staging environment) {
	tested := slices.Concat(a.timer(staging.name, false), []Part{staging.sync}, of(staging, slowest(staging.workloads, workload.rollout)),
		[]Part{a.policy.declared("tests", a.p.Declared.Tests).part("integration tests in "+staging.name, false)})
	var approved []Part
	if a.reviewed(production.name) {
		approved = []Part{a.policy.declared("approval", a.p.Declared.Approval).part("a reviewer approves", true)}
	}
	timer := a.timer(production.name, false)
	if a.inTurn(production.name, staging.name) {
		c.add(tested...)
		c.beside(timer, approved)
	} else {
		c.beside(timer, append(tested, approved...))
	}
	c.add(production.sync)
	c.add(of(production, slowest(production.workloads, workload.rollout))...)
}

// of says of which environment's the parts are.
func of(e environment, parts []Part) (all []Part) {
	for _, p := range parts {
		p.Name = e.name + ", " + p.Name
		all = append(all, p)
	}
	return all
}

// timer is the wait timer of the way to an overlay, or back from it, where it has one.
func (a *adder) timer(overlay string, rollback bool) []Part {
	environment, i, found := a.own.Environment(overlay, rollback)
	if !found {
		a.fail("%s: environments has none with overlay: %s and rollback: %v: nobody knows what a deployment there waits for", a.own.Name, overlay, rollback)
		return nil
	}
	wait := time.Duration(environment.WaitMinutes) * time.Minute
	if wait == 0 {
		return nil
	}
	return []Part{{
		Name: "wait timer of " + environment.Name, Human: true, Span: Span{wait, wait},
		Values: []Value{a.own.value(fmt.Sprintf("environments[%d].waitMinutes", i), environment.WaitMinutes)},
	}}
}

// reviewed says whether a person has to approve: at GitHub's environment, or of the promotion.
func (a *adder) reviewed(overlay string) bool {
	environment, _, found := a.own.Environment(overlay, false)
	if found && len(environment.Reviewers.Users)+len(environment.Reviewers.Teams) > 0 {
		return true
	}
	return a.policy.Promotion != nil && a.policy.Promotion.Environments[overlay].Approvals > 0
}

// frozen says that production is frozen at times: no sum counts that.
func (a *adder) frozen(overlay string) {
	if a.policy.Promotion == nil || a.policy.Promotion.Environments[overlay].Freeze == nil {
		return
	}
	at := a.policy.value("promotion.environments."+overlay+".freeze", "")
	a.note("%s is frozen at times (%s): what is merged then waits for the end of that, which no sum here counts", overlay, at.Location)
}

// sync is from a commit to the changed objects: by GitHub's webhook, where there is one, and by Argo CD's asking.
func (a *adder) sync(overlay string) (sync, polled Part) {
	a.application(overlay)
	declared := a.policy.declared("sync", a.p.Declared.Sync)
	polled = a.polled(declared.part(overlay+", commit, Argo CD's asking and sync", false))
	hook, hooked := a.webhook()
	if !hooked {
		a.note("no file sets webhook.github.secret of argocd-secret: Argo CD finds a commit by asking for it")
		return polled, polled
	}
	sync = declared.part(overlay+", commit, webhook and sync", false)
	jitter, value := a.duration(a.only("ConfigMap", "argocd-cm"), "data", "webhook.refresh.jitter")
	sync.Span = sync.plus(Span{jitter / 2, jitter})
	sync.Values = append(sync.Values, hook, value)
	return sync, polled
}

// polled adds to a sync that nobody asked for what passes until Argo CD asks Git.
func (a *adder) polled(part Part) Part {
	settings := a.only("ConfigMap", "argocd-cm")
	interval, value := a.duration(settings, "data", "timeout.reconciliation")
	jitter, second := a.duration(settings, "data", "timeout.reconciliation.jitter")
	if interval == 0 {
		a.fail("%s is 0: Argo CD never asks Git", where(settings, value))
	}
	part.Span = part.plus(Span{(interval + jitter) / 2, interval + jitter})
	part.Values = append(part.Values, value, second)
	return part
}

// application makes sure that Argo CD syncs an overlay by itself.
func (a *adder) application(overlay string) {
	var found []object
	for _, application := range a.written("Application") {
		if folder := text(at(application.node, "spec", "source", "path")); path.Base(folder) == overlay && path.Base(path.Dir(folder)) == "overlays" {
			found = append(found, application)
		}
	}
	if len(found) != 1 {
		a.fail("overlay %s has %d Applications of Argo CD: want one, which says how it is synced", overlay, len(found))
		return
	}
	automated := at(found[0].node, "spec", "syncPolicy", "automated")
	if automated == nil || text(at(automated, "enabled")) == "false" {
		a.fail("%s: %s has no spec.syncPolicy.automated: it waits until a person syncs it, and nothing says when", found[0].file, found[0].Object)
	}
}

// webhook is where the secret of GitHub's webhook comes from.
func (a *adder) webhook() (Value, bool) {
	const key = "webhook.github.secret"
	for _, secret := range a.written("ExternalSecret") {
		for i, entry := range items(at(secret.node, "spec", "data")) {
			if text(manifest.Child(entry, "secretKey")) == key {
				v, _ := a.value(secret, "spec", "data", fmt.Sprint(i), "secretKey")
				return v, true
			}
		}
	}
	for _, secret := range append(a.written("Secret"), a.written("SealedSecret")...) {
		for _, field := range [][]string{{"data", key}, {"stringData", key}, {"spec", "encryptedData", key}} {
			if v, node := a.value(secret, field...); node != nil {
				v.Text = "set"
				return v, true
			}
		}
	}
	return Value{}, false
}

// only is the one object of a kind and name that stands in a file. Where there is none, its tool's defaults hold; where there
// are two, nobody can tell which.
func (a *adder) only(kind, name string) object {
	absent := object{Object: manifest.Object{Kind: kind, Name: name}}
	var found []object
	for _, o := range a.written(kind) {
		if o.Name == name {
			found = append(found, o)
		}
	}
	switch len(found) {
	case 0:
		return absent
	case 1:
		return found[0]
	}
	a.fail("%s/%s stands in %s and in %s: which holds?", kind, name, found[0].file, found[1].file)
	return absent
}

// developments are from a merge to the environments whose images Image Updater writes.
func (a *adder) developments(start declared) (chains []Chain) {
	for _, updater := range a.written("ImageUpdater") {
		for _, reference := range items(at(updater.node, "spec", "applicationRefs")) {
			pattern := text(manifest.Child(reference, "namePattern"))
			for _, application := range a.written("Application") {
				if named, err := path.Match(pattern, application.Name); err != nil || !named {
					continue
				}
				e := a.environment(path.Base(text(at(application.node, "spec", "source", "path"))), start)
				chains = append(chains, a.development(e))
			}
		}
	}
	return chains
}

func (a *adder) development(e environment) Chain {
	c := a.chain("merge to "+e.name, "merged", "deployed in "+e.name, "deployedSeconds", a.p.Targets.Deployed)
	c.add(a.policy.declared("build", a.p.Declared.Build).part("the images are built and in the registry", false))
	interval, value := a.duration(a.only("ConfigMap", "argocd-image-updater-config"), "data", "interval")
	c.add(Part{Name: "Image Updater asks the registry", How: "up to 1 interval", Span: Span{interval / 2, interval}, Values: []Value{value}})
	c.add(e.sync)
	c.add(of(e, slowest(e.workloads, workload.rollout))...)
	return c
}

// taken are from a bad version to the one before, by Flagger.
func (a *adder) taken(e environment) []Chain {
	answers := a.chain("bad answers to the version before", "the first bad answer", "all traffic is the old version's", "rollbackSeconds", a.p.Targets.Rollback)
	starts := a.chain("no start to the version before", "a version that does not start is in the cluster", "Flagger has given it up", "rollbackSeconds", a.p.Targets.Rollback)
	judged := slices.DeleteFunc(slices.Clone(e.workloads), func(w workload) bool { return w.canary.node == nil })
	if len(judged) == 0 {
		a.fail("%s has no Canary: nothing takes back by itself what is bad", e.root)
		return nil
	}
	answers.add(of(e, slowest(judged, workload.badAnswers))...)
	starts.add(of(e, slowest(judged, func(w workload) []Part { return a.noStart(w) }))...)
	return []Chain{answers, starts}
}

func (w workload) badAnswers() []Part {
	n := w.analysis
	tick := func(name string, times int, values ...Value) Part {
		span := time.Duration(times) * n.interval
		return Part{Name: name, How: count(times, "tick"), Span: Span{span, span}, Values: append([]Value{n.intervalValue}, values...)}
	}
	first := tick("the first failed check", 1)
	first.Typical /= 2
	return w.entitled([]Part{
		{Name: "Prometheus sees it", How: "up to 1 scrape", Span: Span{n.scrape / 2, n.scrape}, Values: []Value{n.scrapeValue}},
		first,
		tick("more failed checks, up to the threshold", n.threshold-1, n.thresholdValue),
		tick("traffic goes back to the primary", 1),
	})
}

func (a *adder) noStart(w workload) []Part {
	deadline, value := a.deadline(w)
	tick := w.analysis.interval
	return w.entitled([]Part{
		w.seen(),
		{Name: "the deadline passes; no request ever reached it", Span: Span{deadline, deadline}, Values: []Value{value}},
		{Name: "Flagger gives it up", How: "up to 1 tick", Span: Span{tick / 2, tick}, Values: []Value{w.analysis.intervalValue}},
	})
}

// back are from the commit of a rollback to the set before, with Flagger's judgement and without it.
func (a *adder) back(e environment) []Chain {
	timer := a.timer(e.name, true)
	again := a.chain("model rollback, judged again", "a rollback is called for", "deployed in "+e.name, "modelRollbackSeconds", a.p.Targets.ModelRollback)
	again.add(timer...)
	again.add(e.sync)
	again.add(of(e, slowest(e.workloads, workload.rollout))...)

	unjudged := a.chain("rollback to the last set", "a rollback is called for", "the set before has all traffic in "+e.name, "rollbackSeconds", a.p.Targets.Rollback)
	unjudged.add(timer...)
	unjudged.add(e.sync)
	unjudged.add(of(e, slowest(e.workloads, func(w workload) []Part { return a.unjudged(w) }))...)
	return []Chain{again, unjudged}
}

// unjudged is a rollout by skipAnalysis, where a rollback can set it; else it is judged as any other.
func (a *adder) unjudged(w workload) []Part {
	if w.canary.node == nil {
		return w.rollout()
	}
	skip, there := a.value(w.canary, "spec", "skipAnalysis")
	if there == nil {
		a.note("%s: %s has no spec.skipAnalysis that a rollback could set: it is judged again", w.canary.root, w.canary.Object)
		return w.rollout()
	}
	ready := w.canaryReady()
	ready.Name = "the canary becomes ready; without analysis it is copied to the primary"
	ready.Values = append(ready.Values, skip)
	return w.entitled([]Part{w.seen(), ready, w.replaced("the primary becomes ready")})
}

// lost is a deployment of which Argo CD was not told: nothing is asked of it, and everybody should know it.
func lost(deployed Chain, production environment) Chain {
	c := Chain{Name: "merge to deployed, the webhook lost", From: deployed.From, To: deployed.To, Span: deployed.Span}
	for _, part := range deployed.Parts {
		if part.Name == production.sync.Name {
			c.Span = c.plus(Span{production.polled.Typical - part.Typical, production.polled.Worst - part.Worst})
			part = production.polled
		}
		c.Parts = append(c.Parts, part)
	}
	return c
}

// scrapeInterval is how often Prometheus asks an application: by its job, or for all.
func (r *reader) scrapeInterval(job string) (time.Duration, Value) {
	var found []object
	for _, file := range slices.Sorted(maps.Keys(r.files)) {
		for _, d := range r.files[file] {
			if d.Kind == "" && manifest.Child(d.Node, "scrape_configs") != nil {
				found = append(found, object{Object: manifest.Object{Kind: "Prometheus", Name: "config"}, node: d.Node, file: file})
			}
		}
	}
	if len(found) != 1 {
		r.fail("there are %d files with scrape_configs: want Prometheus' one, which says how often it asks", len(found))
		return 0, Value{}
	}
	for i, scrape := range items(manifest.Child(found[0].node, "scrape_configs")) {
		if text(manifest.Child(scrape, "job_name")) == job && manifest.Child(scrape, "scrape_interval") != nil {
			return r.duration(found[0], "scrape_configs", fmt.Sprint(i), "scrape_interval")
		}
	}
	return r.duration(found[0], "global", "scrape_interval")
}

func items(list *yaml.Node) []*yaml.Node {
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	return list.Content
}

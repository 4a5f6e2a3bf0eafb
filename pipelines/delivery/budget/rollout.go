package budget

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/esteira/esteira/pipelines/manifest"
)

// workload is an application of an environment: a Deployment, what scales it, and the canary that judges it, if there is one.
type workload struct {
	deployment, scaler, canary object
	pods                       pods
	analysis                   analysis
}

// pods are how long a workload's new ones take.
type pods struct {
	// ready is from a pod's start to its being ready, all that of a wave at once.
	ready  Span
	values []Value
	// waves is how many times that is waited for where running pods are replaced.
	waves      Waves
	waveValues []Value
}

// Waves are how often a rolling update waits for new pods.
type Waves struct{ Typical, Worst int }

// analysis is what Flagger does with a canary (v1.44.0, pkg/controller/scheduler.go): one thing in each tick.
type analysis struct {
	interval, deadline time.Duration
	// steps are the ticks from the first weight to the last check.
	steps int
	// back are the ticks in which the traffic goes back to the primary.
	back, threshold int
	// spare are the first checks that may find no numbers yet.
	spare  int
	scrape time.Duration

	intervalValue, deadlineValue, stepsValue, thresholdValue, backValue, scrapeValue Value
}

// workloads are the applications of an overlay.
func (r *reader) workloads(root string, start declared) []workload {
	var all []workload
	for _, deployment := range r.rendered(root, "Deployment") {
		w := workload{deployment: deployment}
		for _, scaler := range r.rendered(root, "HorizontalPodAutoscaler") {
			if text(at(scaler.node, "spec", "scaleTargetRef", "name")) == deployment.Name {
				w.scaler = scaler
			}
		}
		w.pods = r.pods(w, start)
		for _, canary := range r.rendered(root, "Canary") {
			if text(at(canary.node, "spec", "targetRef", "name")) == deployment.Name {
				w.canary, w.analysis = canary, r.analysis(canary)
				r.giveUp(w)
			}
		}
		all = append(all, w)
	}
	if len(all) == 0 {
		r.fail("%s renders no Deployment: nothing says how long it takes", root)
	}
	return all
}

// pods reads when pods are ready: each container answers, its probes see that, and the pod stays so for a while.
func (r *reader) pods(w workload, start declared) pods {
	p := pods{values: []Value{start.value}}
	containers := at(w.deployment.node, "spec", "template", "spec", "containers")
	if containers == nil || len(containers.Content) == 0 {
		r.fail("%s: %s has no containers", w.deployment.root, w.deployment.Object)
		return p
	}
	for i := range containers.Content {
		ready, values := r.container(w.deployment, strconv.Itoa(i), start)
		if ready.Worst > p.ready.Worst {
			p.ready, p.values = ready, append([]Value{start.value}, values...)
		}
	}
	wait, value := r.seconds(w.deployment, "spec", "minReadySeconds")
	p.ready = p.ready.plus(Span{wait, wait})
	p.values = append(p.values, value)
	p.waves, p.waveValues = r.waves(w)
	return p
}

// container is when one is ready. Probes begin after their delays, which run beside the start.
func (r *reader) container(d object, index string, start declared) (Span, []Value) {
	field := func(name ...string) []string {
		return append([]string{"spec", "template", "spec", "containers", index}, name...)
	}
	ready, values := start.Span, []Value{}
	read := func(name ...string) time.Duration {
		d, value := r.seconds(d, field(name...)...)
		values = append(values, value)
		return d
	}
	later := func(delay time.Duration) { ready = Span{max(ready.Typical, delay), max(ready.Worst, delay)} }
	if at(d.node, field("startupProbe")...) != nil {
		delay, period := read("startupProbe", "initialDelaySeconds"), read("startupProbe", "periodSeconds")
		r.killed(d, start, delay, period, field("startupProbe", "failureThreshold"))
		later(delay)
		ready = ready.plus(Span{period / 2, period})
	}
	if at(d.node, field("readinessProbe")...) != nil {
		later(read("readinessProbe", "initialDelaySeconds"))
		period := read("readinessProbe", "periodSeconds")
		times, value := r.number(d, field("readinessProbe", "successThreshold")...)
		values = append(values, value)
		more := time.Duration(max(times, 1)-1) * period
		ready = ready.plus(Span{period/2 + more, period + more})
	}
	return ready, values
}

// killed is a problem where the kubelet ends a container that is as slow as was declared.
func (r *reader) killed(d object, start declared, delay, period time.Duration, threshold []string) {
	failures, value := r.number(d, threshold...)
	if allowed := delay + time.Duration(failures)*period; allowed < start.Worst {
		r.problem("startup-probe", value, "%s: %s ends a container that has not answered after %s, and %s are declared for its start",
			d.root, d.Object, allowed, start.Worst)
	}
}

// waves is how often a rolling update waits for new pods to be ready.
func (r *reader) waves(w workload) (Waves, []Value) {
	if strategy, ok := r.scalar(w.deployment, "spec", "strategy", "type"); ok && strategy.Text != "RollingUpdate" {
		r.fail("%s is %q: only a rolling update is added up", where(w.deployment, strategy), strategy.Text)
	}
	surge, surgeValue := r.share(w.deployment, "maxSurge")
	unavailable, unavailableValue := r.share(w.deployment, "maxUnavailable")
	few, many := w.deployment, w.deployment
	fewField, manyField := []string{"spec", "replicas"}, []string{"spec", "replicas"}
	if w.scaler.node != nil {
		few, fewField = w.scaler, []string{"spec", "minReplicas"}
		many, manyField = w.scaler, []string{"spec", "maxReplicas"}
	}
	least, leastValue := r.number(few, fewField...)
	most, mostValue := r.number(many, manyField...)
	count := func(replicas int) int {
		at := max(surge.of(replicas, math.Ceil)+unavailable.of(replicas, math.Floor), 1)
		return max(1, (replicas+at-1)/at)
	}
	values := []Value{surgeValue, unavailableValue, leastValue}
	if mostValue != leastValue {
		values = append(values, mostValue)
	}
	return Waves{count(least), count(most)}, values
}

// share is a number of pods, or a percentage of them.
type share struct {
	number  int
	percent bool
}

func (s share) of(replicas int, round func(float64) float64) int {
	if !s.percent {
		return s.number
	}
	return int(round(float64(s.number*replicas) / 100))
}

// share reads a field of a rolling update.
func (r *reader) share(d object, field string) (share, Value) {
	v, ok := r.scalar(d, "spec", "strategy", "rollingUpdate", field)
	if !ok {
		return share{}, v
	}
	digits, percent := strings.CutSuffix(v.Text, "%")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 {
		r.fail("%s is %q: want a number, or one with %%", where(d, v), v.Text)
	}
	return share{n, percent}, v
}

// analysis reads what Flagger will do.
func (r *reader) analysis(c object) (a analysis) {
	spec := at(c.node, "spec")
	if text(at(spec, "suspend")) == "true" {
		r.fail("%s: %s is suspended: its rollout never ends", c.root, c.Object)
	}
	if at(spec, "analysis") == nil {
		r.fail("%s: %s has no spec.analysis", c.root, c.Object)
		return a
	}
	for i, hook := range items(at(spec, "analysis", "webhooks")) {
		if kind := text(manifest.Child(hook, "type")); strings.HasPrefix(kind, "confirm-") {
			r.fail("%s: %s spec.analysis.webhooks[%d] is of type %s: it waits until somebody answers, and nothing says when", c.root, c.Object, i, kind)
		}
	}
	a.interval, a.intervalValue = r.duration(c, "spec", "analysis", "interval")
	a.interval = max(a.interval, 10*time.Second) // Flagger's least
	a.threshold, a.thresholdValue = r.number(c, "spec", "analysis", "threshold")
	a.threshold = max(a.threshold, 1)
	a.deadline, a.deadlineValue = r.seconds(c, "spec", "progressDeadlineSeconds")
	a.steps, a.stepsValue = r.steps(c)
	portion, value := r.number(c, "spec", "analysis", "stepWeightPromotion")
	a.back, a.backValue = 1, value
	if portion > 0 {
		a.back = ticks(100, portion)
	}
	a.scrape, a.scrapeValue = r.scrapeInterval(text(at(spec, "targetRef", "name")))
	a.spare = ticks(2*a.scrape, a.interval) - 1
	if a.spare >= a.threshold {
		r.problem("threshold", a.thresholdValue, "%s: %s gives up after %d failed checks, and the first %d find no numbers yet", c.root, c.Object, a.threshold, a.spare)
	}
	return a
}

// steps are the ticks from the first weight to the copy of the pod template.
func (r *reader) steps(c object) (int, Value) {
	field := func(name string) ([]string, bool) {
		way := []string{"spec", "analysis", name}
		return way, at(c.node, way...) != nil
	}
	if way, there := field("iterations"); there {
		iterations, value := r.number(c, way...)
		if len(items(at(c.node, "spec", "analysis", "match"))) == 0 {
			iterations++ // blue/green routes in a tick of its own
		}
		return iterations, value
	}
	mirror := 0
	if text(at(c.node, "spec", "analysis", "mirror")) == "true" {
		mirror = 1
	}
	weights, listed := field("stepWeights")
	if way, there := field("stepWeight"); there {
		step, value := r.number(c, way...)
		most := 100
		if way, there := field("maxWeight"); there && !listed {
			most, _ = r.number(c, way...)
		}
		if step > 0 {
			return ticks(most, step) + mirror, value
		}
	}
	value, node := r.value(c, weights...)
	if len(items(node)) == 0 {
		r.fail("%s: %s has no stepWeights, stepWeight or iterations: it never gets further", c.root, c.Object)
	}
	return len(items(node)) + mirror, value
}

// giveUp is a problem where Flagger gives a version up that is as slow as the files allow a good one to be.
func (r *reader) giveUp(w workload) {
	deadline, value := r.deadline(w)
	if ready := w.pods.ready.Worst * time.Duration(w.pods.waves.Worst); ready > deadline {
		r.problem("deadline", value, "%s: %s is given up after %s, and its pods may take %s", w.canary.root, w.canary.Object, deadline, ready)
	}
}

// deadline is when a version that does not start is given up: by Flagger's own, or by that of its Deployment.
func (r *reader) deadline(w workload) (time.Duration, Value) {
	deadline, value := r.seconds(w.deployment, "spec", "progressDeadlineSeconds")
	if w.analysis.deadline <= deadline {
		return w.analysis.deadline, w.analysis.deadlineValue
	}
	return deadline, value
}

// ticks is how many intervals hold a time: at least one, since something is done in each.
func ticks[T int | time.Duration](of, interval T) int {
	if interval <= 0 {
		return 1
	}
	return int(max(1, (of+interval-1)/interval))
}

// rollout is what an application takes from its changed Deployment on.
func (w workload) rollout() []Part {
	if w.canary.node == nil {
		return []Part{w.replaced("its new pods become ready")}
	}
	a := w.analysis
	at := func(name, how string, n int, values ...Value) Part {
		span := time.Duration(n) * a.interval
		return Part{Name: name, How: how, Span: Span{span, span}, Values: append([]Value{a.intervalValue}, values...)}
	}
	seen := w.seen()
	spare := at("first checks before two scrapes have seen a request", count(a.spare, "tick"), a.spare, a.scrapeValue)
	spare.Typical = 0
	last := at("last check; the pod template is copied to the primary", "1 tick", 1)
	scaled := at("the canary is scaled to none: finished", "1 tick", 1)
	more := at("traffic goes back to the primary step by step", count(a.back-1, "tick"), a.back-1, a.backValue)
	steps := at("checks on the way to the last weight", count(a.steps-1, "tick"), a.steps-1, a.stepsValue)
	primary := w.inTicks(w.replaced("the primary becomes ready; in the tick that sees it, traffic goes back"))
	return w.entitled([]Part{seen, w.canaryReady(), steps, last, primary, more, scaled, spare})
}

// seen is how long a change waits for Flagger.
func (w workload) seen() Part {
	return Part{Name: "Flagger sees the change", How: "up to 1 tick", Span: Span{w.analysis.interval / 2, w.analysis.interval}, Values: []Value{w.analysis.intervalValue}}
}

// canaryReady is how long the canary's pods take, which come from none and so all at once.
func (w workload) canaryReady() Part {
	return w.inTicks(Part{Name: "the canary becomes ready; in the tick that sees it, the first weight", Span: w.pods.ready, Values: w.pods.values})
}

// replaced is how long running pods take to be replaced.
func (w workload) replaced(name string) Part {
	p := w.pods
	return Part{
		Name: name, How: count(p.waves.Worst, "wave"), Values: append(p.values[:len(p.values):len(p.values)], p.waveValues...),
		Span: Span{p.ready.Typical * time.Duration(p.waves.Typical), p.ready.Worst * time.Duration(p.waves.Worst)},
	}
}

// inTicks is a part as Flagger sees it: at its next tick.
func (w workload) inTicks(p Part) Part {
	typical, worst := ticks(p.Typical, w.analysis.interval), ticks(p.Worst, w.analysis.interval)
	p.How = strings.TrimPrefix(p.How+", ", ", ") + fmt.Sprintf("%s, seen after %s", p.Worst, count(worst, "tick"))
	p.Span = Span{time.Duration(typical) * w.analysis.interval, time.Duration(worst) * w.analysis.interval}
	p.Values = append(p.Values[:len(p.Values):len(p.Values)], w.analysis.intervalValue)
	return p
}

// entitled are the parts that take time, with the application's name.
func (w workload) entitled(parts []Part) (kept []Part) {
	for _, p := range parts {
		if p.Worst > 0 {
			p.Name = w.deployment.Name + ": " + p.Name
			kept = append(kept, p)
		}
	}
	return kept
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// slowest are the parts of the workload that takes the longest: those of an environment roll out beside each other.
func slowest(all []workload, parts func(workload) []Part) (longest []Part) {
	for _, w := range all {
		if candidate := parts(w); longest == nil || sum(candidate).Worst > sum(longest).Worst {
			longest = candidate
		}
	}
	return longest
}

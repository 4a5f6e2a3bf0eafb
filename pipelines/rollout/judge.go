package rollout

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/release"
)

// judged is what a look at a cluster comes to.
type judged struct {
	// failed is what Flagger took back, waits what is not as it is to be yet; neither of them is health.
	failed, waits []string
	// degraded says that Argo CD calls the application so.
	degraded bool
}

func (j *judged) wait(format string, args ...any) {
	j.waits = append(j.waits, fmt.Sprintf(format, args...))
}

// judge says what has become of a set whose commit the application is at.
func (s state) judge(set release.Set) judged {
	var j judged
	name, sync := s.application.Metadata.Name, s.application.Status.Sync.Status
	if sync != "Synced" {
		j.wait("%s is %s%s", name, cmp.Or(sync, "not compared yet"), after(": ", s.application.complaint()))
		return j
	}
	s.judgeImages(&j, set)
	watched := map[string]bool{}
	for _, canary := range s.canaries {
		target := canary.Spec.TargetRef.Name
		watched[target], watched[target+primary] = true, true
		s.judgeCanary(&j, canary)
	}
	for _, deployment := range s.deployments {
		if missing := deployment.missing(); missing != "" && !watched[deployment.Metadata.Name] {
			j.wait("deployment %s: %s", deployment.Metadata.Name, missing)
		}
	}
	if health := s.application.Status.Health.Status; health != "Healthy" {
		j.degraded = health == "Degraded"
		j.wait("%s is %s", name, cmp.Or(health, "not judged yet"))
	}
	return j
}

// judgeImages waits for each image that nothing is made from.
func (s state) judgeImages(j *judged, set release.Set) {
	for _, name := range slices.Sorted(maps.Keys(set.Images)) {
		digest := set.Images[name].Digest
		if !slices.ContainsFunc(s.deployments, func(d deployment) bool { return d.asksFor(digest) }) {
			j.wait("no Deployment asks for %s@%.19s…", name, digest)
		}
	}
}

// judgeCanary waits until what a canary looks after is what its primary runs, by Flagger's word and by the template. A canary
// that failed stays so until it sees another version: what came since then is not yet judged, and what was taken back in Git,
// too, is settled.
func (s state) judgeCanary(j *judged, c canary) {
	name, target := c.Metadata.Name, c.Spec.TargetRef.Name
	if c.Spec.TargetRef.Kind != "Deployment" {
		j.wait("canary %s looks after a %s: only Deployments are understood here", name, c.Spec.TargetRef.Kind)
		return
	}
	wanted, there := s.deployment(target)
	running, made := s.deployment(target + primary)
	if !there || !made {
		j.wait("canary %s: there is no Deployment %s, or none of Flagger's beside it", name, target)
		return
	}
	copied := wanted.Spec.Template.copiedTo(running.Spec.Template)
	switch status := c.Status; {
	case status.Phase == "Failed" && copied && status.LastAppliedSpec == status.LastPromotedSpec:
	case status.Phase == "Failed" && status.LastTransitionTime.After(wanted.changed()):
		j.failed = append(j.failed, fmt.Sprintf("canary %s: %s", name, c))
		return
	case status.Phase == "Waiting" || status.Phase == "WaitingPromotion":
		j.wait("canary %s waits for somebody to confirm it (%s)", name, c)
		return
	case status.Phase != "Succeeded" && status.Phase != "Initialized" && status.Phase != "Failed":
		j.wait("canary %s: %s", name, c)
		return
	case !copied:
		j.wait("canary %s: Flagger has not seen the new version", name)
		return
	}
	if missing := running.missing(); missing != "" {
		j.wait("deployment %s: %s", running.Metadata.Name, missing)
	}
}

// after is a text with something before it, or nothing.
func after(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// lines say what there is to see, by what it is about.
func (s state) lines(standing string) [][2]string {
	status := s.application.Status
	all := [][2]string{{s.application.Metadata.Name, strings.Join([]string{
		cmp.Or(status.Sync.Status, "not compared yet"), standing, cmp.Or(status.Health.Status, "not judged yet")}, ", ") + after(": ", s.application.complaint())}}
	for _, canary := range s.canaries {
		all = append(all, [2]string{"canary " + canary.Metadata.Name, canary.String()})
	}
	for _, deployment := range s.deployments {
		text := deployment.missing()
		if text == "" {
			text = fmt.Sprintf("%d pods are available", deployment.Status.AvailableReplicas)
		}
		all = append(all, [2]string{"deployment " + deployment.Metadata.Name, text})
	}
	return all
}

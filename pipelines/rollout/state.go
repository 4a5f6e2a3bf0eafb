package rollout

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// state is one look at a cluster.
type state struct {
	application application
	canaries    []canary
	deployments []deployment
}

// application is what is read of Argo CD's.
type application struct {
	Metadata metadata
	Spec     struct{ Destination struct{ Namespace string } }
	Status   struct {
		Sync           struct{ Status, Revision string }
		Health         struct{ Status string }
		OperationState struct{ Phase, Message string }
		Conditions     []struct{ Type, Message string }
	}
}

// complaint is why Argo CD is not done.
func (a application) complaint() string {
	var said []string
	if phase := a.Status.OperationState.Phase; phase == "Failed" || phase == "Error" {
		said = append(said, "the last sync failed: "+a.Status.OperationState.Message)
	}
	for _, condition := range a.Status.Conditions {
		if strings.HasSuffix(condition.Type, "Error") {
			said = append(said, condition.Type+": "+condition.Message)
		}
	}
	return words(strings.Join(said, "; "))
}

type metadata struct {
	Name       string
	Generation int64
	// ManagedFields say who changed what when.
	ManagedFields []struct {
		Time     time.Time
		FieldsV1 json.RawMessage
	}
}

// canary is what is read of Flagger's.
type canary struct {
	Metadata metadata
	Spec     struct{ TargetRef struct{ Kind, Name string } }
	Status   struct {
		Phase                             string
		CanaryWeight, FailedChecks        int
		LastAppliedSpec, LastPromotedSpec string
		LastTransitionTime                time.Time
		Conditions                        []struct{ Message string }
	}
}

// String is how far it is.
func (c canary) String() string {
	text := c.Status.Phase
	if text == "" {
		text = "Flagger has not looked at it"
	}
	if c.Status.CanaryWeight > 0 {
		text += fmt.Sprintf(", %d %% of the traffic", c.Status.CanaryWeight)
	}
	if c.Status.FailedChecks > 0 {
		text += fmt.Sprintf(", failed checks: %d", c.Status.FailedChecks)
	}
	for _, condition := range c.Status.Conditions {
		text += ": " + words(condition.Message)
	}
	return text
}

// deployment is what is read of one.
type deployment struct {
	Metadata metadata
	Spec     struct {
		Replicas *int
		Template template
	}
	Status struct {
		ObservedGeneration                           int64
		Replicas, UpdatedReplicas, AvailableReplicas int
		Conditions                                   []struct{ Type, Status, Reason, Message string }
	}
}

// template is what pods are made from.
type template struct {
	Metadata struct{ Labels map[string]string }
	Spec     map[string]any
}

// missing says what a Deployment lacks until all of its pods are available and none is an older one's; nothing when it does
// not lack anything.
func (d deployment) missing() string {
	wanted := 1
	if d.Spec.Replicas != nil {
		wanted = *d.Spec.Replicas
	}
	status := d.Status
	for _, condition := range status.Conditions {
		if condition.Reason == "ProgressDeadlineExceeded" {
			return words(condition.Reason + ": " + condition.Message)
		}
	}
	switch {
	case status.ObservedGeneration < d.Metadata.Generation:
		return "its change was not seen yet"
	case status.UpdatedReplicas < wanted:
		return fmt.Sprintf("%d of %d pods are new", status.UpdatedReplicas, wanted)
	case status.Replicas > status.UpdatedReplicas:
		return fmt.Sprintf("%d old pods are left", status.Replicas-status.UpdatedReplicas)
	case status.AvailableReplicas < wanted:
		return fmt.Sprintf("%d of %d pods are available", status.AvailableReplicas, wanted)
	}
	return ""
}

// changed is when anybody last changed what pods are made from.
func (d deployment) changed() time.Time {
	var last time.Time
	for _, entry := range d.Metadata.ManagedFields {
		var fields struct {
			Spec struct {
				Template json.RawMessage `json:"f:template"`
			} `json:"f:spec"`
		}
		if json.Unmarshal(entry.FieldsV1, &fields) == nil && fields.Spec.Template != nil && entry.Time.After(last) {
			last = entry.Time
		}
	}
	return last
}

// asksFor says whether a container of it is of an image.
func (d deployment) asksFor(digest string) bool {
	containers, _ := d.Spec.Template.Spec["containers"].([]any)
	return slices.ContainsFunc(containers, func(each any) bool {
		container, _ := each.(map[string]any)
		image, _ := container["image"].(string)
		return strings.HasSuffix(image, "@"+digest)
	})
}

// primary is what Flagger appends to the names of its copies.
const primary = "-primary"

// copiedTo says whether Flagger has copied the template to another one, where it calls things by the names of its copies.
func (t template) copiedTo(other template) bool {
	return reflect.DeepEqual(t.original(), other.original())
}

// original is the template with the names that Flagger's copy was made from.
func (t template) original() any {
	labels := map[string]any{}
	for name, value := range t.Metadata.Labels {
		labels[name] = value
	}
	return originals([]any{labels, t.Spec})
}

func originals(value any) any {
	switch value := value.(type) {
	case string:
		return strings.TrimSuffix(value, primary)
	case []any:
		var all []any
		for _, each := range value {
			all = append(all, originals(each))
		}
		return all
	case map[string]any:
		all := map[string]any{}
		for key, each := range value {
			all[key] = originals(each)
		}
		return all
	}
	return value
}

func (s state) deployment(name string) (deployment, bool) {
	at := slices.IndexFunc(s.deployments, func(d deployment) bool { return d.Metadata.Name == name })
	if at < 0 {
		return deployment{}, false
	}
	return s.deployments[at], true
}

// words are somebody else's text in one line.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

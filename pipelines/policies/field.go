package policies

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// named is how policies' messages name a container: ours in quotes, those of Gatekeeper's library in angle brackets.
var named = regexp.MustCompile(`[Cc]ontainer [<"']?([a-z0-9]([-a-z0-9]*[a-z0-9])?)`)

// podSpec is what a pod and a template of pods have.
type podSpec struct {
	Containers, InitContainers, EphemeralContainers []container
}

type container struct{ Name, Image string }

// field is where the container that a message names, or its image, stands in an object; empty where it names none. gator
// says of no violation where it is.
func (o Object) field(message string) string {
	said := named.FindStringSubmatch(message)
	if said == nil {
		return ""
	}
	var object struct {
		Spec struct {
			podSpec
			Template    struct{ Spec podSpec }
			JobTemplate struct {
				Spec struct{ Template struct{ Spec podSpec } }
			}
		}
	}
	if json.Unmarshal([]byte(o.JSON), &object) != nil {
		return ""
	}
	for _, place := range []struct {
		path string
		spec podSpec
	}{
		{"spec", object.Spec.podSpec},
		{"spec.template.spec", object.Spec.Template.Spec},
		{"spec.jobTemplate.spec.template.spec", object.Spec.JobTemplate.Spec.Template.Spec},
	} {
		if field := place.spec.field(said[1], message); field != "" {
			return place.path + "." + field
		}
	}
	return ""
}

func (p podSpec) field(name, message string) string {
	for _, list := range []struct {
		name string
		of   []container
	}{{"containers", p.Containers}, {"initContainers", p.InitContainers}, {"ephemeralContainers", p.EphemeralContainers}} {
		for i, one := range list.of {
			switch {
			case one.Name != name:
			case one.Image != "" && strings.Contains(message, one.Image):
				return fmt.Sprintf("%s[%d].image", list.name, i)
			default:
				return fmt.Sprintf("%s[%d]", list.name, i)
			}
		}
	}
	return ""
}

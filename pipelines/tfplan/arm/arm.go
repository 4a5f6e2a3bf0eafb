// Package arm writes the azapi resources of a Terraform plan as an ARM deployment template, for tools that know Azure's
// resources and not that provider's. Every resource keeps its Terraform address, and says which of its values nobody knows
// before it is applied.
package arm

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// Template is an ARM deployment template.
type Template struct {
	Resources []Resource
	// Left are the addresses of managed resources that are none of azapi's, and are not in the template.
	Left []string
}

// The format that Write writes.
const (
	schema         = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
	contentVersion = "1.0.0.0"
)

// Resource is a resource of a template.
type Resource struct {
	Type       string
	APIVersion string
	// Name of a child begins with its parents': vault/secret.
	Name string
	// Scope is the id of what an extension, such as a role assignment, is about.
	Scope    string
	Location any
	Tags     any
	Identity *Identity
	// DependsOn has the parent's id where the parent is planned too.
	DependsOn []string
	Metadata  Metadata
	// Body is what else there is: properties, sku, kind, zones.
	Body map[string]any
}

// Metadata is what a template's readers do not need to know, and findings do.
type Metadata struct {
	Address string `json:"address"`
	// ID is that of Azure; in an offline plan it is made up.
	ID     string `json:"id,omitempty"`
	Parent string `json:"parent,omitempty"`
	// Unknown and Sensitive are paths of Terraform, such as body.properties.tenantId or name.
	Unknown   []string `json:"unknown,omitempty"`
	Sensitive []string `json:"sensitive,omitempty"`
}

// Identity is whom the resource is.
type Identity struct {
	Type string              `json:"type"`
	Own  map[string]struct{} `json:"userAssignedIdentities,omitempty"`
}

// Convert makes the template of what there will be once the plan is applied, in the order of the addresses.
func Convert(plan *tfjson.Plan) (Template, error) {
	var template Template
	for _, change := range plan.ResourceChanges {
		if change.Mode != tfjson.ManagedResourceMode || change.Change == nil || change.Change.After == nil {
			continue // it is only read, or it goes away
		}
		if change.Type != "azapi_resource" {
			template.Left = append(template.Left, change.Address)
			continue
		}
		resource, err := convert(change)
		if err != nil {
			return Template{}, fmt.Errorf("%s: %w", change.Address, err)
		}
		template.Resources = append(template.Resources, resource)
	}
	slices.SortFunc(template.Resources, func(a, b Resource) int { return strings.Compare(a.Metadata.Address, b.Metadata.Address) })
	slices.Sort(template.Left)
	template.connect()
	return template, nil
}

// connect has children depend on the parents that are planned too.
func (t Template) connect() {
	planned := map[string]bool{}
	for _, resource := range t.Resources {
		planned[strings.ToLower(resource.Metadata.ID)] = resource.Metadata.ID != ""
	}
	for i := range t.Resources {
		if parent := t.Resources[i].Metadata.Parent; planned[strings.ToLower(parent)] {
			t.Resources[i].DependsOn = []string{parent}
		}
	}
}

// convert makes the resource that one azapi_resource describes.
func convert(change *tfjson.ResourceChange) (Resource, error) {
	after, isObject := change.Change.After.(map[string]any)
	if !isObject {
		return Resource{}, fmt.Errorf("after is %T, want an object", change.Change.After)
	}
	kind, version, versioned := strings.Cut(text(after["type"]), "@")
	if !versioned {
		return Resource{}, fmt.Errorf("type is %q, want TYPE@VERSION", kind)
	}
	body, err := bodyOf(after["body"])
	if err != nil {
		return Resource{}, err
	}
	resource := Resource{
		Type: kind, APIVersion: version, Location: after["location"], Tags: after["tags"], Identity: identityOf(after["identity"]), Body: body,
		Metadata: Metadata{
			Address: change.Address, ID: text(after["id"]), Parent: text(after["parent_id"]),
			Unknown: marked(change.Change.AfterUnknown), Sensitive: marked(change.Change.AfterSensitive),
		},
	}
	if call := expression.FindString(text(after["name"])); call != "" {
		return Resource{}, fmt.Errorf("name is %q: %q calls a function in a template, and tools would not judge the resource", after["name"], call)
	}
	resource.Name, resource.Scope = nameIn(resource.Metadata.Parent, kind, text(after["name"]))
	return resource, nil
}

// expression matches what a name would be evaluated for. Resource groups may have parentheses in theirs.
var expression = regexp.MustCompile(`^\[|[A-Za-z0-9]\(`)

// bodyOf is the body: an object, or JSON in a text, as older versions of the provider have it.
func bodyOf(value any) (map[string]any, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return value, nil
	case string:
		var body map[string]any
		if err := json.Unmarshal([]byte(value), &body); err != nil {
			return nil, fmt.Errorf("body is no JSON object: %w", err)
		}
		return body, nil
	}
	return nil, fmt.Errorf("body is %T, want an object", value)
}

// identityOf is the block identity, of which there is one at most.
func identityOf(value any) *Identity {
	blocks, _ := value.([]any)
	if len(blocks) == 0 {
		return nil
	}
	block, _ := blocks[0].(map[string]any)
	identity := &Identity{Type: text(block["type"])}
	ids, _ := block["identity_ids"].([]any)
	for _, id := range ids {
		if identity.Own == nil {
			identity.Own = map[string]struct{}{}
		}
		identity.Own[text(id)] = struct{}{}
	}
	return identity
}

// nameIn is the name of a resource as templates have it, and the scope of one that is no child of its parent by its type.
func nameIn(parent, kind, name string) (full, scope string) {
	at := strings.LastIndex(parent, "/providers/")
	if at < 0 {
		return name, ""
	}
	segments := strings.Split(parent[at+len("/providers/"):], "/")
	types, names := segments[:1], []string(nil)
	for i := 1; i+1 < len(segments); i += 2 {
		types, names = append(types[:len(types):len(types)], segments[i]), append(names, segments[i+1])
	}
	if !strings.HasPrefix(strings.ToLower(kind), strings.ToLower(strings.Join(types, "/"))+"/") {
		return name, parent
	}
	return strings.Join(append(names, name), "/"), ""
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// MarshalJSON writes the resource as templates have it.
func (r Resource) MarshalJSON() ([]byte, error) { return json.Marshal(r.fields()) }

func (r Resource) fields() map[string]any {
	fields := make(map[string]any, len(r.Body)+8)
	for name, value := range r.Body {
		fields[name] = escaped(value)
	}
	fields["type"], fields["apiVersion"], fields["name"], fields["metadata"] = r.Type, r.APIVersion, r.Name, r.Metadata
	if r.Location != nil {
		fields["location"] = escaped(r.Location)
	}
	if r.Tags != nil {
		fields["tags"] = escaped(r.Tags)
	}
	if r.Scope != "" {
		fields["scope"] = r.Scope
	}
	if r.Identity != nil {
		fields["identity"] = r.Identity
	}
	if r.DependsOn != nil {
		fields["dependsOn"] = r.DependsOn
	}
	return fields
}

// escaped is a value in which no text is an expression, as those are that begin with a bracket.
func escaped(value any) any {
	switch value := value.(type) {
	case string:
		if strings.HasPrefix(value, "[") {
			return "[" + value
		}
	case []any:
		all := make([]any, len(value))
		for i, each := range value {
			all[i] = escaped(each)
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(value))
		for name, each := range value {
			all[name] = escaped(each)
		}
		return all
	}
	return value
}

// FirstLine is the line at which Write writes the first resource. Each has a line of its own, so that a tool that names
// lines names resources.
const FirstLine = 2

// Write writes the template as JSON, always the same for the same plan.
func (t Template) Write(w io.Writer) error {
	if _, err := fmt.Fprintf(w, `{"$schema": %q, "contentVersion": %q, "resources": [`, schema, contentVersion); err != nil {
		return err
	}
	for i, resource := range t.Resources {
		text, err := json.Marshal(resource.fields())
		if err != nil {
			return err
		}
		comma := ","
		if i == 0 {
			comma = ""
		}
		if _, err := fmt.Fprintf(w, "%s\n%s", comma, text); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\n]}\n")
	return err
}

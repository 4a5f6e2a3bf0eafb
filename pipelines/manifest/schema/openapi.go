package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// quantity is described as a string, and may be a number.
const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"

const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

// FromOpenAPI reads the OpenAPI 2 description of a Kubernetes release: api/openapi-spec/swagger.json of its repository.
// Only objects are taken, which have metadata.
func FromOpenAPI(swagger []byte) (Set, error) {
	var description struct {
		Definitions map[string]map[string]any `json:"definitions"`
	}
	if err := json.Unmarshal(swagger, &description); err != nil {
		return nil, fmt.Errorf("OpenAPI description: %w", err)
	}
	if description.Definitions[objectMeta] == nil {
		return nil, errors.New("OpenAPI description: it has no " + objectMeta + ": is it Kubernetes' swagger.json?")
	}
	c := &converter{definitions: description.Definitions, done: map[string]Schema{}}
	set := Set{}
	for name, definition := range description.Definitions {
		properties, _ := definition["properties"].(map[string]any)
		kinds := asList(definition["x-kubernetes-group-version-kind"])
		if properties["metadata"] == nil || len(kinds) != 1 {
			continue
		}
		kind, err := kindOf(kinds[0])
		if err != nil {
			return nil, fmt.Errorf("OpenAPI description: %s: %w", name, err)
		}
		set[kind] = of(kind, c.definition(name))
	}
	return set, nil
}

func kindOf(value any) (Kind, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return Kind{}, err
	}
	var kind Kind
	if err := json.Unmarshal(text, &kind); err != nil || kind.Kind == "" || kind.Version == "" {
		return Kind{}, fmt.Errorf("x-kubernetes-group-version-kind is %s", text)
	}
	return kind, nil
}

// reference is the definition that a schema is none but the name of.
func reference(open map[string]any) (string, bool) {
	ref, ok := open["$ref"].(string)
	return strings.TrimPrefix(ref, "#/definitions/"), ok
}

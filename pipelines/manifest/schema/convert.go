package schema

import (
	"maps"
	"slices"
)

// kept are the words that OpenAPI and JSON schema have in common. All others describe, or are for the server.
var kept = []string{
	"type", "format", "pattern", "enum", "required", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
}

// combined are the words whose schemas say more of the same value, and describe no field of their own.
var combined = []string{"allOf", "anyOf", "oneOf"}

// converter turns OpenAPI schemas, as Kubernetes writes them, into JSON schemas.
type converter struct {
	definitions map[string]map[string]any
	// done has what $ref led to. One that leads to itself, as that of CustomResourceDefinitions does, is open inside.
	done map[string]Schema
}

// structure is the schema of a value whose fields are all described in it: others are refused.
func (c *converter) structure(open map[string]any) Schema {
	if name, ok := reference(open); ok {
		return c.definition(name)
	}
	closed := c.value(open)
	if properties, ok := open["properties"].(map[string]any); ok {
		closed["properties"] = c.properties(properties, closed["required"])
		if open["additionalProperties"] == nil && open["x-kubernetes-preserve-unknown-fields"] != true {
			closed["additionalProperties"] = false
		}
	}
	if open["x-kubernetes-embedded-resource"] == true {
		embed(closed)
	}
	if items, ok := open["items"].(map[string]any); ok {
		closed["items"] = c.structure(items)
	}
	switch rest := open["additionalProperties"].(type) {
	case map[string]any:
		closed["additionalProperties"] = c.structure(rest)
	case bool:
		closed["additionalProperties"] = rest
	}
	return closed
}

// properties lets each field that need not be there be null, which the server takes for a field that is not there.
func (c *converter) properties(open map[string]any, required any) Schema {
	closed, names := Schema{}, asList(required)
	for name, property := range open {
		described, _ := property.(map[string]any)
		field := c.structure(described)
		if !slices.Contains(names, any(name)) {
			field = nullable(field)
		}
		closed[name] = field
	}
	return closed
}

// value is what is said of a value itself, and not of the fields or items in it.
func (c *converter) value(open map[string]any) Schema {
	closed := Schema{}
	for _, word := range kept {
		if said, ok := open[word]; ok {
			closed[word] = said
		}
	}
	for _, word := range combined {
		if list := asList(open[word]); list != nil {
			closed[word] = c.alternatives(list)
		}
	}
	if not, ok := open["not"].(map[string]any); ok {
		closed["not"] = c.alternative(not)
	}
	if open["format"] == "int-or-string" || open["x-kubernetes-int-or-string"] == true && closed["anyOf"] == nil && closed["allOf"] == nil {
		delete(closed, "type")
		delete(closed, "format")
		closed["anyOf"] = []any{Schema{"type": "string"}, Schema{"type": "integer"}}
	}
	return closed
}

func (c *converter) alternatives(list []any) []any {
	converted := make([]any, len(list))
	for i, one := range list {
		described, _ := one.(map[string]any)
		converted[i] = c.alternative(described)
	}
	return converted
}

// alternative is a schema that says more of a value whose fields others describe: it refuses none.
func (c *converter) alternative(open map[string]any) Schema {
	said := c.value(open)
	if properties, ok := open["properties"].(map[string]any); ok {
		fields := Schema{}
		for name, property := range properties {
			described, _ := property.(map[string]any)
			fields[name] = c.alternative(described)
		}
		said["properties"] = fields
	}
	for _, word := range []string{"items", "additionalProperties"} {
		if described, ok := open[word].(map[string]any); ok {
			said[word] = c.alternative(described)
		}
	}
	return said
}

// definition is what a $ref leads to.
func (c *converter) definition(name string) Schema {
	if done, ok := c.done[name]; ok {
		return done
	}
	c.done[name] = Schema{}
	c.done[name] = c.structure(c.definitions[name])
	if name == quantity {
		c.done[name] = Schema{"anyOf": []any{Schema{"type": "string"}, Schema{"type": "number"}}}
	}
	return c.done[name]
}

// nullable is the same schema with null beside.
func nullable(field Schema) Schema {
	free := maps.Clone(field)
	if kind, ok := free["type"].(string); ok {
		free["type"] = []any{kind, "null"}
	}
	if values := asList(free["enum"]); values != nil {
		free["enum"] = append(slices.Clip(values), nil)
	}
	for _, word := range []string{"anyOf", "oneOf"} {
		if alternatives := asList(free[word]); alternatives != nil && free["type"] == nil {
			free[word] = append(slices.Clip(alternatives), Schema{"type": "null"})
		}
	}
	return free
}

// embed lets a value be a whole object of Kubernetes.
func embed(closed Schema) {
	properties, _ := closed["properties"].(Schema)
	if properties == nil {
		return
	}
	for name, kind := range map[string]string{"apiVersion": "string", "kind": "string", "metadata": "object"} {
		if properties[name] == nil {
			properties[name] = Schema{"type": kind}
		}
	}
}

func asList(value any) []any {
	list, _ := value.([]any)
	return list
}

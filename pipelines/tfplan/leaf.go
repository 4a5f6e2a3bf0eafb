package tfplan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The words for values that are not shown.
const (
	masked  = "(masked)"
	unknown = "(known after apply)"
)

// credentials are how the names of attributes end whose values nobody is to read, whatever the provider says of them: in
// small letters, without hyphens and underscores.
var credentials = []string{
	"password", "passwd", "passphrase", "token", "secret", "apikey", "accesskey", "accountkey", "privatekey", "credential",
	"credentials", "connectionstring",
}

// separators are left out of a name that is compared.
var separators = strings.NewReplacer("-", "", "_", "")

func isCredential(name string) bool {
	name = separators.Replace(strings.ToLower(name))
	return name == "sas" || slices.ContainsFunc(credentials, func(end string) bool { return strings.HasSuffix(name, end) })
}

// leaf is a value without parts. It is compared by its text, and never shown by it.
type leaf struct{ text, shown string }

// leaves are the values of an object by their paths, such as body.properties.zones.0: sensitive ones are shown masked, and
// what is not known is said to be so.
func leaves(value, sensitive, notYet any) map[string]leaf {
	all := map[string]leaf{}
	collect(all, "", "", value, sensitive, notYet)
	return all
}

// collect collects the leaves of a value that has a name of its own at the end of its path.
func collect(all map[string]leaf, path, name string, value, sensitive, notYet any) {
	switch {
	case notYet == true:
		all[path] = leaf{unknown, unknown}
		return
	case value != nil && (sensitive == true || isCredential(name)):
		all[path] = leaf{text(value), masked}
		return
	}
	names := names(value, notYet)
	for name := range names {
		collect(all, join(path, name), name, child(value, name), child(sensitive, name), child(notYet, name))
	}
	if len(names) == 0 && value != nil {
		all[path] = leaf{text(value), text(value)}
	}
}

// names are those of the children of a value, and of those that are not known yet.
func names(values ...any) map[string]bool {
	found := map[string]bool{}
	for _, value := range values {
		switch v := value.(type) {
		case map[string]any:
			for name := range v {
				found[name] = true
			}
		case []any:
			for i := range v {
				found[strconv.Itoa(i)] = true
			}
		}
	}
	return found
}

// below are the leaves at a path and below it.
func below(path string, value, sensitive, notYet any) map[string]leaf {
	steps := strings.Split(path, ".")
	for _, step := range steps {
		value, sensitive, notYet = child(value, step), child(sensitive, step), child(notYet, step)
	}
	all := map[string]leaf{}
	collect(all, path, steps[len(steps)-1], value, sensitive, notYet)
	return all
}

// child is the value of that name or index, or nothing. What is true of the whole is true of its parts.
func child(value any, name string) any {
	switch v := value.(type) {
	case bool:
		return v
	case map[string]any:
		return v[name]
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(v) {
			return v[i]
		}
	}
	return nil
}

func join(path, name string) string {
	return strings.TrimPrefix(path+"."+name, ".")
}

// text is a value as JSON.
func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(encoded)
}

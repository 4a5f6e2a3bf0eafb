package manifest

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/report"
)

// Stream is what a root rendered.
type Stream struct {
	Root      string
	Documents []Document
}

// Streams reads what an index says was rendered, and somebody applies.
func Streams(index Index, rendered fs.FS) ([]Stream, error) {
	var streams []Stream
	for _, root := range index.Roots {
		if !root.Applied || root.Stream == "" {
			continue
		}
		text, err := fs.ReadFile(rendered, root.Stream)
		if err != nil {
			return nil, err
		}
		documents, err := Documents(root.Stream, text)
		if err != nil {
			return nil, err
		}
		streams = append(streams, Stream{root.Path, documents})
	}
	return streams, nil
}

// Changes is what changed in what is rendered, by root, by object, by field. Values that may be secret are masked.
func Changes(before, after []Stream) []report.Change {
	old, now := byRoot(before), byRoot(after)
	roots := map[string]bool{}
	for root := range old {
		roots[root] = true
	}
	for root := range now {
		roots[root] = true
	}
	changes := []report.Change{}
	for _, root := range slices.Sorted(maps.Keys(roots)) {
		changes = append(changes, rootChanges(root, old[root], now[root])...)
	}
	return changes
}

func byRoot(streams []Stream) map[string]map[string]Document {
	roots := map[string]map[string]Document{}
	for _, stream := range streams {
		objects := map[string]Document{}
		for _, d := range stream.Documents {
			objects[key(d.Object)] = d
		}
		roots[stream.Root] = objects
	}
	return roots
}

// hashSuffix is what kustomize appends to the name of what it generates.
var hashSuffix = regexp.MustCompile(`-[bcdfghkmt2456789]{10}$`)

// key is what an object is known by in both: a generated one without the hash of its content.
func key(o Object) string {
	name := o.Name
	if o.Kind == "ConfigMap" || o.Kind == "Secret" {
		name = hashSuffix.ReplaceAllString(name, "")
	}
	group, _, _ := strings.Cut(o.APIVersion, "/")
	return fmt.Sprintf("%s/%s (%s %s)", o.Kind, name, o.Namespace, group)
}

func rootChanges(root string, old, now map[string]Document) []report.Change {
	var changes []report.Change
	names := map[string]bool{}
	for name := range old {
		names[name] = true
	}
	for name := range now {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		before, was := old[name]
		after, is := now[name]
		switch {
		case !was:
			changes = append(changes, report.Change{Title: title(root, after.Object) + " is added", Lines: values("", after)})
		case !is:
			changes = append(changes, report.Change{Title: title(root, before.Object) + " is removed"})
		default:
			if lines := fields(before, after); len(lines) > 0 {
				changes = append(changes, report.Change{Title: title(root, after.Object), Lines: lines})
			}
		}
	}
	return changes
}

func title(root string, o Object) string { return root + ": " + o.String() }

// fields are the fields that differ, old and new.
func fields(before, after Document) []string {
	old, now := leaves(before), leaves(after)
	paths := map[string]bool{}
	for path := range old {
		paths[path] = true
	}
	for path := range now {
		paths[path] = true
	}
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		from, was := old[path]
		to, is := now[path]
		switch {
		case was && is && from == to:
		case !was:
			lines = append(lines, fmt.Sprintf("+ %s: %s", path, masked(after.Kind, path, to)))
		case !is:
			lines = append(lines, fmt.Sprintf("- %s: %s", path, masked(after.Kind, path, from)))
		default:
			lines = append(lines, fmt.Sprintf("%s: %s → %s", path, masked(after.Kind, path, from), masked(after.Kind, path, to)))
		}
	}
	return lines
}

// values are all fields of an object.
func values(prefix string, d Document) []string {
	all := leaves(d)
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(all)) {
		lines = append(lines, fmt.Sprintf("%s%s: %s", prefix, path, masked(d.Kind, path, all[path])))
	}
	return lines
}

// leaves are the values of an object by their paths. Items of a list are known by their names, where they have some.
func leaves(d Document) map[string]string {
	all := map[string]string{}
	var visit func(path string, node *yaml.Node)
	visit = func(path string, node *yaml.Node) {
		switch {
		case node.Kind == yaml.AliasNode: // kustomize prints none, and following them can take for ever
			all[path] = "*" + node.Value
		case node.Kind == yaml.MappingNode && len(node.Content) > 0:
			for i := 0; i+1 < len(node.Content); i += 2 {
				visit(strings.TrimPrefix(path+"."+node.Content[i].Value, "."), node.Content[i+1])
			}
		case node.Kind == yaml.SequenceNode && len(node.Content) > 0:
			for i, child := range node.Content {
				name := scalar(child, "name")
				if name == "" {
					name = strconv.Itoa(i)
				}
				visit(path+"["+name+"]", child)
			}
		case node.Kind == yaml.ScalarNode:
			all[path] = node.Value
		default:
			all[path] = "(empty)"
		}
	}
	visit("", d.Node)
	return all
}

var (
	// secretName matches the names of fields and variables whose values are nobody's business.
	secretName = regexp.MustCompile(`(?i)(passw(or)?d|passphrase|token|secret|api[-_]?key|access[-_]?key|account[-_]?key|private[-_]?key|credentials?|connection[-_]?string|[-_]sas|\bsas)$`)
	// secretValue matches values that give themselves away: PEM keys, signed addresses, addresses with a password, tokens.
	secretValue = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY|[?&]sig=|://[^/\s:@]*:[^/\s@]+@|\beyJ[\w-]{10,}\.|\b(ghp|gho|ghs|github_pat|xox[abp]|glpat)[-_]\w{10,}|\bAKIA[0-9A-Z]{16}\b|(?i)(password|accountkey|bearer)\s*[=: ]\s*\S+`)
)

// masked is a value as it may be shown.
func masked(kind, path, value string) string {
	name := strings.TrimSuffix(path, ".value")
	name = strings.TrimSuffix(name[strings.LastIndexAny(name, ".[")+1:], "]")
	secret := kind == "Secret" && (strings.HasPrefix(path, "data.") || strings.HasPrefix(path, "stringData."))
	if secret || secretName.MatchString(name) || secretValue.MatchString(value) {
		return "(masked)"
	}
	const most = 200
	value = strconv.Quote(value)
	if runes := []rune(value); len(runes) > most {
		return fmt.Sprintf("%s… (%d characters)", string(runes[:most]), len(runes))
	}
	return value
}

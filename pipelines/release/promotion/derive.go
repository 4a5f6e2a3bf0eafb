package promotion

import (
	"bytes"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/manifest/edit"
	"github.com/esteira/esteira/pipelines/release"
)

// What stands where a set says nothing yet: no pod starts with it.
const (
	noDigest = "sha256:" + zeros
	zeros    = "0000000000000000000000000000000000000000000000000000000000000000"
	noLabel  = "unreleased"
)

// deriver brings the files that Kustomize renders to what a set says.
type deriver struct {
	set release.Set
	// known are the images that a kustomization gives a digest, found those of the set and the models among them.
	known, found map[string]bool
}

// Derive is what the files beside a set become by it, as far as they change: images' digests, the label version of the
// workloads that have an image's name, the literals of the models' ConfigMaps, and skipAnalysis of the Canaries. What the set
// does not name becomes zeros. A component of the set for which there is no place is an error.
func Derive(files map[string][]byte, set release.Set) (map[string][]byte, error) {
	d := deriver{set: set, known: map[string]bool{}, found: map[string]bool{}}
	parsed := map[string]*edit.File{}
	for name, text := range files {
		if extension := path.Ext(name); extension != ".yaml" && extension != ".yml" {
			continue
		}
		file, err := edit.Parse(name, text)
		if err != nil {
			return nil, err
		}
		parsed[name] = file
		for _, root := range file.Documents() {
			d.learn(root)
		}
	}
	changed := map[string][]byte{}
	for name, file := range parsed {
		for _, root := range file.Documents() {
			if err := d.document(name, file, root); err != nil {
				return nil, err
			}
		}
		text, err := file.Bytes()
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(text, files[name]) {
			changed[name] = text
		}
	}
	for _, component := range set.Components() {
		if !d.found[component] {
			return nil, fmt.Errorf("%s: no file of %s has a place for it: an image needs an entry with a digest under images, a model a ConfigMap with the literal MODEL_NAME=%s",
				component, path.Join(release.Overlays, set.Environment, "release"), component)
		}
	}
	return changed, nil
}

// items are those of a list in a mapping.
func items(node *yaml.Node, key string) []*yaml.Node {
	if list := manifest.Child(node, key); list != nil && list.Kind == yaml.SequenceNode {
		return list.Content
	}
	return nil
}

func text(node *yaml.Node, keys ...string) string {
	for _, key := range keys {
		node = manifest.Child(node, key)
	}
	if node == nil {
		return ""
	}
	return node.Value
}

// learn finds the names of images that have digests.
func (d deriver) learn(root *yaml.Node) {
	for _, image := range items(root, "images") {
		if manifest.Child(image, "digest") != nil {
			d.known[text(image, "name")] = true
		}
	}
}

func (d deriver) document(name string, file *edit.File, root *yaml.Node) error {
	for _, image := range items(root, "images") {
		if err := d.image(file, image); err != nil {
			return err
		}
	}
	for _, generator := range items(root, "configMapGenerator") {
		if err := d.model(name, file, items(generator, "literals")); err != nil {
			return err
		}
	}
	if root.Kind == yaml.SequenceNode {
		return d.analysis(file, root)
	}
	return d.labels(file, root)
}

func (d deriver) image(file *edit.File, image *yaml.Node) error {
	digest := manifest.Child(image, "digest")
	if digest == nil {
		return nil
	}
	name := text(image, "name")
	value := noDigest
	if set, has := d.set.Images[name]; has {
		d.found[name], value = true, set.Digest
	}
	return file.Scalar(digest, edit.Text, value)
}

// labels sets the label version of a workload that has an image's name, and of its pods.
func (d deriver) labels(file *edit.File, root *yaml.Node) error {
	name := text(root, "metadata", "name")
	if !d.known[name] {
		return nil
	}
	value := noLabel
	if set, has := d.set.Images[name]; has {
		value = set.Version
	}
	for _, path := range [][]string{{"metadata", "labels", "version"}, {"spec", "template", "metadata", "labels", "version"}} {
		node := root
		for _, key := range path {
			node = manifest.Child(node, key)
		}
		if node == nil {
			continue
		}
		if err := file.Scalar(node, edit.Text, value); err != nil {
			return err
		}
	}
	return nil
}

// analysis sets whether Canaries are judged, in a JSON patch.
func (d deriver) analysis(file *edit.File, patch *yaml.Node) error {
	skip := d.set.Rollback != nil && d.set.Rollback.SkipAnalysis
	for _, operation := range patch.Content {
		if text(operation, "path") != "/spec/skipAnalysis" {
			continue
		}
		if err := file.Scalar(manifest.Child(operation, "value"), edit.Bool, strconv.FormatBool(skip)); err != nil {
			return err
		}
	}
	return nil
}

var digits = regexp.MustCompile(`[0-9a-f]{64}`)

// model sets the literals of a ConfigMap for a model.
func (d deriver) model(name string, file *edit.File, literals []*yaml.Node) error {
	at := map[string]*yaml.Node{}
	for _, literal := range literals {
		key, _, _ := strings.Cut(literal.Value, "=")
		at[key] = literal
	}
	if at["MODEL_NAME"] == nil {
		return nil
	}
	value := func(key string) string {
		if at[key] == nil {
			return ""
		}
		return strings.TrimPrefix(at[key].Value, key+"=")
	}
	model, has := d.set.Models[value("MODEL_NAME")]
	values := map[string]string{
		"MODEL_VERSION": "0", "MODEL_SHA256": zeros, "MODEL_RECORD_SHA256": zeros,
		"MODEL_URI": digits.ReplaceAllString(value("MODEL_URI"), zeros), "MODEL_RECORD_URI": digits.ReplaceAllString(value("MODEL_RECORD_URI"), zeros),
	}
	if has {
		d.found[value("MODEL_NAME")] = true
		values = map[string]string{
			"MODEL_VERSION": model.Version, "MODEL_SHA256": model.SHA256, "MODEL_RECORD_SHA256": model.Gate.Record,
			"MODEL_URI": model.URI, "MODEL_RECORD_URI": model.Gate.URI,
		}
		if err := reachable(name, at["MODEL_HOSTS"], value("MODEL_HOSTS"), model); err != nil {
			return fmt.Errorf("models.%s: %w", value("MODEL_NAME"), err)
		}
	}
	for key, value := range values {
		if at[key] == nil {
			return &manifest.FileError{File: name, Line: at["MODEL_NAME"].Line, Reason: "the ConfigMap of MODEL_NAME has no literal " + key + ": add one"}
		}
		if err := file.Scalar(at[key], edit.Text, key+"="+value); err != nil {
			return err
		}
	}
	return nil
}

// reachable is an error for a model that says too little to be downloaded, or is at a host that pods do not download from.
func reachable(name string, literal *yaml.Node, hosts string, model release.Model) error {
	if model.URI == "" || model.Gate.URI == "" {
		return fmt.Errorf("uri and gate.uri have to say where the model and its record are")
	}
	if literal == nil {
		return nil
	}
	allowed := strings.FieldsFunc(hosts, func(r rune) bool { return r == ',' || r == ' ' })
	for _, address := range []string{model.URI, model.Gate.URI} {
		parsed, err := url.Parse(address)
		if err != nil {
			return err
		}
		if !slices.Contains(allowed, parsed.Host) {
			return &manifest.FileError{File: name, Line: literal.Line, Reason: fmt.Sprintf("%s is at a host that MODEL_HOSTS does not name (%s)", address, hosts)}
		}
	}
	return nil
}

// updaterSettings are the part of an Image Updater resource that a pin changes.
type updaterSettings struct {
	IgnoreTags []string `json:"ignoreTags,omitempty"`
}

// everyTag is the pattern of all tags.
const everyTag = "*"

// Hold makes an Image Updater resource ignore all tags, or no longer: it knows no pin of its own.
func Hold(name string, content []byte, pinned bool) ([]byte, error) {
	file, err := edit.Parse(name, content)
	if err != nil {
		return nil, err
	}
	for _, root := range file.Documents() {
		settings := manifest.Child(manifest.Child(root, "spec"), "commonUpdateSettings")
		if text(root, "kind") != "ImageUpdater" || settings == nil {
			continue
		}
		var before, after updaterSettings
		for _, tag := range items(settings, "ignoreTags") {
			before.IgnoreTags = append(before.IgnoreTags, tag.Value)
			if tag.Value != everyTag {
				after.IgnoreTags = append(after.IgnoreTags, tag.Value)
			}
		}
		if pinned {
			after.IgnoreTags = append(after.IgnoreTags, everyTag)
		}
		if err := file.Merge(settings, before, after); err != nil {
			return nil, err
		}
		return file.Bytes()
	}
	return nil, fmt.Errorf("%s: there is no ImageUpdater with spec.commonUpdateSettings: name the file that has one as updater in esteira.yaml", name)
}

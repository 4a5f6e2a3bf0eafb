// Package lint judges manifests by schemas and by good practice, as kubeconform, kubeval and kube-score see it, and says what
// is wrong as remarks about objects.
package lint

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/yannh/kubeconform/pkg/resource"
	"github.com/yannh/kubeconform/pkg/validator"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

// Conformed is what kubeconform said of some files.
type Conformed struct {
	Remarks []manifest.Remark
	// Judged counts the objects that it looked at, Skipped those that it passed over.
	Judged, Skipped int
}

// Kubeconform judges manifests as kubeconform does, by its library: strictly, each document by the schema of its kind.
type Kubeconform struct {
	// Release is Kubernetes' version, such as 1.36.3.
	Release string
	// Schemas are folders with vRELEASE-standalone-strict/KIND-GROUP-VERSION.json in them; the first that has one counts.
	Schemas []string
	// Root says which root a file belongs to.
	Root func(file string) string
}

// schemaLayout is where a folder has the schema of a kind.
const schemaLayout = "/{{.NormalizedKubernetesVersion}}-standalone{{.StrictSuffix}}/{{.ResourceKind}}{{.KindSuffix}}.json"

// Judge judges files of a folder, all processors at it. What is wrong is in the order of the files.
func (k Kubeconform) Judge(folder string, files []string) (Conformed, error) {
	var locations []string
	for _, schemas := range k.Schemas {
		locations = append(locations, schemas+schemaLayout)
	}
	judge, err := validator.New(locations, validator.Opts{KubernetesVersion: k.Release, Strict: true})
	if err != nil {
		return Conformed{}, fmt.Errorf("kubeconform: %w", err)
	}
	parts, failures := make([]Conformed, len(files)), make([]error, len(files))
	var next atomic.Int64
	var all sync.WaitGroup
	for range runtime.NumCPU() {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(files)); i = next.Add(1) - 1 {
				parts[i], failures[i] = k.file(judge, filepath.Join(folder, files[i]), files[i])
			}
		})
	}
	all.Wait()
	var conformed Conformed
	for _, part := range parts {
		conformed.Remarks = append(conformed.Remarks, part.Remarks...)
		conformed.Judged += part.Judged
		conformed.Skipped += part.Skipped
	}
	return conformed, errors.Join(failures...)
}

// file judges one: name is what it is called.
func (k Kubeconform) file(judge validator.Validator, path, name string) (conformed Conformed, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Conformed{}, err
	}
	documents, err := documentsOf(name, text)
	if err != nil {
		return Conformed{}, fmt.Errorf("%s: %w", name, err)
	}
	for _, document := range documents {
		switch result := judge.ValidateResource(document); result.Status {
		case validator.Valid:
			conformed.Judged++
		case validator.Skipped:
			conformed.Skipped++
		case validator.Empty:
		default:
			conformed.Judged++
			conformed.Remarks = append(conformed.Remarks, remarks(result, k.Root(name))...)
		}
	}
	return conformed, nil
}

// longest is the longest document that is read, in bytes.
const longest = 256 << 20

// documentsOf are the documents of a stream, and the items of a List in place of it.
func documentsOf(name string, text []byte) (documents []resource.Resource, err error) {
	scanner := bufio.NewScanner(bytes.NewReader(text))
	scanner.Buffer(make([]byte, 0, min(len(text)+1, longest)), longest)
	scanner.Split(resource.SplitYAMLDocument)
	for scanner.Scan() {
		document := resource.Resource{Path: name, Bytes: bytes.Clone(scanner.Bytes())}
		// Whether it is a List is seen by parsing it, for once more than needed.
		if bytes.Contains(bytes.ToLower(document.Bytes), []byte("list")) {
			documents = append(documents, document.Resources()...)
			continue
		}
		documents = append(documents, document)
	}
	return documents, scanner.Err()
}

var (
	missingSchema   = regexp.MustCompile(`^could not find schema for `)
	additional      = regexp.MustCompile(`^additional properties (.+) not allowed$`)
	quoted          = regexp.MustCompile(`'([^']*)'`)
	missingProperty = regexp.MustCompile(`^missing propert(?:y|ies) (.+)$`)
	unmarshalling   = regexp.MustCompile(`^error unmarshalling resource: (?:error converting YAML to JSON: )?`)
)

// remarks are what is wrong with a document.
func remarks(result validator.Result, root string) []manifest.Remark {
	base := manifest.Remark{Tool: "kubeconform", Severity: finding.High, Root: root}
	// Its error is the result's, too.
	if signature, _ := result.Resource.Signature(); signature.Kind != "" || signature.Name != "" {
		base.Object = manifest.Object{APIVersion: signature.Version, Kind: signature.Kind, Name: signature.Name}
	}
	said := fmt.Sprint(result.Err)
	if missingSchema.MatchString(said) {
		return []manifest.Remark{unknown(base)}
	}
	if len(result.ValidationErrors) == 0 {
		base.Rule, base.Message = "unreadable", strings.Join(strings.Fields(unmarshalling.ReplaceAllString(said, "")), " ")
		return []manifest.Remark{base}
	}
	var remarks []manifest.Remark
	for _, e := range result.ValidationErrors {
		remarks = append(remarks, violation(base, e.Path, e.Msg)...)
	}
	return remarks
}

// violation is what one error of a schema says, in the words that people use: a remark a field.
func violation(base manifest.Remark, path, message string) []manifest.Remark {
	base.Field = path
	if fields := additional.FindStringSubmatch(message); fields != nil {
		var remarks []manifest.Remark
		for _, name := range quoted.FindAllStringSubmatch(fields[1], -1) {
			remark := base
			remark.Rule, remark.Message = "unknown-field", fmt.Sprintf("unknown field %q", name[1])
			remark.Field += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name[1])
			remarks = append(remarks, remark)
		}
		return remarks
	}
	base.Rule, base.Message = "schema", message
	if fields := missingProperty.FindStringSubmatch(message); fields != nil {
		base.Rule, base.Message = "missing-field", "it lacks "+strings.ReplaceAll(fields[1], "'", `"`)
	}
	return []manifest.Remark{base}
}

// unknown is the remark about an object that no schema is for: of an API that was removed, or of a kind that nobody
// described.
func unknown(base manifest.Remark) manifest.Remark {
	object := base.Object
	if gone, ok := removed[object.APIVersion+" "+object.Kind]; ok {
		base.Rule = "removed-api"
		base.Message = fmt.Sprintf("%s %s was removed in Kubernetes %s: %s", object.APIVersion, object.Kind, gone.release, gone.instead)
		return base
	}
	base.Rule = manifest.RuleUncovered
	base.Message = fmt.Sprintf("no schema covers %s %s: neither Kubernetes nor a CustomResourceDefinition here has it", object.APIVersion, object.Kind)
	return base
}

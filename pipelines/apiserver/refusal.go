package apiserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

// Refusal is why the server did not do what it was asked: a Status of Kubernetes' API.
type Refusal struct {
	Code    int    `json:"code"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Details struct {
		Causes []Cause `json:"causes"`
	} `json:"details"`
}

// Cause is one of a refusal's reasons, and the field that it is about.
type Cause struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Field   string `json:"field"`
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("the API server answered %d: %s", r.Code, r.Message)
}

// readRefusal reads the body of an answer with an error's code.
func readRefusal(code int, body []byte) *Refusal {
	refused := &Refusal{}
	if err := json.Unmarshal(body, refused); err != nil || refused.Message == "" {
		refused.Message = strings.TrimSpace(string(body[:min(len(body), 500)]))
	}
	refused.Code = code
	return refused
}

// unformed is what the server says of a document that does not have its kind's form, up to what it says of it in
// particular. It calls that an error of its own.
var unformed = regexp.MustCompile(`^failed to (?:create typed patch|convert new) object \([^)]*\)(?:.* unable to convert unstructured object to [^:]*)?: `)

// ofDocument says whether it is the document that was refused. Else it is the server that could not, or was not asked well.
func (r *Refusal) ofDocument() bool {
	switch r.Code {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return r.Code < http.StatusInternalServerError || unformed.MatchString(r.Message)
}

// remarks are what the server refused about a document, a remark for each cause.
func (r *Refusal) remarks(document Document) []manifest.Remark {
	var all []manifest.Remark
	for _, cause := range r.causes() {
		all = append(all, document.remark(cause.Reason, cause.Field, cause.Message))
	}
	return all
}

// causes are the refusal's own, or what can be told from its message: what is wrong with the form of a document stands
// there only.
func (r *Refusal) causes() []Cause {
	var all []Cause
	for _, cause := range r.Details.Causes {
		cause.Field = strings.TrimPrefix(strings.TrimSuffix(cause.Field, "<nil>"), ".")
		all = append(all, cause)
	}
	for _, found := range strict.FindAllStringSubmatch(r.Message, -1) {
		if len(r.Details.Causes) == 0 {
			all = append(all, Cause{"Field" + strings.ToUpper(found[1][:1]) + found[1][1:], found[1] + " field", found[2]})
		}
	}
	switch {
	case len(all) > 0:
		return all
	case unformed.MatchString(r.Message):
		return formCauses(unformed.ReplaceAllString(r.Message, ""))
	case r.Reason == "":
		return []Cause{{http.StatusText(r.Code), r.Message, ""}}
	}
	return []Cause{{r.Reason, r.Message, ""}}
}

// strict is a field that is unknown, or there twice.
var strict = regexp.MustCompile(`(unknown|duplicate) field "([^"]+)"`)

// forms are what can be wrong with a document's form, and the reasons that Kubernetes has for that.
var forms = []struct{ words, reason string }{
	{"field not declared in schema", "FieldUnknown"},
	{"duplicate entries", "FieldValueDuplicate"},
	{"expected ", "FieldValueTypeInvalid"},
	{"", "Invalid"},
}

// formCauses reads lines such as ".spec.replicas: expected numeric (int or float), got string".
func formCauses(message string) []Cause {
	var all []Cause
	for line := range strings.Lines(strings.TrimPrefix(message, "errors:\n")) {
		cause := Cause{Message: strings.TrimSpace(line)}
		if field, rest, found := strings.Cut(cause.Message, ": "); found && strings.HasPrefix(field, ".") {
			cause.Field, cause.Message = field[1:], rest
		}
		for _, form := range forms {
			if strings.Contains(cause.Message, form.words) {
				cause.Reason = form.reason
				break
			}
		}
		all = append(all, cause)
	}
	return all
}

// warningValue is a value of the header Warning, as RFC 9110 has it: code, agent, and the text.
var warningValue = regexp.MustCompile(`^\d{3} \S+ ("(?:[^"\\]|\\.)*")`)

// warnings are what the server would have a person know, although it does what it was asked.
func warnings(header http.Header) []string {
	var all []string
	for _, value := range header.Values("Warning") {
		if found := warningValue.FindStringSubmatch(value); found != nil {
			value = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(found[1][1 : len(found[1])-1])
		}
		all = append(all, value)
	}
	return all
}

// Tool is the name that remarks of the server have.
const Tool = "kube-apiserver"

// remark is a remark about the document that makes the stage red.
func (d Document) remark(rule, field, message string) manifest.Remark {
	return manifest.Remark{
		Tool: Tool, Rule: rule, Severity: finding.High, Message: message,
		Root: d.Root, Object: d.Object, Field: field, Line: d.Line,
	}
}

// warning is a remark about what the server warns of. That pods would be refused in their namespace is more than a warning:
// nothing would run.
func (d Document) warning(text string) manifest.Remark {
	if strings.HasPrefix(text, "would violate PodSecurity") {
		return d.remark("PodSecurity", "", text)
	}
	remark := d.remark("Warning", "", text)
	remark.Severity = finding.Info
	return remark
}

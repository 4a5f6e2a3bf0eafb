package apiserver

import (
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

// What kube-apiserver 1.36.3 answered becomes a remark for each cause, with the field that it is about.
func TestRemarksOfRefusals(t *testing.T) {
	t.Parallel()
	cases := []struct {
		file  string
		code  int
		wants []Cause // their messages are beginnings
	}{
		{"badport.json", 422, []Cause{
			{"FieldValueInvalid", "Invalid value: 80000: must be between 1 and 65535", "spec.ports[0].port"},
			{"FieldValueInvalid", "Invalid value: 80000: must be between 1 and 65535", "spec.ports[0].targetPort"},
		}},
		{"dup.json", 500, []Cause{{"FieldValueDuplicate", `duplicate entries for key [port=80,protocol="TCP"]`, "spec.ports"}}},
		{"qty.json", 500, []Cause{{"Invalid", "quantities must match the regular expression", ""}}},
		{"unknown2.json", 500, []Cause{{"FieldUnknown", "field not declared in schema", "spec.foo"}}},
		{"wrongtype.json", 500, []Cause{{"FieldValueTypeInvalid", "expected numeric (int or float), got string", "spec.replicas"}}},
		{"selector.json", 422, []Cause{
			{"FieldValueInvalid", "Invalid value: {\"a\":\"c\"}: `selector` does not match template `labels`", "spec.template.metadata.labels"},
			{"FieldValueDuplicate", `Duplicate value: "http"`, "spec.template.spec.containers[0].ports[1].name"},
		}},
		{"namespace.json", 404, []Cause{{"NotFound", `namespaces "X_y" not found`, ""}}},
	}
	document := Document{Root: "overlays/dev", Line: 7, Object: manifest.Object{APIVersion: "v1", Kind: "Service", Name: "web"}}
	for _, test := range cases {
		t.Run(test.file, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(filepath.Join("testdata", test.file))
			if err != nil {
				t.Fatal(err)
			}
			refused := readRefusal(test.code, body)
			if !refused.ofDocument() {
				t.Error("taken for the server's own failure")
			}
			remarks := refused.remarks(document)
			if len(remarks) != len(test.wants) {
				t.Fatalf("%d remarks, want %d: %v", len(remarks), len(test.wants), remarks)
			}
			for i, want := range test.wants {
				got := remarks[i]
				if got.Rule != want.Reason || got.Field != want.Field || !strings.HasPrefix(got.Message, want.Message) {
					t.Errorf("remark %+v, want %+v", got, want)
				}
				if got.Root != "overlays/dev" || got.Line != 7 || got.Severity != finding.High || got.Object != document.Object {
					t.Errorf("not about the document: %+v", got)
				}
			}
		})
	}
}

// A server that could not do it has not refused it.
func TestServersOwnFailures(t *testing.T) {
	t.Parallel()
	for code, body := range map[int]string{
		401: `{"kind":"Status","message":"Unauthorized","reason":"Unauthorized","code":401}`,
		429: `too many requests`,
		500: `{"kind":"Status","message":"etcdserver: request timed out","code":500}`,
		503: `<html>`,
		504: ``,
	} {
		refused := readRefusal(code, []byte(body))
		if refused.ofDocument() {
			t.Errorf("%d %q is taken for a fault of the document", code, body)
		}
		if refused.Error() == "" {
			t.Errorf("%d has no words", code)
		}
	}
}

// Strict decoding names all fields at once, in the message alone.
func TestStrictCauses(t *testing.T) {
	t.Parallel()
	refused := &Refusal{Code: 400, Reason: "BadRequest", Message: `strict decoding error: unknown field "spec.foo", duplicate field "spec.bar"`}
	want := []Cause{{"FieldUnknown", "unknown field", "spec.foo"}, {"FieldDuplicate", "duplicate field", "spec.bar"}}
	if got := refused.causes(); !reflect.DeepEqual(got, want) {
		t.Errorf("causes %v, want %v", got, want)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	header := http.Header{"Warning": {`299 - "v1 Endpoints is deprecated in v1.33+"`, `299 - "say \"no\""`, `odd`}}
	want := []string{"v1 Endpoints is deprecated in v1.33+", `say "no"`, "odd"}
	if got := warnings(header); !reflect.DeepEqual(got, want) {
		t.Errorf("warnings %q, want %q", got, want)
	}
	if remark := (Document{}).warning("v1 Endpoints is deprecated"); remark.Severity != finding.Info || remark.Rule != "Warning" {
		t.Errorf("a deprecation is %+v", remark)
	}
	if remark := (Document{}).warning(`would violate PodSecurity "restricted:latest"`); remark.Severity != finding.High || remark.Rule != "PodSecurity" {
		t.Errorf("pods that would be refused are %+v", remark)
	}
}

// Whatever a server answers is read without a panic, and never to nothing.
func FuzzReadRefusal(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.json")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(422, body)
	}
	f.Fuzz(func(t *testing.T, code int, body []byte) {
		if len(readRefusal(code, body).remarks(Document{})) == 0 {
			t.Errorf("%d %q became no remark", code, body)
		}
	})
}

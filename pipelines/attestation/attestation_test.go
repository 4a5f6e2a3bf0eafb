package attestation_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/attestation"
)

var (
	digest = strings.Repeat("ab", 32)
	commit = strings.Repeat("01", 20)
	origin = attestation.Origin{Source: "git+https://code.example/team/orders", Commit: commit, Path: "apps/orders"}
)

// envelope is what cosign prints of a statement.
func envelope(predicateType, predicate string) string {
	statement := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v0.1","predicateType":%q,"subject":[{"name":"x","digest":{"sha256":%q}}],"predicate":%s}`,
		predicateType, digest, predicate)
	return fmt.Sprintf(`{"payloadType":"application/vnd.in-toto+json","payload":%q,"signatures":[]}`+"\n", base64.StdEncoding.EncodeToString([]byte(statement)))
}

func statements(t *testing.T, predicateType, predicate string) []attestation.Statement {
	t.Helper()
	read, err := attestation.ReadEnvelopes([]byte(envelope(predicateType, predicate)))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func provenance(t *testing.T, o attestation.Origin, keyless bool) string {
	t.Helper()
	var text bytes.Buffer
	if err := attestation.WriteProvenance(&text, o, keyless); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// What was written is read again, and says the level that is truly reached.
func TestProvenance(t *testing.T) {
	t.Parallel()
	hosted := origin
	hosted.Builder, hosted.Invocation = "https://builder.example/v1", "https://builder.example/run/1"
	for _, test := range []struct {
		origin  attestation.Origin
		keyless bool
		level   string
	}{
		{origin, false, "SLSA_BUILD_LEVEL_1"}, {origin, true, "SLSA_BUILD_LEVEL_1"},
		{hosted, false, "SLSA_BUILD_LEVEL_1"}, {hosted, true, "SLSA_BUILD_LEVEL_2"},
	} {
		read := statements(t, attestation.TypeProvenance, provenance(t, test.origin, test.keyless))
		if err := attestation.Of(read, digest, attestation.TypeProvenance); err != nil {
			t.Error(err)
		}
		said, err := attestation.Policy{}.CheckProvenance(read)
		if err != nil || said.Commit != commit || said.Source != origin.Source || said.Level != test.level {
			t.Errorf("%+v, %v, want %s", said, err, test.level)
		}
	}
}

func TestOriginRefused(t *testing.T) {
	t.Parallel()
	for _, o := range []attestation.Origin{
		{}, {Source: "https://code.example/x", Commit: commit}, {Source: origin.Source, Commit: "0101"}, {Source: origin.Source, Commit: "HEAD"},
	} {
		if err := attestation.WriteProvenance(&bytes.Buffer{}, o, false); err == nil {
			t.Errorf("%+v is written", o)
		}
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	read := statements(t, attestation.TypeProvenance, provenance(t, origin, false))
	for _, test := range []struct {
		policy attestation.Policy
		says   string
	}{
		{attestation.Policy{Sources: []string{origin.Source}, Builders: []string{attestation.LocalBuilder}}, ""},
		{attestation.Policy{Sources: []string{"git+https://code.example/other"}}, "is none of the policy's"},
		{attestation.Policy{Builders: []string{"https://builder.example/v1"}}, "builder/local/v1 is none of the policy's"},
	} {
		_, err := test.policy.CheckProvenance(read)
		if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%+v: %v", test.policy, err)
		}
	}
	for _, predicate := range []string{`{}`, `[]`, strings.ReplaceAll(provenance(t, origin, false), commit, "HEAD"), strings.ReplaceAll(provenance(t, origin, false), "build/v1", "build/v9")} {
		if _, err := (attestation.Policy{}).CheckProvenance(statements(t, attestation.TypeProvenance, predicate)); err == nil {
			t.Errorf("accepted: %s", predicate)
		}
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	read := statements(t, attestation.TypeCycloneDX, `{"bomFormat":"CycloneDX","components":[{"name":"x"}]}`)
	if err := attestation.Of(read, strings.Repeat("cd", 32), attestation.TypeCycloneDX); err == nil || !strings.Contains(err.Error(), "it is about sha256:abab") {
		t.Error(err)
	}
	if err := attestation.Of(read, digest, attestation.TypeProvenance); err == nil || !strings.Contains(err.Error(), "of type") {
		t.Error(err)
	}
	read[0].Subject = nil
	if err := attestation.Of(read, digest, attestation.TypeCycloneDX); err == nil {
		t.Error("a statement about nothing is accepted")
	}
}

func TestCheckBill(t *testing.T) {
	t.Parallel()
	if n, err := attestation.CheckBill(statements(t, attestation.TypeCycloneDX, `{"bomFormat":"CycloneDX","components":[{"name":"x"}]}`)); err != nil || n != 1 {
		t.Error(n, err)
	}
	for _, bill := range []string{`{"bomFormat":"CycloneDX","components":[]}`, `{"bomFormat":"other","components":[{"name":"x"}]}`, `[]`} {
		if _, err := attestation.CheckBill(statements(t, attestation.TypeCycloneDX, bill)); err == nil {
			t.Errorf("accepted: %s", bill)
		}
	}
}

func TestCheckGate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ record, policy, says string }{
		{`{"verdict":"bless","policy":{"sha256":"aa"}}`, "", ""},
		{`{"verdict":"bless","policy":{"sha256":"aa"}}`, "aa", ""},
		{`{"verdict":"bless","policy":{"sha256":"aa"}}`, "bb", "judged by the policy sha256:aa"},
		{`{"verdict":"rubber-stamp","approved":true}`, "", ""},
		{`{"verdict":"rubber-stamp"}`, "", "did not let this model pass"},
		{`{"verdict":"reject"}`, "", "did not let this model pass"},
		{`{}`, "", "did not let this model pass"},
		{`[]`, "", "gate record"},
	} {
		_, err := attestation.CheckGate(statements(t, attestation.TypeGate, test.record), test.policy)
		if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s by %q: %v, want %q", test.record, test.policy, err, test.says)
		}
	}
}

func TestReadEnvelopesRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", `{"payload":"§"}`, `{"payload":"e30"}`, `{"payload":""}`} {
		if read, err := attestation.ReadEnvelopes([]byte(text)); err == nil {
			t.Errorf("%q: %+v", text, read)
		}
	}
}

func TestParseDigested(t *testing.T) {
	t.Parallel()
	if got, err := attestation.ParseDigested("registry.example:5000/team/app@sha256:" + digest); err != nil || got != digest {
		t.Error(got, err)
	}
	for _, ref := range []string{"", "registry.example/app:1", "registry.example/app@sha256:ab", "app@sha256:" + digest, "x/y@z@sha256:" + digest} {
		if _, err := attestation.ParseDigested(ref); err == nil {
			t.Errorf("%q is accepted", ref)
		}
	}
}

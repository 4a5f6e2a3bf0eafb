package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/attestation"
	"github.com/esteira/esteira/pipelines/release"
)

// signedBy is a cosign that knows one image by its digest, with a bill of materials and a provenance that names a commit.
func signedBy(t *testing.T, digest, commit string) string {
	t.Helper()
	dir := t.TempDir()
	envelope := func(kind, predicate string) {
		statement := fmt.Sprintf(`{"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "app", "digest": {"sha256": %q}}], "predicateType": %q, "predicate": %s}`,
			strings.TrimPrefix(digest, "sha256:"), kind, predicate)
		text := fmt.Sprintf(`{"payloadType": "application/vnd.in-toto+json", "payload": %q, "signatures": [{}]}`, base64.StdEncoding.EncodeToString([]byte(statement)))
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(kind)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	envelope("https://cyclonedx.org/bom", `{"bomFormat": "CycloneDX", "components": [{}]}`)
	var provenance strings.Builder
	if err := attestation.WriteProvenance(&provenance, attestation.Origin{Source: "git+https://code.example/iris", Commit: commit}, false); err != nil {
		t.Fatal(err)
	}
	envelope("https://slsa.dev/provenance/v1", provenance.String())
	script := `#!/bin/sh
for last; do :; done
case "$*" in
*` + digest + `*--type=cyclonedx*|*--type=cyclonedx*` + digest + `) cat ` + dir + `/bom ;;
*--type=slsaprovenance1*` + digest + `) cat ` + dir + `/v1 ;;
verify*esteira.azurecr.io/api-gateway@` + digest + `) ;;
*) echo "no signatures found for $last" >&2; exit 1 ;;
esac
`
	file := filepath.Join(dir, "cosign")
	if err := os.WriteFile(file, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

// What is signed is told of each image and model that a promotion would bring; what is not, with the reason.
func TestPromotionSignatures(t *testing.T) {
	t.Parallel()
	dir, files := repository(t), t.TempDir()
	head, err := exec.Command("git", "-C", dir, "rev-parse", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	commit := strings.TrimSpace(string(head))
	signed, unsigned, model := "sha256:"+strings.Repeat("a1", 32), "sha256:"+strings.Repeat("b2", 32), strings.Repeat("c3", 32)
	candidate, output := filepath.Join(files, "candidate.json"), filepath.Join(files, "verifications.json")
	if err := os.WriteFile(candidate, []byte(fmt.Sprintf(`{"images": {"api-gateway": {"digest": %q, "version": "main-1", "source": %q}, "inference-service": {"digest": %q, "version": "main-1", "source": %q}},
		"models": {"iris": {"version": "1", "sha256": %q, "uri": "https://esteira.blob.core.windows.net/models/sha256/%s/model.onnx",
			"gate": {"verdict": "bless", "record": %q, "uri": "https://esteira.blob.core.windows.net/models/sha256/%s/statement.json"}}}}`,
		signed, commit, unsigned, commit, model, strings.Repeat("d4", 32), strings.Repeat("e5", 32), strings.Repeat("e5", 32))), 0o600); err != nil {
		t.Fatal(err)
	}
	call := func(code int, says string, more ...string) {
		t.Helper()
		var out bytes.Buffer
		args := append([]string{"promotion", "signatures", "--repository", dir, "--to", "staging", "--candidate", candidate, "--json", output, "--cosign", signedBy(t, signed, commit)}, more...)
		if got := run(args, &out, &out); got != code || !strings.Contains(out.String(), says) {
			t.Errorf("%s: exit code %d, want %d and %q: %s", more, got, code, says, &out)
		}
	}
	call(2, "name either the --key, or both --identity and --issuer")
	call(1, "takes what staging ran, and no candidates", "--key", "cosign.pub", "--to", "prod")
	call(0, signed+" is signed, and was built from "+commit, "--key", "cosign.pub")
	verified, err := readFile(output, release.ReadVerifications)
	if err != nil || len(verified) != 3 {
		t.Fatalf("%v: %v", err, verified)
	}
	for i, want := range []struct {
		verified bool
		says     string
	}{{true, ""}, {false, "no signatures found"}, {false, "which is the address of something else"}} {
		if verified[i].Verified != want.verified || !strings.Contains(verified[i].Reason, want.says) {
			t.Errorf("%+v, want %+v", verified[i], want)
		}
	}
	if verified[0].Source != commit {
		t.Errorf("%+v", verified[0])
	}
}

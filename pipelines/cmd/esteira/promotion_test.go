package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/git/gittest"
	"github.com/esteira/esteira/pipelines/release"
)

// repository is one with this repository's own manifests and policy.
func repository(t *testing.T) string {
	t.Helper()
	dir := gittest.Folder(t)
	gittest.Environments(t, dir)
	gittest.Begin(t, dir, time.Now())
	return dir
}

// From a candidate to production and back by the command line alone, under this repository's own policy.
func TestPromotion(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	files := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(files, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	clock := "2099-06-01T10:00:00Z" // a Monday
	esteira := func(code int, args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		args = append([]string{"promotion"}, append(args, "--repository", dir, "--now", clock)...)
		if got := run(args, &stdout, &stderr); got != code {
			t.Fatalf("esteira %s: exit code %d, want %d: %s%s", strings.Join(args, " "), got, code, &stdout, &stderr)
		}
		return stdout.String() + stderr.String()
	}
	source, digest := gittest.Git(t, dir, time.Now(), "rev-parse", "HEAD"), "sha256:"+strings.Repeat("a1", 32)
	candidate := file("candidate.json", `{"images": {"api-gateway": {"digest": "`+digest+`", "version": "main-1", "source": "`+source+`"}}}`)
	verifications := file("verifications.json", `[{"digest": "`+digest+`", "verified": true, "source": "`+source+`"}]`)

	if said := esteira(1, "promote", "--to", "staging", "--candidate", candidate); !strings.Contains(said, "nobody verified the signatures") {
		t.Error(said)
	}
	outcome := filepath.Join(files, "outcome.json")
	esteira(0, "promote", "--to", "staging", "--candidate", candidate, "--verifications", verifications, "--json", outcome)
	text, err := os.ReadFile(outcome)
	if err != nil {
		t.Fatal(err)
	}
	var staged release.Outcome
	if err := json.Unmarshal(text, &staged); err != nil || !staged.Moved || staged.Sequence != 1 {
		t.Errorf("%+v, %v", staged, err)
	}
	tests := file("tests.json", `{"result": "passed", "at": "`+clock+`", "run": "https://ci.example/1", "set": "`+staged.Set+`"}`)
	esteira(0, "record", "--environment", "staging", "--tests", tests)
	shown := esteira(0, "diff", "--to", "prod")
	expected := strings.Fields(shown[strings.LastIndex(shown, "--expect"):])[1]
	if said := esteira(0, "promote", "--to", "prod", "--verifications", verifications, "--expect", expected); !strings.Contains(said, "is proposed on promotion/prod-1") {
		t.Error(said)
	}
	proposed := gittest.Git(t, dir, time.Now(), "rev-parse", "promotion/prod-1")
	reviews := file("reviews.json", `{"pushers": [], "logins": {}, "reviews": [{"reviewer": "eve", "kind": "User", "permission": "write", "state": "APPROVED", "commit": "`+
		proposed+`", "at": "`+clock+`"}]}`)
	if said := esteira(0, "promote", "--to", "prod", "--verifications", verifications, "--reviews", reviews); !strings.Contains(said, "prod is set 1") {
		t.Error(said)
	}
	if said := esteira(1, "rollback", "--environment", "prod", "--owner", "me", "--reason", "why"); !strings.Contains(said, "prod runs set 1, its first: there is nothing to go back to") {
		t.Error(said)
	}
	esteira(0, "pin", "--environment", "prod", "--owner", "me", "--reason", "why", "--expires", "2099-06-02T10:00:00Z", "--component", "api-gateway")
	if said := esteira(0, "status"); !strings.Contains(said, "held: api-gateway is pinned by me until 2099-06-02T10:00:00Z: why") {
		t.Error(said)
	}
	esteira(0, "unpin", "--environment", "prod")
	if said := esteira(0, "history", "--environment", "prod"); !strings.Contains(said, "from set 1 of staging; approved by eve") {
		t.Error(said)
	}
	if said := esteira(0, "verify"); !strings.Contains(said, "prod: 2 sets follow from one another") || !strings.Contains(said, "staging: 2 sets") {
		t.Error(said)
	}
	existing := file("existing.json", `[{"kind": "image", "name": "api-gateway", "digest": "sha256:`+strings.Repeat("b", 64)+`", "created": "2099-01-01T00:00:00Z"}]`)
	deleted := filepath.Join(files, "delete.json")
	if said := esteira(0, "prune", "--existing", existing, "--json", deleted); !strings.Contains(said, "1 can go") || !strings.Contains(said, "missing: "+digest) {
		t.Error(said)
	}
	if text, err := os.ReadFile(deleted); err != nil || !strings.Contains(string(text), strings.Repeat("b", 64)) {
		t.Errorf("%v: %s", err, text)
	}
}

// Wrong calls are told from red ones.
func TestPromotionCalls(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	for _, test := range []struct {
		args string
		code int
		says string
	}{
		{"promote", 2, "name the environment that it goes --to"},
		{"diff --to prod --record iris", 2, "--record is \"iris\": write MODEL=FILE"},
		{"rollback --environment prod", 2, "--owner"},
		{"rollback --environment prod --owner me --reason why --expires soon", 2, "--expires is \"soon\""},
		{"pin --environment prod", 2, "--expires"},
		{"unpin", 2, "--environment"},
		{"record --environment staging", 2, "--tests"},
		{"history", 2, "--environment"},
		{"prune", 2, "--existing"},
		{"prune --existing all.json --container https://a.example/models", 2, "either the --registry"},
		{"prune --existing all.json --remove", 2, "either the --registry"},
		{"prune --registry team.azurecr.io", 1, "AZURE_TENANT_ID"},
		{"prune --registry team.azurecr.io --young -1", 2, "--young is not negative"},
		{"status --now today", 2, "--now is \"today\""},
		{"pin --environment prod --author me", 2, "--author is \"me\""},
		{"status --repository k8s", 1, "is not the root of a Git work tree"},
		{"promote --to prod --candidate nowhere.json", 1, "nowhere.json"},
		{"verify --revision nowhere", 1, `"nowhere" is no commit here`},
		{"status --branch other", 1, "other"},
	} {
		var stdout, stderr bytes.Buffer
		args := strings.Fields("promotion " + test.args)
		if strings.Contains(test.args, "--repository") {
			args[len(args)-1] = filepath.Join(dir, args[len(args)-1])
		} else {
			args = append(args, "--repository", dir)
		}
		if code := run(args, &stdout, &stderr); code != test.code || !strings.Contains(stderr.String(), test.says) {
			t.Errorf("%s: exit code %d, want %d; %s does not say %q", test.args, code, test.code, &stderr, test.says)
		}
	}
}

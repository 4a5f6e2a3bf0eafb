package manifest_test

import (
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/manifest"
)

func stream(t *testing.T, text string) []manifest.Stream {
	t.Helper()
	documents, err := manifest.Documents("s.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return []manifest.Stream{{Root: "prod", Documents: documents}}
}

const environment = `apiVersion: v1
kind: ConfigMap
metadata: {name: model-2fhkmb5g6t}
data:
  VERSION: "NEW"
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  template:
    spec:
      containers:
        - name: app
          env:
            - {name: DB_PASSWORD, value: "NEW"}
            - {name: UPSTREAM, value: "https://user:NEW@host"}
            - {name: BLOB, value: "https://host/x?sig=NEW"}
            - {name: LEVEL, value: "NEW"}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
data: {any: "NEW"}
`

func TestChanges(t *testing.T) {
	t.Parallel()
	before := stream(t, strings.ReplaceAll(environment, "NEW", "old"))
	after := stream(t, strings.ReplaceAll(strings.ReplaceAll(environment, "NEW", "fresh"), "2fhkmb5g6t", "99cg4f9bhg"))
	var all strings.Builder
	for _, change := range manifest.Changes(before, after) {
		all.WriteString(change.Title + "\n" + strings.Join(change.Lines, "\n") + "\n")
	}
	for _, want := range []string{
		"prod: ConfigMap/model-99cg4f9bhg\n", `data.VERSION: "old" → "fresh"`,
		"env[DB_PASSWORD].value: (masked) → (masked)", "env[UPSTREAM].value: (masked)", "env[BLOB].value: (masked)",
		`env[LEVEL].value: "old" → "fresh"`, "prod: Secret/keys\ndata.any: (masked) → (masked)",
	} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, all.String())
		}
	}
	if changes := manifest.Changes(before, before); len(changes) != 0 {
		t.Errorf("nothing changed, and it says %v", changes)
	}
	if changes := manifest.Changes(before, nil); len(changes) != 3 || changes[0].Title != "prod: ConfigMap/model-2fhkmb5g6t is removed" {
		t.Errorf("all is gone, and it says %v", changes)
	}
	if changes := manifest.Changes(nil, after); len(changes) != 3 || !strings.HasSuffix(changes[0].Title, "is added") {
		t.Errorf("all is new, and it says %v", changes)
	}
}

package release_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/release"
)

const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

const good = `apiVersion: esteira/v1
kind: ReleaseSet
environment: prod
sequence: 7
models:
  iris: {version: "3", sha256: ` + digest + `}
`

func TestRead(t *testing.T) {
	set, err := release.Read(strings.NewReader(good + "notes: [{by: somebody}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if set.Environment != "prod" || set.Sequence != 7 || set.Models["iris"] != (release.Model{Version: "3", SHA256: digest}) {
		t.Errorf("read %+v", set)
	}
}

// What production's release of this repository says can be read.
func TestReadOurs(t *testing.T) {
	file, err := os.Open(filepath.Join("..", "..", "k8s", "overlays", "prod", "release.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	set, err := release.Read(file)
	if err != nil || set.Environment != "prod" {
		t.Errorf("%+v, %v", set, err)
	}
}

func TestReadRefuses(t *testing.T) {
	cases := []struct{ name, old, new, says string }{
		{"other kind", "ReleaseSet", "Release", `"Release"`},
		{"other version", "esteira/v1", "esteira/v2", `"esteira/v2"`},
		{"no environment", "environment: prod\n", "", "environment is missing"},
		{"negative sequence", "sequence: 7", "sequence: -1", "sequence is -1"},
		{"sequence of words", "sequence: 7", "sequence: seven", "sequence"},
		{"no models", "models:\n  iris: {version: \"3\", sha256: " + digest + "}\n", "", "models is missing"},
		{"short digest", digest, digest[1:], "models.iris.sha256"},
		{"upper-case digest", digest, strings.ToUpper(digest), "models.iris.sha256"},
		{"no digest", ", sha256: " + digest, "", `models.iris.sha256 is ""`},
		{"number of words", `"3"`, "latest", `models.iris.version is "latest"`},
		{"number without quotes", `"3"`, "3", "models.version is a number: want a string"},
		{"bad name", "iris:", "Iris/..:", `"Iris/.."`},
		{"key twice", "sequence: 7", "sequence: 7\nsequence: 8", `"sequence"`},
		{"no YAML", "models:", "models: [", "yaml"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			if strings.Count(good, test.old) != 1 {
				t.Fatalf("%q is not once in the good one", test.old)
			}
			_, err := release.Read(strings.NewReader(strings.Replace(good, test.old, test.new, 1)))
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want %q in it", err, test.says)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(good)
	f.Add("models: {a: {sha256: 1}}")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := release.Read(strings.NewReader(text))
		if err != nil {
			return
		}
		for name, model := range set.Models {
			if len(model.SHA256) != 64 || model.Version == "" || name == "" {
				t.Errorf("%q: %+v", name, model)
			}
		}
	})
}

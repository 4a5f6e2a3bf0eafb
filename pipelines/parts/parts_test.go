package parts

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/manifest"
)

const good = `version: 1
parts:
  - name: thing
    version: 1.2.3
    module: {path: example.com/thing, version: v1.2.3}
    manifests:
      - address: https://example.com/thing/install.yaml
        sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        file: manifests/install.yaml
      - address: https://example.com/thing/more.yaml
        sha256: 2123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        instead:
          version: 1.2.2
          holds: crds
          because: the module has no more
          files:
            - path: crds.yaml
              sha256: 1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
`

func TestRead(t *testing.T) {
	t.Parallel()
	pins, err := Read("parts.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	part := pins.Parts[0]
	if part.Module.String() != "example.com/thing@v1.2.3" || part.Manifests[0].SHA256.Line != 8 || part.Manifests[1].Instead.Files[0].Path != (Text{"crds.yaml", 17}) {
		t.Errorf("%+v", pins)
	}
}

// The file of this repository reads, and each stand-in is said.
func TestReadOwn(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../k8s/parts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	pins, err := Read("parts.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(pins.Notes(), "\n")
	for _, want := range []string{
		"cert-manager 1.21.2: judged is the CRDs of 1.21.2 alone",
		"ingress-nginx 1.15.1: judged is 1.11.0: its tags are none that Go knows",
		"external-secrets 2.8.0: judged is the CRDs of 1.3.2 alone",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note says %q:\n%s", want, notes)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, from, to, want string }{
		{"nothing", good, "", "parts.yaml: it is empty"},
		{"another version", "version: 1\n", "version: 2\n", "version is 2: this reads version 1"},
		{"unknown key", "sha256: 0123", "sha265: 0123", "parts.yaml:8: unknown key sha265"},
		{"key twice", "    version: 1.2.3\n", "    version: 1.2.3\n    version: 1.2.4\n", `parts.yaml:5: mapping key "version" already defined at line 4`},
		{"tab", "    version: 1.2.3", "\tversion: 1.2.3", "parts.yaml:3: found a tab character that violates indentation"},
		{"list for a text", "file: manifests/install.yaml", "file: [a]", "parts.yaml:9: cannot unmarshal"},
		{"second document", good, good + "---\nversion: 1\n", "parts.yaml:19: there is a second document"},
		{"same name twice", good, good + "  - name: thing\n", "parts.yaml:19: the part thing is in line 3 already"},
		{"name that is a path", "name: thing", "name: ../thing", `parts.yaml:3: a part's name is "../thing"`},
		{"no version", "    version: 1.2.3\n", "", "parts.yaml:3: thing has no version"},
		{"no module", "    module: {path: example.com/thing, version: v1.2.3}\n", "", "parts.yaml:3: thing: its Go module"},
		{"module that is a flag", "path: example.com/thing", "path: -x", "parts.yaml:3: thing: its Go module"},
		{"two modules in one", "path: example.com/thing", "path: \"example.com/thing,*\"", "parts.yaml:3: thing: its Go module"},
		{"wrong sum", "version: v1.2.3}", "version: v1.2.3, sum: abc}", `thing: its module's sum is "abc": want h1:…`},
		{"no manifests", good[strings.Index(good, "    manifests"):], "", "parts.yaml:3: thing has no manifests"},
		{"no address", "- address: https://example.com/thing/install.yaml\n        sha256", "- sha256", "parts.yaml:3: thing: a manifest has no address"},
		{"no TLS", "https://example.com/thing/install", "http://example.com/thing/install", `parts.yaml:7: thing: the address is "http://example.com/thing/install.yaml": want https`},
		{"same address twice", "/more.yaml", "/install.yaml", "parts.yaml:10: the address https://example.com/thing/install.yaml is in line 7 already"},
		{"no digest", "        sha256: 2123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", "", `parts.yaml:10: thing: sha256 is ""`},
		{"short digest", "sha256: 01", "sha256: 1", `parts.yaml:8: thing: sha256 is "123456789`},
		{"nothing offline", "        file: manifests/install.yaml\n", "", "parts.yaml:7: thing: https://example.com/thing/install.yaml has neither file nor instead"},
		{"file and stand-in", "        instead:", "        file: more.yaml\n        instead:", "parts.yaml:12: thing: https://example.com/thing/more.yaml has both file and instead"},
		{"path out of the module", "manifests/install.yaml", "../../etc/passwd", `parts.yaml:9: thing: "../../etc/passwd" is no path in a module`},
		{"holds what nobody knows", "holds: crds", "holds: some", `parts.yaml:10: thing: what stands in holds "some": want all or crds`},
		{"no reason", "          because: the module has no more\n", "", "parts.yaml:10: thing: say because of what"},
		{"no files", good[strings.Index(good, "          files:"):], "", "parts.yaml:10: thing: what stands in has no files"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(good, test.from, test.to, 1)
			if text == good {
				t.Fatalf("nothing is changed by %q", test.from)
			}
			_, err := Read("parts.yaml", []byte(text))
			var wrong *manifest.FileError
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// All that is wrong is said at once.
func TestReadSaysAll(t *testing.T) {
	t.Parallel()
	_, err := Read("p", []byte("version: 1\nparts:\n  - {name: A}\n  - {name: b, version: 1}\n"))
	if err == nil || !strings.Contains(err.Error(), `p:3: a part's name is "A"`) || !strings.Contains(err.Error(), "p:4: b has no manifests") {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("version: 1\nparts: [{name: &a x, manifests: [{address: *a}]}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		pins, err := Read("p", text)
		if err != nil {
			return
		}
		for _, part := range pins.Parts {
			for _, manifest := range part.Manifests {
				if len(manifest.files()) == 0 || manifest.Address.Line == 0 {
					t.Errorf("%+v", manifest)
				}
			}
		}
	})
}

package parts

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each address gives what was pinned, or its line says what it gives and what to do.
func TestVerify(t *testing.T) {
	t.Parallel()
	const manifest = "kind: Namespace\n"
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/manifest":
			fmt.Fprint(w, manifest)
		case "/moved":
			http.Redirect(w, r, "/manifest", http.StatusFound)
		case "/unsafe":
			http.Redirect(w, r, "http://"+r.Host+"/manifest", http.StatusFound)
		case "/around":
			http.Redirect(w, r, "/around", http.StatusFound)
		case "/large":
			w.Write(make([]byte, maxBytes+1))
		case "/cut":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "kind: ")
		case "/nothing":
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	pinned, other := Text{hash([]byte(manifest)), 4}, Text{hash(nil), 4}
	cases := []struct {
		path string
		pin  Text
		want string
		good bool
	}{
		{"/manifest", pinned, "same      thing: " + server.URL + "/manifest", true},
		{"/moved", pinned, "same", true},
		{"/manifest", other, "differs   thing: line 4: " + server.URL + "/manifest has the SHA-256 " + pinned.Value + ", want " + other.Value, false},
		{"/missing", pinned, "answered 404", false},
		{"/nothing", other, "gives nothing", false},
		{"/large", pinned, "gives more than 32 MiB", false},
		{"/cut", pinned, "unexpected EOF", false},
		{"/unsafe", pinned, "want https", false},
		{"/around", pinned, "after 6 redirects", false},
	}
	pins := Pins{Parts: []Part{{Name: Text{"thing", 2}}}}
	for _, test := range cases {
		pins.Parts[0].Manifests = append(pins.Parts[0].Manifests, Manifest{Address: Text{server.URL + test.path, 3}, SHA256: test.pin})
	}
	client := Client()
	client.Transport = server.Client().Transport
	for i, answer := range pins.Verify(t.Context(), client) {
		if test := cases[i]; answer.Good() != test.good || !strings.Contains(answer.String(), test.want) {
			t.Errorf("%s: %v, want %q", test.path, answer, test.want)
		}
	}
}

// Without internet each address is unknown, and none is good.
func TestVerifyWithoutInternet(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Close()
	pins := Pins{Parts: []Part{{Manifests: []Manifest{{Address: Text{server.URL, 3}}}}}}
	answer := pins.Verify(t.Context(), Client())[0]
	if answer.Good() || !strings.HasPrefix(answer.String(), "unknown") || !strings.Contains(answer.String(), "connection refused") {
		t.Error(answer)
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	module, into := t.TempDir(), filepath.Join(t.TempDir(), "new")
	files := map[string]string{"manifests/install.yaml": "kind: A\n", "crds.yaml": "kind: B\n"}
	text := good
	for name, content := range files {
		os.MkdirAll(filepath.Join(module, filepath.Dir(name)), 0o755)
		if err := os.WriteFile(filepath.Join(module, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text = strings.Replace(text, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", hash([]byte(files["manifests/install.yaml"])), 1)
	text = strings.Replace(text, "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", hash([]byte(files["crds.yaml"])), 1)
	pins, err := Read("parts.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	modules := map[Module]string{pins.Modules()[0]: module}
	folder, err := pins.Local(modules, into)
	if err := errors.Join(err, folder.Write(into)); err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(filepath.Join(into, Index))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"thing/manifests/install.yaml"`, `"thing/crds.yaml"`, "judged is the CRDs of 1.2.2 alone"} {
		if !strings.Contains(string(index), want) {
			t.Errorf("%s does not say %q", index, want)
		}
	}
	if copied, err := os.ReadFile(filepath.Join(into, "thing/crds.yaml")); string(copied) != "kind: B\n" {
		t.Errorf("%q, %v", copied, err)
	}

	// A file that changed and one that is gone are said both, and only the changed one is there.
	into = t.TempDir()
	os.WriteFile(filepath.Join(module, "manifests/install.yaml"), []byte("kind: C\n"), 0o644)
	os.Remove(filepath.Join(module, "crds.yaml"))
	folder, err = pins.Local(modules, into)
	for _, want := range []string{
		"parts.yaml:8: thing: manifests/install.yaml of example.com/thing@v1.2.3 has the SHA-256 " + hash([]byte("kind: C\n")) + ", want " + hash([]byte("kind: A\n")),
		"parts.yaml:17: thing: example.com/thing@v1.2.3 has no crds.yaml",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if findings, other := Findings(err); len(findings) != 2 || other != nil || len(folder.Files) != 1 || findings[0].Location.String() != "parts.yaml:8" {
		t.Errorf("%v, %v, %v", findings, other, folder.Files)
	}
}

func TestDownloaded(t *testing.T) {
	t.Parallel()
	one, two := Module{Path: "example.com/a", Version: "v1.0.0"}, Module{Path: "example.com/b", Version: "v2.0.0", Sum: "h1:x"}
	const good = `{"Path": "example.com/a", "Version": "v1.0.0", "Dir": "/a", "Sum": "h1:y"} {"Path": "example.com/b", "Version": "v2.0.0", "Dir": "/b", "Sum": "h1:x"}`
	folders, err := downloaded(strings.NewReader(good), []Module{one, two})
	if err != nil || folders[one] != "/a" || folders[two] != "/b" {
		t.Errorf("%v, %v", folders, err)
	}
	for output, want := range map[string]string{
		strings.Replace(good, "h1:x", "h1:z", 1):                                                 "example.com/b@v2.0.0 has the sum h1:z, want h1:x",
		strings.Replace(good, `"Dir": "/a"`, `"Error": "example.com/a@v1.0.0: no such host"`, 1): "example.com/a@v1.0.0: no such host",
		good[:40]:                          "cannot be read",
		"":                                 "it said nothing of example.com/a@v1.0.0",
		good[strings.Index(good, " {")+1:]: "it said nothing of example.com/a@v1.0.0",
	} {
		if _, err := downloaded(strings.NewReader(output), []Module{one, two}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if got := unlisted([]Module{one, two}, "corp.example"); got != "corp.example,example.com/b" {
		t.Errorf("GONOSUMDB=%s", got)
	}
}

package tests

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// pythonIndex is a private index of Python packages (PEP 503): it asks for a password, and has one package that nobody else
// has beside those that the project of testdata/python-private needs.
type pythonIndex struct {
	address  string
	requests atomic.Int64
}

// gather downloads what the private project's tests need, and uv, as the machine's own index has them. $PWD gets the files.
const gather = `set -eu
apt-get update -qq && apt-get install -qq -y --no-install-recommends ca-certificates python3 python3-pip >/tmp/apt.log
mkdir /wheels && cd /wheels
pip download --quiet --no-deps --require-hashes --only-binary=:all: -r /uv.txt
pip download --quiet --only-binary=:all: colorama pytest pytest-cov
`

func startPythonIndex(t *testing.T, password string) *pythonIndex {
	t.Helper()
	dir := t.TempDir()
	script := write(t, filepath.Join(workspace(t), "gather.sh"), gather)
	pin := filepath.Join(repository, "ci/toolbox/uv/requirements.txt")
	dagger(t, repository, "-s", "core", "container", "from", "--address=debian:trixie-slim",
		"with-file", "--path=/gather.sh", "--source="+script, "with-file", "--path=/uv.txt", "--source="+pin,
		"with-exec", "--args=sh,/gather.sh", "directory", "--path=/wheels", "export", "--path="+dir).passes(t)
	if err := os.WriteFile(filepath.Join(dir, "private_thing-1.0.0-py3-none-any.whl"), privateWheel(t), 0o644); err != nil {
		t.Fatal(err)
	}
	index := &pythonIndex{}
	index.address = serve(t, func(w http.ResponseWriter, r *http.Request) {
		index.requests.Add(1)
		if user, given, _ := r.BasicAuth(); user != team || given != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="private"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answerIndex(w, r, dir)
	})
	return index
}

// answerIndex answers with a page of /simple/NAME/, or with a file of it.
func answerIndex(w http.ResponseWriter, r *http.Request, dir string) {
	path := strings.TrimPrefix(r.URL.Path, "/simple/")
	name, file, _ := strings.Cut(path, "/")
	if file != "" {
		http.ServeFile(w, r, filepath.Join(dir, filepath.Base(file)))
		return
	}
	files, err := filepath.Glob(filepath.Join(dir, strings.ReplaceAll(name, "-", "_")+"-*.whl"))
	if err != nil || len(files) == 0 {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		base := html.EscapeString(filepath.Base(file))
		fmt.Fprintf(w, "<a href=\"%s#sha256=%x\">%s</a>\n", base, sha256.Sum256(text), base)
	}
}

// privateWheel is a wheel of one module, private_thing.
func privateWheel(t *testing.T) []byte {
	t.Helper()
	var wheel bytes.Buffer
	archive := zip.NewWriter(&wheel)
	const info = "private_thing-1.0.0.dist-info/"
	for _, file := range [][2]string{
		{"private_thing.py", "ANSWER = 42\n"},
		{info + "METADATA", "Metadata-Version: 2.1\nName: private-thing\nVersion: 1.0.0\n"},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "RECORD", "private_thing.py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n"},
	} {
		w, err := archive.Create(file[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(file[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return wheel.Bytes()
}

// flags hand the index in, with the credentials of a netrc file unless there is no password.
func (i *pythonIndex) flags(t *testing.T, password string) []string {
	t.Helper()
	flags := []string{"--pypi-index=" + i.address + "/simple"}
	if password == "" {
		return flags
	}
	address, err := url.Parse(i.address)
	if err != nil {
		t.Fatal(err)
	}
	netrc := fmt.Sprintf("machine %s login %s password %s\n", address.Hostname(), team, password)
	return append(flags, "--netrc="+secret(t, netrc))
}

// privateProject is a project that needs the private package, with locks that the stage itself made of the index.
func privateProject(t *testing.T, known []string) string {
	t.Helper()
	source := workspace(t)
	overlay(t, source, "testdata/python-private")
	call(t, append(known, "python", "--source="+source, "lock", "export", "--path="+source)...).passes(t)
	return source
}

// A private index needs its credentials: they work when they are right, and the error says so when they are not. What it
// gave once is not asked for again when a line of source changes, even when the index is gone.
func TestPythonPrivateIndex(t *testing.T) {
	t.Parallel()
	good := password()
	index := startPythonIndex(t, good)
	known := index.flags(t, good)
	source := privateProject(t, known)
	for _, lock := range []string{"requirements.txt", "requirements-dev.txt"} {
		if text := read(t, filepath.Join(source, lock)); !strings.Contains(text, "private-thing==1.0.0") || strings.Contains(text, index.address) {
			t.Errorf("%s is\n%s", lock, text)
		}
	}
	test := func(flags []string) outcome {
		return call(t, append(flags, "python", "--source="+source, "test", "check")...)
	}
	test(known).passes(t)
	test(index.flags(t, "wrong")).fails(t, "test undecided", "index refused or did not answer", "401", "--netrc")
	test(index.flags(t, "")).fails(t, "test undecided", "index refused or did not answer", "401", "--netrc")
	call(t, "python", "--source="+source, "test", "check").fails(t, "test failed", "private-thing", "which no index has", "--pypi-index")

	asked := index.requests.Load()
	edit(t, filepath.Join(source, "tests/test_private.py"), "== 42", "== 42 + 0")
	test(known).passes(t)
	if again := index.requests.Load(); again != asked {
		t.Errorf("a changed line of source asked the index %d times", again-asked)
	}
}

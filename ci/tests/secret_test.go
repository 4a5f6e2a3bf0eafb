package tests

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// password is a secret whose every way of writing differs from the others.
func password() string { return rand.Text() + "/+&=?" }

// detector looks for secrets in whatever is written to it.
type detector struct {
	needles map[string]string // what it looks for, by the name of what that is
	found   map[string]bool
	tail    []byte
}

// newDetector looks for secrets as they are and as headers, URLs and markup carry them.
func newDetector(secrets ...string) *detector {
	d := &detector{needles: map[string]string{}, found: map[string]bool{}}
	for i, secret := range secrets {
		for form, text := range map[string]string{
			"raw":         secret,
			"base64":      base64.StdEncoding.EncodeToString([]byte(secret)),
			"login":       base64.StdEncoding.EncodeToString([]byte(team + ":" + secret)),
			"URL":         url.QueryEscape(secret),
			"URL of path": url.PathEscape(secret),
			"markup":      html.EscapeString(secret),
		} {
			d.needles[fmt.Sprintf("secret %d, %s", i, form)] = text
		}
	}
	return d
}

func (d *detector) Write(text []byte) (int, error) {
	longest := 0
	window := append(d.tail, text...)
	for name, needle := range d.needles {
		longest = max(longest, len(needle))
		d.found[name] = d.found[name] || bytes.Contains(window, []byte(needle))
	}
	d.tail = bytes.Clone(window[max(0, len(window)-longest+1):])
	return len(text), nil
}

// search fails the test when a secret is in what is read.
func (d *detector) search(t *testing.T, where string, from io.Reader) error {
	t.Helper()
	d.tail, d.found = nil, map[string]bool{}
	_, err := io.Copy(d, from)
	for name, found := range d.found {
		if found {
			t.Errorf("%s has %s", where, name)
		}
	}
	return err
}

// searchFiles looks into every file below a folder that was written since a time, unpacked where it is packed.
func (d *detector) searchFiles(t *testing.T, dir string, since time.Time) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return ignoreGone(err)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return ignoreGone(err)
		}
		if changed := info.Sys().(*syscall.Stat_t).Ctim; time.Unix(changed.Unix()).Before(since) {
			return nil
		}
		files++
		return d.searchFile(t, path)
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Errorf("nothing was written below %s: nothing was searched", dir)
	}
}

func (d *detector) searchFile(t *testing.T, path string) error {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		return ignoreGone(err)
	}
	defer file.Close()
	if err := d.search(t, path, file); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return nil // it is not packed
	}
	if err := d.search(t, path+", unpacked", unpacked); err != nil {
		t.Logf("%s was searched up to where it is damaged: %v", path, err)
	}
	return nil
}

// ignoreGone is for the files of an engine that works on: what is gone is no place for a secret.
func ignoreGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// The detector finds a secret in each form, also across two writes.
func TestDetector(t *testing.T) {
	secret := password()
	for name, needle := range newDetector(secret).needles {
		d, half := newDetector(secret), len(needle)/2
		for _, part := range []string{"before " + needle[:half], needle[half:] + " after"} {
			if _, err := io.WriteString(d, part); err != nil {
				t.Fatal(err)
			}
		}
		if !d.found[name] {
			t.Errorf("%s was not found in its own text %q", name, needle)
		}
	}
	clean := newDetector(secret)
	if err := clean.search(t, "a clean text", strings.NewReader(strings.Repeat("clean ", 1000))); err != nil {
		t.Error(err)
	}
}

// mavenRepository is a private repository with one artefact, com.example:private:1.0.0.
func mavenRepository(t *testing.T, password string) string {
	t.Helper()
	const base = "/com/example/private/1.0.0/private-1.0.0"
	files := map[string][]byte{
		base + ".pom": []byte(`<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>private</artifactId><version>1.0.0</version></project>`),
		base + ".jar": emptyJar(t),
	}
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, given, _ := r.BasicAuth()
		text, known := files[r.URL.Path]
		switch {
		case user != team || given != password:
			w.Header().Set("WWW-Authenticate", `Basic realm="private"`)
			w.WriteHeader(http.StatusUnauthorized)
		case !known:
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = w.Write(text) // a client that went away asks again
		}
	})
}

func emptyJar(t *testing.T) []byte {
	t.Helper()
	var jar bytes.Buffer
	archive := zip.NewWriter(&jar)
	if _, err := archive.Create("private.txt"); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}

const settings = `<settings>
  <servers><server><id>private</id><username>%s</username><password>%s</password></server></servers>
  <mirrors><mirror><id>private</id><mirrorOf>private</mirrorOf><url>%s</url></mirror></mirrors>
  <profiles><profile><id>private</id><repositories><repository><id>private</id><url>%s</url></repository></repositories></profile></profiles>
  <activeProfiles><activeProfile>private</activeProfile></activeProfiles>
</settings>
`

// mavenSettings is the flag that hands in the private repository with a password.
func mavenSettings(t *testing.T, address, password string) string {
	t.Helper()
	return "--maven-settings=" + secret(t, fmt.Sprintf(settings, team, html.EscapeString(password), address, address))
}

// A private dependency needs its credentials: they work when they are right, and the error says so when they are not.
func TestPrivateDependency(t *testing.T) {
	t.Parallel()
	good := password()
	address := mavenRepository(t, good)
	stage := func(global ...string) outcome {
		return call(t, append(global, "java", "--source="+project(t, "private-dependency"), "test", "check")...)
	}
	stage(mavenSettings(t, address, good)).passes(t)
	stage(mavenSettings(t, address, "wrong")).fails(t, "test undecided", "401", "--maven-settings")
	stage().fails(t, "test failed", "pom.xml asks for com.example:private", "needs its credentials")
}

// No secret is in what a call prints, however much it is asked to say, in a report, in what is pushed, or in what the
// engine keeps (where ESTEIRA_ENGINE_STATE names the folder of its state). No other test runs meanwhile: what the engine
// writes for those is not to be searched.
func TestSecretsStaySecret(t *testing.T) {
	start := time.Now()
	r := startRegistry(t)
	good, wrong, key := password(), password(), password()
	address, index := mavenRepository(t, good), startPythonIndex(t, good)
	source, reports := "--source="+project(t, "private-dependency"), t.TempDir()
	ref := "--ref=" + r.host() + "/team/app:1"
	known := mavenSettings(t, address, good)
	python := []string{"python", "--source=" + privateProject(t, index.flags(t, good)), "test", "check"}

	calls := []struct {
		name string
		args []string
		red  bool
	}{
		{name: "pipeline", args: slices.Concat([]string{known, "java", source, "pipeline", ref}, r.login(t, r.password),
			[]string{"reports", "export", "--path=" + reports})},
		{name: "wrong password of the registry", args: slices.Concat([]string{known, "java", source, "publish", ref}, r.login(t, wrong)), red: true},
		{name: "wrong settings", args: []string{mavenSettings(t, address, wrong), "java", source, "test",
			"reports", "export", "--path=" + filepath.Join(reports, "red")}},
		{name: "netrc and npmrc", args: []string{"--netrc=" + secret(t, "machine private.example login team password "+key),
			"--npmrc=" + secret(t, "//private.example/:_authToken="+key), "java", "--source=" + project(t), "test", "check"}},
		{name: "index", args: slices.Concat(index.flags(t, good), python)},
		{name: "wrong password of the index", args: slices.Concat(index.flags(t, wrong), python), red: true},
	}
	t.Run("calls", func(t *testing.T) {
		for _, c := range calls {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				said := dagger(t, repository, append([]string{"--progress=plain", "-vvv", "call"}, c.args...)...)
				secrets := newDetector(r.password, good, wrong, key)
				if err := secrets.search(t, "the output", strings.NewReader(said.stdout+said.stderr)); err != nil {
					t.Error(err)
				}
				if c.red {
					said.fails(t)
				} else {
					said.passes(t)
				}
			})
		}
	})

	secrets := newDetector(r.password, good, wrong, key)
	secrets.searchFiles(t, reports, start)
	secrets.searchFiles(t, r.root, start)
	if state := os.Getenv("ESTEIRA_ENGINE_STATE"); state != "" {
		secrets.searchFiles(t, state, start)
	}
}

package tests

import (
	"archive/zip"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/oci"
	"github.com/esteira/esteira/pipelines/report"
	"github.com/esteira/esteira/pipelines/vulnerability"
)

// advisories is a database of well-known ones, made once.
var advisories = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(workspaces, "advisories")
	_, err := vulnerability.PackRecords(filepath.Join(repository, "pipelines/vulnerability/testdata/osv"), dir, time.Now())
	return dir, err
})

// small is a policy for which that database is large enough.
const small = `version: 1
security:
  vulnerabilities:
    database:
      records: {Debian: 3, GIT: 2, Go: 2, Maven: 3, PyPI: 3, npm: 1}
`

// known are the flags of the database and of that policy.
func known(t *testing.T) []string {
	t.Helper()
	database, err := advisories()
	if err != nil {
		t.Fatal(err)
	}
	policy := workspace(t)
	write(t, filepath.Join(policy, "esteira.yaml"), small)
	return []string{"--database=" + database, "--policy=" + policy}
}

// security is a call of the stage over a folder.
func security(t *testing.T, source string, args ...string) []string {
	t.Helper()
	return append(append([]string{"security", "--source=" + source}, known(t)...), args...)
}

// packages is a component with nothing to be found.
var packages = mustAbs("testdata/security")

// Each fault in a component's packages, or in what it accepts, is caught by name.
func TestSecurityFaults(t *testing.T) {
	t.Parallel()
	seededStage{name: "security", folder: "ci/tests/testdata/security", flags: known(t), least: 10}.try(t)
}

// A component that asks for nothing bad is green, and says what was looked at.
func TestSecurityScan(t *testing.T) {
	t.Parallel()
	run := reportOf(t, security(t, packages, "scan")...)
	if run.Status() != report.Passed || fact(t, run, "packages") != "2" || fact(t, run, "vulnerabilities") != "0" {
		t.Errorf("%+v", run)
	}
}

// Of a Maven project all that it resolves to is judged: what a dependency brought in says by which way.
func TestSecurityScanMaven(t *testing.T) {
	t.Parallel()
	source := project(t)
	edit(t, filepath.Join(source, "pom.xml"), "  <dependencies>\n", `  <dependencies>
    <dependency>
      <groupId>org.springframework</groupId>
      <artifactId>spring-context</artifactId>
      <version>5.3.17</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-core</artifactId>
      <version>2.14.1</version>
    </dependency>
`)
	call(t, security(t, source, "scan", "check")...).fails(t, "scan failed",
		"pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1 is vulnerable, critical 10.0", "CVE-2021-44228", "pom.xml:18",
		"pkg:maven/org.springframework/spring-beans@5.3.17", "CVE-2022-22965", "pom.xml:13",
		"it came in by demo:demo → org.springframework:spring-context → org.springframework:spring-beans")
}

// A Gradle project is resolved too.
func TestSecurityScanGradle(t *testing.T) {
	t.Parallel()
	source := workspace(t)
	overlay(t, source, "testdata/gradle")
	text := read(t, filepath.Join(source, "build.gradle"))
	write(t, filepath.Join(source, "build.gradle"), text+"\ndependencies { compile 'org.apache.logging.log4j:log4j-core:2.14.1' }\n")
	call(t, security(t, source, "scan", "check")...).fails(t, "scan failed", "log4j-core@2.14.1 is vulnerable", "CVE-2021-44228", "build.gradle:")
}

// A database that nobody can believe is red, whatever it would find.
func TestSecurityDatabase(t *testing.T) {
	t.Parallel()
	database, err := advisories()
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, http.FileServer(http.Dir(database)).ServeHTTP)
	policy := known(t)[1]
	old := workspace(t)
	overlay(t, old, database)
	manifest := filepath.Join(old, vulnerability.ManifestFile)
	var made struct{ Made string }
	if err := json.Unmarshal([]byte(read(t, manifest)), &made); err != nil {
		t.Fatal(err)
	}
	edit(t, manifest, made.Made, "2026-01-01T00:00:00Z")
	for _, test := range []struct {
		name string
		args []string
		says []string
	}{
		{"unreachable", []string{"--database-url=http://127.0.0.1:9", policy}, []string{"scan undecided", "the records of Debian cannot be downloaded", "--database"}},
		{"too old", []string{"--database=" + old, policy}, []string{"scan undecided", "older than the 72h"}},
		{"too few records", []string{"--database-url=" + server, "--policy=" + workspace(t)}, []string{"scan undecided", "3 records of Debian, less than 1000"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			call(t, append(append([]string{"security", "--source=" + packages}, test.args...), "scan", "check")...).fails(t, test.says...)
		})
	}
}

// debian13 are the files of an image with old packages of Debian's.
var debian13 = map[string]string{
	"etc/os-release": "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie\nID=debian\n",
	"var/lib/dpkg/status": `Package: libssl1.1
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 1.1.1k-1
Maintainer: nobody
Description: a library

Package: zlib1g
Status: install ok installed
Architecture: amd64
Source: zlib
Version: 1:1.2.11.dfsg-2
Maintainer: nobody
Description: a library

`,
}

// An image's packages are judged by their release; jars by what they say of themselves, or by what the build knows of them.
func TestSecurityImage(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range debian13 {
		write(t, filepath.Join(root, name), text)
	}
	jar(t, filepath.Join(root, "app/lib/log4j-core-2.14.1.jar"), map[string]string{
		"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\nBundle-SymbolicName: org.apache.logging.log4j.core\nImplementation-Version: 2.14.1\n",
		"META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties": "version=2.14.1\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\n",
	})
	jar(t, filepath.Join(root, "app/lib/thing-1.0.jar"), map[string]string{"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n"})
	start := write(t, filepath.Join(root, "start"), "#!")
	if err := os.Chmod(start, 0o755); err != nil {
		t.Fatal(err)
	}
	image, err := oci.Assemble(oci.Image{
		Layers: []oci.Layer{{Dir: root, Target: "/", Comment: "all"}}, Entrypoint: []string{"/start"},
		User: "65532:65532", OS: "linux", Architecture: "amd64",
	})
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(workspace(t), "image.tar")
	if err := oci.WriteArchive(image, archive); err != nil {
		t.Fatal(err)
	}
	call(t, security(t, packages, "image", "--archive="+archive, "check")...).fails(t, "image failed",
		"CVE-2021-3711", "critical 9.8", "by CVE-2021-3711", "mended in 1.1.1l-1",
		"CVE-2022-37434", "of unknown severity",
		"CVE-2021-44228", "app/lib/log4j-core-2.14.1.jar",
		"unknown-group", "thing")
}

// jar is an archive of files.
func jar(t *testing.T, file string, files map[string]string) {
	t.Helper()
	write(t, file, "")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	archive := zip.NewWriter(f)
	for name, text := range files {
		entry, err := archive.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
}

// The image that a stage builds is believed, and has nothing that the advisories know.
func TestSecurityImageOfStage(t *testing.T) {
	t.Parallel()
	call(t, security(t, project(t), "image", "check")...).passes(t)
}

// Secrets in the tree and in a commit are found, with a comment that asks for silence, and what they are is never printed.
func TestSecuritySecrets(t *testing.T) {
	t.Parallel()
	tree := workspace(t)
	git := func(args ...string) {
		command(t, nil, "git", append([]string{"-C", tree, "-c", "user.name=a", "-c", "user.email=a@localhost"}, args...)...)
	}
	first, second := "ghp"+"_"+token(), "ghp"+"_"+token()
	git("init", "--quiet", "--initial-branch=main")
	write(t, filepath.Join(tree, "README.md"), "a service\n")
	git("add", ".")
	git("commit", "--quiet", "--message=one")
	write(t, filepath.Join(tree, "deploy.sh"), "TOKEN="+first+"\n")
	git("add", ".")
	git("commit", "--quiet", "--message=two")
	write(t, filepath.Join(tree, "deploy.sh"), "# without\n")
	write(t, filepath.Join(tree, "app.py"), "import os\n\ntoken = '"+second+"'  # gitleaks:"+"allow\n")
	write(t, filepath.Join(tree, ".gitleaksignore"), "app.py:github-pat:3\n")
	git("add", ".")
	git("commit", "--quiet", "--message=three")

	said := call(t, "security", "secrets", "--tree="+tree, "--history="+filepath.Join(tree, ".git"), "--commits=main~2..main", "check")
	said.fails(t, "secrets failed", "deploy.sh:1", "app.py:3", "github-pat", "in commit ", ".gitleaksignore tells a tool to look away", "suppression")
	for _, secret := range []string{first, second} {
		if strings.Contains(said.stdout+said.stderr, secret) {
			t.Error("a secret is printed")
		}
	}
}

func token() string { return strings.ToLower(rand.Text() + rand.Text())[:36] }

// What is signed is verified by its key and by no other, with what it is made of and where it was built; a model with the
// gate's record.
func TestSecuritySign(t *testing.T) {
	t.Parallel()
	r, cosign := startRegistry(t), tool(t, "cosign")
	password := rand.Text()
	key, stranger := keyPair(t, cosign, password), keyPair(t, cosign, password)
	source := project(t)
	pushed := lastLine(call(t, append([]string{"java", "--source=" + source, "publish", "--ref=" + r.host() + "/team/app:1"}, r.login(t, r.password)...)...).passes(t))
	ref := r.host() + "/team/app@" + pushed[strings.LastIndex(pushed, "@")+1:]
	sbom := filepath.Join(workspace(t), "sbom.cdx.json")
	call(t, "java", "--source="+source, "image", "sbom", "export", "--path="+sbom).passes(t)

	verify := func(key string, flags ...string) outcome {
		args := append(security(t, packages, "verify", "--ref="+ref, "--key="+key+".pub"), flags...)
		return call(t, append(args, r.login(t, r.password)...)...)
	}
	verify(key).fails(t, "no signatures found")
	sign := append(security(t, packages, "sign", "--sbom="+sbom, "--key=file:"+key+".key", "--key-password="+secret(t, password),
		"--source-uri=git+https://code.example/team/app", "--commit="+strings.Repeat("01", 20)), r.login(t, r.password)...)
	call(t, append(sign, "--ref="+r.host()+"/team/app:1")...).fails(t, "because a tag may be another image")
	if last := lastLine(call(t, append(sign, "--ref="+ref)...).passes(t)); !strings.Contains(last, "SLSA_BUILD_LEVEL_1") {
		t.Error(last)
	}
	if last := lastLine(verify(key).passes(t)); !strings.Contains(last, "git+https://code.example/team/app at "+strings.Repeat("01", 20)) {
		t.Error(last)
	}
	verify(stranger).fails(t, "invalid signature")

	// The same of all that a promotion would bring.
	o, files := newOrigin(t), workspace(t)
	clone, candidate := o.clone(t), filepath.Join(files, "candidate.json")
	edit(t, filepath.Join(clone, "k8s/overlays/staging/release/kustomization.yaml"), "esteira.azurecr.io/api-gateway", r.host()+"/team/app")
	commit(t, clone)
	call(t, "promotion", "--source="+clone, "candidate", "--name=api-gateway", "--version=main-1", "--ref="+pushed, "--commit="+strings.Repeat("01", 20), "export", "--path="+candidate).passes(t)
	for _, by := range []string{key, stranger} {
		verifications := filepath.Join(files, "verifications.json")
		args := []string{"promotion", "--source=" + clone, "signatures", "--to=staging", "--candidate=" + candidate, "--key=" + by + ".pub", "--registry-host=" + r.host()}
		call(t, append(append(args, r.login(t, r.password)...), "export", "--path="+verifications)...).passes(t)
		if said := read(t, verifications); strings.Contains(said, `"verified": true`) != (by == key) || !strings.Contains(said, pushed[strings.LastIndex(pushed, "@")+1:]) {
			t.Errorf("%s", said)
		}
	}
}

// A model is the one of its signed record, or it is not promoted.
func TestSecuritySignModel(t *testing.T) {
	t.Parallel()
	cosign, password := tool(t, "cosign"), rand.Text()
	key := keyPair(t, cosign, password)
	dir := workspace(t)
	model := write(t, filepath.Join(dir, "model.onnx"), "a model")
	other := write(t, filepath.Join(dir, "other.onnx"), "another model")
	signed := func(verdict string) string {
		record := write(t, filepath.Join(dir, verdict+".json"), `{"version":1,"verdict":"`+verdict+`"}`)
		statement := filepath.Join(dir, verdict+".statement.json")
		call(t, "security", "sign-model", "--model="+model, "--record="+record, "--key=file:"+key+".key",
			"--key-password="+secret(t, password), "export", "--path="+statement).passes(t)
		return statement
	}
	blessed := signed("bless")
	verify := func(model, statement string) outcome {
		return call(t, security(t, packages, "verify-model", "--model="+model, "--statement="+statement, "--key="+key+".pub")...)
	}
	verify(model, blessed).passes(t)
	verify(other, blessed).fails(t, "cosign verify-blob-attestation")
	verify(model, signed("reject")).fails(t, "the gate did not let this model pass")
}

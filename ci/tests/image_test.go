package tests

import (
	"archive/tar"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// builtImage is the image that the stage makes of a project, read by a library that had no part in making it.
func builtImage(t *testing.T, stage, source string) v1.Image {
	t.Helper()
	return builtIn(t, environment(), stage, source)
}

// builtIn is that image, built in an environment that may name another engine.
func builtIn(t *testing.T, env []string, stage, source string) v1.Image {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "image.tar")
	daggerIn(t, env, repository, "-s", "call", stage, "--source="+source, "image", "archive", "export", "--path="+archive).passes(t)
	dir := t.TempDir()
	if output, err := exec.Command("tar", "-xf", archive, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := index.IndexManifest()
	if err != nil || len(manifests.Manifests) != 1 {
		t.Fatalf("want one image in the archive: %v, %v", manifests, err)
	}
	image, err := index.Image(manifests.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// layers are an image's layers by their names, which its history has as what made them.
func layers(t *testing.T, image v1.Image) map[string]v1.Layer {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	all, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	if len(config.History) != len(all) {
		t.Fatalf("%d entries of history for %d layers", len(config.History), len(all))
	}
	named := map[string]v1.Layer{}
	for i, layer := range all {
		named[config.History[i].CreatedBy] = layer
	}
	return named
}

// entries calls see with every entry of a layer.
func entries(t *testing.T, layer v1.Layer, see func(*tar.Header, io.Reader)) {
	t.Helper()
	unpacked, err := layer.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer unpacked.Close()
	for archive := tar.NewReader(unpacked); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		see(header, archive)
	}
}

// shells are what an intruder would start first.
var shells = []string{"sh", "bash", "dash", "busybox", "perl", "python3", "apt", "apt-get", "dpkg"}

// The image is a sound one of the named layers, without a shell, for an unprivileged user known by number.
func TestImage(t *testing.T) {
	t.Parallel()
	image := builtImage(t, "java", project(t))
	if err := validate.Image(image); err != nil {
		t.Error(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if user := config.Config.User; user != "65532:65532" {
		t.Errorf("its user is %q, want a number that is not root's", user)
	}
	if start := config.Config.Entrypoint; len(start) == 0 || start[0] != "/opt/java/bin/java" {
		t.Errorf("it starts %q, want the JRE without a shell", start)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"org.opencontainers.image.title": "demo", "org.opencontainers.image.version": "1.0.0"}
	if !maps.Equal(manifest.Annotations, want) {
		t.Errorf("its annotations are %v, want %v", manifest.Annotations, want)
	}

	parts := layers(t, image)
	if names := slices.Sorted(maps.Keys(parts)); !slices.Equal(names, []string{"application", "debian", "jre"}) {
		t.Fatalf("its layers are %v", names)
	}
	records := map[string]bool{}
	for name, layer := range parts {
		entries(t, layer, func(header *tar.Header, _ io.Reader) {
			if slices.Contains(shells, filepath.Base(header.Name)) && header.Typeflag != tar.TypeDir {
				t.Errorf("layer %s has %s", name, header.Name)
			}
			if header.Mode&0o6000 != 0 {
				t.Errorf("layer %s: %s runs as its owner (mode %o)", name, header.Name, header.Mode)
			}
			if packages, record := filepath.Split(header.Name); strings.HasSuffix(packages, "var/lib/dpkg/status.d/") {
				records[record] = true
			}
		})
	}
	for _, name := range []string{"libc6", "zlib1g", "tzdata", "ca-certificates"} {
		if !records[name] {
			t.Errorf("no record of the Debian package %s, so that a scanner doesn't see it; there are %v", name, records)
		}
	}
}

// Equal sources make equal images, wherever they lie and whenever they were written; a changed application changes its
// own layer alone.
func TestImageIsReproducible(t *testing.T) {
	t.Parallel()
	source, copied, changed := project(t), project(t), project(t)
	old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	err := filepath.Walk(copied, func(path string, _ os.FileInfo, err error) error {
		return errors.Join(err, os.Chtimes(path, old, old))
	})
	if err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(changed, "src/main/java/demo/App.java"), `"ready\n"`, `"ready, changed\n"`)

	image, same, other := builtImage(t, "java", source), builtImage(t, "java", copied), builtImage(t, "java", changed)
	if a, b := digest(t, image), digest(t, same); a != b {
		t.Errorf("the same source made %s and %s", a, b)
	}
	was, became := layers(t, image), layers(t, other)
	for name, changes := range map[string]bool{"debian": false, "jre": false, "application": true} {
		if was[name] == nil || became[name] == nil {
			t.Fatalf("no layer %s in %v or %v", name, was, became)
		}
		if a, b := digest(t, was[name]), digest(t, became[name]); (a != b) != changes {
			t.Errorf("after a change of the application, layer %s went from %s to %s", name, a, b)
		}
	}
}

// What is made anew of the same source, from Debian's packages on, is the same: a day of its own for those leaves nothing
// that a cache could answer with. What the JVM prepares for its start, it never prepares twice alike.
func TestImageMadeAnew(t *testing.T) {
	t.Parallel()
	source := project(t)
	was, anew := describe(t, "java", source).digests(), describe(t, "java", source, "--apt-date="+rand.Text()).digests()
	for _, name := range []string{"debian", "jre", "application"} {
		if was[name] == "" || was[name] != anew[name] {
			t.Errorf("layer %s is first %q and then %q", name, was[name], anew[name])
		}
	}
}

func digest(t *testing.T, of interface{ Digest() (v1.Hash, error) }) v1.Hash {
	t.Helper()
	hash, err := of.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// A Spring Boot application, here the gateway itself, has its dependencies and the prepared start of its JVM in layers of
// their own: a change of the application leaves all but its own and the prepared start alone.
func TestImageOfGateway(t *testing.T) {
	t.Parallel()
	source, changed := workspace(t), workspace(t)
	for _, dir := range []string{source, changed} {
		overlay(t, dir, filepath.Join(repository, "apps/api-gateway"))
	}
	write(t, filepath.Join(changed, "src/main/java/esteira/Added.java"), "package esteira;\n\nfinal class Added {}\n")

	image := describe(t, "java", source)
	was, became := image.digests(), describe(t, "java", changed).digests()
	for name, changes := range map[string]bool{"debian": false, "jre": false, "dependencies": false, "application": true} {
		if was[name] == "" || (was[name] != became[name]) != changes {
			t.Errorf("after a change of the application, layer %s went from %q to %q", name, was[name], became[name])
		}
	}
	if was["start-up"] == "" {
		t.Errorf("no layer start-up in %v", was)
	}
	bill := bom(t, "java", source)
	for _, want := range []string{"pkg:maven/org.springframework.boot/spring-boot@", "pkg:deb/debian/libc6@"} {
		if !slices.ContainsFunc(bill, func(url string) bool { return strings.HasPrefix(url, want) }) {
			t.Errorf("no %s in %v", want, bill)
		}
	}
}

// description is what `image describe` prints.
type description struct {
	Digest string
	Layers []struct{ Comment, Digest string }
}

func describe(t *testing.T, stage, source string, global ...string) description {
	t.Helper()
	var said description
	args := append(global, stage, "--source="+source, "image", "describe")
	if err := json.Unmarshal([]byte(call(t, args...).passes(t)), &said); err != nil {
		t.Fatal(err)
	}
	return said
}

// digests are those of the layers by their names.
func (d description) digests() map[string]string {
	digests := map[string]string{}
	for _, layer := range d.Layers {
		digests[layer.Comment] = layer.Digest
	}
	return digests
}

// The bill of materials names Debian's packages and the application.
func TestSbom(t *testing.T) {
	t.Parallel()
	packages := bom(t, "java", project(t))
	for _, want := range []string{"pkg:deb/debian/libc6@", "pkg:deb/debian/tzdata@", "pkg:maven/demo/demo@1.0.0"} {
		if !slices.ContainsFunc(packages, func(url string) bool { return strings.HasPrefix(url, want) }) {
			t.Errorf("no %s in %v", want, packages)
		}
	}
}

// bom are the packages that a bill of materials names, as package URLs.
func bom(t *testing.T, stage, source string) []string {
	t.Helper()
	text := call(t, stage, "--source="+source, "sbom", "contents").passes(t)
	var bill cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(strings.NewReader(text), cyclonedx.BOMFileFormatJSON).Decode(&bill); err != nil {
		t.Fatal(err)
	}
	if bill.Components == nil {
		t.Fatal("the bill of materials names nothing")
	}
	if strings.Contains(text, "[not provided]") {
		t.Error("the bill of materials does not say which version of syft made it")
	}
	var packages []string
	for _, component := range *bill.Components {
		packages = append(packages, component.PackageURL)
	}
	return packages
}

// What `image describe` says is so.
func TestDescribe(t *testing.T) {
	t.Parallel()
	source := project(t)
	said, image := describe(t, "java", source), builtImage(t, "java", source)
	if want := digest(t, image).String(); said.Digest != want {
		t.Errorf("described as %s, is %s", said.Digest, want)
	}
	digests := map[string]string{}
	for name, layer := range layers(t, image) {
		digests[name] = digest(t, layer).String()
	}
	if !maps.Equal(said.digests(), digests) {
		t.Errorf("described are the layers %v, there are %v", said.digests(), digests)
	}
}

// An image is healthy when the application in it answers, and red when it does not.
func TestHealth(t *testing.T) {
	t.Parallel()
	health := func(source string, flags ...string) []string {
		return append([]string{"java", "--source=" + source, "image", "health"}, flags...)
	}
	serving := reportOf(t, health(project(t))...)
	if answer := fact(t, serving, "answer"); answer != "ready\n" {
		t.Errorf("it answered %q", answer)
	}
	call(t, append(health(project(t), "--path=/nowhere", "--seconds=2"), "check")...).fails(t, "health failed", "/nowhere did not answer with 200")
	call(t, append(health(project(t, "silent"), "--seconds=2"), "check")...).fails(t, "health failed", "did not answer with 200 within 2 seconds", "read its log")
}

// A component that has a Dockerfile keeps it.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	source := workspace(t)
	write(t, filepath.Join(source, "note"), "kept")
	write(t, filepath.Join(source, "Dockerfile"), "FROM debian:trixie-slim\nCOPY note /note\nUSER 1234\n")
	image := call(t, "java", "--source="+source, "image", "container", "with-exec", "--args=cat,/note", "stdout")
	if note := image.passes(t); note != "kept" {
		t.Errorf("the image has the note %q", note)
	}
	call(t, "java", "--source="+source, "image", "digest").passes(t)
}

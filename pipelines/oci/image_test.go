package oci

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// tempFolder writes files given as path → content. A path that ends in "*" is executable.
func tempFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		mode := fs.FileMode(0o644)
		if trimmed, executable := strings.CutSuffix(name, "*"); executable {
			name, mode = trimmed, 0o755
		}
		target := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(target), 0o755))
		must(t, os.WriteFile(target, []byte(content), mode))
	}
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// valid is an image that Assemble accepts, for tests to change.
func valid(t *testing.T) Image {
	t.Helper()
	return Image{
		Layers: []Layer{
			{Dir: tempFolder(t, map[string]string{"bin/java*": "runtime"}), Target: "/opt/java", Comment: "runtime"},
			{Dir: tempFolder(t, map[string]string{"lib.jar": "dependency"}), Target: "/app/lib", Comment: "dependencies"},
			{Dir: tempFolder(t, map[string]string{"app.jar": "application"}), Target: "/app", Comment: "application"},
		},
		Entrypoint:   []string{"/opt/java/bin/java", "-jar", "/app/app.jar"},
		User:         "65532:65532",
		Env:          []string{"JAVA_HOME=/opt/java"},
		WorkingDir:   "/app",
		ExposedPorts: []string{"8080/tcp"},
		Labels:       map[string]string{"org.opencontainers.image.title": "api"},
		Annotations:  map[string]string{"org.opencontainers.image.title": "api", "org.opencontainers.image.vendor": "esteira"},
		OS:           "linux",
		Architecture: "amd64",
	}
}

func assembled(t *testing.T, image Image) v1.Image {
	t.Helper()
	built, err := Assemble(image)
	must(t, err)
	return built
}

func described(t *testing.T, image v1.Image) Description {
	t.Helper()
	description, err := Describe(image)
	must(t, err)
	return description
}

func TestAssembleMakesAValidImage(t *testing.T) {
	image := valid(t)
	image.Cmd = []string{"--verbose"}
	built := assembled(t, image)
	must(t, validate.Image(built))

	manifest, err := built.Manifest()
	must(t, err)
	if manifest.MediaType != types.OCIManifestSchema1 || manifest.Config.MediaType != types.OCIConfigJSON {
		t.Errorf("media types %s, %s are not OCI's", manifest.MediaType, manifest.Config.MediaType)
	}
	if manifest.Annotations["org.opencontainers.image.vendor"] != "esteira" {
		t.Errorf("annotations %v", manifest.Annotations)
	}
	config, err := built.ConfigFile()
	must(t, err)
	if !config.Created.Equal(Epoch) || !config.History[2].Created.Equal(Epoch) || config.History[2].CreatedBy != "application" {
		t.Errorf("created %s, history %+v", config.Created, config.History)
	}
	want := v1.Config{
		Entrypoint:   image.Entrypoint,
		Cmd:          []string{"--verbose"},
		User:         "65532:65532",
		Env:          []string{"JAVA_HOME=/opt/java"},
		WorkingDir:   "/app",
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Labels:       map[string]string{"org.opencontainers.image.title": "api"},
	}
	if !reflect.DeepEqual(config.Config, want) || config.OS != "linux" || config.Architecture != "amd64" {
		t.Errorf("configuration %+v of %s/%s, want %+v", config.Config, config.OS, config.Architecture, want)
	}
}

func TestDescribe(t *testing.T) {
	description := described(t, assembled(t, valid(t)))
	if description.Platform != "linux/amd64" || len(description.Layers) != 3 || description.Layers[1].Comment != "dependencies" {
		t.Fatalf("%+v", description)
	}
	layers := int64(0)
	for _, layer := range description.Layers {
		layers += layer.Size
	}
	if layers == 0 || description.Size <= layers {
		t.Errorf("size %d has to be more than the layers' %d", description.Size, layers)
	}
}

// The digest of a fixed image is fixed. It may change with the compression library, whose version
// go.mod pins, and with nothing else: not with the Go release, the clock or the machine.
func TestDigestIsKnown(t *testing.T) {
	const want = "sha256:078e6d4e3cacee1fd85ffe5677d4f1bd41f66fde2151a65e84313e206c316b01"
	if got := described(t, assembled(t, valid(t))).Digest; got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestChangedApplicationLeavesOtherLayersAlone(t *testing.T) {
	image := valid(t)
	before := described(t, assembled(t, image))
	must(t, os.WriteFile(filepath.Join(image.Layers[2].Dir, "app.jar"), []byte("changed"), 0o644))
	after := described(t, assembled(t, image))

	for i, changed := range []bool{false, false, true} {
		if (before.Layers[i].Digest != after.Layers[i].Digest) != changed {
			t.Errorf("layer %s: digest %s before, %s after, want changed = %t",
				before.Layers[i].Comment, before.Layers[i].Digest, after.Layers[i].Digest, changed)
		}
	}
	if before.Digest == after.Digest {
		t.Error("the image's digest did not change")
	}
}

// node is one entry of a random folder.
type node struct {
	name, content string
	mode          fs.FileMode
	link          bool
}

func randomNodes(random *rand.Rand) []node {
	names := []string{"a", "b", "ü", "name with spaces", "..data", "z.jar", strings.Repeat("long", 40)}
	var nodes []node
	for i, folder := range []string{"", "one", "one/two", "Three"} {
		for _, name := range names[:1+random.IntN(len(names))] {
			content := make([]byte, random.IntN(1000))
			for j := range content {
				content[j] = byte(random.IntN(256))
			}
			mode := fs.FileMode(0o666)
			if random.IntN(2) == 0 {
				mode = 0o777
			}
			nodes = append(nodes, node{name: filepath.Join(folder, name), content: string(content), mode: mode, link: i > 0 && random.IntN(4) == 0})
		}
	}
	return nodes
}

// writeNodes writes in the given order, under a umask and at a time, as different machines would.
func writeNodes(t *testing.T, nodes []node, order []int, umask int, modified time.Time) string {
	t.Helper()
	dir := t.TempDir()
	defer syscall.Umask(syscall.Umask(umask))
	for _, i := range order {
		target := filepath.Join(dir, nodes[i].name)
		must(t, os.MkdirAll(filepath.Dir(target), 0o777))
		if nodes[i].link {
			must(t, os.Symlink(fmt.Sprintf("../%x", nodes[i].content[:len(nodes[i].content)/100]), target))
			continue
		}
		must(t, os.WriteFile(target, []byte(nodes[i].content), nodes[i].mode))
		must(t, os.Chtimes(target, modified, modified))
	}
	return dir
}

func TestEqualContentGivesEqualDigests(t *testing.T) {
	for seed := range uint64(25) {
		random := rand.New(rand.NewPCG(seed, seed))
		nodes := randomNodes(random)
		image := valid(t)
		digests := map[string]bool{}
		for _, umask := range []int{0o022, 0o077, 0o002} {
			modified := time.Unix(random.Int64N(1<<31), random.Int64N(1e9))
			image.Layers[1].Dir = writeNodes(t, nodes, random.Perm(len(nodes)), umask, modified)
			digests[described(t, assembled(t, image)).Digest] = true
		}
		if len(digests) != 1 {
			t.Errorf("seed %d: one content, digests %v", seed, digests)
		}
	}
}

// Whatever differs in what a container could see must differ in the digest.
func TestUnequalContentGivesUnequalDigests(t *testing.T) {
	image := valid(t)
	dir := image.Layers[1].Dir
	changes := []func() error{
		func() error { return nil },
		func() error { return os.WriteFile(filepath.Join(dir, "lib.jar"), []byte("Dependency"), 0o644) },
		func() error { return os.Chmod(filepath.Join(dir, "lib.jar"), 0o755) },
		func() error { return os.Rename(filepath.Join(dir, "lib.jar"), filepath.Join(dir, "other.jar")) },
		func() error { return os.Mkdir(filepath.Join(dir, "empty"), 0o755) },
		func() error { return os.Chmod(filepath.Join(dir, "empty"), 0o777|fs.ModeSticky) },
		func() error { return os.Symlink("one", filepath.Join(dir, "link")) },
		func() error {
			return errors.Join(os.Remove(filepath.Join(dir, "link")), os.Symlink("two", filepath.Join(dir, "link")))
		},
	}
	seen := map[string]int{}
	for i, change := range changes {
		must(t, change())
		digest := described(t, assembled(t, image)).Digest
		if other, twice := seen[digest]; twice {
			t.Errorf("changes %d and %d give the same digest %s", other, i, digest)
		}
		seen[digest] = i
	}
}

func TestLayerEntries(t *testing.T) {
	dir := tempFolder(t, map[string]string{"run*": "x", "data": "y", "sub/file": "z"})
	must(t, os.Symlink("/etc/passwd", filepath.Join(dir, "absolute")))
	must(t, os.Symlink("../../../outside", filepath.Join(dir, "upwards")))
	must(t, os.Symlink("missing", filepath.Join(dir, "dangling")))
	must(t, os.Link(filepath.Join(dir, "data"), filepath.Join(dir, "hardlink")))
	must(t, os.WriteFile(filepath.Join(dir, "..data"), nil, 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "tmp"), 0o755))
	must(t, os.Chmod(filepath.Join(dir, "tmp"), 0o777|fs.ModeSticky))
	must(t, os.Chmod(filepath.Join(dir, "sub"), 0o700|fs.ModeSetgid))

	type entry struct {
		name, link, content string
		kind                byte
		mode                int64
	}
	want := []entry{
		{"srv/", "", "", tar.TypeDir, 0o755},
		{"srv/app/", "", "", tar.TypeDir, 0o755},
		{"srv/app/..data", "", "", tar.TypeReg, 0o644},
		{"srv/app/absolute", "/etc/passwd", "", tar.TypeSymlink, 0o777},
		{"srv/app/dangling", "missing", "", tar.TypeSymlink, 0o777},
		{"srv/app/data", "", "y", tar.TypeReg, 0o644},
		{"srv/app/hardlink", "", "y", tar.TypeReg, 0o644},
		{"srv/app/run", "", "x", tar.TypeReg, 0o755},
		{"srv/app/sub/", "", "", tar.TypeDir, 0o755},
		{"srv/app/sub/file", "", "z", tar.TypeReg, 0o644},
		{"srv/app/tmp/", "", "", tar.TypeDir, 0o1777},
		{"srv/app/upwards", "../../../outside", "", tar.TypeSymlink, 0o777},
	}
	image := valid(t)
	image.Layers = append(image.Layers, Layer{Dir: dir, Target: "/srv/app", Comment: "odd"})
	layers, err := assembled(t, image).Layers()
	must(t, err)
	content, err := layers[3].Uncompressed()
	must(t, err)

	archive := tar.NewReader(content)
	for _, expected := range want {
		header, err := archive.Next()
		must(t, err)
		text, err := io.ReadAll(archive)
		must(t, err)
		got := entry{header.Name, header.Linkname, string(text), header.Typeflag, header.Mode}
		if got != expected {
			t.Errorf("got %+v, want %+v", got, expected)
		}
		if header.Uid != 0 || header.Gid != 0 || header.Uname != "" || header.Gname != "" || !header.ModTime.Equal(Epoch) {
			t.Errorf("%s: owner %d:%d %q:%q, time %s", header.Name, header.Uid, header.Gid, header.Uname, header.Gname, header.ModTime)
		}
	}
	if header, err := archive.Next(); err != io.EOF {
		t.Errorf("more than expected: %v, %v", header, err)
	}
}

func TestEntrypointThroughLinks(t *testing.T) {
	debian := tempFolder(t, map[string]string{"usr/bin/real*": "x"})
	must(t, os.Symlink("usr/bin", filepath.Join(debian, "bin")))
	must(t, os.MkdirAll(filepath.Join(debian, "etc/alternatives"), 0o755))
	must(t, os.Symlink("/bin/real", filepath.Join(debian, "etc/alternatives/java")))
	must(t, os.Symlink("../../../../etc/alternatives/java", filepath.Join(debian, "usr/bin/java")))

	image := valid(t)
	image.Layers = append([]Layer{{Dir: debian, Target: "/", Comment: "debian"}}, image.Layers...)
	image.Entrypoint = []string{"/bin/java"}
	assembled(t, image)
}

func TestAssembleRefuses(t *testing.T) {
	layerOf := func(change func(dir string) error) func(*testing.T, *Image) {
		return func(t *testing.T, image *Image) { must(t, change(image.Layers[1].Dir)) }
	}
	cases := []struct {
		name   string
		change func(*testing.T, *Image)
		want   string
	}{
		{"no layers", func(_ *testing.T, i *Image) { i.Layers = nil }, "image has no layers"},
		{"missing folder", func(_ *testing.T, i *Image) { i.Layers[1].Dir = "no/such" }, `layer "dependencies" (no/such at /app/lib): folder no/such does not exist`},
		{"file for a folder", func(_ *testing.T, i *Image) { i.Layers[1].Dir += "/lib.jar" }, "is not a folder"},
		{"empty folder", func(t *testing.T, i *Image) { i.Layers[1].Dir = t.TempDir() }, "is empty"},
		{"relative target", func(_ *testing.T, i *Image) { i.Layers[1].Target = "app" }, `target "app" is not a clean absolute path`},
		{"target with ..", func(_ *testing.T, i *Image) { i.Layers[1].Target = "/app/../etc" }, `target "/app/../etc" is not a clean absolute path`},
		{"no target", func(_ *testing.T, i *Image) { i.Layers[1].Target = "" }, `target "" is not a clean absolute path`},
		{"no user", func(_ *testing.T, i *Image) { i.User = "" }, "image has no user"},
		{"root", func(_ *testing.T, i *Image) { i.User = "0" }, `user "0" is root`},
		{"root in disguise", func(_ *testing.T, i *Image) { i.User = "000:65532" }, `user "000:65532" is root`},
		{"user by name", func(_ *testing.T, i *Image) { i.User = "nobody" }, `user "nobody" is not numeric`},
		{"user by name, root allowed", func(_ *testing.T, i *Image) { i.User, i.AllowRoot = "root", true }, `user "root" is not numeric`},
		{"negative user", func(_ *testing.T, i *Image) { i.User = "-1" }, `user "-1" is not numeric`},
		{"user that wraps to root", func(_ *testing.T, i *Image) { i.User = "4294967296" }, `user "4294967296" is not numeric`},
		{"group by name", func(_ *testing.T, i *Image) { i.User = "65532:users" }, `group of user "65532:users" is not numeric`},
		{"no entrypoint", func(_ *testing.T, i *Image) { i.Entrypoint = nil }, "image has no entrypoint"},
		{"relative entrypoint", func(_ *testing.T, i *Image) { i.Entrypoint = []string{"java"} }, `entrypoint "java" is not absolute`},
		{"missing entrypoint", func(_ *testing.T, i *Image) { i.Entrypoint = []string{"/opt/java/bin/jaba"} }, `entrypoint "/opt/java/bin/jaba": no layer has /opt/java/bin/jaba`},
		{"folder as entrypoint", func(_ *testing.T, i *Image) { i.Entrypoint = []string{"/opt/java"} }, "it is a folder of mode 0755, not a file"},
		{"entrypoint that is not executable", func(_ *testing.T, i *Image) { i.Entrypoint = []string{"/app/app.jar"} }, "it is not executable"},
		{"entrypoint in a loop", func(t *testing.T, i *Image) {
			must(t, os.Symlink("loop", filepath.Join(i.Layers[1].Dir, "loop")))
			i.Entrypoint = []string{"/app/lib/loop"}
		}, "is it a loop?"},
		{"relative working directory", func(_ *testing.T, i *Image) { i.WorkingDir = "app" }, `working directory "app" is not absolute`},
		{"env without value", func(_ *testing.T, i *Image) { i.Env = []string{"PATH"} }, `environment variable "PATH" is not KEY=value`},
		{"port without protocol", func(_ *testing.T, i *Image) { i.ExposedPorts = []string{"8080"} }, `exposed port "8080" is not`},
		{"port out of range", func(_ *testing.T, i *Image) { i.ExposedPorts = []string{"65536/tcp"} }, `exposed port "65536/tcp" is not`},
		{"no architecture", func(_ *testing.T, i *Image) { i.Architecture = "" }, `platform "linux/"`},
		{"no operating system", func(_ *testing.T, i *Image) { i.OS = "" }, `platform "/amd64"`},
		{"whiteout", layerOf(func(dir string) error { return os.WriteFile(filepath.Join(dir, ".wh.passwd"), nil, 0o644) }), ".wh.passwd: a name that begins with .wh."},
		{"opaque whiteout", layerOf(func(dir string) error { return os.Mkdir(filepath.Join(dir, ".wh..wh..opq"), 0o755) }), "a name that begins with .wh."},
		{"pipe", layerOf(func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644) }), "fifo is a pipe"},
		{"set-user-id", layerOf(func(dir string) error { return os.Chmod(filepath.Join(dir, "lib.jar"), 0o755|fs.ModeSetuid) }), "set-user-id"},
		{"folder over a link", func(t *testing.T, i *Image) {
			dir := tempFolder(t, map[string]string{"usr/lib/libc.so": "x"})
			must(t, os.Symlink("usr/lib", filepath.Join(dir, "app")))
			i.Layers = append([]Layer{{Dir: dir, Target: "/", Comment: "debian"}}, i.Layers...)
		}, `/app is a link to usr/lib in layer "debian"`},
		{"folder over a file of the same mode", func(t *testing.T, i *Image) {
			i.Layers = append([]Layer{{Dir: tempFolder(t, map[string]string{"app*": "x"}), Target: "/", Comment: "debian"}}, i.Layers...)
		}, `/app is a file in layer "debian"`},
		{"folder that changes /tmp", func(t *testing.T, i *Image) {
			must(t, os.Mkdir(filepath.Join(i.Layers[0].Dir, "tmp"), 0o755))
			must(t, os.Chmod(filepath.Join(i.Layers[0].Dir, "tmp"), 0o777|fs.ModeSticky))
			i.Layers[0].Target, i.Layers[1].Target = "/", "/tmp"
		}, "/tmp is a folder of mode 1777 in layer"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			image := valid(t)
			test.change(t, &image)
			_, err := Assemble(image)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestAssembleNamesAllInvalidFields(t *testing.T) {
	image := valid(t)
	image.User, image.Entrypoint = "root", []string{"java"}
	_, err := Assemble(image)
	for _, want := range []string{`user "root"`, `entrypoint "java"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

func TestRootWhenAllowed(t *testing.T) {
	image := valid(t)
	image.User, image.AllowRoot = "0", true
	assembled(t, image)
}

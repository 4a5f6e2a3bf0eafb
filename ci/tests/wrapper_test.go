package tests

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const wrapperProperties = ".mvn/wrapper/maven-wrapper.properties"

// wrapped is the good project with Maven's own wrapper beside it.
func wrapped(t *testing.T) string {
	t.Helper()
	jar := filepath.Join(t.TempDir(), "wrapper.jar")
	call(t, "java", "--source="+mustAbs("testdata/wrapper"), "build", "files", "file", "--path=app.jar", "export", "--path="+jar).passes(t)
	files, err := zip.OpenReader(jar)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	source := project(t)
	for _, name := range []string{"mvnw", wrapperProperties} {
		file, err := files.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(file)
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(source, name), string(text))
	}
	if err := os.Chmod(filepath.Join(source, "mvnw"), 0o755); err != nil {
		t.Fatal(err)
	}
	return source
}

// A project's own wrapper builds it, with the Maven that the wrapper names; a distribution that is not the one that was
// promised builds nothing.
func TestMavenWrapper(t *testing.T) {
	t.Parallel()
	source := wrapped(t)
	call(t, "java", "--source="+source, "test", "check").passes(t)

	file := filepath.Join(source, wrapperProperties)
	const name = "distributionSha256Sum="
	_, after, found := strings.Cut(read(t, file), name)
	if !found || len(after) < 64 {
		t.Fatalf("%s has no checksum:\n%s", file, read(t, file))
	}
	edit(t, file, name+after[:64], name+strings.Repeat("0", 64))
	call(t, "java", "--source="+source, "test", "check").fails(t, "SHA-256")
}

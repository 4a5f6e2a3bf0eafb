package tests

import (
	"archive/zip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	return source
}

// A project's own wrapper builds it, executable or not, with the Maven that the wrapper names; a distribution that is not
// the one that was promised builds nothing.
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
	call(t, "java", "--source="+source, "test", "check").fails(t, "test failed", "another SHA-256", "distributionSha256Sum")
}

// gradleDistribution makes a distribution of Debian's Gradle, and the wrapper that Gradle itself writes.
const gradleDistribution = `set -eu
mkdir -p /usr/share/man/man1 /project
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
  openjdk-21-jdk-headless gradle ca-certificates ca-certificates-java curl unzip zip >/dev/null
cp -RL /usr/share/gradle /gradle-4.4.1
zip -qr /gradle-4.4.1-bin.zip gradle-4.4.1
cd /project
touch settings.gradle
gradle --no-daemon wrapper`

// A Gradle project's own wrapper builds it: what runs is the distribution that the wrapper fetched, and one that is not
// the promised one builds nothing.
func TestGradleWrapper(t *testing.T) {
	t.Parallel()
	base := []string{"with-new-file", "--path=/make.sh", "--contents=" + gradleDistribution, "with-exec", "--args=sh,/make.sh"}
	made := t.TempDir()
	container := append([]string{"-s", "core", "container", "from", "--address=debian:trixie-slim"}, base...)
	dagger(t, repository, append(container, "directory", "--path=/project", "export", "--path="+made)...).passes(t)
	dagger(t, repository, append(container, "file", "--path=/gradle-4.4.1-bin.zip", "export", "--path="+made+"/served/gradle-4.4.1-bin.zip")...).passes(t)
	url, certificate := serveTLS(t, http.FileServer(http.Dir(made+"/served")))
	base = append(base,
		"with-new-file", "--path=/usr/local/share/ca-certificates/test.crt", "--contents="+certificate,
		"with-exec", "--args=update-ca-certificates")
	jdk := "--base=" + published(t, "gradle:1", base...)

	source := gradleProject(t)
	for _, name := range []string{"gradlew", "gradle/wrapper/gradle-wrapper.jar"} {
		write(t, filepath.Join(source, name), read(t, filepath.Join(made, name)))
	}
	properties := func(sum string) {
		write(t, filepath.Join(source, "gradle/wrapper/gradle-wrapper.properties"), fmt.Sprintf(
			"distributionBase=GRADLE_USER_HOME\ndistributionPath=wrapper/dists\nzipStoreBase=GRADLE_USER_HOME\nzipStorePath=wrapper/dists\n"+
				"distributionUrl=%s/gradle-4.4.1-bin.zip\ndistributionSha256Sum=%s\n", strings.Replace(url, ":", `\:`, 1), sum))
	}
	properties(fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, made+"/served/gradle-4.4.1-bin.zip")))))
	call(t, "java", "--source="+source, jdk, "test", "check").passes(t)

	properties(strings.Repeat("0", 64))
	call(t, "java", "--source="+source, jdk, "test", "check").fails(t, "test failed", "another SHA-256", "distributionSha256Sum")
}

package main

import (
	"context"
	"slices"
	"strings"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// The paths of an application in its image. The JVM refuses an AOT cache that was made for other ones.
const (
	javaHome = "/opt/java"
	appHome  = "/app"
	appJar   = "/app/app.jar"
	aotHome  = "/aot"
	aotCache = "/aot/app.aot"
)

// runtimePackages are the Debian packages that a JVM needs: its C and C++ libraries, certificates, time zones, and the
// files that say which Debian this is.
var runtimePackages = []string{
	"base-files", "ca-certificates", "gcc-14-base", "libc6", "libgcc-s1", "libstdc++6", "tzdata", "zlib1g",
}

// javaOptions: use of memory that fits a container, and an end that an orchestrator sees.
var javaOptions = []string{"-XX:MaxRAMPercentage=75", "-XX:+ExitOnOutOfMemoryError"}

// explode takes a jar apart: /out/lib its dependencies, /out/app the application, /out/kind what it is, /out/name what
// its manifest calls it, /out/modules what it needs of the JDK. A Spring Boot jar comes apart by its own tools
// (https://docs.spring.io/spring-boot/reference/packaging/efficient.html), which the image leaves out. All times are the image's,
// because the AOT cache remembers them.
const explode = `set -eu
manifest=$(unzip -p /app.jar META-INF/MANIFEST.MF)
mkdir -p /out/lib /out/app
case $manifest in
*Spring-Boot-Version*)
  java -Djarmode=tools -jar /app.jar extract --destination /exploded
  rm -f /exploded/lib/spring-boot-jarmode-tools-*.jar
  mv /exploded/app.jar /out/app/app.jar
  mv /exploded/lib/* /out/lib/
  echo spring-boot >/out/kind ;;
*Main-Class*)
  cp /app.jar /out/app/app.jar
  echo jar >/out/kind ;;
*)
  echo "app.jar: META-INF/MANIFEST.MF names no Main-Class: this is a library, or the build does not package an application" >&2
  exit 3 ;;
esac
value() { printf '%s\n' "$manifest" | tr -d '\r' | sed -n "s/^$1: //p"; }
printf '%s\n%s\n' "$(value Implementation-Title)" "$(value Implementation-Version)" >/out/name
mkdir /own && unzip -q /out/app/app.jar -d /own
jdeps -J-XX:+UseSerialGC --ignore-missing-deps --print-module-deps /own >/out/modules
find /out -exec touch -h -d @315532800 {} +`

// neededModules prints the modules of the JDK that the jars in /libraries need. Their classes are analysed as one heap, because
// jdeps refuses a named module whose own requirements it is not shown. It takes half as long with the serial collector (16 s of
// processor time to 9 s for the gateway's hundred jars).
const neededModules = `set -eu
mkdir /classes
for jar in /libraries/*.jar; do
  unzip -qo "$jar" '*.class' -x module-info.class 'META-INF/*' -d /classes || test $? -eq 11
done
jdeps -J-XX:+UseSerialGC --ignore-missing-deps --print-module-deps /classes`

// cutRuntime makes a JRE of the modules in $1, with Debian's certificates and not those of the building machine. They are kept as
// the JDK keeps its own, without a password: Debian's keystore has the time in it at which each was put there.
const cutRuntime = `set -eu
jlink -J-XX:+UseSerialGC -J-XX:TieredStopAtLevel=1 --add-modules "$1" --compress zip-6 --strip-java-debug-attributes --no-header-files --no-man-pages --output /jre
rm -f /jre/lib/security/cacerts /etc/ssl/certs/java/cacerts
find /usr/share/ca-certificates/mozilla -name '*.crt' | sort | sed 's/^/+/' |
  java -jar /usr/share/ca-certificates-java/ca-certificates-java.jar -storepass changeit >/dev/null
keytool -importkeystore -noprompt -srckeystore /etc/ssl/certs/java/cacerts -srcstorepass changeit \
  -destkeystore /jre/lib/security/cacerts -deststoretype PKCS12 -deststorepass changeit \
  -J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE -J-Dkeystore.pkcs12.macAlgorithm=NONE >/tmp/keytool 2>&1 || { cat /tmp/keytool >&2; exit 1; }
find /jre -exec touch -h -d @315532800 {} +`

// reflected are modules that libraries use by name only, where no analysis sees it.
const reflected = "java.management,java.naming,java.net.http,jdk.crypto.ec,jdk.management,jdk.net,jdk.unsupported"

// Image puts the application's image together, without a Dockerfile: a JRE cut to what the application needs, its
// dependencies, its classes, and the prepared start of its JVM, a layer each. It runs as user 65532 and has no shell.
// A folder that has a Dockerfile is built by that instead.
// +cache="session"
func (j *Java) Image(ctx context.Context) (*Image, error) {
	entries, err := j.Source.Entries(ctx)
	if err != nil {
		return nil, err
	}
	if slices.Contains(entries, "Dockerfile") {
		return j.Esteira.imported(ctx, j.Source.DockerBuild().AsTarball())
	}
	built, err := j.Build(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := built.Check(); err != nil {
		return nil, err
	}
	project, err := j.project(ctx)
	if err != nil {
		return nil, err
	}
	jdk, err := j.jdk(project)
	if err != nil {
		return nil, err
	}
	app, err := jdk.WithMountedFile("/app.jar", built.Files.File("app.jar")).
		WithExec([]string{"sh", "-c", explode}).
		Sync(ctx)
	if err != nil {
		return nil, plain(err)
	}
	return j.assemble(ctx, jdk, app.Directory("/out"))
}

// assemble makes the layers of an application that was taken apart.
func (j *Java) assemble(ctx context.Context, jdk *dagger.Container, app *dagger.Directory) (*Image, error) {
	layers, err := j.layers(ctx, jdk, app)
	if err != nil {
		return nil, err
	}
	kind, err := app.File("kind").Contents(ctx)
	if err != nil {
		return nil, err
	}
	start := append([]string{javaHome + "/bin/java"}, javaOptions...)
	if strings.TrimSpace(kind) == "spring-boot" {
		layers = append(layers, layer{"start-up", train(layers, start), aotHome})
		start = append(start, "-XX:AOTCache="+aotCache)
	}
	named, err := annotations(ctx, app)
	if err != nil {
		return nil, err
	}
	args := append(entrypoint(append(start, "-jar", appJar)), "--expose=8080/tcp")
	return j.Esteira.assemble(ctx, layers, append(args, named...)...)
}

// layers are what changes rarely first.
func (j *Java) layers(ctx context.Context, jdk *dagger.Container, app *dagger.Directory) ([]layer, error) {
	libraries, err := pick(ctx, app, []string{"lib/*"})
	if err != nil {
		return nil, err
	}
	modules, err := modules(ctx, jdk, app, libraries)
	if err != nil {
		return nil, err
	}
	jre := jdk.WithExec([]string{"sh", "-c", cutRuntime, "jlink", modules}).Directory("/jre")
	layers := []layer{
		{"debian", j.Esteira.rootFS(runtimePackages...), "/"},
		{"jre", jre, javaHome},
	}
	if libraries != nil {
		layers = append(layers, layer{"dependencies", libraries.Directory("lib"), appHome + "/lib"})
	}
	return append(layers, layer{"application", app.Directory("app"), appHome}), nil
}

// modules are the modules of the JDK that an application and its libraries need, separated by commas. The libraries are
// asked by themselves: a change of the application analyses none of them again.
func modules(ctx context.Context, jdk *dagger.Container, app, libraries *dagger.Directory) (string, error) {
	needed, err := app.File("modules").Contents(ctx)
	if err != nil {
		return "", err
	}
	if libraries != nil {
		theirs, err := jdk.WithMountedDirectory("/libraries", libraries.Directory("lib")).
			WithExec([]string{"sh", "-c", neededModules}).
			Stdout(ctx)
		if err != nil {
			return "", plain(err)
		}
		needed += "," + theirs
	}
	names := strings.FieldsFunc(needed+","+reflected, func(r rune) bool { return r == ',' || r == '\n' })
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ","), nil
}

// train starts the application once, to the point where it would begin to serve, and keeps what the JVM loaded and
// linked on the way (JEP 483, JEP 514). The layers are mounted and not copied, which leaves the times of their files alone.
func train(layers []layer, start []string) *dagger.Directory {
	c := dag.Container()
	byTarget := func(a, b layer) int { return strings.Compare(a.target, b.target) }
	for _, l := range slices.SortedFunc(slices.Values(layers), byTarget) {
		if l.target == "/" {
			c = c.WithRootfs(l.dir)
			continue
		}
		c = c.WithMountedDirectory(l.target, l.dir)
	}
	args := append(slices.Clone(start), "-XX:AOTCacheOutput="+aotCache, "-Dspring.context.exit=onRefresh", "-jar", appJar)
	return c.
		WithMountedDirectory(aotHome, dag.Directory(), dagger.ContainerWithMountedDirectoryOpts{Owner: "65532:65532"}).
		WithUser("65532:65532").
		WithExec(args).
		Directory(aotHome)
}

func entrypoint(words []string) []string {
	var args []string
	for _, word := range words {
		args = append(args, "--entrypoint="+word)
	}
	return args
}

// annotations are those of the OCI image specification that the application's manifest gives. They do not change from
// commit to commit: a commit in an image would give equal content unequal digests, it belongs into the attestation.
func annotations(ctx context.Context, app *dagger.Directory) ([]string, error) {
	name, err := app.File("name").Contents(ctx)
	if err != nil {
		return nil, err
	}
	title, version, _ := strings.Cut(strings.TrimSuffix(name, "\n"), "\n")
	var args []string
	if title != "" {
		args = append(args, "--annotation=org.opencontainers.image.title="+title)
	}
	if version != "" {
		args = append(args, "--annotation=org.opencontainers.image.version="+version)
	}
	return args, nil
}

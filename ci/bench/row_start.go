package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// application is a way to start the application, for as often as it is asked.
type application struct {
	root string
	args []string
	port int
}

// start is the time from the start of the process to a first answer that the application is ready: the image as it is
// against `java -jar` on the JDK.
func start(ctx context.Context, b *bench) ([]line, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	image, err := b.image(ctx, port)
	if err != nil {
		return nil, err
	}
	jar, err := b.plainJar(ctx, port)
	if err != nil {
		return nil, err
	}
	if err := image.provesCache(ctx); err != nil {
		return nil, err
	}
	ours, theirs, err := sideBySide(ctx, 7, side{"image to ready", image.ready}, side{"java -jar to ready", jar.ready})
	return []line{{
		what: "image, start to ready", unit: "s", esteira: ours, bare: theirs,
		target: []limit{{0.6, 0}},
	}}, err
}

// image is the application's image, unpacked. Its entrypoint is all that it needs to start.
func (b *bench) image(ctx context.Context, port int) (application, error) {
	container := []string{"call", "java", "image", "container"}
	root := filepath.Join(b.work, "image")
	if err := b.rootFS(ctx, root, container...); err != nil {
		return application{}, err
	}
	words, err := output(b.dagger(ctx, append(container, "entrypoint")...))
	return application{root, strings.Split(strings.TrimSpace(words), "\n"), port}, err
}

// plainJar is the jar that bare Maven makes.
func (b *bench) plainJar(ctx context.Context, port int) (application, error) {
	if err := b.bare(ctx); err != nil {
		return application{}, err
	}
	root := b.bareRoot()
	if _, err := output(maven(ctx, root, "-DskipTests", "package")); err != nil {
		return application{}, err
	}
	jars, err := filepath.Glob(root + bareSource + "/target/*.jar")
	if err != nil {
		return application{}, err
	}
	if len(jars) != 1 {
		return application{}, fmt.Errorf("bare Maven made %d jars, not one: %v", len(jars), jars)
	}
	return application{root, []string{"java", "-jar", strings.TrimPrefix(jars[0], root)}, port}, nil
}

// provesCache starts the image once in the mode in which a JVM ends if it cannot use its start-up cache; otherwise it
// would go on without it and say nothing.
func (a application) provesCache(ctx context.Context) error {
	a.args = slices.Insert(slices.Clone(a.args), 1, "-XX:AOTMode=on")
	if _, err := a.ready(ctx); err != nil {
		return fmt.Errorf("the image does not start by its start-up cache: %w", err)
	}
	say("image: its start-up cache is used (it starts with -XX:AOTMode=on)")
	return nil
}

// ready starts the application, waits until it says that it is ready, and ends it.
func (a application) ready(ctx context.Context) (time.Duration, error) {
	const limit = time.Minute
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	program := chrooted(ctx, a.root, []string{fmt.Sprintf("SERVER_PORT=%d", a.port)}, a.args...)
	ended := make(chan error, 1)
	begin := time.Now()
	go func() {
		_, err := output(program)
		ended <- err
	}()
	for !a.answers(ctx) {
		select {
		case err := <-ended:
			return 0, fmt.Errorf("it ended before it was ready, or was not ready within %s: %w", limit, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	taken := time.Since(begin)
	stop()
	<-ended // so that the next one finds the port free
	return taken, nil
}

// answers says whether the application says that it is ready.
func (a application) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/health/ready", a.port), nil)
	if err != nil {
		return false
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// freePort is a port that nothing listens on.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

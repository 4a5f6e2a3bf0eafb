package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const (
	registryPort = "5000"
	baseImage    = "library/debian:" + debianSuite + "-slim"
)

// registryPart is Debian's docker-registry, unpacked but not installed: the
// installed package would start a registry for everybody at each boot.
func registryPart() part {
	return part{
		name: "registry",
		key:  digest("docker-registry"),
		make: func(ctx context.Context, dir string) error {
			if err := download(ctx, dir, "docker-registry"); err != nil {
				return err
			}
			debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
			if err != nil || len(debs) != 1 {
				return fmt.Errorf("apt-get download left %v: %w", debs, err)
			}
			if err := run(command(ctx, "dpkg-deb", "--extract", debs[0], dir)); err != nil {
				return err
			}
			return os.Remove(debs[0])
		},
	}
}

// download fetches a Debian package into dir.
func download(ctx context.Context, dir, pkg string) error {
	fetch := func() *exec.Cmd {
		cmd := aptGet(ctx, "download", "--option=APT::Sandbox::User=root", pkg)
		cmd.Dir = dir
		return cmd
	}
	if run(fetch()) == nil {
		return nil
	}
	if err := run(aptGet(ctx, "update")); err != nil {
		return err
	}
	return run(fetch())
}

// registryConfig is docker-registry's configuration: everything in one folder.
func registryConfig(storage string) string {
	return fmt.Sprintf(`version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %q}, delete: {enabled: true}}
http: {addr: ":%s"}
`, storage, registryPort)
}

// direct talks to our own registry, past any proxy.
func direct() *http.Transport { return &http.Transport{DisableKeepAlives: true} }

// pushBase puts the base image where the engine's From finds it. It is cheap
// when the image is there already.
func pushBase(ctx context.Context, address, dir string) error {
	ref, err := name.NewTag(address+"/"+baseImage, name.Insecure)
	if err != nil {
		return err
	}
	image, hash, err := readImage(dir)
	if err != nil {
		return err
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithTransport(direct())}
	if have, err := remote.Head(ref, options...); err == nil && have.Digest == hash {
		return nil
	}
	return remote.Write(ref, image, options...)
}

// registryAnswers says whether a registry is there, within the time given.
func registryAnswers(ctx context.Context, address string, limit time.Duration) error {
	client := http.Client{Transport: direct(), Timeout: limit}
	return answers(ctx, &client, "http://"+address+"/v2/")
}

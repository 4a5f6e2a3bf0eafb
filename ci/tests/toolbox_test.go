package tests

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The toolbox lists a tool for each pin, builds it when asked, and says which there are when asked for another.
func TestToolbox(t *testing.T) {
	t.Parallel()
	pins, err := filepath.Glob(filepath.Join(repository, "ci/toolbox/*/go.mod"))
	if err != nil || len(pins) == 0 {
		t.Fatalf("no pins: %v", err)
	}
	var names []string
	for _, pin := range pins {
		names = append(names, filepath.Base(filepath.Dir(pin)))
	}
	if list := call(t, "toolbox", "list").passes(t); list != strings.Join(names, "\n") {
		t.Errorf("listed are\n%s\nwant\n%s", list, strings.Join(names, "\n"))
	}
	command(t, nil, tool(t, "crane"), "version")
	call(t, "toolbox", "tool", "--name=hammer", "contents").fails(t, `no tool "hammer"`, names[0])
}

// tool is the path of a tool of the toolbox.
func tool(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	call(t, "toolbox", "tool", "--name="+name, "export", "--path="+file).passes(t)
	return file
}

// command runs a program of this machine and returns what it printed.
func command(t *testing.T, env []string, program string, args ...string) string {
	t.Helper()
	run := exec.Command(program, args...)
	run.Env, run.Dir = append(os.Environ(), env...), t.TempDir()
	output, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", filepath.Base(program), args, err, output)
	}
	return string(output)
}

// Ready tools that are handed in are used instead of building any.
func TestReadyTools(t *testing.T) {
	t.Parallel()
	tools := workspace(t)
	crane := write(t, filepath.Join(tools, "crane"), "#!/bin/sh\necho handed-in crane: \"$@\" >&2\nexit 1\n")
	if err := os.Chmod(crane, 0o755); err != nil {
		t.Fatal(err)
	}
	call(t, "--tools="+tools, "java", "--source="+project(t), "publish", "--ref=127.0.0.1:9/team/app:1").
		fails(t, "nothing was pushed", "handed-in crane: push")
	call(t, "--tools="+tools, "toolbox", "tool", "--name=syft", "size").fails(t, "syft")
}

// The same from an image, as `toolbox publish` makes it.
func TestReadyToolsImage(t *testing.T) {
	t.Parallel()
	image := published(t, "toolbox:1", "with-new-file", "--path=/usr/local/bin/crane", "--permissions=493",
		"--contents=#!/bin/sh\necho crane of the image: \"$@\" >&2\nexit 1\n")
	call(t, "--tools-image="+image, "java", "--source="+project(t), "publish", "--ref=127.0.0.1:9/team/app:1").
		fails(t, "nothing was pushed", "crane of the image: push")
}

// The image of all tools is signed: it verifies with the public key, and with no other.
func TestToolboxPublish(t *testing.T) {
	t.Parallel()
	r, cosign := startRegistry(t), tool(t, "cosign")
	password := rand.Text()
	key, stranger := keyPair(t, cosign, password), keyPair(t, cosign, password)
	publish := append([]string{
		"toolbox", "publish", "--ref=" + r.host() + "/platform/toolbox:1",
		"--key=file:" + key + ".key", "--key-password=" + secret(t, password),
	}, r.login(t, r.password)...)
	pushed := lastLine(call(t, publish...).passes(t))

	image := strings.Replace(pushed, r.host(), "127.0.0.1:"+r.port(), 1)
	verify := func(key string) *exec.Cmd {
		run := exec.Command(cosign, "verify", "--key="+key, "--insecure-ignore-tlog", "--allow-http-registry", image)
		run.Env = append(os.Environ(), "DOCKER_CONFIG="+dockerConfig(t, r))
		return run
	}
	if output, err := verify(key + ".pub").CombinedOutput(); err != nil {
		t.Errorf("%s does not verify: %v\n%s", image, err, output)
	}
	if output, err := verify(stranger + ".pub").CombinedOutput(); err == nil || !strings.Contains(string(output), "invalid signature") {
		t.Errorf("%s verifies with a stranger's key: %v\n%s", image, err, output)
	}
}

// keyPair makes a pair of keys and returns the path that they begin with.
func keyPair(t *testing.T, cosign, password string) string {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "cosign")
	command(t, []string{"COSIGN_PASSWORD=" + password}, cosign, "generate-key-pair", "--output-key-prefix="+prefix)
	return prefix
}

// dockerConfig is a folder with what `docker login` would have written.
func dockerConfig(t *testing.T, r *registry) string {
	t.Helper()
	config, err := json.Marshal(map[string]any{"auths": map[string]any{
		"127.0.0.1:" + r.port(): map[string]string{"username": team, "password": r.password},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(write(t, filepath.Join(t.TempDir(), "config.json"), string(config)))
}

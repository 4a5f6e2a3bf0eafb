package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/oci"
)

func application(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "server"), []byte("program"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestImageAssemble(t *testing.T) {
	dir, out := application(t), filepath.Join(t.TempDir(), "a:b")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	archive, layout := filepath.Join(out, "image.tar"), filepath.Join(out, "layout")
	var stdout, stderr bytes.Buffer
	code := run([]string{"image", "assemble",
		"--layer", "app=" + dir + ":/app", "--entrypoint", "/app/server", "--entrypoint", "--listen=[::]:8080",
		"--user", "65532", "--env", "A=b=c", "--expose", "8080/tcp", "--label", "l=1", "--annotation", "a=",
		"--platform", "linux/amd64", "--workdir", "/app", "--output", archive, "--layout", layout,
	}, &stdout, &stderr)
	if code != 0 || stderr.Len() != 0 {
		t.Fatalf("exit code %d, %s", code, &stderr)
	}
	var description oci.Description
	if err := json.Unmarshal(stdout.Bytes(), &description); err != nil {
		t.Fatal(err)
	}
	if len(description.Layers) != 1 || description.Layers[0].Comment != "app" || !strings.HasPrefix(description.Digest, "sha256:") {
		t.Errorf("%+v", description)
	}
	if _, err := os.Stat(filepath.Join(layout, "index.json")); err != nil {
		t.Error(err)
	}
	var again bytes.Buffer
	if code := run([]string{"image", "describe", archive}, &again, &stderr); code != 0 || again.String() != stdout.String() {
		t.Errorf("exit code %d; described as %s, assembled as %s; %s", code, &again, &stdout, &stderr)
	}
}

func TestExitCodes(t *testing.T) {
	layer := "app=" + application(t) + ":/app"
	good := []string{"image", "assemble", "--layer", layer, "--entrypoint", "/app/server", "--platform", "linux/amd64", "--layout", filepath.Join(t.TempDir(), "layout")}
	cases := []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"red: root", append(good, "--user", "0"), 1, `user "0" is root`},
		{"red: two problems on one line", append(good, "--workdir", "app"), 1, `working directory "app" is not absolute; image has no user`},
		{"unknown command", []string{"image", "dissemble"}, 2, `unknown command "image dissemble"`},
		{"half a command", []string{"image"}, 2, `unknown command "image"`},
		{"unknown flag", append(good, "--colour"), 2, "flag provided but not defined: -colour"},
		{"left-over argument", append(good, "image.tar"), 2, `unexpected argument "image.tar"`},
		{"red: not an image", []string{"image", "describe", "main.go"}, 1, "image archive main.go: it is not a tar archive"},
		{"image not named", []string{"image", "describe"}, 2, "image describe: which file?"},
		{"nothing to write", []string{"image", "assemble", "--layer", layer}, 2, "nothing to write"},
		{"layer without target", append(good, "--layer", "app=dir"), 2, "want NAME=FOLDER:/TARGET"},
		{"layer without name", append(good, "--layer", "dir:/app"), 2, "want NAME=FOLDER:/TARGET"},
		{"label without value", append(good, "--label", "a"), 2, "want KEY=value"},
		{"label given twice", append(good, "--label", "a=1", "--label", "a=2"), 2, "a is given twice"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(test.args, &stdout, &stderr)
			if code != test.code || !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("exit code %d, want %d; %q, want %q in it", code, test.code, &stderr, test.stderr)
			}
			if !strings.HasPrefix(stderr.String(), "esteira: ") || strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("%q is not one line that begins with esteira:", &stderr)
			}
			if stdout.Len() != 0 {
				t.Errorf("an error belongs on standard error, standard output has %q", &stdout)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "image assemble"},
		{[]string{"help"}, "image assemble"},
		{[]string{"image", "assemble", "-h"}, "-layer NAME=FOLDER:/TARGET"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(test.args, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), test.want) || stderr.Len() != 0 {
			t.Errorf("%v: exit code %d, %q, %q", test.args, code, &stdout, &stderr)
		}
	}
}

package terraform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// Workshop is a scratch copy of a folder, in which OpenTofu or Terraform work. They see nothing of the caller's environment,
// and take providers from a mirror alone: a plan runs code.
type Workshop struct {
	// Dir is the copy.
	Dir string
	// Name is OpenTofu or Terraform, Version its version.
	Name, Version string

	executable, mirror string
}

// offline are credentials that nobody has: enough for a provider that asks nobody.
var offline = []string{
	"ARM_CLIENT_ID=00000000-0000-0000-0000-000000000000", "ARM_TENANT_ID=00000000-0000-0000-0000-000000000000",
	"ARM_SUBSCRIPTION_ID=00000000-0000-0000-0000-000000000000", "ARM_OIDC_TOKEN=offline", "ARM_USE_OIDC=true",
}

// hosts are where the tools look for providers whose address has no host.
var hosts = map[string]string{"OpenTofu": "registry.opentofu.org", "Terraform": "registry.terraform.io"}

// versionLine matches the first line of what `version` prints.
var versionLine = regexp.MustCompile(`^(OpenTofu|Terraform) v(\S+)`)

// Open makes a workshop of a folder, for an executable of OpenTofu's or Terraform's and a mirror of providers. Close it.
func Open(ctx context.Context, source, executable, mirror string) (*Workshop, error) {
	dir, err := os.MkdirTemp("", "terraform")
	if err != nil {
		return nil, err
	}
	w := &Workshop{Dir: dir, executable: executable}
	if err := w.furnish(ctx, source, mirror); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Close removes the copy.
func (w *Workshop) Close() error { return os.RemoveAll(w.Dir) }

func (w *Workshop) furnish(ctx context.Context, source, mirror string) error {
	mirror, err := filepath.Abs(mirror)
	if err != nil {
		return err
	}
	w.mirror = mirror
	settings := fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	if err := os.WriteFile(w.settings(), []byte(settings), 0o600); err != nil {
		return err
	}
	output, complaint, _ := w.run(ctx, ".", offline, "version")
	version := versionLine.FindSubmatch(output)
	if version == nil {
		return fmt.Errorf("%s is neither OpenTofu nor Terraform: version printed %q", w.executable, string(output)+complaint)
	}
	w.Name, w.Version = string(version[1]), string(version[2])
	return w.copy(source)
}

func (w *Workshop) settings() string { return filepath.Join(w.Dir, ".esteira.tfrc") }

// copy takes the folder over, without what Git and earlier calls of the tool left in it. Locks are made to name the registry
// that this tool means: OpenTofu's and Terraform's offer the same providers under the same hashes.
func (w *Workshop) copy(source string) error {
	return filepath.WalkDir(source, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(source, name)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == ".terraform"):
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(w.Dir, relative), 0o755)
		case !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), stateFile):
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if entry.Name() == LockFile {
			text = w.translated(text)
		}
		return os.WriteFile(filepath.Join(w.Dir, relative), text, 0o644)
	})
}

// translated is a lock file with the registry of the tool at hand.
func (w *Workshop) translated(lock []byte) []byte {
	for _, host := range hosts {
		lock = bytes.ReplaceAll(lock, []byte(`provider "`+host+`/`), []byte(`provider "`+hosts[w.Name]+`/`))
	}
	return lock
}

// run runs the tool in a folder of the copy, with an environment of its own. What it exits with is judged by who knows what
// it printed; complaint is what it wrote to standard error. An error says that it could not be run.
func (w *Workshop) run(ctx context.Context, folder string, environment []string, args ...string) (output []byte, complaint string, err error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, w.executable, args...)
	command.Dir = filepath.Join(w.Dir, folder)
	command.Stdout, command.Stderr = &stdout, &stderr
	command.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.Dir, "TF_CLI_CONFIG_FILE=" + w.settings(), "TF_IN_AUTOMATION=1", "TF_INPUT=0",
		"CHECKPOINT_DISABLE=1",
	}, environment...)
	err = command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		err = nil
	}
	return stdout.Bytes(), stderr.String(), err
}

// override makes a folder keep its state in a file beside it, whatever backend it names.
const override = "terraform {\n  backend \"local\" {}\n}\n"

// stateFile is where a folder's state lies that is kept beside it.
const stateFile = "terraform.tfstate"

// Init gets a folder ready for work without a state, or with one beside it: modules and providers. A lock file that does not
// fit is an error among what it says.
func (w *Workshop) Init(ctx context.Context, folder string, local bool) ([]tfjson.Diagnostic, error) {
	if !local {
		return w.init(ctx, folder, offline, "-backend=false")
	}
	file := filepath.Join(w.Dir, folder, "zz_esteira_override.tf")
	if err := os.WriteFile(file, []byte(override), 0o644); err != nil {
		return nil, err
	}
	return w.init(ctx, folder, offline, "-reconfigure")
}

func (w *Workshop) init(ctx context.Context, folder string, credentials []string, flags ...string) ([]tfjson.Diagnostic, error) {
	args := append([]string{"init", "-input=false", "-no-color"}, flags...)
	if _, err := os.Stat(filepath.Join(w.Dir, folder, LockFile)); err == nil {
		args = append(args, "-lockfile=readonly")
	}
	output, complaint, err := w.run(ctx, folder, credentials, args...)
	if err != nil || bytes.Contains(output, []byte("successfully initialized")) {
		return nil, err
	}
	diagnostics := Plain(string(output) + "\n" + complaint)
	if len(diagnostics) == 0 {
		return nil, fmt.Errorf("%s: %s init did not end well and did not say why: %q", folder, w.Name, string(output)+complaint)
	}
	return diagnostics, nil
}

// Lock makes the lock file of a folder anew, for all platforms that the mirror has, and returns it.
func (w *Workshop) Lock(ctx context.Context, folder string) ([]byte, error) {
	name := filepath.Join(w.Dir, folder, LockFile)
	if err := os.RemoveAll(name); err != nil {
		return nil, err
	}
	diagnostics, err := w.Init(ctx, folder, false)
	if err != nil {
		return nil, err
	}
	if len(diagnostics) > 0 {
		return nil, fmt.Errorf("%s: %s", folder, said(diagnostics[0]))
	}
	platforms, err := filepath.Glob(filepath.Join(w.mirror, hosts[w.Name], "*", "*", "*", "*"))
	if err != nil {
		return nil, err
	}
	args := []string{"providers", "lock", "-no-color", "-fs-mirror=" + w.mirror}
	for _, platform := range platforms {
		if flag := "-platform=" + filepath.Base(platform); !slices.Contains(args, flag) {
			args = append(args, flag)
		}
	}
	_, complaint, err := w.run(ctx, folder, offline, args...)
	if failed := Errors(Plain(complaint)); err == nil && len(failed) > 0 {
		return nil, fmt.Errorf("%s: %s", folder, said(failed[0]))
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(name)
}

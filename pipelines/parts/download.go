package parts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Download has the go command download modules, and gives the folder of each. It goes by Go's own settings: proxies,
// credentials, and the checksum database, which is not asked about modules that have a sum of their own: that is compared.
func Download(ctx context.Context, modules []Module) (map[Module]string, error) {
	if len(modules) == 0 {
		return nil, nil
	}
	empty, err := os.MkdirTemp("", "parts")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(empty)
	args := []string{"mod", "download", "-json", "--"}
	for _, module := range modules {
		args = append(args, module.String())
	}
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = empty // where no go.mod has a say
	command.Env = append(os.Environ(), "GONOSUMDB="+unlisted(modules, os.Getenv("GONOSUMDB")))
	command.Stdout, command.Stderr = &stdout, &stderr
	failed := command.Run()
	folders, err := downloaded(&stdout, modules)
	if err == nil && failed != nil {
		err = fmt.Errorf("%w: %s", failed, strings.TrimSpace(stderr.String()))
	}
	if err != nil {
		return nil, fmt.Errorf("go mod download: %w", err)
	}
	return folders, nil
}

// unlisted are the paths that the checksum database is not asked about, in the words of GONOSUMDB.
func unlisted(modules []Module, before string) string {
	var paths []string
	if before != "" {
		paths = append(paths, before)
	}
	for _, module := range modules {
		if module.Sum != "" {
			paths = append(paths, module.Path)
		}
	}
	return strings.Join(paths, ",")
}

// downloaded reads what `go mod download -json` printed: an object a module.
func downloaded(from io.Reader, modules []Module) (map[Module]string, error) {
	type object struct{ Path, Version, Error, Dir, Sum string }
	said := map[string]object{}
	decoder := json.NewDecoder(from)
	for {
		var one object
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("it printed what cannot be read: %w", err)
		}
		said[Module{Path: one.Path, Version: one.Version}.String()] = one
	}
	folders := map[Module]string{}
	var all []error
	for _, module := range modules {
		one, there := said[module.String()]
		switch {
		case !there:
			all = append(all, fmt.Errorf("it said nothing of %s", module))
		case one.Error != "":
			all = append(all, errors.New(one.Error))
		case module.Sum != "" && one.Sum != module.Sum:
			all = append(all, fmt.Errorf("%s has the sum %s, want %s", module, one.Sum, module.Sum))
		}
		folders[module] = one.Dir
	}
	return folders, errors.Join(all...)
}

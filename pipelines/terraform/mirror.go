package terraform

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// provider matches the Go module of a provider: by convention of their registries, owner/terraform-provider-NAME.
var provider = regexp.MustCompile(`^[^/]+/([^/]+)/terraform-provider-([^/]+)(/v\d+)?$`)

// Mirror puts a provider that was built from its Go module into a mirror, under the registries of both tools. Owner, name and
// version are those that Go wrote into the file.
func Mirror(file, into string) error {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return fmt.Errorf("%s: %w: hand in a provider that Go built", file, err)
	}
	module, version := info.Main.Path, info.Main.Version
	for _, dependency := range info.Deps {
		if info.Path == dependency.Path || strings.HasPrefix(info.Path, dependency.Path+"/") {
			module, version = dependency.Path, dependency.Version
		}
	}
	names := provider.FindStringSubmatch(module)
	if names == nil {
		return fmt.Errorf("%s: it was built from %s, which is not named as a provider's module is: OWNER/terraform-provider-NAME", file, module)
	}
	executable, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	platform := setting(info, "GOOS") + "_" + setting(info, "GOARCH")
	for _, host := range hosts {
		dir := filepath.Join(into, host, strings.ToLower(names[1]), names[2], strings.TrimPrefix(version, "v"), platform)
		name := filepath.Join(dir, "terraform-provider-"+names[2]+"_"+version)
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(name, executable, 0o755)); err != nil {
			return err
		}
	}
	return nil
}

func setting(info *buildinfo.BuildInfo, name string) string {
	for _, s := range info.Settings {
		if s.Key == name {
			return s.Value
		}
	}
	return ""
}

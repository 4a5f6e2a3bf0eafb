package acceptance

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Read reads the text of a File that has nothing but a version and what is accepted. No text at all accepts nothing.
func Read(text string) ([]Exception, error) {
	var file struct {
		Version  int         `yaml:"version"`
		Accepted []Exception `yaml:"accepted"`
	}
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", File, err)
	}
	if text != "" && file.Version != 1 {
		return nil, fmt.Errorf("%s: version is %d: this knows version: 1", File, file.Version)
	}
	return file.Accepted, Check(file.Accepted)
}

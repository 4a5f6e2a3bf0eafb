package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// changedFile is the source that is changed, in copies of the component.
const changedFile = "src/main/java/io/github/esteira/gateway/GatewayApplication.java"

// changed is a check after a change of one line, which no run before has seen.
func changed(ctx context.Context, b *bench) ([]line, error) {
	if err := b.bare(ctx); err != nil {
		return nil, err
	}
	folder := filepath.Join(b.work, "changed")
	if err := b.copyComponent(ctx, folder); err != nil {
		return nil, err
	}
	ours, theirs, err := sideBySide(ctx, 5,
		side{"check, one line changed", func(ctx context.Context) (time.Duration, error) {
			if err := change(filepath.Join(folder, changedFile)); err != nil {
				return 0, err
			}
			return timed(func() error { return passed(b.check(ctx, folder)) })
		}},
		side{"mvn verify, one line changed", func(ctx context.Context) (time.Duration, error) {
			if err := change(filepath.Join(b.bareRoot(), bareSource, changedFile)); err != nil {
				return 0, err
			}
			return timed(func() error { return inTurn(maven(ctx, b.bareRoot(), "verify")) })
		}})
	return []line{{
		what: "test, one line changed", unit: "s", esteira: ours, bare: theirs,
		target: []limit{{1.25, 1.5}},
	}}, err
}

// change adds a line to a Java source's last class.
func change(path string) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	added, err := withConstant(source, time.Now().UnixNano())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, added, 0o644)
}

// withConstant is a Java source whose last class has one constant more, which changes what it is compiled to.
func withConstant(source []byte, value int64) ([]byte, error) {
	end := bytes.LastIndexByte(source, '}')
	if end < 0 {
		return nil, fmt.Errorf("it has no class to change: no closing brace")
	}
	added := fmt.Sprintf("\tstatic final long CHANGE_%d = %dL;\n", value, value)
	return bytes.Join([][]byte{source[:end], []byte(added), source[end:]}, nil), nil
}

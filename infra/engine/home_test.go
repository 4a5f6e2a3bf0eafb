package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testHome(t *testing.T) (home, *progress) {
	t.Helper()
	h := home(t.TempDir())
	if err := h.prepare(); err != nil {
		t.Fatal(err)
	}
	return h, &progress{out: new(bytes.Buffer)}
}

func filePart(key, content string) part {
	return part{name: "thing", key: key, make: func(_ context.Context, dir string) error {
		return os.WriteFile(filepath.Join(dir, "file"), []byte(content), 0o644)
	}}
}

func TestPartIsMadeOncePerKey(t *testing.T) {
	h, log := testHome(t)
	ctx := t.Context()
	for _, p := range []part{filePart("k1", "first"), filePart("k1", "second"), filePart("k2", "third")} {
		if err := h.provide(ctx, log, p); err != nil {
			t.Fatal(err)
		}
	}
	for key, want := range map[string]string{"k1": "first", "k2": "third"} {
		got, err := os.ReadFile(filepath.Join(h.partDir(part{name: "thing", key: key}), "file"))
		if err != nil || string(got) != want {
			t.Errorf("key %s: %q, %v; want %q", key, got, err, want)
		}
	}
}

func TestFailedPartLeavesNothing(t *testing.T) {
	h, log := testHome(t)
	broken := errors.New("no space left")
	p := filePart("k", "half")
	whole := p.make
	p.make = func(ctx context.Context, dir string) error { return errors.Join(whole(ctx, dir), broken) }
	if err := h.provide(t.Context(), log, p); !errors.Is(err, broken) {
		t.Fatalf("error %v; want %v", err, broken)
	}
	for _, dir := range []string{"store", "tmp"} {
		if entries, err := os.ReadDir(h.path(dir)); err != nil || len(entries) > 0 {
			t.Errorf("%s holds %v (%v); want nothing", dir, entries, err)
		}
	}
	if h.has(p) {
		t.Error("the part counts as made")
	}
}

func TestPruneKeepsWhatIsUsed(t *testing.T) {
	h, log := testHome(t)
	used, unused := filePart("used", ""), filePart("unused", "")
	for _, p := range []part{used, unused} {
		if err := h.provide(t.Context(), log, p); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.prune([]string{h.partDir(used)}); err != nil {
		t.Fatal(err)
	}
	if !h.has(used) || h.has(unused) {
		t.Errorf("used kept: %v, unused kept: %v; want true, false", h.has(used), h.has(unused))
	}
}

func TestLockMakesTheSecondWait(t *testing.T) {
	h, _ := testHome(t)
	unlock, err := h.lock(&progress{out: new(bytes.Buffer)})
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1)
	second := make(chan error, 1)
	go func() {
		again, err := h.lock(&progress{out: lineWriter(said)})
		if err == nil {
			again()
		}
		second <- err
	}()
	if line := <-said; !strings.Contains(line, "waiting") {
		t.Errorf("the second said %q; want that it waits", line)
	}
	select {
	case err := <-second:
		t.Fatalf("the second did not wait (error %v)", err)
	default:
	}
	unlock()
	if err := <-second; err != nil {
		t.Error(err)
	}
}

type lineWriter chan string

func (w lineWriter) Write(p []byte) (int, error) {
	w <- string(p)
	return len(p), nil
}

func TestFindHome(t *testing.T) {
	for _, c := range []struct{ value, want, err string }{
		{value: "/srv/engine/", want: "/srv/engine"},
		{value: "relative/folder", err: "absolute"},
	} {
		t.Setenv("ESTEIRA_ENGINE_HOME", c.value)
		got, err := findHome()
		if string(got) != c.want || !mentions(err, c.err) {
			t.Errorf("ESTEIRA_ENGINE_HOME=%s: %q, %v; want %q, error with %q", c.value, got, err, c.want, c.err)
		}
	}
}

// mentions says whether an error has the text, or is nil where the text is empty.
func mentions(err error, text string) bool {
	if text == "" || err == nil {
		return text == "" && err == nil
	}
	return strings.Contains(err.Error(), text)
}

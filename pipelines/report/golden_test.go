package report

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew; look at the difference before you commit it")

// TestGolden compares every format of three runs with files that a person has looked at.
func TestGolden(t *testing.T) {
	formats := map[string]func(Run, io.Writer) error{
		"md":    Run.Markdown,
		"html":  Run.HTML,
		"json":  Run.JSON,
		"sarif": Run.SARIF,
		"xml":   Run.JUnit,
		"txt":   func(r Run, w io.Writer) error { return r.Text(w, false) },
		"ansi":  func(r Run, w io.Writer) error { return r.Text(w, true) },
		"annotations": func(r Run, w io.Writer) error {
			_, err := io.WriteString(w, r.Annotations())
			return err
		},
	}
	for name, run := range map[string]Run{"green": green(), "red": red(t), "empty": {Title: "nothing"}} {
		for format, write := range formats {
			t.Run(name+"."+format, func(t *testing.T) {
				var got bytes.Buffer
				if err := write(run, &got); err != nil {
					t.Fatal(err)
				}
				compare(t, filepath.Join("testdata", name+"."+format), got.Bytes())
			})
		}
	}
}

func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s (go test -update writes it anew):\n%s", file, got)
	}
}

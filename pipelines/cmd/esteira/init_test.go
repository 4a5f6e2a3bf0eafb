package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/config"
)

func place(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInit(t *testing.T) {
	for _, test := range []struct {
		name, owners string
		want         string
	}{
		{"nobody is named", "", "orders=unassigned risk=unassigned"},
		{"teams, the last line that fits counts", "* @all\n/apps/orders/ @shop/java-team @shop/other\n", "orders=java-team risk=all"},
		{"nobody for one", "/apps/orders @shop/java-team\n/apps/orders/\n", "orders=unassigned risk=unassigned"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			place(t, dir, map[string]string{"apps/orders/pom.xml": "", "apps/risk/pyproject.toml": "", "docs/CODEOWNERS": test.owners})
			var out, errOut bytes.Buffer
			if code := run([]string{"init", "--source", dir}, &out, &errOut); code != 0 {
				t.Fatal(errOut.String())
			}
			c, err := config.Parse("esteira.yaml", out.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, component := range c.Components {
				got = append(got, component.Name+"="+component.Owner)
			}
			if len(c.Unowned) != 1 || c.Unowned[0].Path != "docs" {
				t.Errorf("%+v", c.Unowned)
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("%v, want %s", got, test.want)
			}
		})
	}
}

func TestInitRefuses(t *testing.T) {
	for says, files := range map[string]map[string]string{
		"has its esteira.yaml already":     {"esteira.yaml": "version: 1\n", "pom.xml": ""},
		"no component was found":           {"README.md": ""},
		"CODEOWNERS: line 1: unexpected c": {"pom.xml": "", ".github/CODEOWNERS": "a[b @x\n"},
	} {
		dir := t.TempDir()
		place(t, dir, files)
		var out, errOut bytes.Buffer
		if code := run([]string{"init", "--source", dir}, &out, &errOut); code != 1 || !strings.Contains(errOut.String(), says) {
			t.Errorf("exit code %d, %s does not say %s", code, errOut.String(), says)
		}
	}
}

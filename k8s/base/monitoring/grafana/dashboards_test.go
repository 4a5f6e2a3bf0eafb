// Package grafana_test reads the dashboards as Grafana's own types have them, because Grafana itself drops without a word
// what it does not know.
package grafana_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// grafanas is what Grafana's types say of a dashboard: unknown fields, missing ones, and values that none may have.
func grafanas(text []byte) error {
	runtime := cog.NewRuntime()
	runtime.RegisterPanelcfgVariant(stat.VariantConfig())
	runtime.RegisterPanelcfgVariant(timeseries.VariantConfig())
	runtime.RegisterDataqueryVariant(prometheus.VariantConfig())
	//lint:ignore SA1019 a dashboard that is provisioned by a file has the classic form
	var strict, d dashboard.Dashboard
	err := strict.UnmarshalJSONStrict(text)
	if build := (cog.BuildErrors)(nil); errors.As(err, &build) && len(build) == 0 {
		err = nil // its way to say that nothing is wrong
	}
	return cmp.Or(err, json.Unmarshal(text, &d), d.Validate())
}

func TestDashboardsAreGrafanas(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("dashboards/*.json")
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := grafanas(text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestNotGrafanas(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("dashboards/iris-api.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, from, to, want string }{
		{"option that stat does not have", `"graphMode": "none"`, `"grahpMode": "none"`, "grahpMode"},
		{"option that it must have", `"textMode": "auto",`, ``, "textMode"},
		{"field that a panel does not have", `"gridPos"`, `"gridpos"`, "gridpos"},
		{"text for a number", `"schemaVersion": 41`, `"schemaVersion": "41"`, "schemaVersion"},
		{"target that Prometheus does not take", `"legendFormat"`, `"legend"`, "legend"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			broken := bytes.Replace(text, []byte(c.from), []byte(c.to), 1)
			if bytes.Equal(broken, text) {
				t.Fatalf("%q is not there", c.from)
			}
			if err := grafanas(broken); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says %v, want %q", err, c.want)
			}
		})
	}
}

package monitoring

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// small is a tree with one rule of each kind, a dashboard, and what is needed for nothing to be found.
func small() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"prometheus.yaml": file("rule_files: [rules.yaml]\nscrape_configs:\n  - job_name: shop\n    static_configs: [{targets: [shop:80], labels: {team: shop}}]\n"),
		"rules.yaml": file(`groups:
  - name: shop
    rules:
      - record: shop:orders:rate5m
        expr: sum by (team) (rate(orders_total{job="shop"}[5m]))
      - alert: NoOrders
        expr: shop:orders:rate5m == 0
        annotations:
          summary: nobody orders
          runbook_url: https://example.com/runbooks/no-orders.md
`),
		"tests.yaml": file(`rule_files: [rules.yaml]
tests:
  - name: none
    alert_rule_test:
      - {alertname: NoOrders, eval_time: 5m, exp_alerts: [{exp_labels: {team: shop}}]}
      - {alertname: NoOrders, eval_time: 9m, exp_alerts: []}
`),
		"shop.json": file(`{
  "title": "Shop", "schemaVersion": 39,
  "panels": [
    {"title": "Orders", "type": "stat", "targets": [
      {"expr": "sum(shop:orders:rate5m)"}
    ]}
  ]
}
`),
	}
}

const exposed = "# TYPE orders_total counter\norders_total{kind=\"book\"} 3\n"

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, file, old, new string
		want                 []string // rule file:line words, each
	}{
		{name: "nothing"},
		{
			name: "unknown metric", file: "rules.yaml", old: "orders_total", new: "order_total",
			want: []string{"unknown-metric rules.yaml:5 nobody exposes order_total"},
		},
		{
			name: "unknown label", file: "rules.yaml", old: "sum by (team)", new: "sum by (colour)",
			want: []string{"rules.yaml:5 colour"},
		},
		{
			name: "PromQL", file: "rules.yaml", old: "== 0", new: "== (0",
			want: []string{"promql rules.yaml:7 PromQL"},
		},
		{
			name: "a job that is not scraped", file: "prometheus.yaml", old: "job_name: shop", new: "job_name: store",
			want: []string{"unscraped-metric rules.yaml:5 no job of Prometheus has that name"},
		},
		{
			name: "an alert that no test has fire", file: "tests.yaml", old: "[{exp_labels: {team: shop}}]", new: "[]",
			want: []string{"untested-alert rules.yaml:6 no test has it fire"},
		},
		{
			name: "a runbook that is not there", file: "rules.yaml", old: "no-orders.md", new: "orders.md",
			want: []string{"no-runbook rules.yaml:10 there is no runbook orders.md"},
		},
		{
			name: "a dashboard's unknown metric", file: "shop.json", old: "sum(shop:orders:rate5m)", new: "sum(shop:order:rate5m)",
			want: []string{"unknown-metric shop.json:5 nobody exposes shop:order:rate5m"},
		},
		{
			name: "rules that are no YAML", file: "rules.yaml", old: "groups:\n", new: "groups:\n\t- x\n",
			want: []string{"unreadable rules.yaml:2 cannot start any token"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			said := judge(t, test.file, test.old, test.new)
			if len(test.want) == 0 && len(said) > 0 {
				t.Errorf("it says %q", said)
			}
			for _, want := range test.want {
				words := strings.SplitN(want, " ", 3)
				if !slices.ContainsFunc(said, func(line string) bool {
					return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) })
				}) {
					t.Errorf("nothing says %q:\n%s", words, strings.Join(said, "\n"))
				}
			}
		})
	}
}

// judge is what is found in the small tree when a text in one of its files is another.
func judge(t *testing.T, file, old, new string) (said []string) {
	t.Helper()
	files := small()
	if file != "" {
		text := string(files[file].Data)
		if !strings.Contains(text, old) {
			t.Fatalf("%s has no %q", file, old)
		}
		files[file].Data = []byte(strings.Replace(text, old, new, 1))
	}
	tree, err := Read(files)
	if err != nil {
		t.Fatal(err)
	}
	shop, err := ReadExposition("shop", strings.NewReader(exposed))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Judge(tree, []Exposition{shop}, fstest.MapFS{"no-orders.md": {}}) {
		said = append(said, fmt.Sprintf("%s %s %s", f.Rule, f.Location, f.Message))
	}
	return said
}

// What is no exposition is an error, and never one without metrics.
func TestReadExposition(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "<html>", "# TYPE orders_total counter\n", "{} 1\n"} {
		if got, err := ReadExposition("shop", strings.NewReader(text)); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func FuzzReadExposition(f *testing.F) {
	f.Add(exposed)
	f.Add("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		if e, err := ReadExposition("shop", strings.NewReader(text)); err == nil && len(e.Series) == 0 {
			t.Error("an exposition without a metric is no error")
		}
	})
}

// The cluster's own monitoring is found, all of it.
func TestReadOwn(t *testing.T) {
	t.Parallel()
	tree, err := Read(os.DirFS("../../k8s"))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Rules) != 6 || len(tree.Tests) != 6 || len(tree.Configs) != 1 || len(tree.Routers) != 1 || len(tree.Exporters) != 1 ||
		len(tree.Dashboards) != 3 || len(tree.Canaries) == 0 || len(tree.Unread) > 0 {
		t.Errorf("%d rule files, %d of tests, %d configurations, %d routers, %d lists of exporters, %d dashboards, %d canaries, unread %v",
			len(tree.Rules), len(tree.Tests), len(tree.Configs), len(tree.Routers), len(tree.Exporters), len(tree.Dashboards), len(tree.Canaries), tree.Unread)
	}
}

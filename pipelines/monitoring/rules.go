package monitoring

import (
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
)

// RuleFile is a file of Prometheus' rules.
type RuleFile struct {
	File  string
	Rules []Rule
}

// Rule is a recording rule or an alert.
type Rule struct {
	Query
	Record, Alert string
	// At is the line of the rule's name.
	At          int
	Labels      map[string]string
	Annotations map[string]annotation
}

// annotation is a text of an alert, and its line.
type annotation struct {
	text string
	line int
}

func (a *annotation) UnmarshalYAML(node *yaml.Node) error {
	a.text, a.line = text(node)
	return nil
}

// readRules reads a file of rules as far as it is judged here. That it has nothing else promtool says.
func readRules(name string, content []byte) (RuleFile, error) {
	var file struct {
		Groups []struct {
			Rules []struct {
				Record, Alert, Expr yaml.Node
				Labels              map[string]string
				Annotations         map[string]annotation
			}
		}
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		return RuleFile{}, err
	}
	rules := RuleFile{File: name}
	for _, group := range file.Groups {
		for _, r := range group.Rules {
			rule := Rule{Record: r.Record.Value, Alert: r.Alert.Value, At: max(r.Record.Line, r.Alert.Line), Labels: r.Labels, Annotations: r.Annotations}
			rule.File = name
			rule.Text, rule.Line = text(&r.Expr)
			rule.Name = rule.Record + rule.Alert
			rules.Rules = append(rules.Rules, rule)
		}
	}
	return rules, nil
}

// TestFile is a file of tests of rules.
type TestFile struct {
	File string
	// RuleFiles are patterns of paths.
	RuleFiles []string
	// Firing and Silent are the alerts that have to fire, and not to fire, in some case.
	Firing, Silent []string
	// lines are those of the tests, by name.
	lines map[string]int
}

func readTests(name string, content []byte) (TestFile, error) {
	var file struct {
		RuleFiles []string `yaml:"rule_files"`
		Tests     []struct {
			Name          yaml.Node
			AlertRuleTest []struct {
				Alertname string
				ExpAlerts []yaml.Node `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		return TestFile{}, err
	}
	tests := TestFile{File: name, lines: map[string]int{}}
	for _, pattern := range file.RuleFiles {
		tests.RuleFiles = append(tests.RuleFiles, path.Join(path.Dir(name), pattern))
	}
	for _, test := range file.Tests {
		tests.lines[test.Name.Value] = test.Name.Line
		for _, c := range test.AlertRuleTest {
			if len(c.ExpAlerts) > 0 {
				tests.Firing = append(tests.Firing, c.Alertname)
			} else {
				tests.Silent = append(tests.Silent, c.Alertname)
			}
		}
	}
	return tests, nil
}

// covers says whether the tests are of a file of rules.
func (t TestFile) covers(rules string) bool {
	return slices.ContainsFunc(t.RuleFiles, func(pattern string) bool {
		matched, err := path.Match(pattern, rules)
		return err == nil && matched
	})
}

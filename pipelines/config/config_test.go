package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/attestation"
	cost "github.com/esteira/esteira/pipelines/cost/policy"
	delivery "github.com/esteira/esteira/pipelines/delivery/policy"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/gate/policy"
	promotion "github.com/esteira/esteira/pipelines/release/policy"
	"github.com/esteira/esteira/pipelines/vulnerability"
)

const (
	ours       = "../../esteira.yaml"
	schemaFile = "../../docs/schema/esteira.schema.json"
)

func TestOurs(t *testing.T) {
	config, err := ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	if config.Gate == nil || config.Gate.Accuracy != 0.9 || config.Gate.Margin != 0.05 || config.Gate.DesignEffect != 1.5 {
		t.Errorf("the gate's policy is %+v", config.Gate)
	}
	if config.Training == nil || config.Training.Dataset != "iris" || len(config.Components) < 3 {
		t.Errorf("%+v", config)
	}
}

// complete has every field that there is.
const complete = `version: 1
components:
  - name: orders
    path: apps/orders
    kind: java
    owner: java-team
    also: [docs/orders]
    skip:
      - {stage: image, reason: it is a library}
    modes: {build: report, test: blocking}
everything: [ci, go.mod]
unowned:
  - {path: docs, reason: people read them}
gate:
  accuracy: 0.9
  margin: 0.05
  interval: clopper-pearson
  designEffect: 2
  judgements: 10
  rubberStamp: true
  anchor:
    sha256: "0123456789012345678901234567890123456789012345678901234567890123"
    margin: 0.1
  metrics:
    precision: {a.b: 0.5}
    recall: {a.b: 0.6}
    macroF1: 0.8
    balancedAccuracy: 0.7
    logLoss: 0.5
    brier: 0.3
  slices:
    minimumRows: 40
    proof:
      - {column: size, value: small, accuracy: 0.8, margin: 0.1, minimumRows: 50}
    noHarm:
      - {column: size, value: large, minimumRows: 60}
training:
  dataset: iris
  estimator: mlp
  parameters:
    alpha: 0.1
    hidden_layer_sizes: [100]
  folds: 5
  seed: 3
cost:
  currency: USD
  prices: {warnAfter: 10, redAfter: 20}
  increase: {amount: 50, percent: 5}
  environments:
    environments/prod:
      budget: 100
      usage:
        module.a.azapi_resource.b["c"]: {storedGB: 5, nodes.user: 2.5}
security:
  vulnerabilities:
    blocks: critical
    database:
      maxHours: 24
      records: {Maven: 5000}
  provenance:
    builders: [https://builder.example/v1]
    sources: [git+https://code.example/team/orders]
environments:
  - name: production
    overlay: prod
    reviewers: {users: [ada], teams: [owners]}
    waitMinutes: 5
    branches: [main, release/*]
    preventSelfReview: true
    adminsMayBypass: true
  - {name: back, overlay: prod, rollback: true, waitMinutes: 0, branches: [main]}
delivery:
  production: prod
  staging: staging
  targets: {deployedSeconds: 600, rollbackSeconds: 120, modelRollbackSeconds: 300, trainedSeconds: 14400, deploymentsPerDay: 2, failedPercent: 3}
  declared:
    build: {typicalSeconds: 1, worstSeconds: 2}
    sync: {typicalSeconds: 3, worstSeconds: 4}
    start: {typicalSeconds: 5, worstSeconds: 6}
    tests: {typicalSeconds: 7, worstSeconds: 8}
    approval: {typicalSeconds: 9, worstSeconds: 10}
    training: {typicalSeconds: 11, worstSeconds: 12}
promotion:
  branch: trunk
  rollbackDepth: 5
  pinDays: 7
  stop: {owner: platform-team, reason: the registry lost data}
  environments:
    staging: {updater: k8s/updater.yaml, unsigned: true}
    prod:
      from: staging
      delivery: pull-request
      approvals: 2
      emergencyApprovals: 3
      freeze:
        timeZone: Europe/Lisbon
        weekly: [{from: "Fri 16:00", to: "Mon 08:00"}]
        holidays: ["2026-12-24"]
        periods: [{from: "2026-12-27", to: "2027-01-03", reason: the year ends}]
`

func TestComplete(t *testing.T) {
	got, err := Parse("esteira.yaml", []byte(complete))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Version: 1,
		Components: []Component{{
			Name: "orders", Path: "apps/orders", Kind: Java, Owner: "java-team", Also: []string{"docs/orders"},
			Skip: []Skip{{Stage: "image", Reason: "it is a library"}}, Modes: map[string]Mode{"build": ReportOnly, "test": Blocking},
		}},
		Everything: []string{"ci", "go.mod"},
		Unowned:    []Unowned{{Path: "docs", Reason: "people read them"}},
		Gate: &policy.Policy{
			Accuracy: 0.9, Margin: 0.05, Interval: policy.ClopperPearson, DesignEffect: 2, Judgements: 10, RubberStamp: true,
			Anchor: &policy.Anchor{SHA256: strings.Repeat("0123456789", 6) + "0123", Margin: 0.1},
			Metrics: policy.Metrics{
				Precision: map[string]float64{"a.b": 0.5}, Recall: map[string]float64{"a.b": 0.6},
				MacroF1: 0.8, BalancedAccuracy: 0.7, LogLoss: 0.5, Brier: 0.3,
			},
			Slices: policy.Slices{
				MinimumRows: 40,
				Proof:       []policy.Proof{{Column: "size", Value: "small", Accuracy: 0.8, Margin: 0.1, MinimumRows: 50}},
				NoHarm:      []policy.NoHarm{{Column: "size", Value: "large", MinimumRows: 60}},
			},
		},
		Training: &Training{
			Dataset: "iris", Estimator: "mlp", Folds: 5, Seed: 3,
			Parameters: map[string]any{"alpha": 0.1, "hidden_layer_sizes": []any{int64(100)}},
		},
		Cost: &cost.Policy{
			Currency: "USD", Prices: cost.Prices{WarnAfter: 10, RedAfter: 20}, Increase: &cost.Increase{Amount: 50, Percent: 5},
			Environments: map[string]cost.Environment{"environments/prod": {Budget: 100, Usage: map[string]cost.Usage{
				`module.a.azapi_resource.b["c"]`: {"storedGB": 5, "nodes.user": 2.5},
			}}},
		},
		Security: Security{
			Vulnerabilities: vulnerability.Policy{
				Blocks: finding.Critical, Database: vulnerability.DatabasePolicy{MaxHours: 24, Records: map[string]int{"Maven": 5000}},
			},
			Provenance: attestation.Policy{
				Builders: []string{"https://builder.example/v1"}, Sources: []string{"git+https://code.example/team/orders"},
			},
		},
		Environments: []Environment{
			{
				Name: "production", Overlay: "prod", Reviewers: Reviewers{Users: []string{"ada"}, Teams: []string{"owners"}},
				WaitMinutes: 5, Branches: []string{"main", "release/*"}, PreventSelfReview: true, AdminsMayBypass: true,
			},
			{Name: "back", Overlay: "prod", Rollback: true, Branches: []string{"main"}},
		},
		Delivery: &delivery.Policy{
			Production: "prod", Staging: "staging",
			Targets: delivery.Targets{Deployed: 600, Rollback: 120, ModelRollback: 300, Trained: 14400, DeploymentsPerDay: 2, FailedPercent: 3},
			Declared: delivery.Declared{
				Build: delivery.Span{Typical: 1, Worst: 2}, Sync: delivery.Span{Typical: 3, Worst: 4},
				Start: delivery.Span{Typical: 5, Worst: 6}, Tests: delivery.Span{Typical: 7, Worst: 8},
				Approval: delivery.Span{Typical: 9, Worst: 10}, Training: delivery.Span{Typical: 11, Worst: 12},
			},
		},
		Promotion: &promotion.Policy{
			Branch: "trunk", RollbackDepth: 5, PinDays: 7,
			Stop: &promotion.Stop{Owner: "platform-team", Reason: "the registry lost data"},
			Environments: map[string]promotion.Environment{
				"staging": {Updater: "k8s/updater.yaml", Unsigned: true},
				"prod": {
					From: "staging", Delivery: promotion.PullRequest, Approvals: 2, EmergencyApprovals: 3,
					Freeze: &promotion.Freeze{
						TimeZone: "Europe/Lisbon", Holidays: []string{"2026-12-24"},
						Weekly:  []promotion.Weekly{{From: "Fri 16:00", To: "Mon 08:00"}},
						Periods: []promotion.Period{{From: "2026-12-27", To: "2027-01-03", Reason: "the year ends"}},
					},
				},
			},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
	if err := validate(t, complete); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
}

// Each is the complete file with one edit, and is refused with its line, its field and what to do; bySchema says whether
// an editor that only knows the schema sees it too.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name, old, new string
		says           string
		bySchema       bool
	}{
		{"an unknown key", "gate:\n", "gates:\n", `esteira.yaml:14: gates: it is unknown`, true},
		{"an unknown key of a policy", "margin: 0.05", "margins: 0.05", `esteira.yaml:16: gate.margins: "0.05" is unknown`, true},
		{"an unknown key of a metric", "macroF1", "macrof1", `esteira.yaml:27: gate.metrics.macrof1: "0.8" is unknown`, true},
		{"an unknown key of a slice", "accuracy: 0.8, margin", "accuracies: 0.8, margin", `esteira.yaml:34: gate.slices.proof[0].accuracies: "0.8" is unknown`, true},
		{"an unknown key of a component", "owner: java-team", "team: java-team", `esteira.yaml:6: components[0].team: "java-team" is unknown`, true},
		{"a key in capitals", "accuracy: 0.9", "Accuracy: 0.9", `esteira.yaml:15: gate.Accuracy: "0.9" is unknown`, true},
		{"a key that is there twice", "margin: 0.05", "accuracy: 0.1\n  margin: 0.05", `key "accuracy" already set`, false},
		{"a second document", "training:", "---\ntraining:", `esteira.yaml:37: there is a second document`, false},
		{"no YAML", "components:", "components: [", "esteira.yaml: yaml: line", false},
		{"another version", "version: 1", "version: 2", `esteira.yaml:1: version: 2 is no version that is known`, true},
		{"no version", "version: 1\n", "", `version: 0 is no version that is known`, true},
		{"a text for a number", "accuracy: 0.9", "accuracy: high", `esteira.yaml:15: gate.accuracy: "high" is a string: want a value of type float64`, true},
		{"not a number", "accuracy: 0.9", "accuracy: .nan", "NaN", false},
		{"a fraction of a fold", "folds: 5", "folds: 5.5", `esteira.yaml:43: training.folds: "5.5" is a number 5.5: want a value of type int`, true},
		{"an accuracy of 1", "accuracy: 0.9", "accuracy: 1", `esteira.yaml:15: gate.accuracy: 1 is not between 0 and 1`, true},
		{"no accuracy", "  accuracy: 0.9\n", "", `esteira.yaml:14: gate.accuracy: 0 is not between 0 and 1`, true},
		{"a margin of nothing", "margin: 0.05", "margin: 0", `esteira.yaml:16: gate.margin: 0 is not between 0 and 1`, true},
		{"a negative margin", "margin: 0.05", "margin: -0.05", `esteira.yaml:16: gate.margin: -0.05 is not between 0 and 1`, true},
		{"a slice's impossible margin", "margin: 0.1, min", "margin: 1.5, min", `esteira.yaml:34: gate.slices.proof[0].margin: 1.5 is not`, true},
		{"a slice that is named twice", "value: large", "value: small", `esteira.yaml:36: gate.slices.noHarm[0]: size=small is named twice: slices.proof[0] has it`, false},
		{"a slice without a column", "column: size, value: large", "column: '', value: large", `esteira.yaml:36: gate.slices.noHarm[0].column: "" is empty`, true},
		{"an impossible recall", "recall: {a.b: 0.6}", "recall: {a.b: 1}", `esteira.yaml:26: gate.metrics.recall.a.b: 1 is not`, true},
		{"an impossible Brier score", "brier: 0.3", "brier: 2.5", `esteira.yaml:30: gate.metrics.brier: 2.5 is not between 0 and 2`, true},
		{"a design effect below 1", "designEffect: 2", "designEffect: 0.5", `esteira.yaml:18: gate.designEffect: 0.5 is less than 1`, true},
		{"an unknown interval", "clopper-pearson", "wald", `esteira.yaml:17: gate.interval: wald is neither`, true},
		{"no digest", "\"0123", "\"X123", `esteira.yaml:22: gate.anchor.sha256: "X123`, true},
		{"a path that leaves", "path: apps/orders", "path: ../orders", `esteira.yaml:4: components[0].path: "../orders" is no folder`, false},
		{"an unknown kind", "kind: java", "kind: cobol", `esteira.yaml:5: components[0].kind: "cobol" is none of`, true},
		{"nobody", "owner: java-team", "owner: ''", `esteira.yaml:6: components[0].owner: "" is nobody`, true},
		{"a path elsewhere that leaves", "also: [docs/orders]", "also: [/docs]", `esteira.yaml:7: components[0].also[0]: "/docs" is no file or folder`, false},
		{"an unknown stage that is skipped", "stage: image", "stage: lint", `esteira.yaml:9: components[0].skip[0].stage: "lint" is no stage of a component of kind java`, false},
		{"a stage that is skipped without a reason", "reason: it is a library", "reason: ''", `esteira.yaml:9: components[0].skip[0].reason: "" is no reason`, true},
		{"an unknown mode", "test: blocking", "test: maybe", `esteira.yaml:10: components[0].modes.test: "maybe" is none of`, true},
		{"the mode of an unknown stage", "test: blocking", "tests: blocking", `esteira.yaml:10: components[0].modes.tests: "tests" is no stage`, false},
		{"the mode of a stage that is skipped", "test: blocking", "image: blocking", `esteira.yaml:10: components[0].modes.image: the stage is skipped`, false},
		{"a folder that is given twice", "path: docs", "path: ci", `esteira.yaml:13: unowned[0].path: "ci" is that of everything[0] already`, false},
		{"a component's folder that touches everything", "[ci, go.mod]", "[ci, apps/orders]", `esteira.yaml:11: everything[1]: "apps/orders" is that of components[0] already`, false},
		{"unowned without a reason", "reason: people read them", "reason: ''", `esteira.yaml:13: unowned[0].reason: "" is no reason`, true},
		{"no name", "name: orders", "name: Orders 1", `esteira.yaml:3: components[0].name: "Orders 1" is no name`, true},
		{"one fold", "folds: 5", "folds: 1", `esteira.yaml:43: training.folds: 1 is less than 2`, true},
		{"no currency", "currency: USD", "currency: dollars", `esteira.yaml:46: cost.currency: "dollars" is no currency`, true},
		{"an unknown key of costs", "currency: USD", "currencies: USD", `esteira.yaml:46: cost.currencies: "USD" is unknown`, true},
		{"a warning after the end", "warnAfter: 10", "warnAfter: 30", `esteira.yaml:47: cost.prices.redAfter: 20 is less than warnAfter, 30`, false},
		{"a negative age", "warnAfter: 10", "warnAfter: -1", `esteira.yaml:47: cost.prices.warnAfter: -1 is negative`, true},
		{"a limit of nothing", "{amount: 50, percent: 5}", "{amount: 0}", `esteira.yaml:48: cost.increase: it limits nothing`, false},
		{"a negative limit", "percent: 5", "percent: -5", `esteira.yaml:48: cost.increase.percent: -5 is no amount`, true},
		{"a negative budget", "budget: 100", "budget: -100", `esteira.yaml:51: cost.environments.environments/prod.budget: -100 is no amount`, true},
		{"an unknown key of an environment", "budget: 100", "budgets: 100", `esteira.yaml:51: cost.environments.environments/prod.budgets: "100" is unknown`, true},
		{"an environment that leaves", "environments/prod", "../prod", `esteira.yaml:50: cost.environments.../prod: "../prod" is no folder`, false},
		{"a negative usage", "storedGB: 5", "storedGB: -5", `esteira.yaml:53: cost.environments.environments/prod.usage.module.a.azapi_resource.b["c"].storedGB: -5 is no amount`, true},
		{"no name of a usage", "storedGB: 5", "stored GB: 5", `esteira.yaml:53: cost.environments.environments/prod.usage.module.a.azapi_resource.b["c"].stored GB: "stored GB" is no name of a usage`, true},
		{"a text for a usage", "storedGB: 5", "storedGB: much", `esteira.yaml:49: cost.environments.usage: it is a string`, true},
		{"an unknown severity", "blocks: critical", "blocks: fearsome", `esteira.yaml:56: security.vulnerabilities.blocks: fearsome is none of`, true},
		{"an unknown key of security", "blocks: critical", "block: critical", `esteira.yaml:56: security.vulnerabilities.block: "critical" is unknown`, true},
		{"a negative age", "maxHours: 24", "maxHours: -1", `esteira.yaml:58: security.vulnerabilities.database.maxHours: -1 is negative`, true},
		{"an empty database", "Maven: 5000", "Maven: 0", `esteira.yaml:59: security.vulnerabilities.database.records.Maven: 0 is less than 1`, true},
		{"a wait timer below nothing", "waitMinutes: 5", "waitMinutes: -1", `esteira.yaml:67: environments[0].waitMinutes: -1 is no wait timer`, true},
		{"a wait timer of more than GitHub's", "waitMinutes: 5", "waitMinutes: 43201", `esteira.yaml:67: environments[0].waitMinutes: 43201 is no wait timer`, true},
		{"an environment without a name", "name: production", "name: ''", `esteira.yaml:64: environments[0].name: "" is no name`, true},
		{"an environment of no overlay", "overlay: prod\n", "overlay: ../prod\n", `esteira.yaml:65: environments[0].overlay: "../prod" is no overlay`, true},
		{"an environment that is named twice", "name: back", "name: production", `esteira.yaml:71: environments[1].name: "production" is the name of environments[0] already`, false},
		{"two ways to an overlay", "rollback: true", "rollback: false", `esteira.yaml:71: environments[1].overlay: "prod" is that of environments[0] already`, false},
		{"no branches", "branches: [main, release/*]", "branches: []", `esteira.yaml:68: environments[0].branches: there is none`, true},
		{"a branch without a name", "branches: [main, release/*]", "branches: ['']", `esteira.yaml:68: environments[0].branches[0]: "" is no name`, true},
		{"a reviewer without a name", "users: [ada]", "users: ['']", `esteira.yaml:66: environments[0].reviewers.users[0]: "" is no name`, true},
		{"more reviewers than GitHub takes", "users: [ada]", "users: [a, b, c, d, e, f]", `esteira.yaml:66: environments[0].reviewers: there are 7: GitHub takes 6`, false},
		{"an unknown key of an environment of GitHub's", "adminsMayBypass", "adminsBypass", `esteira.yaml:70: environments[0].adminsBypass: "true" is unknown`, true},
		{"production without a name", "production: prod", "production: ''", `esteira.yaml:73: delivery.production: "" is no overlay`, true},
		{"production that tests itself", "staging: staging", "staging: prod", `esteira.yaml:74: delivery.staging: "prod" is production`, false},
		{"a target of nothing", "rollbackSeconds: 120", "rollbackSeconds: 0", `esteira.yaml:75: delivery.targets.rollbackSeconds: 0 is no time`, true},
		{"a target that is missing", "rollbackSeconds: 120, ", "", `esteira.yaml:75: delivery.targets.rollbackSeconds: 0 is no time`, true},
		{"negative deployments", "deploymentsPerDay: 2", "deploymentsPerDay: -2", `esteira.yaml:75: delivery.targets.deploymentsPerDay: -2 is negative`, true},
		{"more than all", "failedPercent: 3", "failedPercent: 101", `esteira.yaml:75: delivery.targets.failedPercent: 101 is no percentage`, true},
		{"a time that nobody declared", "    build: {typicalSeconds: 1, worstSeconds: 2}\n", "", `esteira.yaml:76: delivery.declared.build.typicalSeconds: 0 is no time`, true},
		{"a worst that is better", "{typicalSeconds: 3, worstSeconds: 4}", "{typicalSeconds: 5, worstSeconds: 4}", `esteira.yaml:78: delivery.declared.sync.worstSeconds: 4 is less than typicalSeconds, 5`, false},
		{"an unknown key of a promotion", "pinDays: 7", "pinWeeks: 7", `esteira.yaml:86: promotion.pinWeeks: "7" is unknown`, true},
		{"an option for a branch", "branch: trunk", "branch: -f", `esteira.yaml:84: promotion.branch: "-f" is no branch`, true},
		{"a line that nobody stopped", "owner: platform-team, reason", "owner: '', reason", `esteira.yaml:87: promotion.stop.owner: "" is nobody`, true},
		{"a promotion from nowhere", "from: staging", "from: qa", `esteira.yaml:91: promotion.environments.prod.from: "qa" is none of the environments`, false},
		{"an unknown delivery", "delivery: pull-request", "delivery: pigeon", `esteira.yaml:92: promotion.environments.prod.delivery: "pigeon" is none of`, true},
		{"negative approvals", "approvals: 2", "approvals: -2", `esteira.yaml:93: promotion.environments.prod.approvals: -2 is negative`, true},
		{"one person's emergency", "emergencyApprovals: 3", "emergencyApprovals: 1", `esteira.yaml:94: promotion.environments.prod.emergencyApprovals: 1 is less than 2`, true},
		{"no time zone", "Europe/Lisbon", "Europe/Atlantis", `esteira.yaml:96: promotion.environments.prod.freeze.timeZone: "Europe/Atlantis" is no time zone`, false},
		{"no time of a week", "Fri 16:00", "Friday", `esteira.yaml:97: promotion.environments.prod.freeze.weekly[0].from: "Friday" is no time of a week`, true},
		{"no holiday", "2026-12-24", "Christmas", `esteira.yaml:98: promotion.environments.prod.freeze.holidays[0]: "Christmas" is no day`, true},
		{"an updater elsewhere", "k8s/updater.yaml", "../updater.yaml", `esteira.yaml:89: promotion.environments.staging.updater: "../updater.yaml" is no file`, false},
		{"no data set", "dataset: iris", "dataset: ''", `esteira.yaml:38: training.dataset: "" is no data set`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if strings.Count(complete, test.old) == 0 {
				t.Fatalf("%q is not in the file", test.old)
			}
			text := strings.Replace(complete, test.old, test.new, 1)
			config, err := Parse("esteira.yaml", []byte(text))
			if err == nil {
				t.Fatalf("was read: %+v", config)
			}
			var wrong *Error
			if !strings.Contains(err.Error(), test.says) || !errors.As(err, &wrong) {
				t.Errorf("%v\ndoes not say\n%s", err, test.says)
			}
			if test.bySchema && validate(t, text) == nil {
				t.Error("the schema takes it")
			}
		})
	}
}

func TestSameComponentTwice(t *testing.T) {
	second := "  - {name: %s, path: %s, kind: java, owner: us}\neverything:"
	for says, values := range map[string][2]string{
		`components[1].name: "orders" is the name of components[0] already`:        {"orders", "apps/other"},
		`components[1].path: "apps/orders" is the folder of components[0] already`: {"other", "apps/orders"},
	} {
		line := strings.Replace(strings.Replace(second, "%s", values[0], 1), "%s", values[1], 1)
		_, err := Parse("esteira.yaml", []byte(strings.Replace(complete, "everything:", line, 1)))
		if err == nil || !strings.Contains(err.Error(), "esteira.yaml:11: "+says) {
			t.Errorf("%v does not say %s", err, says)
		}
	}
}

func TestEmptyAndMissing(t *testing.T) {
	if _, err := Parse("esteira.yaml", nil); err == nil || !strings.Contains(err.Error(), "it is empty") {
		t.Errorf("%v", err)
	}
	if _, err := ReadFile("nowhere.yaml"); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("%v", err)
	}
}

func TestSchemaTakesOurs(t *testing.T) {
	config, err := ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, string(text)); err != nil {
		t.Error(err)
	}
}

// validate checks a YAML text by the published schema.
func validate(t *testing.T, text string) error {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	return schema.Validate(value)
}

// Whatever a file holds, it is read or refused, and what was read is sound.
func FuzzParse(f *testing.F) {
	f.Add([]byte(complete))
	f.Add([]byte("version: 1\ngate: {accuracy: &a 0.9, margin: *a}\n"))
	f.Add([]byte("version: 1\n<<: {gate: [}\n---\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		config, err := Parse("esteira.yaml", text)
		if err != nil {
			return
		}
		if config.Version != Version || config.Gate != nil && config.Gate.Check() != nil {
			t.Errorf("%+v", config)
		}
	})
}

func TestLine(t *testing.T) {
	for field, want := range map[string]int{
		"cost.environments.environments/prod.budget": 51, "cost.environments.nowhere": 49, "cost": 45, "": 1,
	} {
		if got := Line([]byte(complete), field); got != want {
			t.Errorf("%q is in line %d, want %d", field, got, want)
		}
	}
	if got := Line([]byte("["), "cost"); got != 0 {
		t.Errorf("what is no YAML has line %d", got)
	}
}

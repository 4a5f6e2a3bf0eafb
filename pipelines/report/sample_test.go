package report

import (
	"os"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/finding"
)

var began = time.Date(2026, 11, 20, 10, 15, 30, 0, time.UTC)

// passedCases are n tests of a class that passed, each in a tenth of a second.
func passedCases(n int) finding.Suite {
	suite := finding.Suite{Name: "com.acme.GatewayTest"}
	for range n {
		suite.Cases = append(suite.Cases, finding.Case{
			Class: "com.acme.GatewayTest", Name: "answers", Outcome: finding.Passed, Duration: 100 * time.Millisecond,
		})
	}
	return suite
}

// drawing is as small as an SVG can be.
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><title>t</title><rect width="1" height="1"/></svg>`

// green is a run as a person likes to see it.
func green() Run {
	var tests finding.Tests
	tests.Add(passedCases(128))
	coverage := finding.Coverage{LinesCovered: 534, LinesMissed: 101, BranchesCovered: 71, BranchesMissed: 29}
	test := FromTests("java test", tests, &coverage)
	test.Started, test.Duration = began.Add(31*time.Second), 21*time.Second
	return Run{
		Title: "api-gateway", Commit: "3f1c0a9e5b7d", Started: began, Duration: 92 * time.Second,
		Stages: []Stage{
			{Name: "java build", Status: Passed, Summary: "compiled, nothing downloaded", Started: began, Duration: 31 * time.Second},
			test,
			{Name: "java image", Status: Passed, Summary: "81.4 MB compressed in 4 layers", Started: began.Add(31 * time.Second), Duration: 38 * time.Second,
				Facts: []Fact{{"digest", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}, {"size", "81.4 MB compressed"}}},
			{Name: "java sbom", Status: Passed, Summary: "212 components, CycloneDX 1.6", Started: began.Add(69 * time.Second), Duration: 9500 * time.Millisecond},
			{Name: "java publish", Status: Passed, Summary: "pushed, and was there already", Started: began.Add(79 * time.Second), Duration: 4 * time.Second,
				Facts: []Fact{{"reference", "127.0.0.1:5000/api-gateway@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}},
			{Name: "health", Status: Passed, Summary: "ready after 1.9 s", Started: began.Add(83 * time.Second), Duration: 8 * time.Second},
			{Name: "training gate", Status: Passed, Summary: "bless: as good as asked for, and no worse than the champion", Started: began.Add(91 * time.Second), Duration: time.Second,
				Facts:   []Fact{{"verdict", "bless"}},
				Figures: []Figure{{Title: "Intervals", SVG: drawing, Alt: "Accuracy 0.967, 95 % interval 0.924 to 0.986, at least 0.900 asked for."}}},
			{Name: "manifests render", Status: Passed, Summary: "judged 583, nothing blocks", Started: began.Add(91 * time.Second), Duration: 2 * time.Second,
				Changes: []Change{
					{Title: "overlays/prod: HorizontalPodAutoscaler/api-gateway", Lines: []string{`spec.maxReplicas: "12" → "15"`, `+ metadata.labels.<b>: "x"`}},
					{Title: "overlays/prod: ConfigMap/old is removed"},
				}},
			{Name: "python test", Status: Skipped, Summary: "nothing of apps/inference-service changed"},
		},
	}
}

// red is a run with failing tests, findings of all severities and a tool that broke down.
func red(t *testing.T) Run {
	t.Helper()
	tests, err := finding.FromJUnitDir(os.DirFS("../finding/testdata/surefire"))
	if err != nil {
		t.Fatal(err)
	}
	test := FromTests("java test", tests.Locate([]string{"apps/orders/src/test/java/com/acme/orders/OrderTest.java"}), nil)
	test.Started, test.Duration = began.Add(31*time.Second), 21*time.Second
	scan := Stage{Name: "security scan", Status: Failed, Summary: "1 critical and 1 high finding block", Remedy: "raise log4j-core to 2.17.1 or accept it with a reason",
		Started: began.Add(31 * time.Second), Duration: 12 * time.Second}
	for _, name := range []string{"osv-scanner", "checkov", "gitleaks"} {
		file, err := os.Open("../finding/testdata/" + name + ".sarif")
		if err != nil {
			t.Fatal(err)
		}
		findings, err := finding.FromSARIF(file)
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
		scan.Findings = append(scan.Findings, findings...)
	}
	return Run{
		Title: "orders", Commit: "b5bb9d8014a0", Started: began, Duration: 58 * time.Second,
		Stages: []Stage{
			{Name: "java build", Status: Passed, Summary: "compiled, nothing downloaded", Started: began, Duration: 31 * time.Second},
			test,
			scan,
			{Name: "java image", Status: Undecided, Summary: "the registry did not answer", Remedy: "start it, or name another one with --address",
				Started: began.Add(52 * time.Second), Duration: 6 * time.Second, Log: "GET http://127.0.0.1:5000/v2/\ndial tcp 127.0.0.1:5000: connect: connection refused\n"},
			{Name: "java publish", Status: Skipped, Summary: "there is no image to push"},
		},
	}
}

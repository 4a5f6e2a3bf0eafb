package finding

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestJUnitOfSurefire(t *testing.T) {
	tests, err := FromJUnitDir(os.DirFS("testdata/surefire"))
	if err != nil {
		t.Fatal(err)
	}
	if tests.Passed != 4 || tests.Failed != 1 || tests.Errored != 1 || tests.Skipped != 1 || tests.Total() != 7 {
		t.Errorf("counts: %+v", tests)
	}
	if want := 1203523 * time.Millisecond; tests.Duration != want {
		t.Errorf("took %v, want %v: thousands are set off by commas", tests.Duration, want)
	}
	got := map[string]Location{}
	for _, f := range tests.Findings() {
		got[f.Rule+": "+f.Message] = f.Location
	}
	want := map[string]Location{
		"com.acme.orders.OrderTest.paysOnce: expected: <1> but was: <2>": {File: "com/acme/orders/OrderTest.java", Line: 42},
		"com.acme.orders.OrderTest.refunds: Connection refused":          {File: "com/acme/orders/OrderTest.java", Line: 57},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("findings: %v\nwant: %v", got, want)
	}
}

func TestJUnitDialects(t *testing.T) {
	tests := []struct {
		file                             string
		passed, failed, errored, skipped int
		duration                         time.Duration
		suites                           []string
		place                            Location // of the first failure
	}{
		{"gradle/TEST-com.acme.stock.StockTest.xml", 1, 1, 0, 1, 34 * time.Millisecond,
			[]string{"com.acme.stock.StockTest"}, Location{File: "com/acme/stock/StockTest.java", Line: 31}},
		{"pytest.xml", 1, 1, 0, 0, 3 * time.Millisecond,
			[]string{"pytest"}, Location{File: "tests/test_model.py", Line: 12}},
		{"nested.xml", 2, 1, 0, 0, 600 * time.Millisecond,
			[]string{"outer", "outer / inner"}, Location{}},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			file, err := os.Open("testdata/" + test.file)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			got, err := FromJUnit(file)
			if err != nil {
				t.Fatal(err)
			}
			if got.Passed != test.passed || got.Failed != test.failed || got.Errored != test.errored || got.Skipped != test.skipped {
				t.Errorf("counts: %+v", got)
			}
			if got.Duration != test.duration {
				t.Errorf("took %v, want %v", got.Duration, test.duration)
			}
			var suites []string
			for _, suite := range got.Suites {
				suites = append(suites, suite.Name)
			}
			if !reflect.DeepEqual(suites, test.suites) {
				t.Errorf("suites %q, want %q", suites, test.suites)
			}
			if place := got.Findings()[0].Location; place != test.place {
				t.Errorf("failed at %v, want %v", place, test.place)
			}
		})
	}
}

func TestOutcomeOfOneCase(t *testing.T) {
	tests := []struct {
		name, inside string
		want         Outcome
	}{
		{"nothing", ``, Passed},
		{"output", `<system-out>failure</system-out>`, Passed},
		{"repeated until it passed", `<flakyFailure message="x"/>`, Passed},
		{"failure", `<failure/>`, Failed},
		{"repeated and failed", `<failure/><rerunFailure/>`, Failed},
		{"error", `<error/>`, Errored},
		{"skipped", `<skipped/>`, Skipped},
		{"a failure hidden by skipped", `<failure/><skipped/>`, Failed},
		{"an error hidden by skipped", `<error/><skipped/>`, Failed},
		{"skipped, then a failure", `<skipped/><failure/>`, Failed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := FromJUnit(strings.NewReader(`<testsuite><testcase name="a">` + test.inside + `</testcase></testsuite>`))
			if err != nil {
				t.Fatal(err)
			}
			if outcome := got.Suites[0].Cases[0].Outcome; outcome != test.want {
				t.Errorf("%s, want %s", outcome, test.want)
			}
		})
	}
}

func TestJUnitThatCannotBeBelieved(t *testing.T) {
	whole, err := os.ReadFile("testdata/surefire/TEST-com.acme.orders.OrderTest.xml")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, text, want string }{
		{"empty", "", "the file is empty"},
		{"blank", " \n\t\n", "the file is empty"},
		{"cut off", string(whole[:len(whole)/2]), "cut off"},
		{"cut off after the declaration", string(whole[:38]), "cut off"},
		{"an HTML error page", "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "<html>"},
		{"an HTML page that is no XML", "<!doctype html><html><br><p>502 Bad Gateway", "<html>"},
		{"JSON", `{"tests": 1}`, "text outside"},
		{"another XML", "<project><modelVersion>4.0.0</modelVersion></project>", "<project>"},
		{"two documents", "<testsuite/><testsuite/>", "second root"},
		{"text after the end", "<testsuite></testsuite> Killed", "text outside"},
		{"failures that are not there", `<testsuite name="s" tests="2" failures="1"><testcase name="a"/><testcase name="b"/></testsuite>`, "announces 2 tests and 1 failures"},
		{"tests that are not there", `<testsuite name="s" tests="2"></testsuite>`, "announces 2 tests"},
		{"a count that is none", `<testsuite tests="many"/>`, `tests="many"`},
		{"a count below zero", `<testsuite failures="-1"/>`, `failures="-1"`},
		{"a time that is none", `<testsuite><testcase name="a" time="soon"/></testsuite>`, `time="soon"`},
		{"an absurd time", `<testsuite><testcase name="a" time="1e300"/></testsuite>`, `time="1e300"`},
		{"no number of seconds", `<testsuite><testcase name="a" time="NaN"/></testsuite>`, `time="NaN"`},
		{"a case without a name", `<testsuite><testcase time="1"/></testsuite>`, "neither name nor class"},
		{"an entity of its own", `<!DOCTYPE testsuite [<!ENTITY a "b">]><testsuite name="&a;"/>`, "entity"},
		{"nested without end", strings.Repeat("<testsuite>", 100) + strings.Repeat("</testsuite>", 100), "nested"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := FromJUnit(strings.NewReader(test.text))
			if err == nil {
				t.Fatalf("was believed: %+v", got)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\ndoes not say %q", err, test.want)
			}
		})
	}
}

func TestNegativeTimeIsZero(t *testing.T) {
	got, err := FromJUnit(strings.NewReader(`<testsuite><testcase name="a" time="-0.001"/><testcase name="b" time="1"/></testsuite>`))
	if err != nil {
		t.Fatal(err)
	}
	if got.Duration != time.Second {
		t.Errorf("took %v", got.Duration)
	}
}

func TestJUnitFolder(t *testing.T) {
	suite := &fstest.MapFile{Data: []byte(`<testsuite><testcase name="a"/></testsuite>`)}
	tests := []struct {
		name   string
		fsys   fstest.MapFS
		passed int
		want   string
	}{
		{"nothing in it", fstest.MapFS{}, 0, "there is no JUnit XML file"},
		{"other files only", fstest.MapFS{"a.txt": suite}, 0, "there is no JUnit XML file"},
		{"files deeper", fstest.MapFS{"a/b/TEST-x.xml": suite, "TEST-y.xml": suite}, 2, ""},
		{"no TEST- in a name", fstest.MapFS{"pytest.xml": suite}, 1, ""},
		{"TEST- beside others", fstest.MapFS{"TEST-x.xml": suite, "testng-results.xml": {Data: []byte("<testng-results/>")}}, 1, ""},
		{"an empty file among good ones", fstest.MapFS{"TEST-x.xml": suite, "TEST-y.xml": {}}, 0, "TEST-y.xml: JUnit XML: the file is empty"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := FromJUnitDir(test.fsys)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("error %v does not say %q", err, test.want)
				}
				return
			}
			if err != nil || got.Passed != test.passed {
				t.Errorf("%d passed, error %v; want %d", got.Passed, err, test.passed)
			}
		})
	}
}

func TestWrittenJUnitReadsBack(t *testing.T) {
	tests, err := FromJUnitDir(os.DirFS("testdata/surefire"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := WriteJUnit(&out, tests); err != nil {
		t.Fatal(err)
	}
	again, err := FromJUnit(&out)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, tests) {
		t.Errorf("read back: %+v\nwritten:   %+v", again, tests)
	}
}

func TestWriteJUnitRefusesCountsThatAreNotThoseOfTheCases(t *testing.T) {
	tests := Tests{Suites: []Suite{{Cases: []Case{{Name: "a", Outcome: Failed}}}}, Passed: 1}
	if err := WriteJUnit(&bytes.Buffer{}, tests); err == nil || !strings.Contains(err.Error(), "counts") {
		t.Errorf("error: %v", err)
	}
	tests = Tests{Suites: []Suite{{Cases: []Case{{Name: "a", Outcome: "green"}}}}}
	if err := WriteJUnit(&bytes.Buffer{}, tests); err == nil || !strings.Contains(err.Error(), `"green"`) {
		t.Errorf("error: %v", err)
	}
}

func TestLocateFindsTheFileOfAPackage(t *testing.T) {
	tests := Tests{Suites: []Suite{{Cases: []Case{{Location: Location{File: "com/acme/OrderTest.java", Line: 3}}}}}}
	for _, test := range []struct {
		name  string
		files []string
		want  string
	}{
		{"one", []string{"apps/a/src/test/java/com/acme/OrderTest.java", "apps/a/src/test/java/com/acme/Other.java"}, "apps/a/src/test/java/com/acme/OrderTest.java"},
		{"two", []string{"a/com/acme/OrderTest.java", "b/com/acme/OrderTest.java"}, "com/acme/OrderTest.java"},
		{"only the end of a folder's name", []string{"a/xcom/acme/OrderTest.java"}, "com/acme/OrderTest.java"},
		{"none", nil, "com/acme/OrderTest.java"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := tests.Locate(test.files).Suites[0].Cases[0].Location
			if want := (Location{File: test.want, Line: 3}); got != want {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
	if tests.Suites[0].Cases[0].Location.File != "com/acme/OrderTest.java" {
		t.Error("Locate changed the tests that it was called on")
	}
}

func FuzzFromJUnit(f *testing.F) {
	for _, name := range []string{"surefire/TEST-com.acme.orders.OrderTest.xml", "gradle/TEST-com.acme.stock.StockTest.xml", "pytest.xml", "nested.xml"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`<testsuite><testcase name="a" time="-1"><failure/><skipped/></testcase></testsuite>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tests, err := FromJUnit(bytes.NewReader(data))
		if err != nil {
			return
		}
		if err := tests.Check(); err != nil {
			t.Fatal(err)
		}
		if tests.Duration < 0 {
			t.Fatalf("took %v", tests.Duration)
		}
		if len(tests.Findings()) != tests.Failed+tests.Errored {
			t.Fatalf("%d findings of %d failures and %d errors", len(tests.Findings()), tests.Failed, tests.Errored)
		}
		var out bytes.Buffer
		if err := WriteJUnit(&out, tests); err != nil {
			t.Fatal(err)
		}
		again, err := FromJUnit(&out)
		if err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
		if again.Total() != tests.Total() || again.Failed != tests.Failed || again.Errored != tests.Errored {
			t.Fatalf("read back %+v, written %+v", again, tests)
		}
	})
}

package finding

import (
	"os"
	"strings"
	"testing"
)

func TestJaCoCoTotals(t *testing.T) {
	file, err := os.Open("testdata/jacoco.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, err := FromJaCoCo(file)
	if err != nil {
		t.Fatal(err)
	}
	want := Coverage{LinesCovered: 534, LinesMissed: 101, BranchesCovered: 71, BranchesMissed: 29}
	if got != want {
		t.Errorf("%+v, want %+v: the counters of packages and classes are not the report's", got, want)
	}
	if lines := got.Lines(); lines < 84.0 || lines > 84.1 {
		t.Errorf("%v %% of lines", lines)
	}
	if (Coverage{LinesMissed: 1}).Branches() != 100 {
		t.Error("code without branches has missed none")
	}
}

func TestJaCoCoThatCannotBeBelieved(t *testing.T) {
	whole, err := os.ReadFile("testdata/jacoco.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "the file is empty"},
		{"cut off", string(whole[:len(whole)-20]), "cut off"},
		{"an HTML page", "<html></html>", "<html>"},
		{"no counters", `<report name="a"/>`, "counts no lines"},
		{"counters of a package only", `<report name="a"><package><counter type="LINE" covered="1" missed="0"/></package></report>`, "counts no lines"},
		{"no lines in the classes", `<report name="a"><counter type="LINE" covered="0" missed="0"/></report>`, "counts no lines"},
		{"a count that is none", `<report name="a"><counter type="LINE" covered="x" missed="0"/></report>`, `"x"`},
		{"a count below zero", `<report name="a"><counter type="LINE" covered="9" missed="-3"/></report>`, "missed=-3"},
		{"a count that is missing", `<report name="a"><counter type="LINE" covered="9"/></report>`, "missed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := FromJaCoCo(strings.NewReader(test.text))
			if err == nil {
				t.Fatalf("was believed: %+v", got)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\ndoes not say %q", err, test.want)
			}
		})
	}
}

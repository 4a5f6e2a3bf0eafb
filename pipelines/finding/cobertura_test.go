package finding

import (
	"os"
	"strings"
	"testing"
)

func TestCoberturaTotals(t *testing.T) {
	file, err := os.Open("testdata/cobertura.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, err := FromCobertura(file)
	if want := (Coverage{LinesCovered: 3, LinesMissed: 4, BranchesCovered: 1, BranchesMissed: 1}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestCoberturaThatCannotBeBelieved(t *testing.T) {
	whole, err := os.ReadFile("testdata/cobertura.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "the file is empty"},
		{"cut off", string(whole[:len(whole)-20]), "cut off"},
		{"JUnit XML", "<testsuites></testsuites>", "<testsuites>"},
		{"no counts", `<coverage/>`, "lines-valid or lines-covered is missing"},
		{"no lines", `<coverage lines-valid="0" lines-covered="0"/>`, "counts no lines"},
		{"more covered than there are", `<coverage lines-valid="1" lines-covered="2"/>`, "2 of 1 lines"},
		{"fewer branches than none", `<coverage lines-valid="1" lines-covered="1" branches-valid="-1" branches-covered="0"/>`, "0 of -1 branches"},
		{"a count that is none", `<coverage lines-valid="x" lines-covered="1"/>`, `"x"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, err := FromCobertura(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%+v, %v does not say %q", got, err, test.want)
			}
		})
	}
}

package predictions

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// refused are evaluations that are no proof of anything, and what is said of them.
var refused = map[string]struct {
	sample sample
	want   string
}{
	"NaN":                            {heldOut().with(4, "3,dog,dog,0.1,NaN,south,m"), `predictions.csv:4: column probability_dog: "NaN" is not a number`},
	"infinite":                       {heldOut().with(4, "3,dog,dog,0.1,+Inf,south,m"), `:4: column probability_dog: "+Inf" is infinite`},
	"beyond what a float holds":      {heldOut().with(4, "3,dog,dog,0.1,1e999,south,m"), `:4: column probability_dog: "1e999" is no number`},
	"negative":                       {heldOut().with(2, "1,cat,cat,1.1,-0.1,north,s"), `:2: column probability_cat: "1.1" is more than one`},
	"a little negative":              {heldOut().with(2, "1,cat,cat,1,-1e-9,north,s"), `:2: column probability_dog: "-1e-9" is negative`},
	"no number":                      {heldOut().with(2, "1,cat,cat,0.75,a quarter,north,s"), `:2: column probability_dog: "a quarter" is no number`},
	"no probability":                 {heldOut().with(2, "1,cat,cat,0.75,,north,s"), `:2: column probability_dog: "" is no number`},
	"sum below one":                  {heldOut().with(2, "1,cat,cat,0.75,0.2499,north,s"), ":2: columns probability_cat to probability_dog: the probabilities' sum is 0.9999, not one"},
	"sum above one":                  {heldOut().with(2, "1,cat,cat,0.75,0.26,north,s"), "the probabilities' sum is 1.01, not one"},
	"not the most probable class":    {heldOut().with(2, "1,cat,dog,0.75,0.25,north,s"), `:2: column prediction: "dog" has a probability of 0.25, and "cat" has the larger one of 0.75`},
	"unknown label":                  {heldOut().with(3, "2,cow,dog,0.4,0.6,north,m"), `:3: column label: "cow" is none of the classes that evaluation.json names`},
	"unknown prediction":             {heldOut().with(3, "2,cat,Dog,0.4,0.6,north,m"), `:3: column prediction: "Dog" is none of the classes`},
	"duplicate id":                   {heldOut().with(3, "1,cat,dog,0.4,0.6,north,m"), `:3: column id: "1" is the id of the row before, too`},
	"unsorted":                       {heldOut().with(3, "10,cat,dog,0.4,0.6,north,m").with(4, "1,dog,dog,0.1,0.9,south,m"), `:4: column id: "1" follows "10": sort the rows`},
	"sorted as numbers":              {heldOut().with(5, "10,dog,dog,0,1,south,s").with(4, "9,dog,dog,0.1,0.9,south,m"), `:5: column id: "10" follows "9"`},
	"no id":                          {heldOut().with(2, ",cat,cat,0.75,0.25,north,s"), `:2: column id: "" is empty`},
	"a field too few":                {heldOut().with(6, "5,dog,cat,0.5,0.5,west"), ":6: it has 6 fields, the header 7"},
	"a field too many":               {heldOut().with(6, "5,dog,cat,0.5,0.5,west,s,"), ":6: it has 8 fields, the header 7"},
	"an empty line":                  {heldOut().with(4, ""), ":4: it has 1 fields"},
	"a quote in a field":             {heldOut().with(4, `3,dog,dog,0.1,0.9,so"uth,m"`), `predictions.csv:4: byte 21 of the record: bare " in non-quoted-field`},
	"a quote that is not closed":     {heldOut().with(4, `3,dog,dog,0.1,0.9,"south,m`), `predictions.csv:4: byte`},
	"a row too few":                  {heldOut().declaring(func(d *Declaration) { d.Predictions.Rows, d.Data.Rows = 6, 6 }), "it has 5 rows, and evaluation.json says 6"},
	"a row too many":                 {heldOut().declaring(func(d *Declaration) { d.Predictions.Rows, d.Data.Rows = 4, 4 }), ":6: it is one row more than the 4 that evaluation.json says"},
	"changed after it was declared":  {heldOut().declaring(func(d *Declaration) { d.Predictions.SHA256 = strings.Repeat("0", 64) }), "it was changed after it was declared"},
	"header: id is not the first":    {heldOut().with(1, "key,label,prediction,probability_cat,probability_dog,slice_region,slice_size"), `:1: header: column 1 is "key", want "id"`},
	"header: a byte order mark":      {heldOut().with(1, "\ufeffid,label,prediction,probability_cat,probability_dog,slice_region,slice_size"), `:1: header: column 1 is "\ufeffid"`},
	"header: too short":              {heldOut().with(1, "id,label"), `:1: header: it ends after 2 columns, want column 3 to be "prediction"`},
	"header: classes in disorder":    {heldOut().with(1, "id,label,prediction,probability_dog,probability_cat,slice_region,slice_size"), `column 4 is "probability_dog", want "probability_cat"`},
	"header: a class is missing":     {heldOut().with(1, "id,label,prediction,probability_cat,slice_region,slice_size"), `column 5 is "slice_region", want "probability_dog"`},
	"header: an unknown column":      {heldOut().with(1, "id,label,prediction,probability_cat,probability_dog,region,slice_size"), `column 6 is "region", which is none of`},
	"header: a slice twice":          {heldOut().with(1, "id,label,prediction,probability_cat,probability_dog,slice_size,slice_size"), `column 7: "slice_size" is named twice`},
	"header: folds of held-out rows": {heldOut().with(1, "id,label,prediction,probability_cat,probability_dog,slice_region,fold"), `column 7 is "fold", and the protocol is hold-out`},
	"header: no fold":                {outOfFold().with(1, "id,label,prediction,slice_region,slice_fold"), `it ends after 5 columns, want column 6 to be "fold", since the protocol is out-of-fold`},
	"header: a quote":                {heldOut().with(1, `id,"label`), "predictions.csv:1: byte"},
	"fold: no number":                {outOfFold().with(2, "a,cat,cat,north,first"), `:2: column fold: "first" is no integer`},
	"fold: negative":                 {outOfFold().with(2, "a,cat,cat,north,-1"), `:2: column fold: "-1" is no integer`},
	"fold: a fraction":               {outOfFold().with(2, "a,cat,cat,north,0.5"), `:2: column fold: "0.5" is no integer`},
	"fold: too large":                {outOfFold().with(2, "a,cat,cat,north,2"), `:2: column fold: "2" is not below the 2 folds`},
	"fold: one is empty":             {outOfFold().with(3, "b,cat,dog,south,0"), "no row is of fold 1, and evaluation.json says 2 folds"},

	"declaration: version":              {heldOut().declaring(func(d *Declaration) { d.Version = 2 }), "evaluation.json: version is 2"},
	"declaration: unknown protocol":     {heldOut().declaring(func(d *Declaration) { d.Protocol = "holdout" }), `protocol is "holdout": want hold-out or out-of-fold`},
	"declaration: in-sample":            {heldOut().declaring(func(d *Declaration) { d.TrainedOn = []string{trainingDigest, dataDigest} }), "is among trained_on: these rows were trained on, and not held out"},
	"declaration: trained on nothing":   {heldOut().declaring(func(d *Declaration) { d.TrainedOn = nil }), "trained_on is empty"},
	"declaration: held out with folds":  {heldOut().declaring(func(d *Declaration) { d.Folds = 5 }), "folds is 5, and the protocol is hold-out"},
	"declaration: one fold":             {outOfFold().declaring(func(d *Declaration) { d.Folds = 1 }), "folds is 1, and the protocol is out-of-fold"},
	"declaration: more folds than rows": {outOfFold().declaring(func(d *Declaration) { d.Folds = 4 }), "folds is 4"},
	"declaration: one class":            {heldOut().declaring(func(d *Declaration) { d.Classes = d.Classes[:1] }), "classes has 1 entries"},
	"declaration: a class twice":        {heldOut().declaring(func(d *Declaration) { d.Classes[1] = "cat" }), `classes[1] "cat" is named twice`},
	"declaration: a nameless class":     {heldOut().declaring(func(d *Declaration) { d.Classes[1] = "" }), "classes[1] is empty"},
	"declaration: no digest":            {heldOut().declaring(func(d *Declaration) { d.Model.SHA256 = "" }), `model.sha256 is "": want 64`},
	"declaration: capital digits":       {heldOut().declaring(func(d *Declaration) { d.Data.SHA256 = strings.Repeat("D", 64) }), "data.sha256 is"},
	"declaration: digest in trained_on": {heldOut().declaring(func(d *Declaration) { d.TrainedOn = []string{"abc"} }), `trained_on[0] is "abc"`},
	"declaration: rows left out":        {heldOut().declaring(func(d *Declaration) { d.Data.Rows = 6 }), "predictions.rows is 5 and data.rows is 6"},
	"declaration: no rows":              {heldOut().declaring(func(d *Declaration) { d.Predictions.Rows, d.Data.Rows = 0, 0 }), "there is nothing to judge"},
	"declaration: no name":              {heldOut().declaring(func(d *Declaration) { d.Data.Name = " " }), "data.name is empty"},
	"declaration: a file elsewhere":     {heldOut().declaring(func(d *Declaration) { d.Predictions.File = "../predictions.csv" }), `predictions.file is "../predictions.csv": name a file that lies beside`},
	"declaration: another format":       {heldOut().declaring(func(d *Declaration) { d.Predictions.File = "predictions.arrow" }), "write it as .csv"},
}

func TestWhatIsRefused(t *testing.T) {
	for name, test := range refused {
		t.Run(name, func(t *testing.T) {
			dir := test.sample.write(t)
			tally, err := count(dir, "")
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%+v, %v\nwant in it %s", tally, err, test.want)
			}
			sound := heldOut()
			if test.sample.declaration.Protocol == OutOfFold {
				sound = outOfFold()
			}
			if _, err := count(sound.write(t), dir); err == nil {
				t.Error("it is accepted as a champion's")
			}
		})
	}
}

// What is refused is refused for its one fault: the samples are sound.
func TestSamplesAreSound(t *testing.T) {
	for _, s := range []sample{heldOut(), outOfFold()} {
		if _, err := count(s.write(t), s.write(t)); err != nil {
			t.Error(err)
		}
	}
}

func TestRowsThatDoNotMatch(t *testing.T) {
	for name, test := range map[string]struct {
		candidate, champion sample
		want                string
	}{
		"another id":     {heldOut(), heldOut().with(6, "6,dog,cat,0.5,0.5,west,s"), `predictions.csv:6: column id: "6", but `},
		"another label":  {heldOut(), heldOut().with(4, "3,cat,dog,0.1,0.9,south,m"), `:4: column label: "cat", but `},
		"another slice":  {heldOut(), heldOut().with(4, "3,dog,dog,0.1,0.9,south,s"), `:4: column slice_size: "s", but `},
		"another fold":   {outOfFold(), outOfFold().with(2, "a,cat,cat,north,1"), `:2: column fold: "1", but `},
		"slices":         {heldOut(), heldOut().with(1, "id,label,prediction,probability_cat,probability_dog,slice_size,slice_region"), `predictions.csv:1: header: its slices are ["slice_size" "slice_region"]`},
		"protocol":       {heldOut(), outOfFold(), "protocol: the candidate's is hold-out, the champion's out-of-fold"},
		"data":           {heldOut(), heldOut().declaring(func(d *Declaration) { d.Data.SHA256 = strings.Repeat("c", 64) }), "data.sha256: the candidate's is dddd"},
		"number of rows": {heldOut(), heldOut().declaring(func(d *Declaration) { d.Data.Rows, d.Predictions.Rows = 4, 4 }), "data.rows: the candidate's is 5, the champion's 4"},
		"classes":        {heldOut(), heldOut().declaring(func(d *Declaration) { d.Classes = []string{"dog", "cat"} }), `classes: the candidate's are ["cat" "dog"], the champion's ["dog" "cat"]`},
		"folds":          {outOfFold(), outOfFold().declaring(func(d *Declaration) { d.Folds = 3 }), "folds: the candidate's is 2, the champion's 3"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := count(test.candidate.write(t), test.champion.write(t))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\nwant in it %s", err, test.want)
			}
		})
	}
}

func TestSlicesThatAreRefused(t *testing.T) {
	for want, slice := range map[string]Slice{
		"the slice region=east is empty": {"region", "east"},
		"the slice region= is empty":     {"region", ""},
		"it has no column slice_colour":  {"colour", "red"},
		"it has no column slice_Region":  {"Region", "north"},
	} {
		if _, err := count(heldOut().write(t), heldOut().write(t), slice); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want in it %s", slice, err, want)
		}
	}
}

func TestFilesThatAreMissingOrDamaged(t *testing.T) {
	header := heldOut().lines[0]
	for name, test := range map[string]struct {
		damage func(dir string) error
		want   string
	}{
		"no declaration":          {func(dir string) error { return os.Remove(filepath.Join(dir, declarationFile)) }, "evaluation: open "},
		"no predictions":          {func(dir string) error { return os.Remove(filepath.Join(dir, "predictions.csv")) }, "predictions: open "},
		"empty predictions":       {put("predictions.csv", ""), "predictions.csv: it is empty: want a header and 5 rows"},
		"a header alone":          {put("predictions.csv", header+"\n"), "it has 0 rows, and evaluation.json says 5"},
		"a quote up to the end":   {put("predictions.csv", header+"\n\""+strings.Repeat("x\n", bufferSize)), "predictions.csv:2: the row has more than 262144 bytes: is a quote not closed?"},
		"a line without end":      {put("predictions.csv", strings.Repeat("x", bufferSize+1)), "predictions.csv:1: the row has more than"},
		"zeros":                   {put("predictions.csv", strings.Repeat("\x00", 100)), `:1: header: column 1 is "\x00`},
		"empty declaration":       {put(declarationFile, ""), "evaluation.json: it is no declaration of an evaluation"},
		"declaration, cut off":    {put(declarationFile, `{"version": 1, "classes": [`), "unexpected EOF"},
		"declaration, and more":   {put(declarationFile, `{"version": 1} {}`), "something follows the declaration at byte"},
		"declaration, a new key":  {put(declarationFile, `{"version": 1, "accuracy": 1}`), `unknown field "accuracy"`},
		"declaration, wrong type": {put(declarationFile, `{"version": "1"}`), "cannot unmarshal string"},
		"a folder as predictions": {func(dir string) error {
			path := filepath.Join(dir, "predictions.csv")
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o755)
		}, "is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := heldOut().write(t)
			if err := test.damage(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := count(dir, ""); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%v\nwant in it %s", err, test.want)
			}
		})
	}
}

// put replaces a file.
func put(name, text string) func(dir string) error {
	return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644) }
}

func TestTolerances(t *testing.T) {
	for text, sound := range map[string]bool{
		"1,cat,cat,0.7500005,0.2500005,north,s":  true, // float32, or six digits
		"1,cat,cat,0.750002,0.250001,north,s":    false,
		"1,cat,cat,1.0000005,0,north,s":          true,
		"1,cat,cat,1.000002,0,north,s":           false,
		"1,cat,cat,0.4999996,0.5000004,north,s":  true,
		"1,cat,cat,0.499999,0.500001,north,s":    false,
		"1,cat,cat,7.5e-1,0x1p-2,north,s":        true,
		"1,cat,cat,0.75,.25,north,s":             true,
		"1,cat,cat,1,-0,north,s":                 true,
		"1,cat,cat,0.75,0.25 ,north,s":           false,
		"1,cat,cat,\"0.75\",\"0.25\",north,s":    true,
		"1,cat,cat,0.75000000000000000,0.25,n,s": true,
	} {
		if _, err := count(heldOut().with(2, text).write(t), ""); (err == nil) != sound {
			t.Errorf("%s: %v, sound: %v", text, err, sound)
		}
	}
}

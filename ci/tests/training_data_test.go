package tests

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

const leafSchema = `version: 1
name: leaves
columns:
  - {name: length, type: float, min: 0, max: 1000}
  - {name: width, type: float, min: 0, max: 1000}
label: {name: kind, classes: [oak, elm]}
slices: [site]
intended_use: Tests.
limits: They are no leaves.
`

// leaves is a CSV file of so many rows from the nth on, no two of them equal. One in forty of them no model gets right.
func leaves(t *testing.T, from, rows int) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("length,width,kind,site\n")
	for i := from; i < from+rows; i++ {
		kind, size := [2]string{"oak", "elm"}[i%2], 100*(i%2)
		if i%40 == 0 {
			size = 100
		}
		fmt.Fprintf(&text, "%d.%d,%d,%s,%s\n", size+i%7, i, size+i%11, kind, [3]string{"park", "street", "wood"}[i%3])
	}
	return write(t, filepath.Join(workspace(t), "leaves.csv"), text.String())
}

// record is what these tests look at in the record of a judgement.
type record struct {
	Data struct {
		Name     string
		Rows     int
		Protocol string
	}
	Champion, Anchor *struct{ SHA256 string }
}

// judged is the record of a judgement: its calls up to the judgement, such as training, gate.
func judged(t *testing.T, args ...string) (record, string) {
	t.Helper()
	text := call(t, append(args, "result", "files", "file", "--path=record.json", "contents")...).passes(t)
	var found record
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	return found, text
}

// leafPolicy asks for no harm at a site, and names an anchor and what production has, where there are any.
func leafPolicy(t *testing.T, anchor, champion string) string {
	t.Helper()
	models, gate := "", "rubberStamp: true, slices: {noHarm: [{column: site, value: park}]}"
	if champion != "" {
		models = `leaves: {version: "1", sha256: ` + champion + "}"
	}
	if anchor != "" {
		gate += ", anchor: {sha256: " + anchor + ", margin: 0.06}"
	}
	dir := policy(t, models)
	edit(t, filepath.Join(dir, "esteira.yaml"), "rubberStamp: true", gate)
	return dir
}

// A data set of a team's own, with a grid, is judged out of fold or on rows that were kept from it, by itself, against a
// champion from a folder, and against the policy's anchor.
func TestTrainingOwnData(t *testing.T) {
	t.Parallel()
	schema := write(t, filepath.Join(workspace(t), "schema.yaml"), leafSchema)
	data, heldOut := leaves(t, 0, 240), leaves(t, 240, 200)
	own := func(policy string, more ...string) []string {
		return append([]string{"training", "--policy=" + policy, "--csv=" + data, "--schema=" + schema}, more...)
	}
	alone := leafPolicy(t, "", "")
	tuned := own(alone, `--tune={"C": [0.5, 1]}`)
	kept := "--hold-out=" + heldOut

	outOfFold, _ := judged(t, with(tuned, []string{"gate", "--approved-by=Ada"})...)
	if d := outOfFold.Data; d.Name != "leaves" || d.Rows != 240 || d.Protocol != "out-of-fold" {
		t.Errorf("out of fold it judged %+v", d)
	}
	onHeldOut, _ := judged(t, with(tuned, []string{kept, "gate", "--approved-by=Ada"})...)
	if d := onHeldOut.Data; d.Rows != 200 || d.Protocol != "hold-out" {
		t.Errorf("on rows held out it judged %+v", d)
	}
	call(t, with(tuned, []string{"--hold-out=" + data, "gate", "check"})...).fails(t, "row 001 of leaves was trained on", "new to the model")

	rival := t.TempDir()
	first := own(alone, `--parameters={"C": 0.1}`)
	call(t, with(first, []string{"train", "files", "export", "--path=" + rival})...).passes(t)
	digest := modelDigest(t, rival)
	against := own(leafPolicy(t, "", digest), `--tune={"C": [0.5, 1]}`)
	compared, text := judged(t, with(against, []string{"gate", "--champion=" + rival})...)
	if compared.Champion == nil || compared.Champion.SHA256 != digest {
		t.Errorf("the champion is not in %s", text)
	}
	if !strings.Contains(text, `"park"`) {
		t.Errorf("the slice is not in %s", text)
	}
	if last := lastLine(call(t, with(against, []string{kept, "gate", "--champion=" + rival, "check"})...).passes(t)); last != "passed" {
		t.Errorf("on rows held out the last line is %q", last)
	}

	m := tracking{server(t, "mlflow")}
	call(t, with(first, []string{"train", "register"}, m.flags())...).passes(t)
	anchored, text := judged(t, with(own(leafPolicy(t, digest, "")), []string{"gate", "--approved-by=Ada"}, m.flags())...)
	if anchored.Anchor == nil || anchored.Anchor.SHA256 != digest {
		t.Errorf("the anchor is not in %s", text)
	}
	call(t, with(own(leafPolicy(t, digest, "")), []string{"gate", "check"})...).fails(t, "the anchor of leaves", digest, "--tracking")
}

// modelDigest is the identity of the model in a folder that training left.
func modelDigest(t *testing.T, dir string) string {
	t.Helper()
	var model struct{ SHA256 string }
	if err := json.Unmarshal([]byte(read(t, filepath.Join(dir, "model.json"))), &model); err != nil {
		t.Fatal(err)
	}
	return model.SHA256
}

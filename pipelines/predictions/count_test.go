package predictions

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestCountAlone(t *testing.T) {
	north := Slice{"region", "north"}
	got, err := count(heldOut().write(t), "", Slice{"size", "s"}, north)
	if err != nil {
		t.Fatal(err)
	}
	losses := []float64{-math.Log(0.75), -math.Log(0.4), -math.Log(0.9), -math.Log(1 - 0x1p-52), -math.Log(0.5)}
	squares := []float64{0.125, 0.72, 0.02, 0, 0.5}
	checkMoments(t, "log loss", got.Candidate.LogLoss, losses)
	checkMoments(t, "Brier", got.Candidate.Brier, squares)
	calibration := [15]Bin{7: {1, 0, 0.5}, 8: {1, 0, 0.6}, 11: {1, 1, 0.75}, 13: {1, 1, 0.9}, 14: {1, 1, 1}}
	want := Tally{
		Protocol: HoldOut, Classes: []string{"cat", "dog"}, Rows: 5,
		Candidate: Score{
			Confusion: [][]int{{1, 1}, {1, 2}}, Probabilities: true, Calibration: calibration,
			LogLoss: got.Candidate.LogLoss, Brier: got.Candidate.Brier,
		},
		Slices: []SliceTally{{Slice: Slice{"size", "s"}, N: 3, CandidateRight: 2}, {Slice: north, N: 2, CandidateRight: 1}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func checkMoments(t *testing.T, name string, got Moments, values []float64) {
	t.Helper()
	mean, m2 := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		m2 += (v - mean) * (v - mean)
	}
	if got.N != len(values) || math.Abs(got.Mean-mean) > 1e-12 || math.Abs(got.M2-m2) > 1e-9*max(m2, 1) {
		t.Errorf("%s is %+v, want %d values, mean %v, M2 %v", name, got, len(values), mean, m2)
	}
}

func TestCountPair(t *testing.T) {
	champion := heldOut().with(2, "1,cat,dog,0.25,0.75,north,s").with(3, "2,cat,cat,0.6,0.4,north,m").with(4, "3,dog,cat,0.8,0.2,south,m")
	champion.declaration.Model.SHA256 = strings.Repeat("b", 64)
	got, err := count(heldOut().write(t), champion.write(t), Slice{"region", "north"}, Slice{"size", "m"})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Paired{BothRight: 1, Won: 2, Lost: 1, BothWrong: 1}); got.Paired != want {
		t.Errorf("paired: %+v, want %+v", got.Paired, want)
	}
	slices := []SliceTally{
		{Slice{"region", "north"}, 2, 1, 1, Paired{Won: 1, Lost: 1}},
		{Slice{"size", "m"}, 2, 1, 1, Paired{Won: 1, Lost: 1}},
	}
	if !reflect.DeepEqual(got.Slices, slices) {
		t.Errorf("slices: %+v, want %+v", got.Slices, slices)
	}
	flips := []Flip{{"1", "cat", "cat", "dog"}, {"2", "cat", "dog", "cat"}, {"3", "dog", "dog", "cat"}}
	if !reflect.DeepEqual(got.Flips, flips) {
		t.Errorf("flips: %+v, want %+v", got.Flips, flips)
	}
	if confusion := [][]int{{1, 1}, {2, 1}}; !reflect.DeepEqual(got.Champion.Confusion, confusion) {
		t.Errorf("the champion's confusion: %v, want %v", got.Champion.Confusion, confusion)
	}
}

// One of the two may lack probabilities.
func TestCountWithoutProbabilities(t *testing.T) {
	champion := sampleOf(HoldOut, "id,label,prediction,slice_region,slice_size",
		"1,cat,cat,north,s", "2,cat,dog,north,m", "3,dog,dog,south,m", "4,dog,dog,south,s", "5,dog,cat,west,s")
	got, err := count(heldOut().write(t), champion.write(t))
	if err != nil {
		t.Fatal(err)
	}
	want := Score{Confusion: [][]int{{1, 1}, {1, 2}}}
	if !got.Candidate.Probabilities || !reflect.DeepEqual(*got.Champion, want) {
		t.Errorf("candidate with probabilities: %v, champion %+v", got.Candidate.Probabilities, got.Champion)
	}
}

func TestCountOutOfFold(t *testing.T) {
	got, err := count(outOfFold().write(t), outOfFold().write(t), Slice{"region", "north"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Protocol != OutOfFold || got.Paired.BothRight != 2 || got.Paired.BothWrong != 1 || got.Slices[0].N != 2 {
		t.Errorf("%+v", got)
	}
}

// What RFC 4180 lets a writer choose makes no difference.
func TestQuotesAndEndsOfLines(t *testing.T) {
	plain := sampleOf(HoldOut, "id,label,prediction,slice_region", "1,cat,cat,north", "2,dog,cat,south")
	for name, text := range map[string]string{
		"CRLF":                    "id,label,prediction,slice_region\r\n1,cat,cat,north\r\n2,dog,cat,south\r\n",
		"no end of the last line": "id,label,prediction,slice_region\n1,cat,cat,north\n2,dog,cat,south",
		"quotes":                  `"id",label,prediction,"slice_region"` + "\n" + `"1",cat,"cat","north"` + "\n2,dog,cat,south\n",
		"quotes to the very end":  "id,label,prediction,slice_region\n1,cat,cat,north\n2,dog,cat,\"south\"",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := count(plain.writeText(t, text), plain.write(t), Slice{"region", "south"})
			if err != nil || got.Paired != (Paired{BothRight: 1, BothWrong: 1}) || got.Slices[0].N != 1 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// A value may hold whatever a quote can.
func TestValuesThatNeedQuotes(t *testing.T) {
	s := sampleOf(HoldOut, `id,label,prediction,"slice_a,b"`, "\"1\n\",cat,cat,\"x \"\"y\"\"\nz\"", `2,dog,cat,","`)
	got, err := count(s.write(t), s.write(t), Slice{"a,b", "x \"y\"\nz"}, Slice{"a,b", ","})
	if err != nil || got.Slices[0].CandidateRight != 1 || got.Slices[1].N != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = count(s.with(3, `0,dog,cat,","`).write(t), "")
	if want := "predictions.csv:5: column id: \"0\" follows \"1\\n\""; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q: a line's end in quotes is one of the file", err, want)
	}
}

// randomSample has more rows than a batch, and ids of many lengths.
func randomSample(seed uint64, rows int, values func(*rand.Rand) string) sample {
	random := rand.New(rand.NewPCG(seed, 1))
	common := rand.New(rand.NewPCG(99, 1))
	lines := []string{"id,label,prediction,probability_cat,probability_dog,slice_v"}
	for i := range rows {
		label, p := []string{"cat", "dog"}[common.IntN(2)], float64(random.IntN(1e6+1))/1e6
		prediction := "cat"
		if p < 0.5 {
			prediction = "dog"
		}
		lines = append(lines, fmt.Sprintf("%07d%s,%s,%s,%v,%v,%s", i, strings.Repeat("x", common.IntN(60)), label, prediction, p, 1-p, values(common)))
	}
	return sampleOf(HoldOut, lines...)
}

// Against a count as plain as it can be, over more rows than fit into a batch or a buffer.
func TestCountAgainstThePlainOne(t *testing.T) {
	values := func(r *rand.Rand) string { return string(rune('a' + r.IntN(4))) }
	ours, theirs := randomSample(1, 3*batchRows+17, values), randomSample(2, 3*batchRows+17, values)
	got, err := count(ours.write(t), theirs.write(t), Slice{"v", "b"})
	if err != nil {
		t.Fatal(err)
	}
	var paired, slice Paired
	var losses []float64
	for i := range ours.lines[1:] {
		a, b := strings.Split(ours.lines[i+1], ","), strings.Split(theirs.lines[i+1], ",")
		tell(&paired, a[1] == a[2], b[1] == b[2])
		if a[5] == "b" {
			tell(&slice, a[1] == a[2], b[1] == b[2])
		}
		p := map[string]string{"cat": a[3], "dog": a[4]}[a[1]]
		var probability float64
		if _, err := fmt.Sscan(p, &probability); err != nil {
			t.Fatal(err)
		}
		losses = append(losses, -math.Log(max(probability, smallest)))
	}
	if got.Paired != paired || got.Slices[0].Paired != slice {
		t.Errorf("paired %+v, slice %+v\nwant   %+v, slice %+v", got.Paired, got.Slices[0].Paired, paired, slice)
	}
	checkMoments(t, "log loss", got.Candidate.LogLoss, losses)
	again, err := count(ours.write(t), theirs.write(t), Slice{"v", "b"})
	if err != nil || !reflect.DeepEqual(got, again) {
		t.Errorf("the same files give another tally: %v", err)
	}
}

func tell(paired *Paired, ours, theirs bool) {
	switch {
	case ours && theirs:
		paired.BothRight++
	case ours:
		paired.Won++
	case theirs:
		paired.Lost++
	default:
		paired.BothWrong++
	}
}

// A column may have more values than are held at once.
func TestMoreCombinationsThanAreHeld(t *testing.T) {
	lines := []string{"id,label,prediction,slice_v,slice_w"}
	for i := range 2*mostCombinations + 5 {
		lines = append(lines, fmt.Sprintf("%07d,cat,cat,%d,%d", i, i, i%2))
	}
	s := sampleOf(HoldOut, lines...)
	got, err := count(s.write(t), "", Slice{"w", "1"}, Slice{"v", "131075"})
	if err != nil || got.Slices[0].N != mostCombinations+2 || got.Slices[1].CandidateRight != 1 {
		t.Errorf("%+v, %v", got.Slices, err)
	}
}

func TestFlipsAreLimited(t *testing.T) {
	ours, theirs := []string{"id,label,prediction"}, []string{"id,label,prediction"}
	for i := range 3 * mostFlips {
		ours, theirs = append(ours, fmt.Sprintf("%03d,cat,cat", i)), append(theirs, fmt.Sprintf("%03d,cat,dog", i))
	}
	got, err := count(sampleOf(HoldOut, ours...).write(t), sampleOf(HoldOut, theirs...).write(t))
	if err != nil || len(got.Flips) != mostFlips || got.Flips[mostFlips-1].ID != "049" || got.Paired.Won != 3*mostFlips {
		t.Errorf("%d flips, %v", len(got.Flips), err)
	}
}

func TestBinsAreClosedOnTheRight(t *testing.T) {
	for i := range 15 {
		edge := float64(i+1) / 15
		if got := binOf(edge); got != i {
			t.Errorf("%v is in bin %d, want %d", edge, got, i)
		}
		if got := binOf(math.Nextafter(edge, 2)); i < 14 && got != i+1 {
			t.Errorf("what follows %v is in bin %d, want %d", edge, got, i+1)
		}
	}
	if got := binOf(0); got != 0 {
		t.Errorf("0 is in bin %d", got)
	}
}

// An error ends the reading of both files.
func TestNothingRunsOnAfterAnError(t *testing.T) {
	values := func(*rand.Rand) string { return "a" }
	ours, theirs := randomSample(1, 20*batchRows, values), randomSample(2, 20*batchRows, values)
	theirs = theirs.with(9, "x,cat,cat,1,0,a")
	before := runtime.NumGoroutine()
	if _, err := count(ours.write(t), theirs.write(t)); err == nil {
		t.Fatal("rows that do not match are no error")
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

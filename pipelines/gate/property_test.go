package gate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/esteira/esteira/pipelines/predictions"
)

// randomDuels are pairs of models of all qualities, on few and many rows.
func randomDuels(count int) []duel {
	random := rand.New(rand.NewPCG(5, 6))
	all := make([]duel, count)
	for i := range all {
		all[i] = duel{bothRight: 20 + random.IntN(400), won: random.IntN(20), lost: random.IntN(20), bothWrong: 5 + random.IntN(40)}
		if random.IntN(2) == 0 {
			all[i].protocol = predictions.OutOfFold
		}
	}
	return all
}

// Swapping candidate and champion mirrors the whole change test.
func TestSwappingModelsMirrorsTheChange(t *testing.T) {
	for _, d := range randomDuels(20) {
		candidate, champion := d.samples()
		ours, err := Judge(usual, candidate.open(t), champion.open(t))
		must(t, err)
		theirs, err := Judge(usual, champion.open(t), candidate.open(t))
		must(t, err)
		a, b := metric(t, ours, Difference, Champion, ""), metric(t, theirs, Difference, Champion, "")
		if a.Value != -b.Value || a.Interval.Lower != -b.Interval.Upper || a.Interval.Upper != -b.Interval.Lower {
			t.Errorf("%+v: %s, swapped %s", d, a, b)
		}
		near(t, "the sum of both mid-p", ours.Comparisons[0].MidP+theirs.Comparisons[0].MidP, 1, 1e-12)
	}
}

// One more right row never makes the value part's outcome worse.
func TestValueIsMonotone(t *testing.T) {
	rank := map[Outcome]int{Fail: 0, Undecided: 1, Pass: 2}
	for _, protocol := range []predictions.Protocol{predictions.HoldOut, predictions.OutOfFold} {
		before := Fail
		for right := 60; right <= 200; right += 10 {
			candidate, _ := duel{bothRight: right, bothWrong: 200 - right, protocol: protocol}.samples()
			v, err := Judge(usual, candidate.open(t), nil)
			must(t, err)
			now := metric(t, v, Accuracy, "", "").Outcome
			if rank[now] < rank[before] {
				t.Errorf("%s: %s with %d right rows, after %s", protocol, now, right, before)
			}
			before = now
		}
		if before != Pass {
			t.Errorf("%s: %s with all rows right", protocol, before)
		}
	}
}

// The order in which rows come, which is that of their ids, changes nothing but which flips are named.
func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, d := range randomDuels(10) {
		candidate, champion := d.samples()
		first, err := Judge(usual, candidate.open(t), champion.open(t))
		must(t, err)
		order := random.Perm(len(candidate.rows))
		second, err := Judge(usual, reordered(candidate, order).open(t), reordered(champion, order).open(t))
		must(t, err)
		if first.Decision != second.Decision || first.Sentence != second.Sentence || !slices.Equal(first.Reasons, second.Reasons) {
			t.Errorf("%+v:\n%s %s\n%s %s", d, first.Decision, first.Reasons, second.Decision, second.Reasons)
		}
		for i, m := range first.Metrics {
			// Sums of losses and confidences are rounded in another order.
			if other := second.Metrics[i]; m.Name != other.Name || m.Outcome != other.Outcome || math.Abs(m.Value-other.Value) > 1e-12 {
				t.Errorf("%+v:\n%s\n%s", d, m, other)
			}
		}
	}
}

func reordered(s sample, order []int) sample {
	rows := make([]row, len(order))
	for i, from := range order {
		rows[i] = s.rows[from]
	}
	s.rows = rows
	return s
}

package gate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/esteira/esteira/pipelines/predictions"
)

// The gate's self-test: candidates that are blessed are spoiled in each way that has a name, and no spoiled one is ever
// blessed, not even where nothing but the built-in requirements stands in the way: a threshold that a constant passes,
// no champion, and a person who approves everything.
func TestMutantsAreNeverBlessed(t *testing.T) {
	lenient := Policy{Accuracy: 0.05, Margin: 0.05, RubberStamp: true}
	for _, test := range []struct {
		name   string
		policy Policy
		shares []int // rows by class
		wrong  int   // each so manieth row
	}{
		{"balanced", usual, []int{200, 200, 200}, 50},
		{"lenient", lenient, []int{200, 200, 200}, 10},
		{"nearly all of one class", Policy{Accuracy: 0.85, Margin: 0.1, RubberStamp: true}, []int{1900, 100}, 100},
		{"four classes", lenient, []int{90, 90, 90, 90}, 20},
	} {
		for _, protocol := range []predictions.Protocol{predictions.HoldOut, predictions.OutOfFold} {
			t.Run(fmt.Sprintf("%s, %s", test.name, protocol), func(t *testing.T) {
				good := skilled(test.shares, test.wrong, protocol)
				champion := good
				champion.model = "champion"
				judged := func(candidate sample, champion *predictions.Evaluation) Verdict {
					v, err := Case{Policy: test.policy, Candidate: candidate.open(t), Champion: champion, ApprovedBy: "somebody"}.Judge()
					must(t, err)
					return v
				}
				if v := judged(good, champion.open(t)); !v.Blessed() {
					t.Fatalf("the candidate itself is not blessed, so that nothing is proven: %s", v.Sentence)
				}
				for name, mutant := range mutants(good) {
					for against, champion := range map[string]*predictions.Evaluation{"": nil, "against a champion": champion.open(t)} {
						if v := judged(mutant, champion); v.Blessed() {
							t.Errorf("%s %s is blessed\n%s", name, against, v.Markdown())
						}
					}
				}
			})
		}
	}
}

// skilled is a model that is wrong on each so manieth row, where it says the next class.
func skilled(shares []int, wrong int, protocol predictions.Protocol) sample {
	s := sample{model: "candidate", protocol: protocol, classes: len(shares)}
	for label, rows := range shares {
		for range rows {
			r := row{label, label, "any"}
			if len(s.rows)%wrong == 0 {
				r.prediction = (label + 1) % len(shares)
			}
			s.rows = append(s.rows, r)
		}
	}
	return s
}

// mutants are a constant and a lost class for each class, and shuffles.
func mutants(s sample) map[string]sample {
	all := map[string]sample{}
	add := func(name string, change func(rows []row)) {
		mutant := s
		mutant.rows = slices.Clone(s.rows)
		change(mutant.rows)
		all[name] = mutant
	}
	for class := range s.classes {
		add("constant "+className(class), func(rows []row) {
			for i := range rows {
				rows[i].prediction = class
			}
		})
		add("without class "+className(class), func(rows []row) {
			for i := range rows {
				if rows[i].prediction == class {
					rows[i].prediction = (class + 1) % s.classes
				}
			}
		})
	}
	for seed := range uint64(4) {
		add(fmt.Sprint("shuffle ", seed), func(rows []row) {
			rand.New(rand.NewPCG(seed, 0)).Shuffle(len(rows), func(i, j int) {
				rows[i].prediction, rows[j].prediction = rows[j].prediction, rows[i].prediction
			})
		})
	}
	return all
}

// The statistic behind it: shuffles of a good model lie around 0 with a standard deviation of 1, and the model itself far
// above.
func TestSkillOfShuffles(t *testing.T) {
	good := skilled([]int{300, 100, 20}, 10, predictions.HoldOut)
	matrix := func(rows []row) [][]float64 {
		cells := newConfusion([][]int{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}, 1)
		for _, r := range rows {
			cells[r.label][r.prediction]++
		}
		return cells
	}
	if got := Skill(matrix(good.rows)); got < 15 {
		t.Errorf("the model's skill is %v", got)
	}
	const draws = 4000
	sum, squares := 0.0, 0.0
	random := rand.New(rand.NewPCG(3, 4))
	for range draws {
		random.Shuffle(len(good.rows), func(i, j int) {
			good.rows[i].prediction, good.rows[j].prediction = good.rows[j].prediction, good.rows[i].prediction
		})
		skill := Skill(matrix(good.rows))
		sum, squares = sum+skill, squares+skill*skill
	}
	near(t, "mean of shuffles", sum/draws, 0, 0.06)
	near(t, "variance of shuffles", squares/draws-(sum/draws)*(sum/draws), 1, 0.1)
	for name, cells := range map[string][][]float64{
		"a constant": {{10, 0}, {90, 0}}, "one class": {{100, 0}, {0, 0}}, "nothing": {{0, 0}, {0, 0}}, "a row": {{1, 0}, {0, 0}},
	} {
		if got := Skill(cells); got != 0 {
			t.Errorf("the skill of %s is %v", name, got)
		}
	}
}

package gate

import (
	"github.com/esteira/esteira/pipelines/predictions"
)

// Decision is what the gate says of a model.
type Decision string

// The decisions.
const (
	// Bless: every requirement is shown to be met.
	Bless Decision = "bless"
	// Reject: a requirement is shown not to be met.
	Reject Decision = "reject"
	// Inconclusive: the rows do not tell.
	Inconclusive Decision = "inconclusive"
	// Unchanged: the candidate is the model that production has.
	Unchanged Decision = "unchanged"
	// RubberStamp: there is no champion, the candidate is good by itself, and a person has to approve it.
	RubberStamp Decision = "rubber-stamp"
)

// Outcome is what became of one metric.
type Outcome string

// The outcomes. Reported metrics never decide.
const (
	Pass      Outcome = "pass"
	Fail      Outcome = "fail"
	Undecided Outcome = "undecided"
	Reported  Outcome = "reported"
)

// Metric is one figure of the candidate, with its interval, its threshold and what follows.
type Metric struct {
	// Name is what was measured: see the constants.
	Name Name `json:"name"`
	// Class, Slice and Against narrow it down: to a class, to a slice, and to a comparison with "champion" or "anchor".
	Class   string             `json:"class,omitempty"`
	Slice   *predictions.Slice `json:"slice,omitempty"`
	Against string             `json:"against,omitempty"`
	// Rows is how many rows it was measured on, before any division by a design effect.
	Rows int `json:"rows"`
	// Value is the figure itself, Interval the values that the rows do not speak against.
	Value    float64   `json:"value"`
	Interval *Interval `json:"interval,omitempty"`
	// Threshold is what is asked, nil where nothing is: the least, or where LowerIsBetter the most.
	Threshold     *float64 `json:"threshold,omitempty"`
	LowerIsBetter bool     `json:"lowerIsBetter,omitempty"`
	// Method is how interval or value was computed.
	Method  string  `json:"method,omitempty"`
	Outcome Outcome `json:"outcome"`
	// Note says what figures alone do not.
	Note string `json:"note,omitempty"`
	// Needed is how many rows would decide, where this many did not.
	Needed *Needed `json:"needed,omitempty"`
}

// Name is what a metric measures.
type Name string

// The metrics.
const (
	// Accuracy is the share of right rows.
	Accuracy Name = "accuracy"
	// Difference is the candidate's accuracy less that of the model that it is compared with.
	Difference Name = "difference"
	// Harm is the probability of as many lost rows by chance, adjusted for the number of slices.
	Harm Name = "harm"
	// SkillScore is the distance from shuffled predictions in standard deviations.
	SkillScore Name = "skill"
	// Coverage is the number of classes that have rows and are never predicted.
	Coverage Name = "classes never predicted"
	// Precision is the share of right rows among those predicted to be of a class, Recall among those of a class.
	Precision Name = "precision"
	Recall    Name = "recall"
	// F1 is the mean of the classes' F1, Balanced that of their recalls.
	F1       Name = "macro F1"
	Balanced Name = "balanced accuracy"
	// LogLoss is the mean of −ln of the label's probability, clipped at 2.22e-16.
	LogLoss Name = "log loss"
	// Brier is the mean over rows of the sum over classes of squared errors, from 0 to 2.
	Brier Name = "Brier score"
	// Calibration is the expected calibration error of the predicted class, in 15 bins of equal width, closed on the right.
	Calibration Name = "calibration error"
	// Wear is how often models were judged on these data before.
	Wear Name = "earlier judgements"
)

// The two models that a candidate is compared with.
const (
	Champion = "champion"
	Anchor   = "anchor"
)

// Comparison is a candidate's rows against those of another model.
type Comparison struct {
	Against string `json:"against"`
	// Won are the rows on which only the candidate was right, Lost those on which only the other was.
	Won       int `json:"won"`
	Lost      int `json:"lost"`
	BothRight int `json:"bothRight"`
	BothWrong int `json:"bothWrong"`
	// McNemar is the exact one-sided p value of "worse", MidP its mid-p, which is told and never decides.
	McNemar float64 `json:"mcnemar"`
	MidP    float64 `json:"midP"`
	// Decides says whether McNemar's test may decide: not for out-of-fold predictions, which are not independent.
	Decides bool `json:"decides"`
}

// Verdict is what a gate says of a model, and why.
type Verdict struct {
	Decision Decision `json:"verdict"`
	// Sentence is for somebody who knows no statistics.
	Sentence string `json:"sentence"`
	// Reasons are one for each requirement that was not met, or for those that matter most where all were.
	Reasons []string `json:"reasons"`
	// ApprovedBy is the person who approved a rubber stamp.
	ApprovedBy string `json:"approvedBy,omitempty"`
	// Approximate: the predictions are out-of-fold, and all counts were divided by the policy's design effect.
	Approximate bool         `json:"approximate"`
	Metrics     []Metric     `json:"metrics"`
	Comparisons []Comparison `json:"comparisons,omitempty"`
	// Tally is what was counted; its flips are the first rows on which only one of the two models is right.
	Tally predictions.Tally `json:"-"`
}

// Blessed says whether the model may be deployed: it was blessed, or its rubber stamp was approved.
func (v Verdict) Blessed() bool {
	return v.Decision == Bless || v.Decision == RubberStamp && v.ApprovedBy != ""
}

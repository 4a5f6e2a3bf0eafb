package experiment

import (
	"fmt"

	"github.com/esteira/esteira/pipelines/report"
)

// statuses are what an outcome means for a pipeline: an experiment that is not decided is not green.
var statuses = map[Outcome]report.Status{
	Better: report.Passed, Worse: report.Failed, Mismatch: report.Failed, Undecided: report.Undecided,
}

// Stage is the verdict as a stage of a run.
func (v Verdict) Stage() report.Stage {
	stage := report.Stage{
		Name: "experiment", Status: statuses[v.Outcome], Summary: v.Reason, Remedy: v.remedy(),
		Facts: []report.Fact{{Name: "outcome", Value: string(v.Outcome)}},
	}
	for _, name := range []string{Champion, Challenger} {
		c := v.Counts.Variants[name]
		stage.Facts = append(stage.Facts, report.Fact{
			Name: name, Value: fmt.Sprintf("%d right of %d with feedback, %d assigned", c.Successes, c.Trials, c.Assigned),
		})
	}
	for _, s := range v.Shares {
		stage.Facts = append(stage.Facts, report.Fact{Name: "share of " + s.Of, Value: fmt.Sprintf(
			"%.4f (%.4f to %.4f; configured: %v; always-valid p = %.2g)", s.Observed, s.Interval.Lower, s.Interval.Upper, v.Counts.Share, s.PValue)})
	}
	if v.Errors != nil {
		stage.Facts = append(stage.Facts,
			report.Fact{Name: "error ratio", Value: fmt.Sprintf("%s (always-valid p = %.2g, α = %v)", v.Errors.Ratio, v.Errors.PValue, v.Policy.Alpha)},
			report.Fact{Name: "difference of accuracy", Value: v.Errors.difference()})
	}
	return stage
}

// String is the interval for people.
func (r Ratio) String() string {
	if r.Upper == nil {
		return fmt.Sprintf("%.3f to no upper limit yet", r.Lower)
	}
	return fmt.Sprintf("%.3f to %.3f", r.Lower, *r.Upper)
}

func (e Effect) difference() string {
	if e.Difference == nil {
		return "unknown: there was no error yet"
	}
	return fmt.Sprintf("%+.4f to %+.4f (at the error rate seen in all)", e.Difference.Lower, e.Difference.Upper)
}

func (v Verdict) reason() string {
	name := v.Counts.Experiment
	switch v.Outcome {
	case Mismatch:
		s := v.Shares[0]
		if !s.Mismatch {
			s = v.Shares[1]
		}
		return fmt.Sprintf("%s can't be judged: the challenger has %.4f of the %s, and %v was configured", name, s.Observed, s.Of, v.Counts.Share)
	case Better:
		return fmt.Sprintf("%s: the challenger is better, it makes %s times as many errors as the champion", name, v.Errors.Ratio)
	case Worse:
		return fmt.Sprintf("%s: the challenger is worse, it makes %s times as many errors as the champion", name, v.Errors.Ratio)
	}
	switch {
	case v.Errors.futile(v.Policy):
		return fmt.Sprintf("%s: the challenger is not better by the minimal effect of %v, it makes %s times as many errors as the champion",
			name, v.Policy.MinimalEffect, v.Errors.Ratio)
	case v.Ended:
		return fmt.Sprintf("%s: no decision within the horizon of %d trials", name, v.Policy.Horizon)
	}
	return fmt.Sprintf("%s: no decision yet after %d trials with %d errors, the challenger makes %s times as many errors as the champion",
		name, v.Counts.trials().total(), v.Counts.errors().total(), v.Errors.Ratio)
}

func (v Verdict) remedy() string {
	switch {
	case v.Outcome == Mismatch:
		return "look for what loses or repeats units of one variant (time-outs, crashes, retries, several requests of one key), mend it, and begin anew with another salt"
	case v.Outcome == Worse:
		return "end the experiment and keep the champion"
	case v.Ended:
		return "end the experiment and keep the champion: the difference, if there is one, is too small to matter by the policy"
	case v.Outcome == Undecided:
		return "let it run on and look again whenever you like"
	}
	return ""
}

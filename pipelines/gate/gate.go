// Package gate decides whether a model is good enough to be deployed, and knows what it does not know.
//
// It judges a candidate by its predictions on rows that it was not trained on, by itself and against the champion: the
// model that production has, judged on the same rows. A requirement passes when the rows show that it is met, at 95 %
// confidence; it fails when they show that it is not; else it is undecided, and so is the verdict. Any failure rejects.
//
// Out-of-fold predictions are not independent, and no unbiased estimate of their variance exists (Bengio and Grandvalet,
// "No unbiased estimator of the variance of k-fold cross-validation", JMLR 5, 2004, 1089–1105; Bates, Hastie and
// Tibshirani, "Cross-validation: what does it estimate and how well does it do it?", JASA 119, 2023, 1434–1445). There
// all counts are divided by the policy's design effect, exact tests of whole counts are told and do not decide, and the
// verdict says that it is approximate.
package gate

import (
	"fmt"
	"strings"

	"github.com/esteira/esteira/pipelines/gate/policy"
	"github.com/esteira/esteira/pipelines/predictions"
)

// Policy says what is asked of a model.
type Policy = policy.Policy

// Case is a model to be judged.
type Case struct {
	Policy    Policy
	Candidate *predictions.Evaluation
	// Champion is the evaluation of the model that production has, on the same rows; nil where it has none.
	Champion *predictions.Evaluation
	// Anchor is the evaluation of the policy's anchor, on the same rows; nil where the policy names none.
	Anchor *predictions.Evaluation
	// Production is the digest of the model that production has. Empty leaves it to Champion.
	Production string
	// Judged is how many models were judged on these data before.
	Judged int
	// ApprovedBy is the person who approves the model if production has none to compare it with.
	ApprovedBy string
}

// Judge judges a candidate against a champion, which is nil where production has no model. Whoever knows more, such as
// earlier judgements, judges a Case.
func Judge(policy Policy, candidate, champion *predictions.Evaluation) (Verdict, error) {
	return Case{Policy: policy, Candidate: candidate, Champion: champion}.Judge()
}

// Judge reads the predictions and says the verdict. It is an error, and no verdict, if the policy cannot be met by any
// model or does not fit the data, if a file is not what it declares, if models were not judged on the same rows in the
// same way, or if the champion is not the model that production has.
func (c Case) Judge() (Verdict, error) {
	if err := c.check(); err != nil {
		return Verdict{}, err
	}
	slices := slicesOf(c.Policy)
	tally, err := predictions.Count(c.Candidate, c.Champion, slices)
	if err != nil {
		return Verdict{}, err
	}
	e := evidence{tally: tally, production: c.unchanged(), judged: c.Judged, approvedBy: strings.TrimSpace(c.ApprovedBy)}
	if c.Anchor != nil {
		anchored, err := predictions.Count(c.Candidate, c.Anchor, nil)
		if err != nil {
			return Verdict{}, fmt.Errorf("the anchor, in the champion's place: %w", err)
		}
		e.anchor = &anchored
	}
	return judgeTally(c.Policy, e)
}

// unchanged says whether production has the candidate already.
func (c Case) unchanged() bool {
	digest := c.Candidate.Model.SHA256
	return digest == c.Production || c.Champion != nil && digest == c.Champion.Model.SHA256
}

// check makes sure that the right models are compared.
func (c Case) check() error {
	if err := c.Policy.Check(); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	switch {
	case c.Candidate == nil:
		return fmt.Errorf("gate: there is no candidate to judge")
	case c.Judged < 0:
		return fmt.Errorf("gate: %d earlier judgements: there are none or more", c.Judged)
	case c.Champion == nil && c.Production != "" && !c.unchanged():
		return fmt.Errorf("gate: production has the model %s, and there are no predictions of it: judge it on the candidate's rows", c.Production)
	case c.Champion != nil && c.Production != "" && c.Champion.Model.SHA256 != c.Production:
		return fmt.Errorf("gate: the champion's predictions are of the model %s, and production has %s: judge that one", c.Champion.Model.SHA256, c.Production)
	}
	return c.checkAnchor()
}

func (c Case) checkAnchor() error {
	asked, given := c.Policy.Anchor, c.Anchor
	switch {
	case asked == nil && given != nil:
		return fmt.Errorf("gate: there are predictions of an anchor, and the policy names none: name it in anchor, or leave them out")
	case asked != nil && given == nil:
		return fmt.Errorf("gate: the policy's anchor is the model %s, and there are no predictions of it: judge it on the candidate's rows", asked.SHA256)
	case asked != nil && asked.SHA256 != given.Model.SHA256:
		return fmt.Errorf("gate: the anchor's predictions are of the model %s, and the policy's anchor is %s", given.Model.SHA256, asked.SHA256)
	}
	return nil
}

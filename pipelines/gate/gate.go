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
	"github.com/esteira/esteira/pipelines/gate/policy"
)

// Policy says what is asked of a model.
type Policy = policy.Policy

package rollout

import (
	"context"
	"errors"

	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/promotion"
)

// attempts is how often a branch may be lost to somebody who was faster.
const attempts = 5

// WriteBack makes Git say what the cluster does: a set that it took back goes back as a whole, with a pin and the reason.
// Called again it does nothing twice, and a set that came since stays.
func WriteBack(ctx context.Context, w promotion.Workspace, r Result, owner string) (outcome release.Outcome, err error) {
	for range attempts {
		outcome, err = w.Rollback(ctx, promotion.Back{Environment: r.Environment, Of: r.Set, Owner: owner, Reason: r.Reason})
		if !errors.Is(err, git.ErrLost) {
			return outcome, err
		}
	}
	return outcome, err
}

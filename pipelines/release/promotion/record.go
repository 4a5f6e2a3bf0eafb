package promotion

import (
	"context"
	"fmt"
	"time"

	"github.com/esteira/esteira/pipelines/release"
)

// Pin keeps an environment, or some of its components, at what they are; with none it takes the pin away. Image Updater is
// told in the same commit.
func (w Workspace) Pin(ctx context.Context, environment string, pin *release.Pin) (release.Outcome, error) {
	if pin != nil && !pin.Expires.After(w.Now) {
		return release.Outcome{}, fmt.Errorf("the pin would end at %s, which is over", pin.Expires.Format(time.RFC3339))
	}
	return w.record(ctx, environment, func(set *release.Set) (string, error) {
		set.Pin = pin
		if pin == nil {
			return fmt.Sprintf("Unpin %s", environment), nil
		}
		return fmt.Sprintf("Pin %s at set %d", environment, set.Sequence), nil
	})
}

// Record writes what integration tests of an environment's set came to.
func (w Workspace) Record(ctx context.Context, environment string, tests release.Tests) (release.Outcome, error) {
	return w.record(ctx, environment, func(set *release.Set) (string, error) {
		switch before := set.Tests; {
		case set.Sequence == 0:
			return "", fmt.Errorf("%s runs nothing yet: there is nothing to test", environment)
		case tests.Set != set.Digest():
			return "", fmt.Errorf("the tests ran against sha256:%.12s…, and %s is set %d, sha256:%.12s…: test that one", tests.Set, environment, set.Sequence, set.Digest())
		case tests.At.After(w.Now.Add(clockSkew)):
			return "", fmt.Errorf("the tests ran at %s, which is yet to come", tests.At.Format(time.RFC3339))
		case before != nil && tests.At.Before(before.At):
			return "", fmt.Errorf("the tests ran at %s, and there is a result from %s", tests.At.Format(time.RFC3339), before.At.Format(time.RFC3339))
		}
		set.Tests = &tests
		return fmt.Sprintf("Record that set %d of %s %s its integration tests", set.Sequence, environment, tests.Result), nil
	})
}

// record changes what is recorded of a set. Called again it does nothing twice.
func (w Workspace) record(ctx context.Context, environment string, change func(*release.Set) (title string, err error)) (release.Outcome, error) {
	if err := w.prepare(ctx); err != nil {
		return release.Outcome{}, err
	}
	base, err := w.base(ctx)
	if err != nil {
		return release.Outcome{}, err
	}
	s, err := w.load(ctx, base, environment)
	if err != nil {
		return release.Outcome{}, err
	}
	to := s.set
	title, err := change(&to)
	if err != nil {
		return release.Outcome{}, err
	}
	files, err := s.rewritten(to)
	if err != nil {
		return release.Outcome{}, err
	}
	if len(files) == 0 {
		return s.outcome(base, "it says so already: nothing was done"), nil
	}
	return w.move(ctx, s, to, title, "")
}

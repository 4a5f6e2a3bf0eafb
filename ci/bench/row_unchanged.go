package main

import (
	"context"
	"time"
)

// unchanged is a check of what was checked before.
func unchanged(ctx context.Context, b *bench) ([]line, error) {
	if err := b.bare(ctx); err != nil {
		return nil, err
	}
	ours, theirs, err := sideBySide(ctx, 5,
		side{"check, no change", func(ctx context.Context) (time.Duration, error) {
			return timed(func() error { return passed(b.check(ctx)) })
		}},
		side{"mvn verify, no change", func(ctx context.Context) (time.Duration, error) {
			return timed(func() error { return inTurn(maven(ctx, b.bareRoot(), "verify")) })
		}})
	return []line{{
		what: "test, no change", unit: "s", esteira: ours, bare: theirs,
		target: []limit{{0, 1.5}, {0.1, 0}},
	}}, err
}

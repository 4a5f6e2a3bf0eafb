package dora

import (
	"context"
	"fmt"
)

// leads are the seconds from each commit to the deployment in the window that first brought it. Why says why they cannot be
// told: without some of them a median would be that of others.
func (in Input) leads(ctx context.Context, owners owners, moves []move, within func(move) bool) (seconds []float64, why string, err error) {
	// refused are where components stood before deployments that failed: what those did not bring, the next one does.
	seen, refused := map[string]bool{}, map[string]string{}
	for _, m := range moves {
		for _, c := range m.changed {
			before, pending := refused[c.component]
			delete(refused, c.component)
			if m.rollback || c.gone || c.component == configuration {
				continue
			}
			component, known := owners.of(c)
			if !known || c.then == "" {
				if within(m) {
					return nil, untold(m, c, known), nil
				}
				continue
			}
			if !pending {
				before = c.before
			}
			if m.refused {
				refused[c.component] = before
				continue
			}
			commits, err := in.Changes(ctx, before, c.then, component.Path)
			if err != nil {
				return nil, "", fmt.Errorf("%s of set %d: %w: a shallow clone has few commits, fetch the whole history", c.component, m.sequence, err)
			}
			for _, commit := range commits {
				key := c.component + " " + commit.Hash
				if !seen[key] && within(m) {
					seconds = append(seconds, m.at.Sub(commit.Time).Seconds())
				}
				seen[key] = true
			}
		}
	}
	return seconds, "", nil
}

// untold says what is missing for the lead time of a change.
func untold(m move, c change, known bool) string {
	if !known {
		return fmt.Sprintf("%s of set %d is no component of esteira.yaml: nobody knows which folder it comes from", c.component, m.sequence)
	}
	return fmt.Sprintf("%s of set %d has no source: a promotion writes the commit that it was made from", c.component, m.sequence)
}

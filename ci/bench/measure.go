package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// side is one of the two things that are compared: what it is called, and one run of it, which takes as long as it says.
type side struct {
	name string
	once func(context.Context) (time.Duration, error)
}

// sideBySide lets the two sides take turns n times, after one run each that does not count, and returns the medians in
// seconds.
func sideBySide(ctx context.Context, n int, esteira, bare side) (ours, theirs float64, err error) {
	sides := []side{esteira, bare}
	taken := make([][]time.Duration, len(sides))
	for turn := range n + 1 {
		for i, s := range sides {
			d, err := s.once(ctx)
			if err != nil {
				return 0, 0, fmt.Errorf("%s: %w", s.name, err)
			}
			if turn == 0 {
				say("%s: %.2f s, to warm up", s.name, d.Seconds())
				continue
			}
			say("%s: %.2f s, %d of %d", s.name, d.Seconds(), turn, n)
			taken[i] = append(taken[i], d)
		}
	}
	return median(taken[0]).Seconds(), median(taken[1]).Seconds(), nil
}

// median is the middle one, or the mean of the two in the middle. There has to be one at least.
func median(values []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// timed is how long something took.
func timed(do func() error) (time.Duration, error) {
	begin := time.Now()
	err := do()
	return time.Since(begin), err
}

// say prints what was done, with the time of day.
func say(format string, args ...any) {
	fmt.Printf(time.Now().Format("15:04:05 ")+format+"\n", args...)
}

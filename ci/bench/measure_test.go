package main

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for name, c := range map[string]struct {
		values []time.Duration
		want   time.Duration
	}{
		"one":                     {[]time.Duration{7}, 7},
		"odd, not in order":       {[]time.Duration{9, 1, 5}, 5},
		"even":                    {[]time.Duration{4, 1, 8, 2}, 3},
		"one that is far too big": {[]time.Duration{3, 4, 5, 6, 7000}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			before := append([]time.Duration(nil), c.values...)
			if got := median(c.values); got != c.want {
				t.Errorf("median of %v is %d, not %d", c.values, got, c.want)
			}
			if !reflect.DeepEqual(before, c.values) {
				t.Errorf("the values are in another order now: %v", c.values)
			}
		})
	}
}

// The first run of each side is an outlier, and must not count.
func TestSideBySide(t *testing.T) {
	var order []string
	play := func(name string, seconds ...time.Duration) side {
		return side{name, func(context.Context) (time.Duration, error) {
			order = append(order, name)
			next := seconds[0]
			seconds = seconds[1:]
			return next * time.Second, nil
		}}
	}
	ours, theirs, err := sideBySide(t.Context(), 3, play("a", 90, 1, 3, 2), play("b", 90, 20, 10, 30))
	if err != nil || ours != 2 || theirs != 20 {
		t.Errorf("medians are %v and %v (%v), not 2 and 20", ours, theirs, err)
	}
	if got := strings.Join(order, ""); got != "abababab" {
		t.Errorf("they ran as %s, not in turns", got)
	}
}

func TestSideBySideFails(t *testing.T) {
	broken := errors.New("out of order")
	fine := side{"fine", func(context.Context) (time.Duration, error) { return time.Second, nil }}
	bad := side{"bad", func(context.Context) (time.Duration, error) { return 0, broken }}
	_, _, err := sideBySide(t.Context(), 3, fine, bad)
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "bad: ") {
		t.Errorf("error is %v: it has to name the side and the cause", err)
	}
}

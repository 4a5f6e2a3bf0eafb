package report

import (
	"fmt"
	"time"
)

// Took is a duration as a person says it: 0.42 s, 21 s, 1 min 32 s, 2 h 5 min.
func Took(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.2g s", d.Round(time.Millisecond).Seconds())
	case d < time.Minute-time.Second/2:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour-time.Second/2:
		d = d.Round(time.Second)
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

// took is how long the stage took; nothing for one that didn't run.
func (s Stage) took() string {
	if s.Status == Skipped {
		return ""
	}
	return Took(s.Duration)
}

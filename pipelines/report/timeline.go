package report

import (
	"fmt"
	"strings"
	"time"
)

// barWidth is the width of a bar in a terminal, in cells.
const barWidth = 24

// span is when a stage ran, in shares of the whole run from 0 to 1.
type span struct {
	From, Share  float64
	begins, ends time.Duration
}

// String says in words what the bar shows.
func (s span) String() string {
	return fmt.Sprintf("from %s to %s of the run", Took(s.begins), Took(s.ends))
}

// timeline places the stages in the time from the first one's start to the last one's
// end. A stage that doesn't say when it started follows the one before it.
func (r Run) timeline() []span {
	begin := r.begin()
	spans := make([]span, len(r.Stages))
	next, total := time.Duration(0), time.Duration(0)
	for i, s := range r.Stages {
		if !s.Started.IsZero() {
			next = s.Started.Sub(begin)
		}
		spans[i].begins, spans[i].ends = next, next+s.Duration
		next += s.Duration
		total = max(total, next)
	}
	for i, s := range spans {
		if total > 0 {
			spans[i].From = s.begins.Seconds() / total.Seconds()
			spans[i].Share = (s.ends - s.begins).Seconds() / total.Seconds()
		}
	}
	return spans
}

// begin is the earliest start that a stage tells.
func (r Run) begin() time.Time {
	var begin time.Time
	for _, s := range r.Stages {
		if !s.Started.IsZero() && (begin.IsZero() || s.Started.Before(begin)) {
			begin = s.Started
		}
	}
	return begin
}

// bar draws the span in barWidth cells, at least an eighth of one unless it took no time.
func (s span) bar() string {
	if s.ends == s.begins {
		return padded("", barWidth)
	}
	before := min(int(s.From*barWidth), barWidth-1)
	eighths := max(1, int(s.Share*barWidth*8+0.5))
	eighths = min(eighths, (barWidth-before)*8)
	bar := strings.Repeat(" ", before) + strings.Repeat("█", eighths/8)
	if part := eighths % 8; part > 0 {
		bar += string([]rune("▏▎▍▌▋▊▉")[part-1])
	}
	return padded(bar, barWidth)
}

package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a container may have no time zones

	"github.com/esteira/esteira/pipelines/config/section"
)

// Freeze says when nothing is promoted, by the clocks of a place.
type Freeze struct {
	// TimeZone is that place, by the IANA's name, such as Europe/Lisbon.
	TimeZone string `json:"timeZone"`
	// Weekly are times of each week.
	Weekly []Weekly `json:"weekly,omitempty"`
	// Holidays are days, written YYYY-MM-DD.
	Holidays []string `json:"holidays,omitempty"`
	// Periods are stretches of days.
	Periods []Period `json:"periods,omitempty"`
}

// Weekly is a stretch of each week. Both are written as Fri 16:00; the second may lie in the week after.
type Weekly struct {
	From string `json:"from"`
	// To is the first minute at which promotions go on.
	To string `json:"to"`
}

// Period is a stretch of days, the last included.
type Period struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Reason string `json:"reason"`
}

func (f Freeze) check(field string) error {
	if _, err := time.LoadLocation(f.TimeZone); err != nil || f.TimeZone == "" || f.TimeZone == "Local" {
		return section.Wrong(field+".timeZone", fmt.Sprintf("%q", f.TimeZone), "is no time zone of the IANA's: write one such as Europe/Lisbon")
	}
	for i, weekly := range f.Weekly {
		at := fmt.Sprintf("%s.weekly[%d]", field, i)
		from, err := minuteOfWeek(weekly.From)
		if err != nil {
			return section.Wrong(at+".from", fmt.Sprintf("%q", weekly.From), "is no time of a week: write one such as Fri 16:00")
		}
		to, err := minuteOfWeek(weekly.To)
		if err != nil {
			return section.Wrong(at+".to", fmt.Sprintf("%q", weekly.To), "is no time of a week: write one such as Mon 08:00")
		}
		if from == to {
			return section.Wrong(at+".to", fmt.Sprintf("%q", weekly.To), "is when it begins, too: nothing, or everything, would be frozen")
		}
	}
	for i, holiday := range f.Holidays {
		if _, err := time.Parse(time.DateOnly, holiday); err != nil {
			return section.Wrong(fmt.Sprintf("%s.holidays[%d]", field, i), fmt.Sprintf("%q", holiday), "is no day: write one such as 2026-12-24")
		}
	}
	return f.checkPeriods(field)
}

func (f Freeze) checkPeriods(field string) error {
	for i, period := range f.Periods {
		at := fmt.Sprintf("%s.periods[%d]", field, i)
		if _, err := time.Parse(time.DateOnly, period.From); err != nil {
			return section.Wrong(at+".from", fmt.Sprintf("%q", period.From), "is no day: write one such as 2026-12-20")
		}
		if _, err := time.Parse(time.DateOnly, period.To); err != nil || period.To < period.From {
			return section.Wrong(at+".to", fmt.Sprintf("%q", period.To), "is no day from the first one on")
		}
		if period.Reason == "" {
			return section.Wrong(at+".reason", `""`, "is no reason")
		}
	}
	return nil
}

var weekdays = []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// minuteOfWeek is that of a text such as Fri 16:00, from Sunday's midnight on.
func minuteOfWeek(text string) (int, error) {
	day, clock, _ := strings.Cut(text, " ")
	at, err := time.Parse("15:04", clock)
	weekday := slices.Index(weekdays, day)
	if err != nil || weekday < 0 {
		return 0, fmt.Errorf("%q", text)
	}
	return (weekday*24+at.Hour())*60 + at.Minute(), nil
}

// Frozen says why nothing is promoted at a time; empty where something is. It goes by what clocks show there, so that a
// freeze from Friday on begins when it is Friday there, in summer and in winter.
func (f *Freeze) Frozen(now time.Time) (string, error) {
	if f == nil {
		return "", nil
	}
	place, err := time.LoadLocation(f.TimeZone)
	if err != nil {
		return "", err
	}
	local := now.In(place)
	day := local.Format(time.DateOnly)
	if slices.Contains(f.Holidays, day) {
		return fmt.Sprintf("%s is a holiday in %s", day, f.TimeZone), nil
	}
	for _, period := range f.Periods {
		if period.From <= day && day <= period.To {
			return fmt.Sprintf("from %s to %s: %s", period.From, period.To, period.Reason), nil
		}
	}
	minute := (int(local.Weekday())*24+local.Hour())*60 + local.Minute()
	for _, weekly := range f.Weekly {
		from, err := minuteOfWeek(weekly.From)
		if err != nil {
			return "", err
		}
		to, err := minuteOfWeek(weekly.To)
		if err != nil {
			return "", err
		}
		within := from <= minute && minute < to
		if to < from { // over the end of the week
			within = from <= minute || minute < to
		}
		if within {
			return fmt.Sprintf("from %s to %s in %s, where it is %s", weekly.From, weekly.To, f.TimeZone, local.Format("Mon 15:04")), nil
		}
	}
	return "", nil
}

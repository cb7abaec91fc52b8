package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// maxDayRows is for how many days each has a row. More are drawn as a calendar.
const maxDayRows = 14

// An Effect has the alerts that a rule would have raised.
type Effect struct {
	Rule   window.Rule
	Days   map[time.Time]int64 // by the day on which they opened, in the log's zone
	Values Ranking
}

// Effects gives those of all rules.
func (s *Summary) Effects() (all []Effect) {
	for _, rule := range s.Rules {
		e := Effect{Rule: rule, Days: make(map[time.Time]int64)}
		text := rule.String()
		for _, a := range s.alerts {
			if a.Rule.String() == text {
				e.Days[dayOf(a.Opened)]++
				e.Values.Add([]byte(a.Value), 0, 0)
			}
		}
		all = append(all, e)
	}
	return all
}

// effects writes the alerts of each rule by day, and by value: the first n values, all if n is 0.
func (t *text) effects(s *Summary, n int) {
	if len(s.Rules) == 0 {
		return
	}
	t.heading("Rules")
	for _, e := range s.Effects() {
		text := e.Rule.String()
		if name := cmp.Or(e.Rule.Name, text); name != text {
			text = escape.Text(name) + ", over " + text
		}
		fmt.Fprintf(t, "%s: %s", text, words.Plain(e.Values.Total(), "alert"))
		if len(e.Days) == 0 {
			fmt.Fprintln(t)
			continue
		}
		fmt.Fprintf(t, " on %d of %s\n", len(e.Days), words.Plain(s.Tally.days(), "day"))
		days := slices.SortedFunc(maps.Keys(e.Days), time.Time.Compare)
		if len(days) <= maxDayRows {
			for _, day := range days {
				PrintRow(t, e.Days[day], day.Format("2006-01-02 Mon"))
			}
		} else {
			t.calendar(days, e.Days)
		}
		fmt.Fprintf(t, "    by %s:\n", e.Rule.Key)
		t.rows(&e.Values, n)
	}
}

// dayOf gives the day on which the clock showed t: its midnight, as if in UTC, where every day has 24 hours.
func dayOf(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// days is how many days the arrivals span.
func (t *Tally) days() int64 {
	const day = 24 * time.Hour
	return int64(dayOf(t.latest).Sub(dayOf(t.earliest))/day) + 1
}

// calendar writes a row for each week that has alerts, with its Monday's date.
func (t *text) calendar(days []time.Time, counts map[time.Time]int64) {
	fmt.Fprintln(t, "    week of      Mon   Tue   Wed   Thu   Fri   Sat   Sun")
	const week = 7
	var monday time.Time
	for _, day := range days {
		first := day.AddDate(0, 0, -(int(day.Weekday())+week-1)%week)
		if first.Equal(monday) {
			continue
		}
		monday = first
		fmt.Fprintf(t, "    %s", monday.Format(time.DateOnly))
		for i := range week {
			if n := counts[monday.AddDate(0, 0, i)]; n > 0 {
				fmt.Fprintf(t, " %5d", n)
			} else {
				fmt.Fprint(t, "     .")
			}
		}
		fmt.Fprintln(t)
	}
}

package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// maxDayRows is for how many days each has a row. More are drawn as a calendar.
const maxDayRows = 14

// effects writes the alerts of each rule by day, and by value: the first n values, all if n is 0.
func (t *text) effects(s *Summary, n int) {
	if len(s.Rules) == 0 {
		return
	}
	t.heading("Rules")
	for _, rule := range s.Rules {
		days, values := s.effect(rule)
		t.ruleTitle(rule, values.Total())
		if len(days) == 0 {
			continue
		}
		fmt.Fprintf(t, " on %d of %s\n", len(days), words.Plain(s.Tally.days(), "day"))
		if len(days) <= maxDayRows {
			t.dayRows(days)
		} else {
			t.calendar(days)
		}
		fmt.Fprintf(t, "    by %s:\n", rule.Key)
		t.rows(values, n)
	}
}

// ruleTitle writes a rule and how many alerts it would have made.
func (t *text) ruleTitle(rule window.Rule, total int64) {
	text := rule.String()
	if name := cmp.Or(rule.Name, text); name != text {
		text = escape.Text(name) + ", over " + text
	}
	fmt.Fprintf(t, "%s: %s", text, words.Plain(total, "alert"))
	if total == 0 {
		fmt.Fprintln(t)
	}
}

// effect counts a rule's alerts by the day on which they opened, in the log's zone, and by value.
func (s *Summary) effect(rule window.Rule) (days map[time.Time]int64, values *Ranking) {
	days, values = make(map[time.Time]int64), new(Ranking)
	text := rule.String()
	for _, a := range s.alerts {
		if a.Rule.String() == text {
			days[dayOf(a.Opened)]++
			values.Add([]byte(a.Value), 0, 0)
		}
	}
	return days, values
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

func (t *text) dayRows(days map[time.Time]int64) {
	for _, day := range sortedDays(days) {
		PrintRow(t, days[day], day.Format("2006-01-02 Mon"))
	}
}

// calendar writes a row for each week that has alerts, with its Monday's date.
func (t *text) calendar(days map[time.Time]int64) {
	fmt.Fprintln(t, "    week of      Mon   Tue   Wed   Thu   Fri   Sat   Sun")
	const week = 7
	var monday time.Time
	for _, day := range sortedDays(days) {
		first := day.AddDate(0, 0, -(int(day.Weekday())+week-1)%week)
		if first.Equal(monday) {
			continue
		}
		monday = first
		fmt.Fprintf(t, "    %s", monday.Format(time.DateOnly))
		for i := range week {
			if n := days[monday.AddDate(0, 0, i)]; n > 0 {
				fmt.Fprintf(t, " %5d", n)
			} else {
				fmt.Fprint(t, "     .")
			}
		}
		fmt.Fprintln(t)
	}
}

func sortedDays(days map[time.Time]int64) []time.Time {
	all := make([]time.Time, 0, len(days))
	for day := range days {
		all = append(all, day)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

package summary

import (
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/testkit"
)

// TestDaysFollowEachOther in zones whose clocks change at midnight, to it, before it, or in the night: each moment
// belongs to the day, and to the week, of its date, and a summary is due once a day.
func TestDaysFollowEachOther(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Santiago", "America/Havana", "Asia/Beirut",
		"Africa/Cairo", "Australia/Lord_Howe", "America/Asuncion", "Pacific/Apia"} {
		zone, err := time.LoadLocation(name)
		testkit.Must(t, err)
		due := make(map[string]int)
		var last time.Time
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, zone)
		for at := from; at.Year() < 2027; at = at.Add(10 * time.Minute) {
			day, week, date := Day(at), Week(at), at.Format(time.DateOnly)
			before := day.From.Add(-time.Nanosecond).Format(time.DateOnly)
			if !day.contains(at) || day.String() != date || before == date ||
				day.To.Format(time.DateOnly) == date {
				t.Fatalf("%s: %v is of %v to %v", name, at, day.From, day.To)
			}
			if again, err := Parse(date, zone); err != nil || again != day {
				t.Fatalf("%s: %s is %v, want %v", name, date, again, day)
			}
			if !week.contains(at) || week.From.Weekday() != time.Monday || Before(week.To, true) != week {
				t.Fatalf("%s: %v is of the week %v to %v", name, at, week.From, week.To)
			}
			days, since := Due(&config.Schedule{Minute: 5}, at, zone)
			if since.After(at) || days.To.After(since) {
				t.Fatalf("%s: at %v the summary of %s is due since %v", name, at, days, since)
			}
			if since != last {
				due[days.ID()]++
				last = since
			}
		}
		if len(due) != 366 { // with the first day's before it
			t.Errorf("%s: summaries of %d days were due", name, len(due))
		}
		for id, n := range due {
			if n != 1 {
				t.Errorf("%s: the summary of %s was due %d times", name, id, n)
			}
		}
	}
}

// TestWeeks are those of ISO 8601, also at the turn of the year.
func TestWeeks(t *testing.T) {
	for text, want := range map[string]string{"2026-W01": "2025-12-29 to 2026-01-04",
		"2026-W53": "2026-12-28 to 2027-01-03", "2027-W01": "2027-01-04 to 2027-01-10"} {
		s, err := Parse(text, time.UTC)
		if err != nil || s.String() != want || s.ID() != text[:4]+text[5:] {
			t.Errorf("%s is %s (%s), want %s (%v)", text, s, s.ID(), want, err)
		}
	}
	if s, at := Next(&config.Schedule{Week: true, Minute: 420}, time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC),
		time.UTC); s.ID() != "2026W49" || at.Format(time.DateTime) != "2026-12-07 07:00:00" {
		t.Errorf("the next one is of %s, at %v", s, at)
	}
}

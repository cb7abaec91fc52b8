package parser

import (
	"testing"
	"time"
)

// TestAutumnHour: a log without zones shows 02:00 to 03:00 twice, and each line gets the right one.
func TestAutumnHour(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	var got []time.Time
	r := NewReader(zone, time.Time{}, func(e *Entry) { got = append(got, e.Arrival.Time.UTC()) })
	at := time.Date(2026, 10, 24, 23, 30, 0, 0, time.UTC) // 01:30 summer time
	var want []time.Time
	for range 3 * 60 {
		want = append(want, at)
		line := at.In(zone).Format("2006-01-02 15:04:05") + " " + id0 + " <= a@b U=r P=local S=1"
		r.Line(Place{}, []byte(line))
		at = at.Add(time.Minute)
	}
	for i := range want {
		if !got[i].Equal(want[i]) {
			t.Fatalf("line %d is of %s, want %s", i, got[i], want[i])
		}
	}
}

// TestLateLineInAutumn: a line that comes late doesn't begin the second occurrence.
func TestLateLineInAutumn(t *testing.T) {
	zone, _ := time.LoadLocation("Europe/Berlin")
	c := clock{zone: zone}
	for _, test := range []struct{ stamp, want string }{
		{"2026-10-25 02:10:00", "2026-10-25T02:10:00+02:00"},
		{"2026-10-25 02:09:59", "2026-10-25T02:09:59+02:00"},
		{"2026-10-25 02:59:59", "2026-10-25T02:59:59+02:00"},
		{"2026-10-25 02:00:00", "2026-10-25T02:00:00+01:00"},
		{"2026-10-25 02:00:01", "2026-10-25T02:00:01+01:00"},
		{"2026-10-25 02:00:00", "2026-10-25T02:00:00+01:00"},
		{"2026-10-25 03:00:00", "2026-10-25T03:00:00+01:00"},
	} {
		got, ok := c.time(stamp{text: []byte(test.stamp)})
		if !ok || got.Format(time.RFC3339) != test.want {
			t.Errorf("%s is %s, want %s", test.stamp, got.Format(time.RFC3339), test.want)
		}
	}
}

// TestHourIsRemembered: the shortcut for stamps of one hour gives what the long way gives, in zones of every kind.
func TestHourIsRemembered(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe",
		"America/New_York"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, day := range []time.Time{time.Date(2026, 3, 8, 0, 0, 0, 0, zone),
			time.Date(2026, 4, 4, 12, 0, 0, 0, zone), time.Date(2026, 7, 1, 0, 0, 0, 0, zone)} {
			c := clock{zone: zone}
			for at := day; at.Before(day.Add(30 * time.Hour)); at = at.Add(7 * time.Minute) {
				text := at.Format("2006-01-02 15:04:05")
				got, ok := c.time(stamp{text: []byte(text)})
				if !ok || !got.Equal(at) && got.Sub(at).Abs() > time.Hour || got.Format("2006-01-02 15:04:05") != text {
					t.Fatalf("%s in %s is %s, want %s", text, name, got, at)
				}
			}
		}
	}
}

func TestStampsThatNameNoTime(t *testing.T) {
	for _, text := range []string{"2026-00-01 00:00:00", "2026-01-32 00:00:00", "2026-01-01 24:00:00",
		"2026-01-01 00:60:00", "2026-01-01 00:00:61"} {
		c := clock{zone: time.UTC}
		c.time(stamp{text: []byte("2026-01-01 00:00:00")})
		if got, ok := c.time(stamp{text: []byte(text)}); ok {
			t.Errorf("%s is %s", text, got)
		}
	}
}

package main

import (
	"testing"
	"time"
)

func TestWhen(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]string{
		"":                          "0001-01-01T00:00:00Z",
		"2026-11-01":                "2026-10-31T23:00:00Z",
		"2026-07-01":                "2026-06-30T22:00:00Z",
		"2026-11-01 14:30":          "2026-11-01T13:30:00Z",
		"2026-11-01T14:30":          "2026-11-01T13:30:00Z",
		"2026-11-01 14:30:05":       "2026-11-01T13:30:05Z",
		"2026-11-01T14:30:05":       "2026-11-01T13:30:05Z",
		"2026-11-01T14:30:05Z":      "2026-11-01T14:30:05Z",
		"2026-11-01T14:30:05+05:30": "2026-11-01T09:00:05Z",
		"2026-11-01T14:30:05.25Z":   "2026-11-01T14:30:05.25Z",
		"24h":                       "2026-11-22T12:00:00Z",
		"90m":                       "2026-11-23T10:30:00Z",
		"1h30m":                     "2026-11-23T10:30:00Z",
		"30s":                       "2026-11-23T11:59:30Z",
		"7d":                        "2026-11-16T12:00:00Z",
		"7d ago":                    "2026-11-16T12:00:00Z",
		"31d":                       "2026-10-23T12:00:00Z",
	} {
		got, err := parseTime(s, now, zone)
		if err != nil || got.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("when(%q) = %v, %v, want %s", s, got.UTC(), err, want)
		}
	}
	for _, s := range []string{"yesterday", "2026-13-01", "2026-02-30", "2026-11-01 25:00", "14:30", "-24h", "24",
		"7w", "0s", "d", "ago", "2026-11-01Z", "01.11.2026"} {
		if got, err := parseTime(s, now, zone); err == nil {
			t.Errorf("when(%q) = %v, want an error", s, got)
		}
	}
}

package main

import (
	"fmt"
	"strings"
	"time"

	"exiwatch/window"
)

// layouts are the forms of a time on the command line.
var layouts = []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly}

// when reads a time of the command line, or how long ago it was. Nothing is the zero time.
func when(s string, now time.Time, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	if ago, err := window.ParseWindow(strings.TrimSuffix(s, " ago")); err == nil && ago > 0 {
		return now.Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: say 2026-11-01, \"2026-11-01 14:30\", RFC 3339, or 24h or 7d for ago", s)
}

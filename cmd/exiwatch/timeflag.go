package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseDuration reads a Go duration or whole days.
func parseDuration(s string) (time.Duration, bool) {
	const day = 24 * time.Hour
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * day, err == nil && n > 0
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d > 0
}

// layouts are the accepted forms of a time on the command line.
var layouts = []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04",
	"2006-01-02T15:04", time.DateOnly}

// parseTime reads a time, or how long ago it was. An empty text is the zero time.
func parseTime(s string, now time.Time, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	if ago, ok := parseDuration(strings.TrimSuffix(s, " ago")); ok {
		return now.Add(-ago), nil
	}
	return time.Time{},
		fmt.Errorf("%q: expected a time such as 2026-11-01, \"2026-11-01 14:30\" or RFC 3339, or how long ago, "+
			"such as 24h or 7d", s)
}

package config

import (
	"cmp"
	"slices"
	"time"
)

// A Schedule says when to mail a summary of whole days, and to whom.
type Schedule struct {
	Week   bool     // of a week, on Mondays; else of a day, each day
	Minute int      // of the day, in the log's zone: when
	To     []string // empty: Mail.To and Mail.Cc
}

// summary is a Schedule as written.
type summary struct {
	Every string   `toml:"every"`
	At    string   `toml:"at"`
	To    []string `toml:"to"`
}

// periods are the values of summary.every.
var periods = []string{"day", "week"}

// summary checks [summary]. It returns nil without one.
func (w *summary) summary(logs []string, wrong *flaws) *Schedule {
	if w == nil {
		return nil
	}
	wrong.unlessf(!slices.Contains(logs, Stdin), "summary",
		"[summary] needs a log that can be read again, which the standard input can't")
	every := cmp.Or(w.Every, "day")
	wrong.unless(slices.Contains(periods, every), "summary.every")
	at, err := time.Parse("15:04", cmp.Or(w.At, "07:00"))
	wrong.unless(err == nil, "summary.at")
	checkAddresses("summary.to", w.To, wrong)
	return &Schedule{Week: every == "week", Minute: 60*at.Hour() + at.Minute(), To: w.To}
}

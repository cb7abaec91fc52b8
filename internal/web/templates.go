package web

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/words"
	"exiwatch/window"
)

//go:embed page.html
var pageHTML string

// templates are those of all pages. Text from the log goes through show, and like all text through html/template.
var templates = template.Must(htmlkit.New("web").Funcs(template.FuncMap{
	"limitInWindow": limitInWindow, "clock": clock, "headroom": headroom, "peak": peakText, "here": here,
	"drawing": func(c *htmlkit.Columns) (string, error) {
		b, err := json.Marshal(c.Drawing())
		return string(b), err
	},
}).Parse(pageHTML))

// here is what the headings of a member of a fleet say of what is this host's alone.
func here(f *FleetState) string {
	if f == nil {
		return ""
	}
	return " on this host"
}

// limitInWindow writes what a rule allows: 20 messages in 5 minutes.
func limitInWindow(r window.Rule, limit int64) string {
	return words.Measured(r.Count.String(), limit) + " in " + words.Window(r.Window)
}

// clock writes a time of the log, with its date if that isn't today.
func clock(t, today time.Time) string {
	if t.IsZero() {
		return "never"
	}
	today = today.In(t.Location())
	if t.Year() == today.Year() && t.YearDay() == today.YearDay() {
		return t.Format("15:04:05")
	}
	return t.Format("2 Jan 2006 15:04:05")
}

// headroom says how far a count is from its limit.
func headroom(r window.Rule, s window.Usage) string {
	switch measure := r.Count.String(); {
	case s.Count > s.Limit:
		return words.Amount(s.Count-s.Limit, measure) + " over"
	case s.Count == s.Limit:
		return "at the limit"
	default:
		return words.Amount(s.Limit-s.Count, measure) + " left"
	}
}

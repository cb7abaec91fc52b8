package suggest

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"exiwatch/internal/escape"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
)

// TOML writes the suggestions as rules of a configuration, with the figures in comments. What stands in the log can't
// end a comment: it is escaped, and takes one line.
func (s *Suggestions) TOML(w io.Writer) error {
	out := tomlWriter{bufio.NewWriter(w)}
	out.log(s)
	for i := range s.Rules {
		out.rule(&s.Rules[i])
	}
	return out.Flush()
}

// A tomlWriter keeps its errors for Flush.
type tomlWriter struct{ *bufio.Writer }

// comment writes a line of a comment.
func (t tomlWriter) comment(format string, args ...any) {
	fmt.Fprintf(t, "# %s\n", escape.Text(fmt.Sprintf(format, args...)))
}

func (t tomlWriter) log(s *Suggestions) {
	if s.Arrivals == 0 {
		t.comment("No arrival counted, so there is nothing to suggest.")
		return
	}
	const days = 7 // a week
	t.comment("From %s that counted, %s to %s: %.1f days.", words.Plain(s.Arrivals, "arrival"),
		s.First.Format(time.DateTime), s.Last.Format("2006-01-02 15:04:05 -0700"), s.Weeks*days)
	t.comment("Daily peak: the highest count that a value had in one window on a day. A limit is 1.5 times the peak")
	t.comment("that 99%% of them don't exceed, without incidents that look like abuse. A limit rises until the rest")
	noun := "alerts"
	if s.AlertsPerWeek == 1 {
		noun = "alert"
	}
	t.comment("opens at most %v %s a week, so %d in this log.", s.AlertsPerWeek, noun, s.AlertsAllowed)
}

func (t tomlWriter) rule(r *Suggestion) {
	fmt.Fprintln(t)
	t.comment("%s: %s by %s in %s", r.Rule, r.Count, r.Key, r.Window)
	limit := r.Limit
	switch {
	case r.Suggested != nil:
		limit = *r.Suggested
		t.figures(r)
	case r.Why == notEnough:
		t.comment("  not enough log: keep %d. A limit needs %d days with %d arrivals that count.", r.Limit, MinDays,
			MinArrivals)
	default:
		t.comment("  no limit: %s (exiwatch help keys says what it needs)", r.Why)
		return
	}
	fmt.Fprintf(t, "[[rule]]\nname   = %s\nkey    = %s\ncount  = %s\nlimit  = %d\nwindow = %s\n",
		quoted(r.Rule), quoted(r.Key), quoted(r.Count), limit, quoted(r.Window))
	if r.Only != nil {
		fmt.Fprintln(t, report.CountLine("only  ", r.Only))
	} else if r.scope != "" {
		t.comment("and as before %s", r.scope)
	}
	if r.except > 0 {
		t.comment("and its exceptions (%d): these figures leave out the values that they match", r.except)
	}
	for _, e := range r.Except {
		fmt.Fprintf(t, "\n[[rule.except]]\nmatch  = %s\nlimit  = %d\nreason = %s\nuntil  = %s\n",
			quoted(e.Match), e.Limit, quoted(e.Reason), e.Until)
	}
}

// figures say why a limit is suggested, and what it does.
func (t tomlWriter) figures(r *Suggestion) {
	t.comment("  %s of %s: median %d, 95%% up to %d, 99%% up to %d, 99.9%% up to %d",
		words.Plain(int64(r.DailyPeaks), "daily peak"), words.Plain(int64(r.Values), "value"), r.Median, r.P95, r.P99,
		r.P999)
	t.comment("  highest %d: %s", r.Highest, r.HighestValue)
	if r.Incomplete {
		t.comment("  too many values to hold in memory: some peaks may be higher")
	}
	if len(r.LikelyAbuse) > 0 {
		t.comment("  left out, as they look like abuse:")
		for _, i := range r.LikelyAbuse[:min(len(r.LikelyAbuse), maxIncidents)] {
			t.comment("    %s, %s: up to %d, %s", i.Opened.Format("2006-01-02 15:04"), i.Value, i.Peak,
				strings.Join(i.Signs, ", "))
		}
		if more := len(r.LikelyAbuse) - maxIncidents; more > 0 {
			t.comment("    … and %d more", more)
		}
	}
	if r.Limit != *r.Suggested {
		t.comment("  %d opens %s", r.Limit, words.Plain(*r.Alerts, "alert"))
	}
	t.comment("  %d opens %s", *r.Suggested, words.Plain(*r.Opened, "alert"))
	t.by(r.By, r.others)
	if len(r.NoLonger) > 0 {
		t.comment("  no alert any more, with how many %d opens", r.Limit)
		t.by(r.NoLonger, r.otherNoLonger)
	}
}

// maxIncidents is how many incidents a comment names.
const maxIncidents = 20

func (t tomlWriter) by(all []By, others int) {
	for _, by := range all {
		t.comment("%7d %s", by.Alerts, by.Value)
	}
	if others > 0 {
		t.comment("        … and %d more", others)
	}
}

// quoted writes a basic string of TOML, in which what isn't printable is escaped.
func quoted(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	return `"` + b.String() + `"`
}

package suggest

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"exiwatch/internal/escape"
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
	noun := "alerts"
	if s.AlertsPerWeek == 1 {
		noun = "alert"
	}
	t.comment("Goal: at most %v %s per rule and week, so %d in this log. Peak: the highest count in one window.",
		s.AlertsPerWeek, noun, s.AlertsAllowed)
	if s.Weeks < 1 {
		t.comment("The log is shorter than a week, so these limits may be too low.")
	}
}

func (t tomlWriter) rule(r *Suggestion) {
	fmt.Fprintln(t)
	t.comment("%s: %s by %s in %s", r.Rule, r.Count, r.Key, r.Window)
	if r.Suggested == nil {
		why := "the log has nothing that this rule counts"
		if r.Values == 0 {
			why = "no counted arrival has a value of this key"
		}
		t.comment("  no limit: %s (exiwatch help keys says what it needs)", why)
		return
	}
	t.comment("  peaks of %s: median %d, 95%% up to %d, 99%% up to %d, 99.9%% up to %d",
		words.Plain(int64(r.Values), "value"), r.Median, r.P95, r.P99, r.P999)
	t.comment("  highest %d: %s", r.Highest, r.HighestValue)
	if r.Incomplete {
		t.comment("  too many values to hold in memory: some peaks may be higher")
	}
	if r.Limit != *r.Suggested {
		t.comment("  %d opens %s", r.Limit, words.Plain(*r.Alerts, "alert"))
	}
	if r.Below != nil {
		t.comment("  %d opens %s", *r.Suggested-1, words.Plain(*r.Below, "alert"))
	}
	t.comment("  %d opens %s", *r.Suggested, words.Plain(*r.Opened, "alert"))
	for _, by := range r.By {
		t.comment("%7d %s", by.Alerts, by.Value)
	}
	if r.others > 0 {
		t.comment("        … and %d more", r.others)
	}
	fmt.Fprintf(t, "[[rule]]\nname   = %s\nkey    = %s\ncount  = %s\nlimit  = %d\nwindow = %s\n",
		quoted(r.Rule), quoted(r.Key), quoted(r.Count), *r.Suggested, quoted(r.Window))
	if r.scope != "" {
		t.comment("and as before %s", r.scope)
	}
	if r.except > 0 {
		t.comment("and its exceptions (%d): these figures leave out the values that they match", r.except)
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

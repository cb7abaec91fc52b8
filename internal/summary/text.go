package summary

import (
	"fmt"
	"strings"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
)

func plural(n int64, noun string) string { return words.Plural(n, noun) }

// maxShown is how many characters are shown of a value from the log.
const maxShown = 100

// shown makes a value from the log safe for a terminal and a mail.
func shown(value string) string { return escape.Text(escape.Truncate(value, maxShown)) }

// Text is the summary for people. Where there is nothing to say it is one line.
func (s *Summary) Text() string {
	if s.IsQuiet() {
		return fmt.Sprintf("Nothing to report for %s: %s by %s, no incident, nobody near a limit (%s).\n", s.span,
			plural(s.Messages, "message"), plural(int64(s.Accounts), "account"), s.comparison())
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Summary for %s\n\n%s to %s, %s, by %s\n%s\n", s.span, plural(s.Messages, "message"),
		plural(s.Recipients, "recipient"), words.Size(s.Bytes), plural(int64(s.Accounts), "account"), s.comparison())
	section(&b, "Gaps in the log", s.Gaps, func(gap string) string { return escape.Text(gap) })
	section(&b, "Incidents", s.Incidents, incident)
	section(&b, "Closest to a limit without crossing it", s.Closest, func(n Near) string {
		return fmt.Sprintf("%s: %s of %s (%s)", shown(n.Value), words.Amount(n.Highest, n.Count),
			words.Measured(n.Count, n.Limit), shown(n.Rule))
	})
	section(&b, "Top accounts", s.Top, account)
	if s.Anomalies > 0 {
		fmt.Fprintf(&b, "\nAnomalies in the log\n  %s: cut, ambiguous, forged or unreadable\n",
			plural(s.Anomalies, "entry"))
	}
	section(&b, fmt.Sprintf("Counted by no rule: %s", plural(s.uncounted, "message")), s.Uncounted,
		func(r report.UncountedRow) string { return fmt.Sprintf("%7d %s", r.Messages, shown(r.String())) })
	return b.String()
}

// section writes a heading and a line for each of some things, if there are any.
func section[T any](b *strings.Builder, heading string, all []T, line func(T) string) {
	for i, one := range all {
		if i == 0 {
			fmt.Fprintf(b, "\n%s\n", heading)
		}
		fmt.Fprintf(b, "  %s\n", line(one))
	}
}

func account(a Account) string {
	text := fmt.Sprintf("%7d %s", a.Messages, shown(a.Value))
	if a.Topic != "" {
		text += fmt.Sprintf("  %d × %s", a.TopicMessages, shown(a.Topic))
	}
	return text
}

func incident(n Story) string {
	text := fmt.Sprintf("%s: at most %s in %s, limit %s (%s), since %s, ", shown(n.Value),
		words.Measured(n.Count, n.Peak), words.Window(n.window), words.Amount(n.Limit, n.Count), shown(n.Rule),
		n.Opened.Format(time.DateTime))
	if n.Ended != nil {
		text += "ended " + n.Ended.Format(time.DateTime)
	} else {
		text += "still open at the end of this time"
	}
	if n.Alerts > 1 {
		text += fmt.Sprintf("; %d alerts", n.Alerts)
	}
	return text
}

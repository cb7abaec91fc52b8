package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/mailer"
	"exiwatch/window"
)

// textKeys are the keys of the text's rankings.
var textKeys = []window.Key{window.Account, window.Host, window.Sender, window.Subject}

// maxSubjects is how many subjects the text shows of an alert.
const maxSubjects = 5

// Text writes the summary for people, with n rows for each ranking, all if n is 0. Nothing in it can move a
// terminal's cursor.
func (s *Summary) Text(w io.Writer, n int, colour bool) error {
	out := text{Writer: bufio.NewWriter(w), colour: colour}
	out.totals(s)
	joined := s.joined()
	for _, key := range textKeys {
		if r := &joined.rankings[key]; r.Len() > 0 {
			out.heading(words.Heading(key.String()))
			out.rows(r, n)
		}
	}
	out.effects(s, n)
	out.uncounted(s, &joined.uncounted, n)
	heading := fmt.Sprintf("Alerts that would have been mailed: %d", len(s.alerts))
	if n := len(window.ByIncident(s.alerts, (*openedAlert).incident)); n < len(s.alerts) {
		heading += ", in " + words.Plain(int64(n), "incident")
	}
	out.heading(heading)
	for _, a := range s.alerts {
		out.alert(a)
	}
	return out.Flush()
}

// A text is being written. Flush reports its errors.
type text struct {
	*bufio.Writer
	colour bool
}

func (t *text) heading(s string) {
	if t.colour {
		s = "\x1b[1m" + s + "\x1b[0m"
	}
	fmt.Fprintf(t, "\n%s\n", s)
}

func (t *text) totals(s *Summary) {
	y := &s.Tally
	fmt.Fprintf(t, "%s in %s", words.Plain(y.Arrivals, "arrival"), words.Plain(s.Totals.Lines, "line"))
	if y.Arrivals > 0 {
		fmt.Fprintf(t, ", %s to %s", y.First.Format(time.DateTime), y.Last.Format("2006-01-02 15:04:05 -0700"))
	}
	fmt.Fprintln(t)
	for _, oddity := range []struct {
		n    int64
		what string
	}{
		{y.Malformed, "could not be read (malformed)"},
		{y.Overflowed, "overflowed Exim's log buffer. Their items are unknown: somebody may be hiding"},
		{y.Suspicious, "are ambiguous, or may be forged (suspicious): somebody forges log items"},
		{y.Injected, "were inside another entry, or ended one (injected): somebody forges log lines"},
	} {
		if oddity.n > 0 {
			fmt.Fprintf(t, "%7d %s\n", oddity.n, oddity.what)
		}
	}
	for _, m := range s.malformed {
		fmt.Fprintf(t, "        %s:%d:%d: %s\n", escape.Text(m.File), m.Line, m.Column, escape.Text(m.Why))
	}
	if missing := s.selectors.missing(); y.Arrivals > 0 && len(missing) > 0 {
		fmt.Fprintf(t, "Not logged: %s. log_selector = +… in Exim's configuration adds them.\n",
			strings.Join(missing, ", "))
	}
}

// rows writes the first n rows, all if n is 0, and how many more there are.
func (t *text) rows(r *Ranking, n int) {
	rows := r.Top(n, Messages)
	for _, row := range rows {
		PrintRow(t, row.Messages, row.Value)
	}
	if rest := r.Len() - len(rows); rest > 0 {
		fmt.Fprintf(t, "        … and %d more\n", rest)
	}
}

// PrintRow writes a count and a value as `uniq -c` does, with the value made safe for a terminal.
func PrintRow(w io.Writer, count int64, value string) {
	fmt.Fprintf(w, "%7d %s\n", count, escape.Text(value))
}

// maxUncountedShown is how many rows of uncounted arrivals the text has, unless all are asked for.
const maxUncountedShown = 3

// uncounted lists the arrivals that no rule counts, and says how to count them.
func (t *text) uncounted(s *Summary, u *Uncounted, n int) {
	total := u.Total()
	if total == 0 || len(s.Rules) == 0 {
		return
	}
	t.heading(fmt.Sprintf("Counted by no rule: %d of %s", total, words.Plain(s.Tally.Arrivals, "arrival")))
	if n > 0 {
		n = min(n, maxUncountedShown)
	}
	rows := u.Rows(n)
	for _, row := range rows {
		PrintRow(t, row.Messages, row.String())
	}
	if line := Only(s.Only, s.Inside, rows); line != "" {
		fmt.Fprintf(t, "No rule sees these, so no alert can report them. If these hosts send for your own users, "+
			"count them:\n    [count]\n    %s\n", line)
	}
}

func (t *text) alert(o *openedAlert) {
	fmt.Fprintf(t, "%s  %s  %s, over %s\n", o.Opened.Format(time.DateTime), escape.Text(o.Value),
		escape.Text(o.Rule.Name), o.Rule.String())
	end := "still open at the end of the log"
	if !o.Ended.IsZero() {
		end = "ended " + o.Ended.Format(time.DateTime)
	}
	count := o.Rule.Count.String()
	fmt.Fprintf(t, "        %s in all, at most %d %s in one window, %s\n",
		words.Plain(o.Messages, words.TotalNoun(count)), o.Peak, count, end)
	if first := o.Alert.Incident; first.ID != o.ID {
		fmt.Fprintf(t, "        part of the incident that began at %s\n", first.Opened.Format(time.DateTime))
	}
	if o.AtLeast {
		fmt.Fprintln(t, "        There were more recipients: Exim cut their lists.")
	}
	if o.Suspicious > 0 {
		fmt.Fprintf(t, "        %d of them may be somebody else's: their entries are ambiguous, or may be forged\n",
			o.Suspicious)
	}
	values := o.values()
	t.fates(o, values)
	rows := values.subjects[:min(len(values.subjects), maxSubjects)]
	about := values.anomalies != nil
	if about {
		rows = values.anomalies
	}
	for _, row := range rows {
		fmt.Fprint(t, "    ")
		PrintRow(t, row.Messages, row.Value)
	}
	if about {
		for _, row := range values.entries {
			fmt.Fprintf(t, "        %s\n", escape.Text(row.Value))
		}
	} else if values.distinct > len(rows) || values.more {
		fmt.Fprintf(t, "            … and more subjects: %d\n", values.distinct-len(rows))
	}
}

// fates says what became of an alert's messages.
func (t *text) fates(o *openedAlert, values *topValues) {
	if text := mailer.FatesSentence(o.Fates); text != "" {
		fmt.Fprintf(t, "        %s\n", text)
	}
	for _, list := range values.blockLists {
		fmt.Fprintf(t, "        %s refuses this host\n", list)
	}
	for _, r := range values.refusals {
		text := escape.Text(r.Text)
		if len(r.Hosts) > 0 {
			text += "; by " + escape.Text(r.Hosts[0])
		}
		if n := len(r.Hosts) - 1; n > 0 {
			text += " and " + words.Plain(int64(n), "other host")
		}
		fmt.Fprintf(t, "        %d refused or deferred: %s\n", r.Recipients, text)
	}
}

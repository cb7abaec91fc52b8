package summary

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"exiwatch/internal/report"
	"exiwatch/internal/words"
	"exiwatch/mailer"
	"exiwatch/window"
)

func plural(n int64, noun string) string { return words.Plural(n, noun) }

// Text is the summary for a terminal. Where there is nothing to say it is one line.
func (s *Summary) Text() string { return s.Mail().Text() }

// Mail is what a mail says of the summary.
func (s *Summary) Mail() *mailer.SummaryMail {
	m := &mailer.SummaryMail{ID: s.span.ID(), Days: s.span.String(), From: s.From, Hours: s.Hours, Quiet: s.IsQuiet(),
		News: plural(s.Messages, "message") + ", " + plural(int64(len(s.Incidents)), "incident")}
	if len(s.Incidents) == 0 {
		m.News = plural(s.Messages, "message") + ", no incident"
	}
	if m.Quiet {
		m.Verdict = fmt.Sprintf("Nothing to report for %s: %s, %s, no incident, nobody near a limit (%s).", s.span,
			plural(s.Messages, "message"), s.whose(), s.comparison())
		return m
	}
	to := "" // unless the log names recipients
	if s.Recipients > 0 {
		to = " to " + plural(s.Recipients, "recipient")
	}
	m.Verdict = fmt.Sprintf("Summary for %s: %s%s, %s; %s.", s.span, plural(s.Messages, "message"), to,
		words.Size(s.Bytes), s.whose())
	m.Facts = []string{"Compared: " + s.comparison() + "."}
	if s.AtLeast {
		m.Facts = append(m.Facts, "There were too many accounts to know them all: some figures may be too low.")
	}
	m.Sections = []mailer.SummarySection{
		{Title: "Gaps in the log", Lines: lines(s.Gaps, func(gap string) mailer.SummaryLine {
			return mailer.SummaryLine{Words: gap}
		})},
		{Title: "Incidents", Lines: lines(s.worst(), incident)},
		{Title: "Closest to a limit without crossing it", Lines: lines(s.Closest, near)},
		{Title: "Top accounts", Lines: lines(s.Top, account)},
		{Title: "Anomalies in the log"},
		{Title: "Counted by no rule: " + plural(s.uncounted, "message"), Lines: lines(s.Uncounted, uncounted)},
	}
	if more := len(s.Incidents) - maxStories; more > 0 {
		m.Sections[1].Rest = "and " + plural(int64(more), "further incident") + ", which exiwatch replay lists"
	}
	if s.Anomalies > 0 {
		m.Sections[4].Lines = []mailer.SummaryLine{
			{Words: plural(s.Anomalies, "entry") + ": cut, ambiguous, forged or unreadable"}}
	}
	return m
}

// worst are the incidents that went furthest over their limits, in their order.
func (s *Summary) worst() []Story {
	if len(s.Incidents) <= maxStories {
		return s.Incidents
	}
	over := func(n *Story) float64 { return float64(n.Peak) / float64(max(n.Limit, 1)) }
	worst := slices.Clone(s.Incidents)
	slices.SortStableFunc(worst, func(a, b Story) int { return cmp.Compare(over(&b), over(&a)) })
	worst = worst[:maxStories]
	slices.SortStableFunc(worst, func(a, b Story) int { return a.Opened.Compare(b.Opened) })
	return worst
}

// whose says how many messages the rules count, and of how many accounts.
func (s *Summary) whose() string {
	accounts := plural(int64(s.Accounts), "account")
	if s.AtLeast {
		accounts = "more than " + accounts
	}
	if s.Counted == s.Messages {
		return "by " + accounts
	}
	return plural(s.Counted, "message") + " counted by rules, by " + accounts
}

func lines[T any](all []T, line func(T) mailer.SummaryLine) (some []mailer.SummaryLine) {
	for _, one := range all {
		some = append(some, line(one))
	}
	return some
}

func near(n Near) mailer.SummaryLine {
	return mailer.SummaryLine{Key: n.Key, Value: n.Value, Words: fmt.Sprintf(": %s of %s (%s)",
		words.Amount(n.Highest, n.Count), words.Measured(n.Count, n.Limit), n.Rule)}
}

func account(a Account) mailer.SummaryLine {
	return mailer.SummaryLine{Count: a.Messages, Key: window.Account.String(), Value: a.Value, Topic: a.Topic,
		TopicMessages: a.TopicMessages}
}

func uncounted(r report.UncountedRow) mailer.SummaryLine {
	return mailer.SummaryLine{Count: r.Messages, Words: r.String()}
}

func incident(n Story) mailer.SummaryLine {
	text := fmt.Sprintf(": at most %s in %s, limit %s (%s), since %s, ", words.Measured(n.Count, n.Peak),
		words.Window(n.window), words.Amount(n.Limit, n.Count), n.Rule, n.Opened.Format(time.DateTime))
	if n.Ended != nil {
		text += "ended " + n.Ended.Format(time.DateTime)
	} else {
		text += "still open at the end of this time"
	}
	if n.Alerts > 1 {
		text += fmt.Sprintf("; %d alerts", n.Alerts)
	}
	return mailer.SummaryLine{Key: n.Key, Value: n.Value, Words: text, Outcome: n.outcome}
}

package mailer

import (
	"strconv"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// topics is the section of an alert's most frequent topics, each with an example.
func (c Composer) topics(a *window.Alert) section {
	s := section{Title: "Subjects"}
	topics := a.Topics(topSubjects)
	switch {
	case len(topics) == 0:
		s.Sentences = []sentence{sentencef("Subjects are not logged: add +subject to Exim's log_selector.")}
		return s
	case c.Subjects == SubjectsNone:
		s.Sentences = []sentence{sentencef("The configuration hides subjects.")}
		return s
	}
	for _, t := range topics {
		r := countRow{t.Messages, words.Percent(t.Messages, a.Messages),
			[]sentence{c.subject(t.Example, valueWidth, inRow)}}
		if t.Subjects > 1 {
			r.Lines = append(r.Lines, sentencef("%s similar %s", others(t.Subjects-1, t.More),
				words.Noun(int64(t.Subjects-1), "subject")))
		}
		s.Rows = append(s.Rows, r)
	}
	s.Rest = rest(a, window.Topic, len(topics))
	return s
}

// ranking is the section of a key's first n values.
func ranking(a *window.Alert, title string, k window.Key, n int) section {
	s := section{Title: title}
	rows := a.Top(k, n)
	for _, r := range rows {
		s.Rows = append(s.Rows, countRow{r.Messages, words.Percent(r.Messages, a.Messages),
			[]sentence{inRow(r.Value, valueWidth)}})
	}
	s.Rest = rest(a, k, len(rows))
	return s
}

// logHosts is the section of the hosts in whose logs the messages are: of a fleet's alert, also if it is one host.
func logHosts(a *window.Alert) []section {
	if len(a.Top(window.LogHost, 1)) == 0 {
		return nil
	}
	return []section{ranking(a, words.Heading(window.LogHost.String()), window.LogHost, topLogHosts)}
}

// rest says how many values of a key are not shown.
func rest(a *window.Alert, k window.Key, shown int) string {
	total, more := a.Distinct(k)
	switch {
	case total > shown:
		return others(total-shown, more) + " more"
	case more:
		return "and more"
	}
	return ""
}

// others begins a number of things that are not shown. more means that there are more.
func others(n int, more bool) string {
	if more {
		return "and at least " + strconv.Itoa(n)
	}
	return "and " + strconv.Itoa(n)
}

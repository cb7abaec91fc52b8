package mailer

import (
	"exiwatch/internal/words"
	"exiwatch/window"
)

// topics is a section of the most frequent topics of an alert, each with the subject that stands for it.
func (c Composer) topics(a *window.Alert) section {
	s := section{Title: "Subjects"}
	topics := a.Topics(topSubjects)
	switch {
	case len(topics) == 0:
		s.Sentences = []sentence{say("Subjects are not logged: add +subject to Exim's log_selector.")}
		return s
	case c.Subjects == SubjectsNone:
		s.Sentences = []sentence{say("Subjects are not told, as the configuration has it.")}
		return s
	}
	for _, t := range topics {
		r := row{t.Messages, share(t.Messages, a.Messages),
			[]sentence{say("{}", c.subject(t.Example, valueWidth, inRow))}}
		if t.Subjects > 1 {
			r.Lines = append(r.Lines, say(similar(t)))
		}
		s.Rows = append(s.Rows, r)
	}
	s.Rest = rest(a, window.Topic, len(topics))
	return s
}

// similar says how many subjects a topic has besides its example.
func similar(t window.TopicCount) string {
	text := "and "
	if t.More {
		text += "at least "
	}
	return text + words.Plain(int64(t.Subjects-1), "similar subject")
}

// ranking is a section of the first n values of a key.
func ranking(a *window.Alert, title string, k window.Key, n int) section {
	s := section{Title: title}
	rows := a.Top(k, n)
	for _, r := range rows {
		s.Rows = append(s.Rows, row{r.Messages, share(r.Messages, a.Messages),
			[]sentence{say("{}", inRow(r.Value, valueWidth))}})
	}
	s.Rest = rest(a, k, len(rows))
	return s
}

// rest says how many values of a key there are beyond those shown.
func rest(a *window.Alert, k window.Key, shown int) string {
	total, more := a.Distinct(k)
	switch {
	case total > shown && more:
		return "and at least " + plain(int64(total-shown)) + " more"
	case total > shown:
		return "and " + plain(int64(total-shown)) + " more"
	case more:
		return "and more"
	}
	return ""
}

// share is what part of the total n is, in percent: never 0 unless it is none, never 100 unless it is all.
func share(n, total int64) string {
	switch {
	case n <= 0 || total <= 0:
		return "0%"
	case n >= total:
		return "100%"
	}
	percent := int64(100*float64(n)/float64(total) + 0.5)
	if percent < 1 {
		return "<1%"
	}
	return plain(min(percent, 99)) + "%"
}

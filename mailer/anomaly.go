package mailer

import (
	"slices"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// What is wrong with an entry of the log: the values of window.Anomaly.
const (
	Overflowed  = "overflowed"    // Exim cut the entry at the size of its log buffer
	Lost        = "lost"          // Exim before 4.98 kept nothing of it but the id
	TwoReadings = "two readings"  // it can be read in two ways
	MayBeForged = "may be forged" // it may be part of another entry
	Forged      = "forged"        // it is part of another entry, or the end of such a part
	Unreadable  = "can't be read" // an arrival that has not Exim's form
)

// An anomaly is what a mail says about one of these kinds.
type anomaly struct {
	kind, label string
	means       string // what somebody may be doing
	// look is what to look at, and pattern what finds it in the log; "" where nothing does.
	look, pattern string
}

var anomalies = []anomaly{
	{
		Overflowed, "cut at the size of Exim's log buffer (8 kB)",
		"A client can hide what it sends behind a HELO name of that length. What Exim cut off, such as the login, " +
			"is unknown.",
		"Entries that Exim cut", `log string overflowed\|<trunc>$`,
	},
	{
		Lost, "lost, as longer than Exim's log buffer (8 kB)",
		"Exim before 4.98 then keeps neither sender nor login. With +received_recipients in log_selector, messages " +
			"to very many recipients are the likely cause: remove it, or update Exim. " +
			"Otherwise a client hides behind a HELO name of 8 kB.",
		"Entries that Exim lost", "log string overflowed",
	},
	{
		TwoReadings, "with two readings",
		"A client writes what looks like another login into its HELO name or, with +smtp_mailauth in log_selector, " +
			"behind its own login. The message counts for every login that it names. " +
			"-smtp_mailauth prevents the second.",
		"", "",
	},
	{
		MayBeForged, "that may be forged",
		"They begin inside an entry that had not ended. They are counted, but don't move the clock.",
		"Calls of Exim, with their working directories", " cwd=",
	},
	{
		Forged, "forged, or the end of an entry that holds forged lines",
		"With +arguments in log_selector a local user can forge such lines with the name of a folder. They are not " +
			"counted. -arguments prevents this.",
		"Calls of Exim, with their working directories", " cwd=",
	},
	{
		Unreadable, "of an arrival, but not in Exim's form",
		"Something else may be writing to the log, or this is a form that exiwatch doesn't know: please report it.",
		"", "",
	},
}

// isAnomalies reports whether an alert is about log entries, and not about messages.
func isAnomalies(a *window.Alert) bool { return a.Rule.Count == window.Anomalies }

// oddEntries returns the sections of such an alert: what somebody may be doing, some of the entries, and what to look
// at.
func (c Composer) oddEntries(a *window.Alert) []section {
	meaning := section{Title: "What is wrong, in how many entries"}
	advice := section{Title: "What to do next"}
	found := make(map[string]int64)
	for _, row := range a.Top(window.Anomaly, 0) {
		found[row.Value] = row.Messages
	}
	for _, kind := range anomalies {
		n := found[kind.kind]
		if n == 0 {
			continue
		}
		lines := []sentence{sentencef("%s", kind.label), sentencef("%s", kind.means)}
		meaning.Rows = append(meaning.Rows, countRow{Count: n, Lines: lines})
		s := step{kind.look, command("grep", "-an", kind.pattern, c.logPath())}
		if kind.look != "" && !slices.Contains(advice.Steps, s) {
			advice.Steps = append(advice.Steps, s)
		}
	}
	examples := section{Title: "Entries"}
	for _, row := range a.Top(window.Entry, topSamples) {
		examples.Sentences = append(examples.Sentences, inRow(row.Value, entryWidth))
	}
	advice.Sentences = []sentence{sentencef("Until this is explained, counts may be too low, or on the wrong " +
		"account. Look at these entries and at the lines around them. " +
		"exiwatch check says which log selectors make this possible.")}
	return []section{meaning, examples, advice}
}

// entryWidth is how much of an entry is shown.
const entryWidth = 4 * textWidth // runes

// doubts says that some messages may be somebody else's.
func doubts(a *window.Alert) []sentence {
	if a.Suspicious == 0 || isAnomalies(a) {
		return nil
	}
	return []sentence{sentencef("Careful: %d of these %s may be somebody else's. "+
		"Their log entries can be read in two ways, or may be forged: "+
		"somebody may be writing this name into the log.", a.Suspicious, words.Plain(a.Messages, "message"))}
}

package mailer

import "exiwatch/window"

// exceptions says which exception of the rule is, or was, for the alert's value.
func exceptions(a *window.Alert) (told []sentence) {
	for _, e := range a.Rule.Except {
		if !e.Match(a.Value) {
			continue
		}
		words := "It has an exception, up to " + measured(a.Rule.Count.String(), e.Limit)
		switch {
		case e.Until.IsZero():
		case e.Until.After(a.Opened):
			words += ", until " + e.Until.Format(untilLayout)
		default:
			words = "Its exception, up to " + measured(a.Rule.Count.String(), e.Limit) + ", ended at " +
				e.Until.Format(untilLayout)
		}
		exception := sentencef("%s", words)
		if e.Reason != "" {
			exception = sentencef("%s: %s", words, inWords(e.Reason, valueWidth))
		}
		told = append(told, sentencef("%s.", exception))
	}
	return told
}

const untilLayout = "2006-01-02 15:04 -0700"

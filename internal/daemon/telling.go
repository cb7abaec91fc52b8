package daemon

import (
	"slices"
	"time"

	"exiwatch/internal/words"
	"exiwatch/mailer"
	"exiwatch/mailer/spool"
)

// A telling is what became of the last mail about an incident, and whether later news of it are held.
type telling struct {
	state string    // of the mail: none, queued, sent or refused; or trial: there will be none
	at    time.Time // since when; zero: there is none
	mail  string    // its name

	held  string    // why news are held; "": none are
	until time.Time // when the digest with them is made, or the trial ends; zero: nobody knows

	silence *Silence // that holds updates; nil: none does
}

// tellingOf says what the limiter knows of an incident. Whether a mail was sent only its spool knows.
func (l *mailLimiter) tellingOf(about mailer.Beginning) telling {
	incident := about.ID
	if _, told := l.Told[incident]; !told && about.Opened.Before(l.trial) {
		return telling{state: "trial", until: l.trial}
	}
	t := telling{state: "none", silence: l.silences.of(about)}
	if last, told := l.Told[incident]; told {
		t.state, t.at, t.mail = "queued", last.At, last.Name
	}
	of := func(i mailer.Item) bool { return i.Incident.ID == incident }
	if _, held := l.at[incident]; held || slices.ContainsFunc(l.past, of) {
		t.held = "the log is being read to its end"
		return t
	}
	i := l.find(incident)
	if i < 0 {
		return t
	}
	if !l.isReady(&l.Gathered[i]) {
		t.held, t.until = t.silence.String(), t.silence.Until
		return t
	}
	switch t.until = l.Due; {
	case l.Gathered[i].New:
		t.held = words.Plain(int64(len(l.Mailed)), "incident") + " began with a mail within an hour"
	case l.Due.Sub(t.at) <= 2*updateRest:
		t.held = "mails about an incident are ten minutes apart"
	default:
		t.held = words.Plain(int64(len(l.Updated)), "mail") + " told more of incidents within an hour"
	}
	return t
}

// settle asks the spool in a folder what became of a mail that was queued.
func (t telling) settle(folder string) telling {
	if t.state != "queued" {
		return t
	}
	switch state, at := spool.Look(folder, t.mail); state {
	case spool.Sent:
		t.state, t.at = "sent", at
	case spool.Refused:
		t.state, t.at = "refused", at
	}
	return t
}

// String says it in words.
func (t telling) String() string {
	if t.state == "trial" {
		return "none: on trial until " + t.until.Format(time.DateTime)
	}
	said := t.state
	if !t.at.IsZero() {
		said += " at " + t.at.Format(time.TimeOnly)
	}
	switch {
	case t.silence != nil && t.held == t.silence.String():
		return said + "; later news are held: " + t.held
	case t.silence != nil:
		said += "; " + t.silence.String()
	}
	if t.held == "" {
		return said
	}
	held := "held"
	if !t.until.IsZero() {
		held += " for a digest at " + t.until.Format(time.TimeOnly)
	}
	if held += ": " + t.held; t.state == "none" {
		return held
	}
	return said + "; later news are " + held
}

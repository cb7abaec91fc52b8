package mailer

import (
	"fmt"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// An Item is what a digest says about one event of an alert: a small copy of the alert's state at that time, which can
// be stored as JSON. It has the full subject; the Composer decides how much of it a mail shows.
type Item struct {
	ID    string `json:"id"`
	Event string `json:"event"`           // opened, grew and how many times, or ended: as in Message
	Times int64  `json:"times,omitempty"` // how many times the limit the highest count had come to; 0: not twice

	Name    string        `json:"name,omitempty"` // the rule's, for people
	Rule    string        `json:"rule"`           // as window.Rule.String writes it
	Key     string        `json:"key"`
	Measure string        `json:"measure"`
	Window  time.Duration `json:"window"` // nanoseconds
	Limit   int64         `json:"limit"`  // that was crossed

	Value      string    `json:"value"` // through escape.Text, as is Subject; 256 characters at most
	Count      int64     `json:"count"` // when the alert opened
	Peak       int64     `json:"peak"`
	Messages   int64     `json:"messages"`
	Recipients int64     `json:"recipients"`
	Bytes      int64     `json:"bytes"`
	AtLeast    bool      `json:"at_least,omitempty"` // there were more recipients, which Exim cut off
	Subject    string    `json:"subject,omitempty"`  // the most frequent one of the most frequent topic
	Subjects   bool      `json:"subjects"`           // there are subjects
	Opened     time.Time `json:"opened"`
	First      time.Time `json:"first"`
	Last       time.Time `json:"last"`
	Ended      time.Time `json:"ended,omitzero"`
}

// NewItem copies from an alert what a digest needs for an event, which is that of Message.Event.
func NewItem(a *window.Alert, event string) Item {
	i := Item{
		ID: a.ID, Event: event, Times: a.Times,
		Name: short(a.Rule.Name), Rule: a.Rule.String(), Key: a.Rule.Key.String(), Measure: a.Rule.Count.String(),
		Window: a.Rule.Window, Limit: a.Limit,
		Value: short(a.Value), Count: a.Count, Peak: a.Peak, Messages: a.Messages, Recipients: a.Recipients,
		Bytes: a.Bytes, AtLeast: a.AtLeast,
		Opened: a.Opened, First: a.First, Last: a.Last, Ended: a.Ended,
	}
	if topics := a.Topics(1); len(topics) > 0 {
		i.Subject, i.Subjects = short(topics[0].Example), true
	}
	return i
}

// Validate returns an error for an item that no digest can use.
func (i *Item) Validate() error {
	if !ValidName(i.ID + "." + i.Event) {
		return fmt.Errorf("%q is not the id and event of an alert", i.ID+"."+i.Event)
	}
	for _, n := range []int64{i.Times, int64(i.Window), i.Limit, i.Count, i.Peak, i.Messages, i.Recipients, i.Bytes} {
		if n < 0 {
			return fmt.Errorf("event %s.%s with the number %d: want none below 0", i.ID, i.Event, n)
		}
	}
	return nil
}

// short is a value in the length that an item keeps.
func short(value string) string { return escape.Truncate(escape.Text(value), maxKept) }

const maxKept = 256 // runes: no mail shows more of a value

// deed says what the value had done when the alert opened, in the rule's measure: "sent 21 messages".
func (i Item) deed() string {
	return act(i.Key, i.Measure) + " " + i.atLeast(i.Measure) + above(i.Measure, i.Count, i.Limit)
}

// atLeast begins a number of recipients if Exim cut some off.
func (i Item) atLeast(measure string) string {
	if i.AtLeast && (measure == "recipients" || measure == "addresses") {
		return "at least "
	}
	return ""
}

// totals lists the totals of the alert's arrivals.
func (i Item) totals() string {
	noun := "message"
	if i.Measure == window.Anomalies.String() {
		noun = "entry"
	}
	text := words.Plain(i.Messages, noun)
	if i.Recipients > 0 {
		text += " to " + i.atLeast("recipients") + words.Plain(i.Recipients, "recipient")
	}
	if i.Bytes > 0 {
		text += ", " + words.Size(i.Bytes)
	}
	if took := i.took(); took > 0 {
		text += ", in " + long(took)
	}
	return text
}

// took is how long the alert's arrivals took, roughly.
func (i Item) took() time.Duration { return rough(i.Last.Sub(i.First)) }

package mailer

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// An Item is what a digest says about one incident: a small copy of the state of an alert at its last event, which can
// be stored as JSON. It has the full subject; the Composer decides how much of it a mail shows.
type Item struct {
	ID    string `json:"id"`              // of the alert
	Event string `json:"event"`           // opened, grew and how many times, ended or withdrawn: as in Message
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

	Incident Beginning `json:"incident"`
	New      bool      `json:"new,omitempty"`  // no mail has told of the incident before
	Over     bool      `json:"over,omitempty"` // none of the incident's alerts is open
	// Others are the ids of the incident's other alerts that had an event since the last mail.
	Others []string `json:"others,omitempty"`

	Fleet FleetMark `json:"fleet,omitzero"` // who makes the item sets it
}

// A Beginning is what an Item says of a window.Incident: how its first alert opened.
type Beginning struct {
	ID      string        `json:"id"`
	Key     string        `json:"key"`
	Measure string        `json:"measure"`
	Window  time.Duration `json:"window"` // nanoseconds
	Limit   int64         `json:"limit"`
	Value   string        `json:"value"` // as in Item
	Count   int64         `json:"count"`
	AtLeast bool          `json:"at_least,omitempty"`
	Opened  time.Time     `json:"opened"`
	Rule    string        `json:"rule,omitempty"`  // as window.Rule.String writes it
	About   string        `json:"about,omitempty"` // window.Identity.String, its value as in Item
}

// BeginningOf copies from an alert what is said of its incident. An alert that a window.Counters didn't make is one by
// itself.
func BeginningOf(a *window.Alert) Beginning {
	n := a.Incident
	if n == nil {
		n = &window.Incident{ID: a.ID, Opened: a.Opened, Rule: a.Rule, Value: a.Value, Count: a.Count, Limit: a.Limit,
			AtLeast: a.AtLeast}
	}
	return BeginningOfIncident(n)
}

// BeginningOfIncident copies what is said of an incident.
func BeginningOfIncident(n *window.Incident) Beginning {
	b := Beginning{
		ID: n.ID, Key: n.Rule.Key.String(), Measure: n.Rule.Count.String(), Window: n.Rule.Window, Limit: n.Limit,
		Value: short(n.Value), Count: n.Count, AtLeast: n.AtLeast, Opened: n.Opened, Rule: n.Rule.String(),
	}
	if n.About.Value != "" {
		b.About = window.Identity{Key: n.About.Key, Value: short(n.About.Value)}.String()
	}
	return b
}

// item is the item of the incident's first alert when it opened.
func (n *Beginning) item() Item {
	return Item{
		ID: n.ID, Event: kinds[0], Key: n.Key, Measure: n.Measure, Window: n.Window, Limit: n.Limit, Value: n.Value,
		Count: n.Count, Peak: n.Count, AtLeast: n.AtLeast, Opened: n.Opened,
	}
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
		Incident: BeginningOf(a), Over: a.Closes && isOver(event), // not if the alert ended meanwhile
	}
	i.New = event == kinds[0] && i.ID == i.Incident.ID
	if topics := a.Topics(1); len(topics) > 0 {
		i.Subject, i.Subjects = short(topics[0].Example), true
	}
	return i
}

// isOver reports whether an alert is over with an event.
func isOver(event string) bool { return event == "ended" || event == withdrawn }

// Then returns the item for an incident of which i tells and which later has another event.
func (i Item) Then(later Item) Item {
	later.New = later.New || i.New
	others := append(slices.Clone(i.Others), i.ID)
	later.Others = nil
	for _, id := range others {
		if id != later.ID && !slices.Contains(later.Others, id) {
			later.Others = append(later.Others, id)
		}
	}
	return later
}

// WithIncident completes an item of a version that knew no incidents: its alert is one.
func (i Item) WithIncident() Item {
	if i.Incident.ID == "" {
		i.Incident = Beginning{
			ID: i.ID, Key: i.Key, Measure: i.Measure, Window: i.Window, Limit: i.Limit, Value: i.Value, Count: i.Count,
			AtLeast: i.AtLeast, Opened: i.Opened,
		}
		i.New, i.Over = i.Event == kinds[0], kinds[kindOf(i.Event)] == "ended"
	}
	return i
}

// alerts lists the ids of the alerts that the item is about.
func (i *Item) alerts() []string { return append(slices.Clone(i.Others), i.ID) }

// Validate returns an error for an item that no digest can use.
func (i *Item) Validate() error {
	if !ValidName(i.ID + "." + i.Event) {
		return fmt.Errorf("%q is not the id and event of an alert", i.ID+"."+i.Event)
	}
	for _, id := range append(slices.Clone(i.Others), cmp.Or(i.Incident.ID, i.ID), cmp.Or(i.Fleet.Instead, i.ID)) {
		if !ValidName(id + "." + i.Event) {
			return fmt.Errorf("%q is not the id of an alert", id)
		}
	}
	first := &i.Incident
	for _, n := range []int64{i.Times, int64(i.Window), i.Limit, i.Count, i.Peak, i.Messages, i.Recipients, i.Bytes,
		int64(first.Window), first.Limit, first.Count} {
		if n < 0 {
			return fmt.Errorf("event %s.%s with the number %d: want none below 0", i.ID, i.Event, n)
		}
	}
	return nil
}

// short is a value in the length that an item keeps.
func short(value string) string { return escape.Truncate(escape.Text(value), maxKept) }

const maxKept = 256 // runes: no mail shows more of a value

// crossing says what the value had done when the alert opened, in which time, and the limit.
func (i Item) crossing() string {
	return fmt.Sprintf("%s in %s (limit %s)", i.deed(), brief(i.Window), measured(i.Measure, i.Limit))
}

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
	noun := words.TotalNoun(i.Measure)
	text := words.Plain(i.Messages, noun)
	if i.Recipients > 0 && (noun == "message" || noun == "entry") {
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

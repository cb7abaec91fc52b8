package history

import (
	"encoding/json"
	"time"
)

// maxListed bounds the lists of a Document. What is beyond is counted.
const maxListed = 100_000

// A Document is the JSON of a message's history.
type Document struct {
	MessageID    string          `json:"message_id"`
	Arrival      json.RawMessage `json:"arrival"` // null: the log has none
	Deliveries   []Delivery      `json:"deliveries"`
	Others       []other         `json:"others"` // lines of the message that are none of these
	LeftOut      int64           `json:"left_out,omitempty"`
	Completed    *string         `json:"completed"` // null: the log doesn't say so
	Queued       bool            `json:"queued"`
	Frozen       bool            `json:"frozen"`
	BounceOf     string          `json:"bounce_of,omitempty"`
	BouncedAs    []string        `json:"bounced_as,omitempty"`
	Notices      []string        `json:"notices,omitempty"`
	HandedBackAs []string        `json:"handed_back_as,omitempty"`
}

// An other is a line as it is. Note says why it isn't believed, or how it was read.
type other struct {
	Time string `json:"time,omitempty"`
	Text string `json:"text"`
	Note string `json:"note,omitempty"`
}

// NewDocument makes the Document of a message without steps.
func NewDocument(id string) *Document {
	return &Document{MessageID: id, Deliveries: []Delivery{}, Others: []other{}}
}

// Step takes the next step.
func (d *Document) Step(s *Step) {
	switch {
	case s.Kind == Completed:
		at := s.Delivery.Time
		d.Completed = &at
	case s.Kind == Received && d.Arrival == nil:
		d.Arrival, d.Completed = s.Arrival, nil
	case len(d.Deliveries)+len(d.Others) >= maxListed:
		d.LeftOut++
	case s.Kind == Received:
		d.Completed = nil
		d.Others = append(d.Others, s.other())
	case s.Kind == Other:
		d.Others = append(d.Others, s.other())
	default:
		d.Deliveries = append(d.Deliveries, s.Delivery)
	}
}

func (s *Step) other() other {
	o := other{Text: s.headline(), Note: s.Note}
	if !s.At.IsZero() {
		o.Time = s.At.Format(time.RFC3339)
	}
	return o
}

// End takes what became of the message.
func (d *Document) End(f *Fate) {
	d.Queued, d.Frozen = f.Queued(), f.Frozen
	d.BounceOf, d.BouncedAs, d.Notices, d.HandedBackAs = f.BounceOf, f.BouncedAs, f.Notices, f.HandedBackAs
}

package history

import (
	"bytes"
	"encoding/json"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/report"
	"exiwatch/parser"
)

// A StepKind says what a Step is.
type StepKind string

const (
	Received   StepKind = "received"
	Delivered  StepKind = "delivered"
	Discarded  StepKind = "discarded"
	Suppressed StepKind = "suppressed" // not delivered, because of -N
	Deferred   StepKind = "deferred"
	Refused    StepKind = "refused"
	Frozen     StepKind = "frozen"
	Unfrozen   StepKind = "unfrozen"
	Completed  StepKind = "completed"
	Other      StepKind = "other" // a line that is none of these
)

// A Step is one line of the message's history.
type Step struct {
	At   time.Time
	Kind StepKind

	Arrival  json.RawMessage // of one Received: the line of `exiwatch arrivals`
	Words    []string        // of one Received: what the line says, in words
	Delivery Delivery        // what became of a recipient, or of the message
	Took     time.Duration   // of one Completed: since the arrival
	Timed    bool            // Took is known

	Text string // of an Other
	Note string // why it isn't believed, or how it was read; empty if nothing is odd

	Times int       // a Deferred one that was repeated: how often it occurred
	Last  time.Time // and when last
}

// A Delivery says what became of a recipient. It is an element of the JSON's deliveries. Nothing in it is escaped.
type Delivery struct {
	Time        string   `json:"time"`
	Kind        StepKind `json:"kind"`
	Address     string   `json:"address,omitempty"`
	Original    string   `json:"original,omitempty"`
	Router      string   `json:"router,omitempty"`
	Transport   string   `json:"transport,omitempty"`
	Host        string   `json:"host,omitempty"`
	HostAddress string   `json:"host_address,omitempty"`
	HostPort    int      `json:"host_port,omitempty"`
	Reply       string   `json:"reply,omitempty"`
	Code        int      `json:"code,omitempty"`
	Error       string   `json:"error,omitempty"`
	Event       string   `json:"event,omitempty"` // behind Frozen or Unfrozen
	Suspicious  bool     `json:"suspicious,omitempty"`
}

var kinds = map[parser.DeliveryKind]StepKind{
	parser.Delivered: Delivered, parser.DeliveredWith: Delivered, parser.CutThrough: Delivered,
	parser.Suppressed: Suppressed, parser.Deferred: Deferred, parser.Refused: Refused,
	parser.Completed: Completed, parser.Frozen: Frozen, parser.Unfrozen: Unfrozen,
}

// deliveryStep makes the step of a delivery line.
func deliveryStep(d *parser.Delivery, e *parser.Entry) Step {
	s := Step{At: d.Time, Kind: kinds[d.Kind]}
	if s.Kind == Delivered && d.Transport == nil && isNowhere(d.Address) {
		s.Kind = Discarded
	}
	s.Delivery = Delivery{
		Time: report.Stamp(d.Time, d.Millis), Kind: s.Kind, Address: string(d.Address), Original: string(d.Original),
		Router: string(d.Router), Transport: string(d.Transport), Host: string(d.Host),
		HostAddress: string(d.HostAddress), HostPort: d.HostPort, Reply: string(d.Reply), Code: d.Code,
		Error: string(d.Error), Event: string(d.Event), Suspicious: d.Suspicious || e.Forgeable,
	}
	switch {
	case e.Forgeable:
		s.Note = "the line may be forged: it may stand inside another entry"
	case d.Suspicious:
		s.Note = "the line has two readings, or Exim cut it: items are left out"
	}
	return s
}

// isNowhere tells whether an address says that the message was discarded.
func isNowhere(address []byte) bool {
	switch string(address) {
	case ":blackhole:", "blackhole", "discarded":
		return true
	}
	return false
}

// arrivalStep makes the step of an arrival.
func arrivalStep(a *parser.Arrival) Step {
	var line bytes.Buffer
	if err := escape.NewJSON(&line).Encode(report.Arrival(a)); err != nil {
		panic(err) // it has only strings and numbers
	}
	s := Step{At: a.Time, Kind: Received, Arrival: line.Bytes(), Words: arrivalWords(a)}
	switch {
	case a.Forgeable:
		s.Note = "the line may be forged: it may stand inside another entry"
	case a.Overflowed:
		s.Note = "Exim cut the line: items are missing"
	case a.Suspicious:
		s.Note = "the line has two readings: a part of it may be forged"
	}
	return s
}

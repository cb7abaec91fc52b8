package history

import (
	"bytes"
	"slices"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/parser"
)

// entry takes an entry of the log.
func (f *Finder) entry(e *parser.Entry) {
	switch {
	case e.Kind == parser.Identification: // its line says all
	case string(e.MessageID) == f.ID:
		f.add(e.Place, f.stepOf(e))
	case e.Kind == parser.Reception && f.During(e.Arrival.Time):
		f.relate(e.Arrival)
	}
}

// stepOf makes the step of an entry of the message.
func (f *Finder) stepOf(e *parser.Entry) Step {
	switch e.Kind {
	case parser.Reception:
		if f.origin.at.IsZero() {
			f.begin(e.Arrival)
		}
		return arrivalStep(e.Arrival)
	case parser.DeliveryLine:
		if d := f.deliveries.Line(e.Text); d != nil && d.Reason == "" {
			f.origin.refused = f.origin.refused || d.Kind == parser.Refused
			return deliveryStep(d, e)
		}
	}
	s := Step{At: e.Time, Kind: Other}
	if _, _, text, ok := f.deliveries.Entry(e.Text); ok {
		s.Text = string(text)
	}
	switch e.Kind {
	case parser.Malformed:
		s.Note = "an arrival that could not be read: " + e.Reason
	case parser.Overflow:
		s.Note = "the entry overflowed Exim's log buffer: perhaps an arrival"
	case parser.Injected:
		s.Note = "not believed: " + e.Reason
	}
	return s
}

// begin notes what the message's arrival says to know messages that come of it.
func (f *Finder) begin(a *parser.Arrival) {
	f.origin.at = a.Time
	if len(a.HeaderMessageID) > 0 && !pipeline.MayReturn(a) {
		f.origin.headerID = bytes.Clone(a.HeaderMessageID)
		f.needles = append(f.needles, slices.Concat([]byte("="), a.HeaderMessageID))
	}
	if f.isExims(a) {
		f.Fate.BounceOf = string(a.BounceOf)
	}
}

// relate notes the arrival of another message, if it came of this one.
func (f *Finder) relate(a *parser.Arrival) {
	id := string(a.MessageID)
	fate := &f.Fate
	switch {
	case a.IsDoubtful():
	case string(a.BounceOf) == f.ID && f.isExims(a) && f.origin.refused:
		fate.BouncedAs = appendID(fate.BouncedAs, id)
	case string(a.BounceOf) == f.ID && f.isExims(a):
		fate.Notices = appendID(fate.Notices, id)
	case f.origin.headerID != nil && bytes.Equal(a.HeaderMessageID, f.origin.headerID) && pipeline.MayReturn(a) &&
		a.Time.Sub(f.origin.at).Abs() <= maxReturn:
		fate.HandedBackAs = appendID(fate.HandedBackAs, id)
	}
}

// maxReturn is how long a content filter may take.
const maxReturn = time.Hour

// isExims tells whether Exim itself made the message, about another one.
func (f *Finder) isExims(a *parser.Arrival) bool {
	return a.BounceOf != nil && pipeline.Class(a, f.EximUsers) == report.ClassBounces
}

// appendID adds an id, unless it is there or there are too many.
func appendID(ids []string, id string) []string {
	if len(ids) >= maxRelated || slices.Contains(ids, id) {
		return ids
	}
	return append(ids, id)
}

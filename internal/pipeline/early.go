package pipeline

import (
	"bytes"
	"slices"
)

// earlyLines are deliveries that were made while the message was received (`>>`): they are logged before its arrival.
type earlyLines []deliveryLine

// maxEarly is how many lines wait for their arrivals, which come within seconds. Beyond it the oldest are forgotten.
const maxEarly = 256

// add keeps a line until its arrival comes.
func (e *earlyLines) add(l *deliveryLine) {
	if len(*e) == maxEarly {
		*e = slices.Delete(*e, 0, 1)
	}
	kept := *l
	kept.text = bytes.Clone(l.text)
	*e = append(*e, kept)
}

// take returns the lines of a message, whose arrival has come.
func (e *earlyLines) take(id idHash) (lines []deliveryLine) {
	if len(*e) == 0 {
		return nil
	}
	rest := (*e)[:0]
	for _, l := range *e {
		if l.id == id {
			lines = append(lines, l)
		} else {
			rest = append(rest, l)
		}
	}
	clear((*e)[len(rest):])
	*e = rest
	return lines
}

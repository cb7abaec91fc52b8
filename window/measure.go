package window

import (
	"fmt"
	"strings"
)

// A Measure is what a rule adds up of each arrival. Its zero value is Messages.
type Measure uint8

const (
	Messages   Measure = iota // one an arrival
	Recipients                // Arrival.Recipients
	Bytes                     // Arrival.Bytes
	numMeasures
)

var measureNames = [numMeasures]string{"messages", "recipients", "bytes"}

// ParseMeasure is the inverse of String. Its error lists the names there are.
func ParseMeasure(s string) (Measure, error) {
	for m, name := range measureNames {
		if s == name {
			return Measure(m), nil
		}
	}
	return 0, fmt.Errorf("measure %q: want one of %s", s, strings.Join(measureNames[:], ", "))
}

// String is the measure's name in configuration and flags.
func (m Measure) String() string {
	if m >= numMeasures {
		return fmt.Sprintf("Measure(%d)", uint8(m))
	}
	return measureNames[m]
}

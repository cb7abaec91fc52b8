package window

import (
	"fmt"
	"strings"
)

// A Measure is what a rule counts: a sum of what each arrival has, or how many distinct values the arrivals have of
// something. Its zero value is Messages.
type Measure uint8

const (
	Messages   Measure = iota // one an arrival
	Recipients                // Arrival.Recipients
	Bytes                     // Arrival.Bytes
	Hosts                     // distinct values of the key Host
	Networks                  // of Network
	Senders                   // of Sender
	Subjects                  // of Subject
	Addresses                 // distinct Arrival.Addresses
	Anomalies                 // one an entry that is no Plain one
	numMeasures
)

// numSums is how many measures are sums: those before it.
const numSums = Hosts

var measureNames = [numMeasures]string{
	"messages", "recipients", "bytes", "hosts", "networks", "senders", "subjects", "addresses", "anomalies",
}

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

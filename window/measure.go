package window

import "fmt"

// A Measure is what a rule counts: a sum over the arrivals, or how many distinct values the arrivals have of something.
// Its zero value is Messages.
type Measure uint8

const (
	Messages   Measure = iota // 1 for each arrival
	Recipients                // Arrival.Recipients
	Bytes                     // Arrival.Bytes
	Hosts                     // distinct values of the key Host
	Networks                  // distinct values of Network
	Senders                   // distinct values of Sender
	Subjects                  // distinct values of Subject
	Addresses                 // distinct values in Arrival.Addresses
	Anomalies                 // 1 for each entry that is Odd, Doubtful or Stray
	numMeasures
)

// numSums is how many measures are sums. They stand first.
const numSums = Hosts

var measureNames = [numMeasures]string{
	"messages", "recipients", "bytes", "hosts", "networks", "senders", "subjects", "addresses", "anomalies",
}

// ParseMeasure returns the measure with a name that String returns. Its error lists the names.
func ParseMeasure(s string) (Measure, error) {
	return parseName[Measure]("measure", measureNames[:], s)
}

// String is the measure's name in configuration and flags.
func (m Measure) String() string {
	if m >= numMeasures {
		return fmt.Sprintf("Measure(%d)", uint8(m))
	}
	return measureNames[m]
}

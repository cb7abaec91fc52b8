package window

import "fmt"

// A Measure is what a rule counts: a sum over the arrivals, or how many distinct values the arrivals have of something.
// Its zero value is Messages.
type Measure uint8

const (
	Messages    Measure = iota // 1 for each arrival
	Recipients                 // Arrival.Recipients
	Bytes                      // Arrival.Bytes
	Hosts                      // distinct values of the key Host
	Networks                   // distinct values of Network
	Senders                    // distinct values of Sender
	Subjects                   // distinct values of Subject
	Addresses                  // distinct values in Arrival.Addresses
	Anomalies                  // 1 for each entry that is Odd, Doubtful or Stray
	Bounces                    // 1 for each Refused recipient
	Deferrals                  // 1 for each Deferred recipient
	BounceShare                // the Refused in percent of the Refused and the Delivered: see Rule.Floor
	numMeasures
)

// numSums is how many measures are sums. They stand first.
const numSums = Hosts

var measureNames = [numMeasures]string{
	"messages", "recipients", "bytes", "hosts", "networks", "senders", "subjects", "addresses",
	"anomalies", "bounces", "deferrals", "bounce_share",
}

// Fates reports whether the measure counts what became of recipients: Delivered, Refused, Deferred.
func (m Measure) Fates() bool { return m >= Bounces }

// A share is one sum of what makes a BounceShare: the recipients, and in the lower half of the bits the Refused ones.
type share int64

const shareOne share = 1 << 32

// percent is the BounceShare of at least so many recipients.
func (s share) percent(floor int64) int64 {
	if all := int64(s / shareOne); all >= floor {
		return int64(s%shareOne) * 100 / all
	}
	return 0
}

// weigh returns what an arrival adds to the sums of the table. In a table of fates the bytes, which they have none of,
// are the share.
func (t *counterTable) weigh(a *Arrival, weights *[numSums]int64) *[numSums]int64 {
	if t.kind != ofFates {
		return weights
	}
	s := shareOne
	if a.Nature == Refused {
		s++
	}
	t.c.shared = *weights
	t.c.shared[Bytes] = int64(s)
	return &t.c.shared
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

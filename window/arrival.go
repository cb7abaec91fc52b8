package window

import "time"

// An Arrival is one reception as the counters see it. Its slices are only read, and only until Count returns.
type Arrival struct {
	At         time.Time // log time
	MessageID  []byte
	Values     [NumValues][]byte // the value for each key; nil where the arrival has none
	Recipients int64             // 0 where the log doesn't tell
	Bytes      int64
}

// maxWeight bounds the recipients and bytes of one arrival as counted: a sum in an int64 then overflows after eight
// million such arrivals in one window, far more than any machine receives. A negative weight counts as 0.
const maxWeight = 1 << 40

// weights is what the arrival adds to each measure.
func (a *Arrival) weights() [numMeasures]int64 {
	return [numMeasures]int64{
		Messages:   1,
		Recipients: min(max(a.Recipients, 0), maxWeight),
		Bytes:      min(max(a.Bytes, 0), maxWeight),
	}
}

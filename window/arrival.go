package window

import (
	"bytes"
	"slices"
	"time"
)

// An Arrival is one message reception as the counters see it. Count only reads its slices, and keeps none of them.
type Arrival struct {
	// The fields that every arrival needs stand together, so that they share cache lines.
	At         time.Time // log time
	MessageID  []byte
	Recipients int64 // 0 where the log doesn't say
	Bytes      int64
	Outside    uint64 // bit i is set if the arrival is outside scope i of Counters.Scopes
	Nature     Nature
	AtLeast    bool     // there were more recipients, which Exim cut off
	Logins     [][]byte // other logins that the entry names: it counts once more for each, as an Alternate

	Values    [NumValues][]byte // the value for each key; nil where there is none; see Counters.Counts
	Addresses [][]byte          // the recipients' addresses, for rules that count them (Counters.CountsAddresses)

	// LoginsOutside is Outside for Logins.
	LoginsOutside uint64
}

// maxWeight bounds the recipients and bytes of one arrival. A sum in an int64 then overflows after eight million such
// arrivals in one window, far more than any machine receives. A negative weight counts as 0.
const maxWeight = 1 << 40

// weights is what the arrival adds to each sum.
func (a *Arrival) weights() [numSums]int64 {
	if a.Nature.isFate() {
		return [numSums]int64{Messages: 1, Recipients: 1}
	}
	return [numSums]int64{
		Messages:   1,
		Recipients: min(max(a.Recipients, 0), maxWeight),
		Bytes:      min(max(a.Bytes, 0), maxWeight),
	}
}

// alternate is the arrival as it counts for its nth other login. It counts once for each domain of its logins.
func (a *Arrival) alternate(n int) *Arrival {
	other, login := *a, a.Logins[n]
	other.Values[Auth], other.Values[Account] = login, login
	sameDomain := func(l []byte) bool { return bytes.Equal(domainOf(l), domainOf(login)) }
	if other.Values[AccountDomain] = domainOf(login); bytes.Equal(a.Values[AccountDomain], domainOf(login)) ||
		slices.ContainsFunc(a.Logins[:n], sameDomain) {
		other.Values[AccountDomain] = nil
	}
	other.Nature, other.Outside, other.Logins = Alternate, a.LoginsOutside, nil
	return &other
}

// domainOf is the domain of a login; nil if it has none.
func domainOf(login []byte) []byte {
	if at := bytes.LastIndexByte(login, '@'); at >= 0 && at < len(login)-1 {
		return login[at+1:]
	}
	return nil
}

// keptID is the part of the message id that the counters keep.
func (a *Arrival) keptID() []byte { return a.MessageID[:min(len(a.MessageID), maxMessageID)] }

// isOutside reports whether an arrival with these bits is outside the table's scope.
func (t *counterTable) isOutside(outside uint64) bool {
	return t.scope != everything && outside>>t.scope&1 != 0
}

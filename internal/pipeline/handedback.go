package pipeline

import (
	"hash/maphash"
	"slices"

	"exiwatch/internal/config"
	"exiwatch/parser"
)

// returns remembers the header message ids (id=) of what came in, to recognize what a content filter hands back: that
// is the same mail, and is not counted twice. It remembers the log's last hour, and so follows from the log alone.
type returns struct {
	ring  []cameIn // number n stands at n modulo its length, a power of two
	next  uint32   // the number of the next one; it may overflow
	held  uint32   // how many there are, the latest ones
	heads []uint32 // for each value of a hash's last bits, the number of the latest one; as long as ring
}

// A cameIn is an arrival that a filter may hand back.
type cameIn struct {
	hash    uint64 // of its id=
	id      idHash // its message id
	at      int64  // second of the log's clock
	before  uint32 // what stood in heads
	returns uint8  // that it still excuses
}

const (
	// returnSeconds is how long a filter may take.
	returnSeconds = 3600
	// maxReturns is how often one mail may be handed back: by two filters in a row.
	maxReturns = 2
	// maxCameIn bounds what is remembered: 73 arrivals a second for an hour, 8 MB. Beyond it the oldest are forgotten.
	maxCameIn = 1 << 18
	minCameIn = 1 << 10
	// maxAlike is how many arrivals of one id= are looked at.
	maxAlike = 64
)

var returnSeed = maphash.MakeSeed()

// newReturns returns nil if no rule counts what a filter hands back.
func newReturns(scopes []config.Count) *returns {
	loopback := parser.Arrival{HostAddress: []byte("127.0.0.1")}
	call := parser.Arrival{Protocol: []byte("local")}
	for _, c := range scopes {
		if slices.ContainsFunc(c.Only, func(class config.Class) bool {
			return isClass(class, &loopback, nil) || isClass(class, &call, nil)
		}) {
			return newRing(minCameIn)
		}
	}
	return nil
}

// MayReturn tells whether a filter may hand mail back in this way: over loopback without a login, or by a call in which
// a trusted user sets a protocol or a peer (P=spam-scanned).
func MayReturn(a *parser.Arrival) bool {
	return isLoopback(a) || isLocal(a) && a.Authenticator == nil && (a.HostAddress != nil || !isLocalProtocol(a))
}

// comesBack tells whether an arrival is a mail that came in another way within the last hour, and is now handed back;
// origin is the message that it came as. Each arrival is handed back maxReturns times at most. now is the second of the
// log's clock.
func (r *returns) comesBack(a *parser.Arrival, now int64) (origin idHash, ok bool) {
	if len(a.HeaderMessageID) == 0 {
		return 0, false
	}
	hash := maphash.Bytes(returnSeed, a.HeaderMessageID)
	if !MayReturn(a) {
		r.add(hash, hashID(a.MessageID), now)
		return 0, false
	}
	alike := 0
	for n := r.heads[hash&r.mask()]; r.holds(n) && alike < maxAlike; {
		in := &r.ring[uint64(n)&r.mask()]
		if in.at+returnSeconds <= now {
			return 0, false
		}
		if in.hash == hash {
			if in.returns > 0 {
				in.returns--
				return in.id, true
			}
			alike++
		}
		n = in.before
	}
	return 0, false
}

func newRing(size int) *returns {
	return &returns{ring: make([]cameIn, size), heads: make([]uint32, size), next: 1}
}

func (r *returns) mask() uint64 { return uint64(len(r.ring) - 1) }

// holds tells whether arrival number n is remembered.
func (r *returns) holds(n uint32) bool { return r.next-1-n < r.held }

// add remembers an arrival, and forgets those that are too old.
func (r *returns) add(hash uint64, id idHash, now int64) {
	for r.held > 0 && r.ring[uint64(r.next-r.held)&r.mask()].at+returnSeconds <= now {
		r.held--
	}
	if int(r.held) == len(r.ring) {
		if r.held < maxCameIn {
			r.grow()
		} else {
			r.held--
		}
	}
	r.put(cameIn{hash: hash, id: id, at: now, returns: maxReturns})
}

func (r *returns) put(in cameIn) {
	head := &r.heads[in.hash&r.mask()]
	in.before = *head
	r.ring[uint64(r.next)&r.mask()] = in
	*head = r.next
	r.next++
	r.held++
}

// grow makes room for twice as many.
func (r *returns) grow() {
	larger := newRing(2 * len(r.ring))
	for n := r.next - r.held; n != r.next; n++ {
		larger.put(r.ring[uint64(n)&r.mask()])
	}
	*r = *larger
}

package watch

import (
	"hash/maphash"
	"net/netip"
	"slices"

	"exiwatch/internal/config"
	"exiwatch/parser"
)

// returns remembers the header message ids (id=) of what came in, to know again what a content filter hands back: that is the same
// mail, and isn't counted twice. What is remembered is the log's last hour, and so follows from it.
type returns struct {
	all    []cameIn          // a queue, the oldest first
	gone   uint64            // how many have left it, ever
	latest map[uint64]uint64 // by hash, 1 + the number of the newest one that still excuses
}

// A cameIn is an arrival that a filter may hand back.
type cameIn struct {
	hash    uint64 // of its id=
	at      int64  // second of the log's clock
	before  uint64 // what latest was before it
	returns uint8  // that it still excuses
}

const (
	// returnSeconds is how long a filter may take.
	returnSeconds = 3600
	// maxReturns is how often one mail is handed back: by two filters in a row.
	maxReturns = 2
	// maxCameIn bounds what is remembered: 73 arrivals a second for an hour, some 20 MB. Beyond it the oldest are forgotten.
	maxCameIn = 1 << 18
)

var returnSeed = maphash.MakeSeed()

// newReturns is nil where no rule counts what a filter hands back.
func newReturns(scopes []config.Count) *returns {
	local := netip.MustParseAddr("127.0.0.1")
	for _, c := range scopes {
		if slices.ContainsFunc(c.Only, func(class config.Class) bool {
			return class.Name == config.Loopback || class.Name == "local" || class.Name == "all" || class.Prefix.Contains(local)
		}) {
			return &returns{latest: make(map[uint64]uint64)}
		}
	}
	return nil
}

// mayReturn tells whether a filter may hand mail back in this way: over loopback without a login, or by a call in which a trusted user
// names a protocol or a peer of his own (P=spam-scanned).
func mayReturn(a *parser.Arrival) bool {
	return isLoopback(a) || isLocal(a) && a.Authenticator == nil && (a.HostAddress != nil || !isLocalProtocol(a))
}

// comesBack tells whether an arrival is a mail that came in by another way within the last hour, and is now handed back. Each arrival
// excuses as many as maxReturns. now is the second of the log's clock.
func (r *returns) comesBack(a *parser.Arrival, now int64) bool {
	if len(a.HeaderMessageID) == 0 {
		return false
	}
	hash := maphash.Bytes(returnSeed, a.HeaderMessageID)
	if !mayReturn(a) {
		r.add(hash, now)
		return false
	}
	n := r.latest[hash]
	if n <= r.gone {
		return false
	}
	in := &r.all[n-1-r.gone]
	if in.at+returnSeconds <= now {
		return false
	}
	if in.returns--; in.returns == 0 {
		r.setLatest(hash, in.before)
	}
	return true
}

func (r *returns) setLatest(hash, n uint64) {
	if n > r.gone {
		r.latest[hash] = n
	} else {
		delete(r.latest, hash)
	}
}

// add remembers an arrival, and forgets those that are too old.
func (r *returns) add(hash uint64, now int64) {
	for len(r.all) > 0 && (r.all[0].at+returnSeconds <= now || len(r.all) == maxCameIn) {
		r.gone++
		if oldest := r.all[0].hash; r.latest[oldest] == r.gone {
			delete(r.latest, oldest)
		}
		r.all = r.all[1:]
	}
	r.all = append(r.all, cameIn{hash: hash, at: now, before: r.latest[hash], returns: maxReturns})
	r.latest[hash] = r.gone + uint64(len(r.all))
}

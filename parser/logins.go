package parser

import (
	"bytes"
	"slices"
)

// A logins holds the values of A= in the parses of a line, each once.
type logins struct {
	values [maxLogins + 1][]byte
	n      int
}

// note adds the value of A= of one parse. A parse without A= adds nothing.
func (l *logins) note(auth []byte) {
	if auth != nil && l.n < len(l.values) && !contains(l.values[:l.n], auth) {
		l.values[l.n] = auth
		l.n++
	}
}

// add adds what others hold.
func (l *logins) add(others *logins) {
	for _, v := range others.values[:others.n] {
		l.note(v)
	}
}

// setLogins sets the authenticated ids that the line's other parses name.
func (r *Reader) setLogins(all *logins) {
	a := &r.arrival
	r.logins = r.logins[:0]
	for _, v := range all.values[:all.n] {
		_, id, _ := splitAuth(v)
		if id = trustedPart(id); len(id) == 0 || bytes.Equal(id, a.AuthenticatedID) || contains(r.logins, id) {
			continue
		}
		if len(r.logins) == maxLogins {
			break
		}
		r.logins = append(r.logins, id)
	}
	if len(r.logins) > 0 {
		a.Logins = r.logins
	}
}

func contains(list [][]byte, value []byte) bool {
	return slices.ContainsFunc(list, func(v []byte) bool { return bytes.Equal(v, value) })
}

// trustedPart gives the part of an id that no client can have written: what stands before the first colon, as MAIL's
// AUTH= may follow that, and before what looks like another item, as the rest of a HELO may begin there.
func trustedPart(id []byte) []byte {
	for i, c := range id {
		if c == ':' || c == ' ' && i+2 < len(id) && id[i+2] == '=' && isKnown(id[i+1:i+2]) {
			return id[:i]
		}
	}
	return id
}

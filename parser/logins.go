package parser

import "bytes"

// logins are the values of A= that the readings of a line hold, each once.
type logins struct {
	values [maxLogins + 1][]byte
	n      int
}

// note adds the value of A= of one reading. A reading without A= adds nothing.
func (l *logins) note(auth []byte) {
	if auth == nil || l.n == len(l.values) {
		return
	}
	for _, v := range l.values[:l.n] {
		if bytes.Equal(v, auth) {
			return
		}
	}
	l.values[l.n] = auth
	l.n++
}

// add adds what others hold.
func (l *logins) add(others *logins) {
	for _, v := range others.values[:others.n] {
		l.note(v)
	}
}

// setLogins fills in the authenticated ids that the line's other readings name.
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
	for _, v := range list {
		if bytes.Equal(v, value) {
			return true
		}
	}
	return false
}

// trustedPart gives what of an id no client can have written: what stands before the first colon, behind which MAIL's
// AUTH= may be, and before what looks like another item, from which on it may be the rest of a HELO.
func trustedPart(id []byte) []byte {
	for i, c := range id {
		if c == ':' || c == ' ' && i+2 < len(id) && id[i+2] == '=' && isKnown(id[i+1:i+2]) {
			return id[:i]
		}
	}
	return id
}

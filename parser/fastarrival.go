package parser

import "bytes"

// fastArrival reads an arrival of the usual shape: known items in their order, each one token, with quotes around the
// subject alone. Such a line has no other well-formed parse. b begins with the flag. It returns false for any other
// shape.
func (r *Reader) fastArrival(p Place, b []byte) bool {
	if len(b) < 4 || b[2] != ' ' {
		return false
	}
	u := fastArrival{rest: b[3:]}
	if !u.quotes() {
		return false
	}
	a, h := &r.arrival, &r.prefix
	*a = Arrival{}
	a.Place, a.Millis, a.PID, a.MessageID, a.FakeReject = p, h.stamp.millis >= 0, h.pid, h.id, b[0] == '('
	if !u.sender(a) || !u.peerItems(a) || !u.sessionItems(a) || !u.messageItems(a) || !u.addressItems(a) {
		return false
	}
	var ok bool
	if a.Time, ok = r.clock.time(h.stamp); !ok {
		return false
	}
	if u.subject != nil {
		a.Subject = r.decode(u.subject)
	}
	lasting := r.lasting && (len(a.Subject) == 0 || &a.Subject[0] == &u.subject[0])
	r.short.Place, r.short.MessageID, r.short.Arrival, r.short.lasting = p, h.id, a, lasting
	r.emit(&r.short)
	return true
}

// A fastArrival is what is still to be read of such an arrival, from the sender on, then from the blank before each
// item on. Its methods return false if the shape isn't the usual one.
type fastArrival struct {
	rest         []byte
	plain        bool   // no bracket stands in b: no address can be a domain literal's
	afterSubject int    // bytes behind the subject
	subject      []byte // as logged; nil without T=
}

// quotes finds the subject. Quotes and backslashes elsewhere aren't usual, nor is a subject that holds S= or A=.
func (u *fastArrival) quotes() bool {
	quote, backslash := bytes.IndexByte(u.rest, '"'), bytes.IndexByte(u.rest, '\\')
	if quote < 0 {
		return backslash < 0
	}
	if backslash >= 0 && backslash < quote || quote < len(` T=`) || string(u.rest[quote-len(` T=`):quote]) != ` T=` {
		return false
	}
	end := quote + 1 + bytes.IndexByte(u.rest[quote+1:], '"')
	if backslash >= 0 {
		end = quoteEnd(u.rest, quote)
	}
	if end <= quote || end == len(u.rest) {
		return false
	}
	behind := u.rest[end+1:]
	if bytes.IndexByte(behind, '"') >= 0 || backslash >= 0 && bytes.IndexByte(behind, '\\') >= 0 {
		return false
	}
	u.subject, u.afterSubject = u.rest[quote+1:end], len(behind)
	if bytes.IndexByte(u.subject, '=') >= 0 && (bytes.Contains(u.subject, []byte(" S=")) ||
		bytes.Contains(u.subject, []byte(" A="))) {
		return false
	}
	return true
}

// startsWith tells whether the next item begins so.
func (u *fastArrival) startsWith(prefix string) bool {
	return len(u.rest) >= len(prefix) && string(u.rest[:len(prefix)]) == prefix
}

// token reads the rest of an item, of which n bytes are known, up to the next blank. An empty one isn't usual.
func (u *fastArrival) token(n int) (value []byte, ok bool) {
	value = u.rest[n:]
	if i := bytes.IndexByte(value, ' '); i >= 0 {
		value = value[:i]
	}
	u.rest = u.rest[n+len(value):]
	return value, len(value) > 0
}

// address reads the rest of an item as an address without quotes.
func (u *fastArrival) address(n int) (value []byte, ok bool) {
	value, ok = u.token(n)
	if u.plain {
		return value, ok
	}
	at := bytes.IndexByte(value, '@')
	return value, ok && (at < 0 || at+1 == len(value) || value[at+1] != '[')
}

func (u *fastArrival) sender(a *Arrival) (ok bool) {
	a.EnvelopeSender, ok = u.address(0)
	a.EnvelopeSender = withoutBrackets(a.EnvelopeSender)
	return ok
}

// peerItems reads R=, H= and I=.
func (u *fastArrival) peerItems(a *Arrival) (ok bool) {
	if u.startsWith(" R=") {
		if a.BounceOf, ok = u.token(len(" R=")); !ok {
			return false
		}
	}
	if u.startsWith(" H=") {
		if !u.host(a) {
			return false
		}
		if u.startsWith(" I=[") && !u.bracket(len(" I="), &a.InterfaceAddress, &a.InterfacePort) {
			return false
		}
	}
	return true
}

// host reads H=: a name, a HELO in parentheses, and the address.
func (u *fastArrival) host(a *Arrival) bool {
	u.rest = u.rest[len(" H="):]
	for a.HostAddress == nil {
		if len(u.rest) == 0 {
			return false
		}
		switch {
		case u.rest[0] == '[':
			return u.bracket(0, &a.HostAddress, &a.HostPort)
		case u.rest[0] == '(' && a.Helo == nil:
			helo, _ := u.token(0)
			if helo[len(helo)-1] != ')' {
				return false
			}
			a.Helo = helo[1 : len(helo)-1]
		case a.Host == nil && a.Helo == nil:
			var ok bool
			if a.Host, ok = u.token(0); !ok {
				return false
			}
		default:
			return false
		}
		u.rest = u.rest[min(1, len(u.rest)):]
	}
	return true
}

// bracket reads `[ip]:port` behind n bytes.
func (u *fastArrival) bracket(n int, address *[]byte, port *int) bool {
	var length int
	length, *address, *port = socketAddress(u.rest[n:])
	u.rest = u.rest[n+length:]
	return length > 0
}

// sessionItems reads the items from U= to K.
func (u *fastArrival) sessionItems(a *Arrival) (ok bool) {
	if u.startsWith(" U=") {
		if a.Ident, ok = u.token(len(" U=")); !ok {
			return false
		}
	}
	if !u.startsWith(" P=") {
		return false
	}
	a.Protocol, _ = u.token(len(" P="))
	if u.startsWith(" L") {
		if mark, _ := u.token(len(" L")); !isPipelining(mark) {
			return false
		}
	}
	if u.startsWith(" X=") {
		a.TLS, _ = u.token(len(" X="))
	}
	if u.startsWith(" CV=") {
		u.token(len(" CV="))
	}
	if u.startsWith(" SNI=") {
		u.token(len(" SNI="))
	}
	if u.startsWith(" A=") && !u.authItem(a) {
		return false
	}
	u.flag(" PRDR")
	u.flag(" K")
	authenticated, known := authenticates(a.Protocol)
	return known && authenticated == (a.Authenticator != nil)
}

// authItem reads A=. One with a third part isn't usual: that may break off.
func (u *fastArrival) authItem(a *Arrival) bool {
	auth, ok := u.token(len(" A="))
	if !ok || bytes.Count(auth, []byte{':'}) > 1 {
		return false
	}
	a.Authenticator, a.AuthenticatedID, a.AuthenticatedSender = splitAuth(auth)
	return true
}

// flag skips an item without a value, if it comes next.
func (u *fastArrival) flag(item string) {
	if u.startsWith(item) && isEnd(u.rest, len(item)) {
		u.rest = u.rest[len(item):]
	}
}

// messageItems reads the items from S= to T=.
func (u *fastArrival) messageItems(a *Arrival) bool {
	if !u.startsWith(" S=") {
		return false
	}
	size, _ := u.token(len(" S="))
	if n := digitsLength(size); n != len(size) || n == 0 || n > 18 {
		return false
	}
	a.Size = digits(size)
	u.plain = bytes.IndexByte(u.rest, '[') < 0
	if len(u.rest) > 0 && !u.startsWith(" id=") && !u.startsWith(" T=") && !u.startsWith(" f") {
		u.rest = skipTrailingItems(u.rest)
	}
	if u.startsWith(" id=") {
		var ok bool
		if a.HeaderMessageID, ok = u.address(len(" id=")); !ok {
			return false
		}
	}
	if u.subject != nil {
		if !u.startsWith(` T="`) {
			return false
		}
		u.rest = u.rest[len(u.rest)-u.afterSubject:]
	}
	return true
}

// addressItems reads from and for, which must be the end. A date may begin another entry on the same line.
func (u *fastArrival) addressItems(a *Arrival) bool {
	if u.startsWith(" from <") {
		value, ok := u.address(len(" from <"))
		if !ok || value[len(value)-1] != '>' {
			return false
		}
		a.ReceivedSender = value[:len(value)-1]
	}
	if !u.startsWith(" for ") {
		return len(u.rest) == 0
	}
	a.RecipientList = u.rest[len(" for "):]
	u.rest = u.rest[len(" for"):]
	for len(u.rest) > 0 {
		value, ok := u.address(1)
		if !ok || len(value) > 1 && value[1] == '=' || isDigit(value[0]) && hasShape(value, "dddd-dd-dd") {
			return false
		}
		a.RecipientCount++
	}
	return true
}

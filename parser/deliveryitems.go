package parser

import "bytes"

// A deliveryScan is what is still to be read of a delivery line, from the blank before each item on.
type deliveryScan struct {
	rest   []byte
	text   bool // a text may follow any item, behind a colon and a blank
	wrong  bool // an item that is there can't be read
	effort *int // the work left for the line, in bytes; below 0 it doesn't matter what is found
}

func (d *Delivery) isDelivered() bool { return d.Kind <= Suppressed }

// items reads what follows the address and the original. It returns false if b can't be that.
func (d *Delivery) items(b []byte, effort *int) bool {
	s := deliveryScan{rest: b, text: !d.isDelivered(), effort: effort}
	switch d.Kind {
	case Refused:
		return d.refusedItems(&s)
	case Deferred:
		return d.deferredItems(&s)
	}
	return d.deliveredItems(&s)
}

// deliveredItems reads the items of a delivery. Only what was discarded has no transport.
func (d *Delivery) deliveredItems(s *deliveryScan) bool {
	d.routing(s)
	if d.Transport == nil {
		return len(s.rest) == 0 && !s.wrong && d.Original != nil && d.Router != nil && isDiscarded(d.Address)
	}
	s.token(" S=")
	d.peerItems(s)
	if d.Host != nil && d.HostAddress == nil { // a local transport's
		s.socket(" I=")
	}
	d.tlsItems(s)
	return !s.wrong && d.confirmation(s)
}

func isDiscarded(address []byte) bool {
	return string(address) == ":blackhole:" || string(address) == "discarded"
}

// refusedItems reads the items of a failure, and its text.
func (d *Delivery) refusedItems(s *deliveryScan) bool {
	for _, text := range [...]string{" routing yielded a ", " mua_wrapper forced failure "} {
		if bytes.HasPrefix(s.rest, []byte(text)) {
			d.Error = s.rest[1:]
			return true
		}
	}
	d.routing(s)
	d.peerItems(s)
	d.tlsItems(s)
	if s.wrong || d.Host != nil && (d.Transport == nil || d.HostAddress == nil) {
		return false
	}
	if n := lastTime(s.rest, " DT="); n > 0 {
		s.rest = s.rest[:len(s.rest)-n]
	}
	var ok bool
	d.Error, ok = s.errorText()
	return ok
}

// deferredItems reads the items of a deferral, and its text. What strerror() says has no colon. Only H= and DT= stand
// between that and the text.
func (d *Delivery) deferredItems(s *deliveryScan) bool {
	s.token(" Q=")
	d.Router, d.Transport = s.name(" R="), s.name(" T=")
	if d.Router == nil && d.Transport == nil {
		s.word(" routing")
	}
	if s.unknown(); s.wrong || !d.code(s) {
		return false
	}
	var system, behindColon []byte
	if rest, ok := bytes.CutPrefix(s.rest, []byte(": ")); ok && d.Code > 0 {
		n := systemTextEnd(rest)
		behindColon, system, s.rest = rest, rest[:n], rest[n:]
	}
	behind := s.rest
	d.peerItems(s)
	if s.wrong || d.Host != nil && (d.Transport == nil || d.HostAddress == nil) {
		return false
	}
	s.token(" DT=")
	between := len(behind) - len(s.rest)
	text, ok := s.errorText()
	switch {
	case text == nil:
		d.Error = system
	case system == nil || between > 0:
		d.Error = text
	default:
		d.Error = behindColon // what strerror() says, a colon, and the text
	}
	return ok
}

// code reads ` defer (-53)`.
func (d *Delivery) code(s *deliveryScan) bool {
	rest, ok := bytes.CutPrefix(s.rest, []byte(" defer ("))
	if !ok {
		return false
	}
	rest, negative := bytes.CutPrefix(rest, []byte{'-'})
	n := digitsLength(rest)
	if n == 0 || n > 9 || n == len(rest) || rest[n] != ')' {
		return false
	}
	if d.Code = int(digits(rest[:n])); negative {
		d.Code = -d.Code
	}
	s.rest = rest[n+1:]
	return true
}

// systemTextEnd gives where what strerror() says ends.
func systemTextEnd(b []byte) int {
	end := len(b)
	for _, next := range [...]string{": ", " H=", " DT="} {
		if i := bytes.Index(b[:end], []byte(next)); i >= 0 {
			end = i
		}
	}
	return end
}

// errorText reads the text that ends a line. nil is none; a colon may have nothing behind it.
func (s *deliveryScan) errorText() (text []byte, ok bool) {
	rest := bytes.TrimPrefix(s.rest, []byte{' '})
	switch {
	case len(s.rest) == 0:
		return nil, true
	case len(rest) > 0 && rest[0] == ':' && isEnd(rest, 1):
		return rest[min(2, len(rest)):], true
	}
	return nil, false
}

// routing reads F=, Q=, SRS=, P=, R= and T=.
func (d *Delivery) routing(s *deliveryScan) {
	d.Sender = s.address(" F=")
	s.token(" Q=")
	s.address(" SRS=")
	d.ReturnPath = s.address(" P=")
	d.Router, d.Transport = s.name(" R="), s.name(" T=")
}

// peerItems reads H= and what belongs to it.
func (d *Delivery) peerItems(s *deliveryScan) {
	s.unknown()
	d.Host = s.token(" H=")
	if d.Host == nil {
		return
	}
	s.word(" DS")
	if d.HostAddress, d.HostPort = s.socket(" "); d.HostAddress == nil {
		return
	}
	s.unknown()
	s.socket(" PRX=")
	s.unknown()
	s.socket(" I=")
	s.word(" TFO*")
	s.word(" TFO")
}

// tlsItems reads X=, CV= and DN=.
func (d *Delivery) tlsItems(s *deliveryScan) {
	s.unknown()
	d.TLS = s.token(" X=")
	s.unknown()
	s.token(" CV=")
	s.unknown()
	if bytes.HasPrefix(s.rest, []byte(` DN="`)) && !d.subjectItem(s) {
		s.wrong = true
	}
}

// subjectItem skips DN=. Of the quotes in it, the first that allows the rest closes it.
func (d *Delivery) subjectItem(s *deliveryScan) bool {
	for i := len(` DN="`); i < len(s.rest); i++ {
		if s.rest[i] != '"' {
			continue
		}
		rest := s.rest[i+1:]
		fits := len(rest) == 0 || s.text && (rest[0] == ':' && isEnd(rest, 1) || lastTime(rest, " DT=") == len(rest))
		if !fits && !s.text && rest[0] == ' ' {
			try := *d
			fits = try.confirmation(s.from(rest))
		}
		if fits || *s.effort < 0 {
			s.rest = rest
			return true
		}
	}
	return false
}

// from gives a scan of b, an end of what s scans.
func (s *deliveryScan) from(b []byte) *deliveryScan {
	*s.effort -= len(b)
	return &deliveryScan{rest: b, text: s.text, effort: s.effort}
}

// confirmation reads what follows the items of the peer and TLS, up to the end of the line: ST= of a local transport;
// A=, L, PRDR and K; C= and the times.
func (d *Delivery) confirmation(s *deliveryScan) bool {
	if d.HostAddress == nil && s.token(" ST=") != nil && s.starts(" (") {
		return bytes.IndexByte(s.rest, '"') < 0
	}
	s.unknown()
	if s.starts(" A=") {
		return d.authenticated(s)
	}
	return d.ending(s)
}

// authenticated reads on from A=. The id may hold blanks, and ends where the rest first fits.
func (d *Delivery) authenticated(s *deliveryScan) bool {
	for i := len(" A=x"); i <= len(s.rest) && *s.effort >= 0; i++ {
		if isEnd(s.rest, i) && d.ending(s.from(s.rest[i:])) {
			return bytes.Count(s.rest[:i], []byte{'"'})%2 == 0
		}
	}
	return false
}

// ending reads L, PRDR, K, C= and the times, up to the end of the line.
func (d *Delivery) ending(s *deliveryScan) bool {
	s.word(" L*")
	s.word(" L")
	s.word(" PRDR")
	s.word(" K")
	s.unknown()
	var reply []byte
	if bytes.HasPrefix(s.rest, []byte(` C="`)) {
		end := quoteEnd(s.rest, len(` C=`))
		if end == len(s.rest) {
			return false
		}
		reply, s.rest = s.rest[len(` C="`):end], s.rest[end+1:]
	}
	for _, name := range [...]string{" QT=", " DT="} {
		s.unknown()
		if n := timeItem(s.rest, name); n > 0 {
			s.rest = s.rest[n:]
		}
	}
	if s.unknown(); s.wrong || len(s.rest) > 0 {
		return false
	}
	d.Reply = reply
	return true
}

// timeItem gives the length of an item such as ` QT=1h2m3s` or ` DT=0.123s` that b begins with, 0 if there is none.
func timeItem(b []byte, name string) int {
	if !bytes.HasPrefix(b, []byte(name)) {
		return 0
	}
	n := len(name) + tokenEnd(b[len(name):])
	for _, c := range b[len(name):n] {
		if !isDigit(c) && c != '.' && bytes.IndexByte([]byte("wdhms"), c) < 0 {
			return 0
		}
	}
	if n == len(name) || b[n-1] < 'a' {
		return 0
	}
	return n
}

// lastTime gives the length of such an item at the end of b.
func lastTime(b []byte, name string) int {
	i := bytes.LastIndexByte(b, ' ')
	if i < 0 || timeItem(b[i:], name) != len(b)-i {
		return 0
	}
	return len(b) - i
}

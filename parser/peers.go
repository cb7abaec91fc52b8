package parser

import "bytes"

// A peerSearch goes through the places in b, the line behind its sender, where the items after the peer's address may
// begin: from the right, behind each `[ip](:port)` that can end H=. In a line without H= that is behind R= and DS
// alone.
type peerSearch struct {
	b   []byte
	end int // of H=; the items after it begin here

	started bool
	origin  parse // R=
	h       int   // where H= stands; -1 without one
	before  int   // where to search on to the left
	name    []byte
	at      int // of the bracket
}

// next finds the next place, and tells whether there is one.
func (p *peerSearch) next() bool {
	if !p.started {
		p.started = true
		p.start()
		if p.h < 0 {
			return true
		}
		p.before = len(p.b)
	} else if p.h < 0 {
		return false
	}
	for p.before > p.h {
		i := bytes.LastIndexByte(p.b[:p.before], '[')
		if i < p.h+3 {
			return false
		}
		p.before = i
		if p.isPeer(i) {
			return true
		}
	}
	return false
}

// start reads R= and DS, and finds H= behind them.
func (p *peerSearch) start() {
	var i int
	p.origin.bounceOf, i = plainItem(p.b, " R=")
	i += flagItem(p.b[i:], " DS")
	p.end = i
	if i = len(p.b) - len(skipUnknown(p.b[i:])); bytes.HasPrefix(p.b[i:], []byte(" H=")) {
		p.h = i
	} else {
		p.h = -1
	}
}

// isPeer tells whether the bracket at i begins an address that ends H=, and notes what H= then holds.
func (p *peerSearch) isPeer(i int) bool {
	n, _, _ := socketAddress(p.b[i:])
	if n == 0 || !isEnd(p.b, i+n) {
		return false
	}
	name := p.b[p.h+3 : i]
	if len(name) > 0 {
		if name[len(name)-1] != ' ' {
			return false
		}
		name = name[:len(name)-1]
		if len(name) == 0 || !isHostName(name) {
			return false
		}
	}
	p.name, p.at, p.end = name, i, i+n
	return true
}

// isHostName tells whether name is `host`, `(helo)` or `host (helo)`. A HELO may hold anything but LF. cPanel logs some
// without the closing parenthesis.
func isHostName(name []byte) bool {
	blank := bytes.IndexByte(name, ' ')
	if blank < 0 {
		return bytes.IndexByte(name, '\n') < 0
	}
	helo := name
	if name[0] != '(' {
		helo = name[blank+1:]
	}
	return len(helo) > 1 && helo[0] == '(' && helo[len(helo)-1] == ')' && bytes.IndexByte(name, '\n') < 0
}

// newParse begins a parse with what H= holds.
func (p *peerSearch) newParse(w *parseWork) parse {
	r := p.origin
	r.parseWork = w
	if p.h < 0 {
		return r
	}
	_, r.hostAddress, r.hostPort = socketAddress(p.b[p.at:])
	name := p.name
	if len(name) > 0 && name[0] != '(' {
		n := tokenEnd(name)
		r.host = name[:n]
		name = name[min(n+1, len(name)):]
	}
	if len(name) > 0 {
		r.helo = bytes.TrimSuffix(name[1:], []byte(")"))
	}
	return r
}

// socketAddress reads `[ip]` and `:port` if one follows. It returns the length, 0 if b begins with no such thing.
func socketAddress(b []byte) (n int, address []byte, port int) {
	if len(b) < 2 || b[0] != '[' {
		return 0, nil, 0
	}
	n = bytes.IndexByte(b[:min(len(b), maxAddress)], ']')
	if n < 0 || !isIP(b[1:n]) {
		return 0, nil, 0
	}
	address = b[1:n]
	n++
	if n < len(b) && b[n] == ':' {
		if d := digitsLength(b[n+1:]); d > 0 && d <= 5 {
			return n + 1 + d, address, int(digits(b[n+1 : n+1+d]))
		}
	}
	return n, address, 0
}

const maxAddress = 80 // bytes: an IPv6 address with an embedded IPv4 one, a zone, brackets

// isIP tells whether b is an IP address as inet_ntop() writes it. It doesn't look at the values of the groups.
func isIP(b []byte) bool {
	if isIPv4(b) {
		return true
	}
	colons, dots, n := 0, 0, 0
	for n < len(b) && b[n] != '%' {
		switch c := b[n]; {
		case c == ':':
			colons++
		case c == '.':
			dots++
		case !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f'):
			return false
		}
		n++
	}
	if n < len(b) && (colons == 0 || n+1 == len(b) || !isBase62(b[n+1:])) {
		return false
	}
	return colons >= 2 && (dots == 0 || dots == 3)
}

func isIPv4(b []byte) bool {
	digits, dots := 0, 0
	for _, c := range b {
		if c == '.' {
			if digits == 0 {
				return false
			}
			digits, dots = 0, dots+1
		} else if digits++; !isDigit(c) || digits > 3 {
			return false
		}
	}
	return digits > 0 && dots == 3
}

package parser

// A quoting tells how the reading of an address ended.
type quoting uint8

const (
	balanced quoting = iota // at a blank outside quotes or at the end
	open                    // at the end, inside quotes or brackets
	broken                  // at a character that can't stand there
)

// scanAddress reads the address that b begins with, up to the blank behind it; with stop '>', up to a `>` before a
// blank or the end. It returns the address's length.
//
// Exim logs addresses raw, after parse_extract_address() took them. The words of a local part are atoms or quoted
// strings, joined by dots. A domain is atoms or one literal, `[` to `]`, which holds no blanks, brackets or backslashes
// but may hold quotes. Text without quotes may be anything without a blank: forged items must be read as addresses too,
// to see that they could be.
func scanAddress(b []byte, stop byte) (int, quoting) {
	quoted, special := false, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == ' ' || c == '>' && stop == '>' && isEnd(b, i+1):
			return i, wellQuoted(c == stop && !(quoted && special))
		case c == '@':
			return scanDomain(b, i+1, stop, quoted)
		case c == '\n':
			return i, broken
		case c == '\\':
			if stop == '>' && i+1 < len(b) && b[i+1] == '>' && isEnd(b, i+2) {
				continue // sender_unqualified_hosts lets MAIL FROM:a\ through
			}
			if i++; i < len(b) && b[i] == '\n' {
				return i, broken
			}
		case c == '"':
			end := quoteEnd(b, i)
			if i > 0 && b[i-1] != '.' {
				return i, broken
			}
			if end == len(b) {
				return end, open
			}
			if end+1 < len(b) && !mayFollowQuote(b[end+1], stop) {
				return end, broken
			}
			i, quoted = end, true
		case isSpecial(c):
			special = true
		}
	}
	if stop == '>' {
		return len(b), open
	}
	return len(b), wellQuoted(!(quoted && special))
}

// scanDomain reads the domain that begins at b[i].
func scanDomain(b []byte, i int, stop byte, strict bool) (int, quoting) {
	literal := i < len(b) && b[i] == '['
	if literal {
		i++
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case literal && c == ']':
			end := i+1 == len(b) && stop == ' ' || i+1 < len(b) && b[i+1] == stop && (stop == ' ' || isEnd(b, i+2))
			return i + 1, wellQuoted(end)
		case c == '\n' || literal && (c == ' ' || c == '[' || c == '\\'):
			return i, broken
		case literal:
		case c == ' ' || c == '>' && stop == '>' && isEnd(b, i+1):
			return i, wellQuoted(c == stop)
		case c == '"' || strict && isSpecial(c):
			return i, broken
		}
	}
	if literal || stop == '>' {
		return len(b), open
	}
	return len(b), balanced
}

func wellQuoted(ok bool) quoting {
	if ok {
		return balanced
	}
	return broken
}

// isSpecial tells whether c can't stand in an atom (RFC 822, 3.3). Characters that scanAddress handles aren't among
// them.
func isSpecial(c byte) bool {
	switch c {
	case '(', ')', '<', '>', ',', ';', ':', '[', ']':
		return true
	}
	return false
}

func mayFollowQuote(c, stop byte) bool { return c == stop || c == '@' || c == '.' }

// quoteEnd gives the index of the quote that closes the one at i, or len(b).
func quoteEnd(b []byte, i int) int {
	for i++; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return min(i, len(b))
}

// addressEnd gives the length of the address that b begins with, whatever state its quotes are in.
func addressEnd(b []byte) int {
	n, state := scanAddress(b, ' ')
	if state != broken {
		return n
	}
	return tokenEnd(b)
}

// tokenEnd gives the length of what stands before the first blank of b.
func tokenEnd(b []byte) int {
	for i, c := range b {
		if c == ' ' {
			return i
		}
	}
	return len(b)
}

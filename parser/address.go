package parser

// A quoting tells how the reading of an address ended.
type quoting uint8

const (
	balanced quoting = iota // at a blank outside quotes or at the end
	open                    // at the end, inside quotes
	broken                  // at a quote or LF that no address can hold
)

// scanAddress reads the address that b begins with, as Exim logs it: raw, with the quoting of RFC 822 (words of a local
// part are atoms or quoted strings, joined by dots). It gives the address's length. An unquoted LF is no part of an address.
func scanAddress(b []byte) (int, quoting) {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case ' ':
			return i, balanced
		case '\n':
			return i, broken
		case '\\':
			i++
			if i < len(b) && b[i] == '\n' {
				return i, broken
			}
		case '"':
			if i > 0 && b[i-1] != '.' {
				return i, broken
			}
			end := quoteEnd(b, i)
			if end == len(b) {
				return end, open
			}
			if end+1 < len(b) && !mayFollowQuote(b[end+1]) {
				return end, broken
			}
			i = end
		}
	}
	return len(b), balanced
}

func mayFollowQuote(c byte) bool {
	return c == ' ' || c == '@' || c == '.'
}

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
	n, state := scanAddress(b)
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

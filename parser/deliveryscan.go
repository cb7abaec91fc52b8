package parser

import "bytes"

// starts tells whether the next item begins with prefix.
func (s *deliveryScan) starts(prefix string) bool {
	return len(s.rest) >= len(prefix) && string(s.rest[:len(prefix)]) == prefix
}

// tokenEnd gives where the token that begins at i ends: at a blank or, where a text may follow, at a colon before one.
func (s *deliveryScan) tokenEnd(i int) int {
	end := i + tokenEnd(s.rest[i:])
	if s.text && end > i && s.rest[end-1] == ':' {
		end--
	}
	return end
}

// token reads an item whose value has no blanks and no quotes. It returns nil if the item isn't there.
func (s *deliveryScan) token(prefix string) []byte {
	if s.wrong || !s.starts(prefix) {
		return nil
	}
	end := s.tokenEnd(len(prefix))
	value := s.rest[len(prefix):end]
	if len(value) == 0 || bytes.IndexByte(value, '"') >= 0 {
		s.wrong = true
		return nil
	}
	s.rest = s.rest[end:]
	return value
}

// word skips an item without a value.
func (s *deliveryScan) word(item string) {
	if s.starts(item) && s.tokenEnd(1) == len(item) {
		s.rest = s.rest[len(item):]
	}
}

// name reads R= or T=, the name of a router or transport.
func (s *deliveryScan) name(prefix string) []byte {
	value := s.token(prefix)
	if string(value) == bypassed {
		return value
	}
	for _, c := range value {
		if !isAlphanumeric(c) && c != '_' && c != '-' && c != '.' {
			s.wrong = true
			return nil
		}
	}
	return value
}

// bypassed is the transport of a delivery to /dev/null (deliver.c, deliver_message()).
const bypassed = "**bypassed**"

// address reads an item such as ` F=<address>`.
func (s *deliveryScan) address(prefix string) []byte {
	if s.wrong || !s.starts(prefix) {
		return nil
	}
	i := len(prefix)
	if i == len(s.rest) || s.rest[i] != '<' {
		return s.token(prefix) // as some logs have it that people edited
	}
	i++
	n, _ := bracketed(s.rest[i:])
	if n < 0 {
		s.wrong = true
		return nil
	}
	value := s.rest[i : i+n]
	s.rest = s.rest[i+n+1:]
	return value
}

// socket reads `[ip]` and `:port` behind prefix. A `*` behind them says that the connection was used before. The port
// of a host that Exim never called is -1 (PORT_NONE in its macros.h).
func (s *deliveryScan) socket(prefix string) (address []byte, port int) {
	if s.wrong || !s.starts(prefix) || len(s.rest) == len(prefix) || s.rest[len(prefix)] != '[' {
		return nil, 0
	}
	end := s.tokenEnd(len(prefix))
	value := bytes.TrimSuffix(s.rest[len(prefix):end], []byte{'*'})
	value = bytes.TrimSuffix(value, []byte(":-1"))
	n, address, port := socketAddress(value)
	if n != len(value) {
		return nil, 0
	}
	s.rest = s.rest[end:]
	return address, port
}

// unknown skips items of a version to come.
func (s *deliveryScan) unknown() {
	for len(s.rest) > 1 && s.rest[0] == ' ' {
		end := s.tokenEnd(1)
		item := s.rest[1:end]
		name, _, hasValue := bytes.Cut(item, []byte{'='})
		if len(name) == 0 || len(name) > maxItemName || !isBase62(name) || !isUpper(name[0]) ||
			isDeliveryItem(name) || bytes.IndexByte(item, '"') >= 0 || !hasValue && bytes.ContainsFunc(name, isLower) {
			return
		}
		s.rest = s.rest[end:]
	}
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func isLower(c rune) bool { return c >= 'a' && c <= 'z' }

// isDeliveryItem tells whether name is that of an item that has its own place in the order.
func isDeliveryItem(name []byte) bool {
	switch string(name) {
	case "F", "Q", "SRS", "P", "R", "T", "S", "H", "DS", "PRX", "I", "TFO", "X", "CV", "DN", "A", "L", "PRDR", "K", "C",
		"QT", "DT", "ST":
		return true
	}
	return false
}

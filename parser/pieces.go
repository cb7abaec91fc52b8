package parser

// maxParts is how many entries can be in pieces at one time. Exim writes the pieces of an entry in one go, so more than
// a few mean lost lines. Then the oldest is given up.
const maxParts = 64

// A splitEntries holds the entries of which not all syslog pieces have come. Host and tag tell the pieces apart.
// Without a pid in the tag (syslog_pid = false, and a syslogd that adds none), those of two processes can't be told
// apart, and one entry is given up.
type splitEntries struct {
	parts []splitEntry // by their first pieces
	lines int64        // of the log, while there are any
}

// maxAway is how many lines after its first piece an entry is given up. Exim writes the pieces one after the other, and
// others may write in between. A log doesn't wait for a lost piece.
const maxAway = 100

// A splitEntry is an entry of which n pieces of m have come.
type splitEntry struct {
	host  string
	tag   string
	place Place
	text  []byte
	n, m  int
	begun int64 // splitEntries.lines
}

// overdue removes the oldest entry if it has waited for too long. It is called for each line.
func (s *splitEntries) overdue() (splitEntry, bool) {
	s.lines++
	if s.lines-s.parts[0].begun <= maxAway {
		return splitEntry{}, false
	}
	return s.oldest(), true
}

func (s *splitEntries) any() bool { return len(s.parts) > 0 }

// oldest removes the entry that has waited longest.
func (s *splitEntries) oldest() splitEntry { return s.remove(0) }

func (s *splitEntries) remove(i int) splitEntry {
	p := s.parts[i]
	s.parts = append(s.parts[:i], s.parts[i+1:]...)
	return p
}

// join takes a piece. It returns the entry if this was its last piece, and the entries that are given up.
func (s *splitEntries) join(p Place, h linePrefix, line []byte) (whole splitEntry, lost []splitEntry) {
	i := s.find(h)
	if h.piece.n == 1 {
		if i >= 0 {
			lost = append(lost, s.remove(i))
		} else if len(s.parts) == maxParts {
			lost = append(lost, s.remove(0))
		}
		first := splitEntry{host: string(h.host), tag: string(h.tag), place: p, m: h.piece.m, begun: s.lines}
		first.text = append(first.text, line[:h.piece.start]...)
		s.parts = append(s.parts, first)
		i = len(s.parts) - 1
	}
	if i < 0 {
		return splitEntry{}, nil
	}
	part := &s.parts[i]
	text := line[h.piece.end:]
	if h.piece.n != part.n+1 || h.piece.m != part.m || len(part.text)+len(text) > 2*maxEntry {
		return whole, append(lost, s.remove(i))
	}
	part.n++
	part.text = append(part.text, text...)
	if h.piece.lineFeed {
		part.text = append(part.text, '\n')
	}
	if part.n < part.m {
		return whole, lost
	}
	return s.remove(i), lost
}

func (s *splitEntries) find(h linePrefix) int {
	for i := range s.parts {
		if p := &s.parts[i]; p.tag == string(h.tag) && p.host == string(h.host) {
			return i
		}
	}
	return -1
}

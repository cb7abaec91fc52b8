package parser

import "slices"

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

// giveUp removes an entry of which pieces are missing, and reports an arrival.
func (r *Reader) giveUp(i int) {
	p := r.split.remove(i)
	if h, ok := looksLikeArrival(p.text); ok {
		r.arrival.Place, r.current = p.place, p.text
		r.malformed(h, 1, "pieces of the entry are missing")
	}
}

func (s *splitEntries) remove(i int) splitEntry {
	p := s.parts[i]
	s.parts = slices.Delete(s.parts, i, i+1)
	return p
}

// pieceLine reads a piece of an entry, and with the last piece the entry.
func (r *Reader) pieceLine(p Place, h linePrefix, line []byte) {
	s := &r.split
	i := slices.IndexFunc(s.parts, func(e splitEntry) bool {
		return e.tag == string(h.tag) && e.host == string(h.host)
	})
	if h.piece.n == 1 {
		if i >= 0 {
			r.giveUp(i)
		} else if len(s.parts) == maxParts {
			r.giveUp(0)
		}
		first := splitEntry{host: string(h.host), tag: string(h.tag), place: p, m: h.piece.m, begun: s.lines}
		first.text = append(first.text, line[:h.piece.start]...)
		s.parts = append(s.parts, first)
		i = len(s.parts) - 1
	}
	if i < 0 {
		return
	}
	part := &s.parts[i]
	text := line[h.piece.end:]
	if h.piece.n != part.n+1 || h.piece.m != part.m || len(part.text)+len(text) > 2*maxEntry {
		r.giveUp(i)
		return
	}
	part.n++
	part.text = append(part.text, text...)
	if h.piece.lineFeed {
		part.text = append(part.text, '\n')
	}
	if part.n == part.m {
		whole := s.remove(i)
		h, _ = scanPrefix(whole.text)
		h.piece = piece{}
		r.parseEntry(whole.place, h, whole.text)
	}
}

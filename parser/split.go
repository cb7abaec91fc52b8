package parser

// maxParts is how many entries can be in pieces at one time. Exim writes the pieces of an entry in one go, so that more than
// a few are a sign of lost lines: the oldest is dropped.
const maxParts = 64

// split are the entries of which not all syslog pieces have come.
type split struct {
	parts []part
}

// A part is an entry of which n pieces of m have come.
type part struct {
	tag   string
	place Place
	text  []byte
	n, m  int
}

// join takes a piece, and gives the whole entry with the place of its first piece when this was the last one.
func (s *split) join(p Place, h head, line []byte) ([]byte, Place) {
	i := s.find(h.tag)
	if h.piece.n == 1 {
		if i >= 0 {
			s.remove(i)
		}
		if len(s.parts) == maxParts {
			s.remove(0)
		}
		s.parts = append(s.parts, part{tag: string(h.tag), place: p, m: h.piece.m})
		i = len(s.parts) - 1
		s.parts[i].text = append(s.parts[i].text, line[:h.piece.start]...)
	}
	if i < 0 {
		return nil, p
	}
	part := &s.parts[i]
	text := line[h.piece.end:]
	if h.piece.n != part.n+1 || h.piece.m != part.m || len(part.text)+len(text) > 2*maxEntry {
		s.remove(i)
		return nil, p
	}
	part.n++
	part.text = append(part.text, text...)
	if h.piece.lineFeed {
		part.text = append(part.text, '\n')
	}
	if part.n < part.m {
		return nil, p
	}
	whole, place := part.text, part.place
	s.remove(i)
	return whole, place
}

func (s *split) find(tag []byte) int {
	for i := range s.parts {
		if s.parts[i].tag == string(tag) {
			return i
		}
	}
	return -1
}

func (s *split) remove(i int) { s.parts = append(s.parts[:i], s.parts[i+1:]...) }

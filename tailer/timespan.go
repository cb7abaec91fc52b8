package tailer

import (
	"cmp"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A timespan is the time that a log covers by its own stamps, each like "2026-11-22 08:00:00", which compare as text. A
// log that has only syslog's stamps has no timespan.
type timespan struct {
	first, last string
	exim        bool // the log begins with an entry that only Exim writes
}

var (
	stampPattern = regexp.MustCompile(`(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9]`)
	// eximEntry is a stamp with what only Exim writes behind it: a message id, or a word about its own processes.
	eximEntry = regexp.MustCompile(`(?m)^[^\n]{0,80}` + stampPattern.String() + `(?:\.[0-9]{3})?` +
		`(?: [+-][0-9]{4})?(?: \[[0-9]+\])? (?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2} |` +
		`[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4} |exim [0-9]|cwd=|(?:Start|End) queue run: |SMTP |H=)`)
)

// firstLines is the part of a head in which a log has its first stamp, if it has any. More would hold what clients
// write.
func firstLines(head []byte) []byte {
	_, text := splitHead(head)
	return text[:min(len(text), fingerprintLength)]
}

// sort puts files in order, oldest first, each once: by their names or, if these don't say enough or are of two kinds,
// by their first stamps.
func (s search) sort(found []candidate) (sorted []candidate, err error) {
	first := make(map[string]string) // by path
	firstStamp := func(f candidate) string {
		if _, ok := first[f.path]; !ok {
			head, failed := s.heads.head(f)
			err = cmp.Or(err, failed)
			first[f.path] = string(stampPattern.Find(firstLines(head)))
		}
		return first[f.path]
	}
	slices.SortFunc(found, func(a, b candidate) int {
		order := a.generation.compare(b.generation)
		if order == 0 && firstStamp(a) != "" && firstStamp(b) != "" {
			order = cmp.Compare(firstStamp(a), firstStamp(b))
		}
		return cmp.Or(order, cmp.Compare(a.path, b.path))
	})
	unstamped := func(f candidate) bool { return firstStamp(f) == "" && !f.log || err != nil }
	if err == nil && !namesGiveOrder(found) && !slices.ContainsFunc(found, unstamped) {
		slices.SortStableFunc(found, func(a, b candidate) int {
			if a.log || b.log {
				return a.compare(b)
			}
			return cmp.Compare(first[a.path], first[b.path])
		})
	}
	if err != nil {
		return nil, err
	}
	return s.dedupe(found)
}

// namesGiveOrder tells whether the names of rotated files give their order: all have numbers, or all have dates.
func namesGiveOrder[F interface{ age() generation }](files []F) bool {
	dated, numbered := false, false
	for _, f := range files {
		a := f.age()
		if a.unclear {
			return false
		}
		dated = dated || a.stamp != ""
		numbered = numbered || a.stamp == "" && !a.log
	}
	return !(dated && numbered)
}

// belonging gives those of the doubtful files that end before the log begins and overlap no known file. A file that
// overlaps is another Exim's log, or a copy. A foreign file must also begin with an entry of Exim's. Another log's
// rotated files carry its name and a suffix, so they are left out with it.
func (h headCache) belonging(doubtful, known []candidate) (list []candidate, err error) {
	if len(doubtful) == 0 {
		return nil, nil
	}
	slices.SortFunc(doubtful, func(a, b candidate) int {
		return cmp.Or(falseFirst(a.foreign, b.foreign), cmp.Compare(a.path, b.path))
	})
	var spans []timespan
	var others []string
	for i, f := range slices.Concat(known, doubtful) {
		s, err := h.timespan(f)
		if err != nil {
			return nil, err
		}
		other := func(path string) bool { return strings.HasPrefix(f.path, path) }
		overlaps := s.overlaps
		if !f.foreign {
			overlaps = s.overlapsMuch
		}
		switch {
		case i < len(known):
			spans = append(spans, s)
		case f.foreign && (!s.exim || slices.ContainsFunc(others, other)):
		case slices.ContainsFunc(spans, overlaps):
			if f.foreign {
				others = append(others, f.path)
			}
		default:
			list, spans = append(list, f), append(spans, s)
		}
	}
	return list, nil
}

// overlaps tells whether both cover some moment, or begin at the same one.
func (s timespan) overlaps(t timespan) bool {
	return t.first < s.last && s.first < t.last || t.first == s.first
}

// overlapsMuch tells whether both cover more than the minute in which a writer may still have an old file open.
func (s timespan) overlapsMuch(t timespan) bool {
	return t.first < minuteBefore(s.last) && s.first < minuteBefore(t.last)
}

// minuteBefore is the stamp a minute earlier. For so long a writer may still have an old file open.
func minuteBefore(stamp string) string {
	at, err := time.Parse(time.DateTime, stamp)
	if err != nil {
		return stamp
	}
	return at.Add(-lateness).Format(time.DateTime)
}

// maxSpan is how large a compressed file may be, in bytes, for its last entry to be looked for.
const maxSpan = 256 << 20

// timespan reads the timespan of f. It is zero if f has none. The error says that f can't be read now.
func (h headCache) timespan(f candidate) (s timespan, err error) {
	head, err := h.head(f)
	head = firstLines(head)
	s.first, s.exim = string(stampPattern.Find(head)), eximEntry.Match(head)
	switch {
	case err != nil:
		return s, err
	case f.log: // which goes on
		return timespan{first: cmp.Or(s.first, f.changed.Format(time.DateTime)), last: "9"}, nil
	case s.first == "" || f.compressionExt != "" && f.size > maxSpan:
		return timespan{first: s.first}, nil
	}
	last, ok := h.lastStamps[f.version()]
	if !ok {
		last, err = lastStamp(f)
		if err = h.waits.waitOrIgnore(f, err); err != nil {
			return timespan{}, err
		}
		store(h.lastStamps, f.version(), last)
	}
	s.last = max(last, s.first)
	return s, nil
}

// lastStamp is the last stamp in a file, or in what can be uncompressed of it.
func lastStamp(f candidate) (last string, err error) {
	const tail = 64 << 10 // bytes
	file, _, err := f.openFile()
	if err != nil {
		return "", err
	}
	defer file.Close()
	stored := &fileReader{file: file}
	var in io.Reader = stored
	if f.compressionExt == "" {
		stored.at = max(f.size-tail, 0)
		in = io.LimitReader(stored, tail)
	} else {
		s, err := newStream(stored, f.path)
		if err != nil {
			return "", stored.failed
		}
		defer s.Close()
		in = s
	}
	buf := make([]byte, tail)
	for held := 0; ; {
		n, err := io.ReadFull(in, buf[held:])
		text := buf[:held+n]
		if all := stampPattern.FindAll(text, -1); len(all) > 0 {
			last = string(all[len(all)-1])
		}
		if err != nil {
			return last, stored.failed
		}
		held = copy(buf, text[len(text)-len("2006-01-02 15:04:05"):])
	}
}

package tailer

import (
	"cmp"
	"errors"
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

// firstStamp is the stamp of the first line that has one, near the beginning of f; empty if there is none.
func (h headCache) firstStamp(f candidate) (string, error) {
	head, err := h.head(f)
	return string(stampPattern.Find(firstLines(head))), err
}

// firstLines is the part of a head in which a log has its first stamp, if it has any. More would hold what clients
// write.
func firstLines(head []byte) []byte {
	_, text := splitHead(head)
	return text[:min(len(text), fingerprintLength)]
}

// sort puts files in order, oldest first: by their names or, if these don't say enough or are of two kinds, by their
// first stamps.
func (h headCache) sort(found []candidate) (err error) {
	slices.SortFunc(found, func(a, b candidate) int {
		order, failed := h.order(a, b)
		err = cmp.Or(err, failed)
		return order
	})
	if err != nil {
		return err
	}
	if namesGiveOrder(found, func(f candidate) generation { return f.generation }) {
		return nil
	}
	first := make(map[string]string) // by path
	for _, f := range found {
		if first[f.path], err = h.firstStamp(f); err != nil {
			return err
		}
		if first[f.path] == "" && !f.log {
			return nil
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		if a.log || b.log {
			return a.compare(b)
		}
		return cmp.Compare(first[a.path], first[b.path])
	})
	return nil
}

// namesGiveOrder tells whether the names of rotated files give their order: all have numbers, or all have dates.
func namesGiveOrder[F any](files []F, ageOf func(F) generation) bool {
	dated, numbered := false, false
	for _, f := range files {
		a := ageOf(f)
		if a.unclear {
			return false
		}
		dated = dated || a.stamp != ""
		numbered = numbered || a.stamp == "" && !a.log
	}
	return !(dated && numbered)
}

// order is negative if a is older than b, by their names or, if these say the same, by their first stamps.
func (h headCache) order(a, b candidate) (int, error) {
	if order := a.generation.compare(b.generation); order != 0 {
		return order, nil
	}
	first, err := h.firstStamp(a)
	if err != nil {
		return 0, err
	}
	second, err := h.firstStamp(b)
	if err != nil {
		return 0, err
	}
	if first != "" && second != "" && first != second {
		return cmp.Compare(first, second), nil
	}
	return cmp.Compare(a.path, b.path), nil
}

// belonging gives those of the doubtful files that end before the log begins and overlap no known file. A file that
// overlaps is another Exim's log, or a copy. A foreign file must also begin with an entry of Exim's. Another log's
// rotated files carry its name and a suffix, so they are left out with it.
func (h headCache) belonging(doubtful, known []candidate) (list []candidate, err error) {
	if len(doubtful) == 0 {
		return nil, nil
	}
	spans, err := h.timespans(known)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(doubtful, func(a, b candidate) int {
		if a.foreign == b.foreign {
			return cmp.Compare(a.path, b.path)
		}
		if b.foreign {
			return -1
		}
		return 1
	})
	var others []string
	for _, f := range doubtful {
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

// timespans gives the time that each known file covers.
func (h headCache) timespans(known []candidate) (spans []timespan, err error) {
	for _, f := range known {
		s, err := h.timespan(f)
		if err != nil {
			return nil, err
		}
		if f.log {
			s.last = "9" // it goes on
			if s.first == "" {
				s.first = f.changed.Format(time.DateTime)
			}
		}
		spans = append(spans, s)
	}
	return spans, nil
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
	if err != nil || s.first == "" || f.log || f.compressionExt != "" && f.size > maxSpan {
		return timespan{first: s.first}, err
	}
	key := fileVersion{f.identity, f.size, f.changed.UnixNano()}
	last, ok := h.lastStamps[key]
	if !ok {
		if last, err = lastStamp(f); err != nil && !errors.Is(err, errMoved) {
			err = h.waits.waitOrIgnore(f, err)
		}
		if err != nil {
			return timespan{}, err
		}
		if len(h.lastStamps) >= maxHeads {
			clear(h.lastStamps)
		}
		h.lastStamps[key] = last
	}
	s.last = max(last, s.first)
	return s, nil
}

// lastStamp is the last stamp in a file, or in what can be uncompressed of it.
func lastStamp(f candidate) (last string, err error) {
	const tail = 64 << 10 // bytes
	file, err := f.openFile()
	if err != nil {
		return "", err
	}
	defer file.Close()
	stored := newFileReader(file)
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

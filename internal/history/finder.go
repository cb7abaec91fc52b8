// Package history tells what happened to one message, from its arrival to its end.
package history

import (
	"bytes"
	"context"
	"slices"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/parser"

	"golang.org/x/text/encoding"
)

// A Finder finds the lines of one message in finished logs. It reads only the chunks that hold the message id, and what
// stands near it: a line there may show that another is forged.
type Finder struct {
	ID        string
	Zone      *time.Location // of logs that name none
	Now       time.Time
	Charset   encoding.Encoding // of subjects that don't name theirs; nil is windows-1252
	EximUsers []string          // U= of Exim's own bounces
	// During tells whether a time is asked for.
	During func(time.Time) bool
	// Step gets each step in the log's order.
	Step func(*Step)

	Fate  Fate   // after Read
	Files []File // that were read

	reader     *parser.Reader
	deliveries *parser.DeliveryReader
	needles    [][]byte // what the lines hold that are looked for
	reading    bool     // reader has read all up to here
	tail       []byte   // what was read before, and not given to reader: parser.Reach bytes at least, if there were
	tailPlace  parser.Place
	place      parser.Place // of the next line
	found      []foundStep  // that earlier lines may still change
	origin     origin
}

// A File is a log that was read.
type File struct {
	Name        string
	First, Last time.Time // stamps; zero if it has none
}

// A Fate is what became of the message.
type Fate struct {
	Arrived   time.Time
	Completed time.Time // zero if the log doesn't say so
	Frozen    bool
	Lines     int64 // of the message
	Tried     bool  // recipients were delivered to, refused or deferred

	BounceOf     string   // the message that this one, made by Exim, is about
	BouncedAs    []string // messages by which Exim told the sender of refused recipients
	Notices      []string // other messages that Exim made about it: warnings of a delay, automatic replies
	HandedBackAs []string // messages by which a content filter has handed it back
}

// Queued tells whether the message is still in the queue.
func (f *Fate) Queued() bool { return (!f.Arrived.IsZero() || f.Tried) && f.Completed.IsZero() }

// maxRelated bounds each list of a Fate.
const maxRelated = 100

// An origin is what the message's own arrival says to know those that came of it.
type origin struct {
	headerID []byte // nil: a filter can't hand it back
	at       time.Time
	refused  bool // a recipient was
}

// A foundStep is a step where it stands in the log.
type foundStep struct {
	file int // index of Finder.Files
	line int64
	raw  bool // the line as it is: the step if nothing was read from it
	step Step
}

// Read reads the logs. Its error and progress are those of replay.Run. Several logs may be read one after the other.
func (f *Finder) Read(ctx context.Context, sources []replay.Source, progress func(float64)) error {
	f.reader = parser.NewReader(f.Zone, f.Now, f.entry)
	f.reader.SetCharset(f.Charset)
	f.reader.SetDeliveries(true)
	f.deliveries = parser.NewDeliveryReader(f.Zone, f.Now)
	if f.needles == nil {
		f.needles = [][]byte{[]byte(f.ID)}
	}
	f.reading, f.tail = false, f.tail[:0]
	earlier := len(f.Files)
	looks, err := replay.EachChunk(ctx, sources, f.Zone, f.Now, progress, f.chunk)
	f.reader.Flush()
	f.flush()
	for i := range looks {
		isLook := func(file File) bool { return file.Name == looks[i].Name }
		if !looks[i].Broken && !slices.ContainsFunc(f.Files[earlier:], isLook) {
			f.Files = append(f.Files, File{Name: looks[i].Name}) // it is empty
		}
	}
	return err
}

// chunk reads a chunk, if it holds what is looked for or goes on with an entry of the chunk before.
func (f *Finder) chunk(c *pipeline.Chunk) {
	if c.First {
		f.Files = append(f.Files, File{Name: c.File})
		f.place = parser.Place{File: c.File, Line: 1}
	}
	f.noteTimes(c.Text)
	if !f.holds(c.Text) && (!f.reading || f.reader.Blank()) {
		f.pass(c.Text)
		return
	}
	if !f.reading {
		f.reader.Restart()
		f.reader.Lines(f.tailPlace, f.tail)
		f.reading, f.tail = true, f.tail[:0]
	}
	f.findLines(c.Text)
	f.place.Line += f.reader.Lines(f.place, c.Text)
	f.flush()
}

// holds tells whether text holds anything that is looked for.
func (f *Finder) holds(text []byte) bool {
	return slices.ContainsFunc(f.needles, func(needle []byte) bool { return bytes.Contains(text, needle) })
}

// pass passes over a chunk, and keeps its end.
func (f *Finder) pass(text []byte) {
	f.reading = false
	lines := int64(bytes.Count(text, lineFeed))
	from := max(len(text)-parser.Reach, 0)
	from = bytes.LastIndexByte(text[:from], '\n') + 1
	if from > 0 || len(f.tail) > 2*parser.Reach || f.tailPlace.File != f.place.File {
		f.tail = f.tail[:0]
	}
	if len(f.tail) == 0 {
		f.tailPlace = f.place
		f.tailPlace.Line += int64(bytes.Count(text[:from], lineFeed))
	}
	f.tail = append(f.tail, text[from:]...)
	f.place.Line += lines
}

var lineFeed = []byte{'\n'}

// findLines finds the lines of the message, whatever they say.
func (f *Finder) findLines(text []byte) {
	number, counted := f.place.Line, 0
	for at := 0; ; {
		i := bytes.Index(text[at:], f.needles[0])
		if i < 0 {
			return
		}
		begin := bytes.LastIndexByte(text[:at+i], '\n') + 1
		end := begin + len(text[begin:])
		if n := bytes.IndexByte(text[begin:], '\n'); n >= 0 {
			end = begin + n
		}
		number += int64(bytes.Count(text[counted:begin], lineFeed))
		counted, at = begin, min(end+1, len(text))
		f.addLine(number, text[begin:end])
	}
}

// addLine adds a line as it is, if it is one of the message.
func (f *Finder) addLine(number int64, line []byte) {
	at, id, text, ok := f.deliveries.Entry(line)
	if !ok || string(id) != f.ID {
		return
	}
	s := Step{At: at, Kind: Other, Text: string(text)}
	if _, _, looks := f.deliveries.FindDelivery(line); looks {
		s.Note = "not believed: the line stands inside another entry"
	}
	f.found = append(f.found, foundStep{len(f.Files) - 1, number, true, s})
}

// add adds what was read from the entry at p.
func (f *Finder) add(p parser.Place, s Step) {
	file := len(f.Files) - 1
	if file > 0 && p.File != f.place.File {
		file--
	}
	f.found = append(f.found, foundStep{file, p.Line, false, s})
}

// flush gives the steps that no later line can change, in the log's order.
func (f *Finder) flush() {
	slices.SortStableFunc(f.found, func(a, b foundStep) int {
		if a.file != b.file {
			return a.file - b.file
		}
		return int(a.line - b.line)
	})
	n := 0
	for ; n < len(f.found) && f.isDecided(&f.found[n]); n++ {
		this := &f.found[n]
		isRead := func(other int) bool {
			return other >= 0 && other < len(f.found) && !f.found[other].raw &&
				f.found[other].file == this.file && f.found[other].line == this.line
		}
		if this.raw && (isRead(n-1) || isRead(n+1)) || !f.During(this.step.At) {
			continue
		}
		f.Fate.note(&this.step)
		f.Step(&this.step)
	}
	f.found = slices.Delete(f.found, 0, n)
}

// isDecided tells whether no later line can change the step, or come before it.
func (f *Finder) isDecided(s *foundStep) bool {
	if f.reader.InPieces() {
		return false
	}
	oldest := f.reader.Oldest()
	return oldest.Line == 0 || oldest.File == f.Files[s.file].Name && s.line < oldest.Line
}

// note takes up a step of the message.
func (f *Fate) note(s *Step) {
	f.Lines++
	switch s.Kind {
	case Received:
		if f.Arrived.IsZero() {
			f.Arrived = s.At
		}
		f.Completed = time.Time{}
	case Completed:
		f.Completed, f.Frozen = s.At, false
		if !f.Arrived.IsZero() {
			s.Took, s.Timed = s.At.Sub(f.Arrived), true
		}
	case Frozen:
		f.Frozen = true
	case Unfrozen:
		f.Frozen = false
	case Other:
	default:
		f.Tried = true
	}
}

// noteTimes notes the first and the last stamp of a file.
func (f *Finder) noteTimes(text []byte) {
	file := &f.Files[len(f.Files)-1]
	if file.First.IsZero() {
		for line := range bytes.Lines(text) {
			if at, ok := parser.Stamp(line, f.Zone, f.Now); ok {
				file.First = at
				break
			}
		}
	}
	for range maxUnstamped {
		text = bytes.TrimSuffix(text, lineFeed)
		begin := bytes.LastIndexByte(text, '\n') + 1
		if at, ok := parser.Stamp(text[begin:], f.Zone, f.Now); ok {
			file.Last = at
			return
		}
		text = text[:begin]
	}
}

// maxUnstamped is how many lines at a chunk's end are looked at for a stamp.
const maxUnstamped = 100

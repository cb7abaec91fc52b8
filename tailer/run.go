package tailer

import (
	"bytes"
	"iter"
)

// A Run is whole lines of one file, one behind the other and none longer than MaxLine, bytes as they are.
type Batch struct {
	Text   []byte   // each line with its LF; good until the callback that got it returns
	File   string   // as in Line
	Number int64    // of the first line, as in Line
	Lines  int64    // how many they are
	End    Position // of the byte after the last LF
}

// Begin is the byte of the file at which Text begins, uncompressed. It is never within what a fingerprint is made of:
// so the positions of all lines differ in their Offset alone.
func (r Batch) Begin() int64 { return r.End.Offset - int64(len(r.Text)) }

// All gives the lines one by one.
func (r Batch) All() iter.Seq[Line] {
	return func(yield func(Line) bool) {
		line := Line{File: r.File, Number: r.Number, End: r.End}
		line.End.Offset = r.Begin()
		for text := range bytes.Lines(r.Text) {
			line.Text = text[:len(text)-1]
			line.End.Offset += int64(len(text))
			if !yield(line) {
				return
			}
			line.Number++
		}
	}
}

// runLength is how many bytes at the beginning of text are whole lines, each with its LF and none longer than MaxLine.
func runLength(text []byte) (n int) {
	for n < len(text) {
		end := bytes.LastIndexByte(text[n:min(n+MaxLine+1, len(text))], '\n') + 1
		if end == 0 {
			break
		}
		n += end
	}
	return n
}

// run is what lines of the chunk can be handed over together, ok is false when there are none.
func (s *segment) run() (r Batch, ok bool) {
	if nuls, _ := splitHead(s.head); s.passed > 0 || s.offset < nuls+headLength {
		return Batch{}, false
	}
	text := s.chunk[:runLength(s.chunk)]
	if len(text) == 0 {
		return Batch{}, false
	}
	r = Batch{Text: text, File: s.path, Number: s.number + 1, Lines: int64(bytes.Count(text, lineFeed))}
	s.chunk = s.chunk[len(text):]
	s.offset += int64(len(text))
	s.number += r.Lines
	r.End = s.position()
	return r, true
}

var lineFeed = []byte{'\n'}

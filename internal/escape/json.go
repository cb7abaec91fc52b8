package escape

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// NewJSON returns an encoder for all JSON that exiwatch prints. Readers of the JSON get each value unchanged, and a
// terminal can show the text safely: characters that Text escapes, such as C1 controls, become codes such as \u009b.
func NewJSON(w io.Writer) *json.Encoder {
	e := json.NewEncoder(&jsonWriter{w: w})
	e.SetEscapeHTML(false)
	return e
}

// A jsonWriter escapes JSON that it passes on. A json.Encoder writes each value in one piece.
type jsonWriter struct {
	w       io.Writer
	escaped []byte // buffer
}

func (j *jsonWriter) Write(p []byte) (int, error) {
	safe := p
	if from := firstHidden(p); from < len(p) {
		j.escaped = escapeJSON(j.escaped[:0], p, from)
		safe = j.escaped
	}
	if _, err := j.w.Write(safe); err != nil {
		return 0, err
	}
	return len(p), nil
}

// escapeJSON appends p to to. The first hidden character is at from. JSON has such characters only in strings.
func escapeJSON(to, p []byte, from int) []byte {
	for from < len(p) {
		r, size := utf8.DecodeRune(p[from:])
		to = append(to, p[:from]...)
		for _, half := range halves(r) {
			to = fmt.Appendf(to, `\u%04x`, half)
		}
		p = p[from+size:]
		from = firstHidden(p)
	}
	return append(to, p...)
}

// halves are the 16-bit units of r. JSON escapes each by itself (RFC 8259, 7).
func halves(r rune) []uint16 { return utf16.AppendRune(make([]uint16, 0, 2), r) }

// firstHidden is the index of the first character of p that needs an escape; len(p) if there is none. It skips the
// controls below DEL: in JSON they are already escaped, or white space.
func firstHidden(p []byte) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for i := 0; i < len(p); {
		if len(p)-i >= 8 {
			// Adding one sets the high bit of DEL, too.
			if word := binary.LittleEndian.Uint64(p[i:]); (word|(word+ones))&high == 0 {
				i += 8
				continue
			}
		}
		if p[i] < unicode.MaxASCII {
			i++
			continue
		}
		r, size := utf8.DecodeRune(p[i:])
		if hiddenInJSON(r) {
			return i
		}
		i += size
	}
	return len(p)
}

// hiddenInJSON reports whether r needs an escape in JSON. Spaces don't.
func hiddenInJSON(r rune) bool {
	return r >= unicode.MaxASCII && Hidden(r) && !unicode.Is(unicode.Zs, r)
}

// SizeInJSON is how many bytes NewJSON's encoder writes for r in a string. For a broken byte, r is U+FFFD.
func SizeInJSON(r rune) int {
	const code = len(`\u0000`)
	switch {
	case r < ' ', r == '"', r == '\\', r == utf8.RuneError: // at most
		return code
	case hiddenInJSON(r):
		return code * len(halves(r))
	}
	return utf8.RuneLen(r)
}

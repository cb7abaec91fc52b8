package tailer

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A FormatError says that a file has a format that this package doesn't read.
type FormatError struct {
	Name   string
	Format string // with its article
	Unpack string // what to do instead, as a command to the reader
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s is %s: exiwatch doesn't read it; %s", e.Name, e.Format, e.Unpack)
}

const (
	unpackIt  = "unpack it"
	convertIt = "convert it, with iconv -f %s -t UTF-8"
)

// refused are formats that their first bytes give away.
var refused = []struct{ magic, format, unpack string }{
	{"PK\x03\x04", "a zip archive", unpackIt},
	{"PK\x05\x06", "an empty zip archive", unpackIt},
	{"\x1f\x9d", "compressed by compress (.Z)", "pipe it: zcat FILE | exiwatch replay -"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive", unpackIt},
	{"Rar!\x1a\x07", "a RAR archive", unpackIt},
	{"LZIP", "compressed by lzip", "pipe it: lzip -dc FILE | exiwatch replay -"},
	{"\x89LZO\x00\r\n\x1a\n", "compressed by lzop", "pipe it: lzop -dc FILE | exiwatch replay -"},
	{"\x02\x21\x4c\x18", "compressed by lz4 in its legacy format", "pipe it: lz4 -dc FILE | exiwatch replay -"},
	{"\xff\xfe", "UTF-16 text", fmt.Sprintf(convertIt, "UTF-16")},
	{"\xfe\xff", "UTF-16 text", fmt.Sprintf(convertIt, "UTF-16")},
}

// refuse fails with a *FormatError if head begins a format that can't be read. head is the beginning of a file, or of
// what a compressed file holds. It is shorter than refuseLength only if that is.
func refuse(head []byte, name string) error {
	for _, r := range refused {
		if bytes.HasPrefix(head, []byte(r.magic)) {
			return &FormatError{name, r.format, r.unpack}
		}
	}
	if isTar(head) {
		return &FormatError{name, "a tar archive", unpackIt}
	}
	return nil
}

// refuseLength is how many bytes refuse looks at: a tar header.
const refuseLength = 512

// isTar recognizes the header of a tar archive by its checksum (POSIX.1-2024, pax, "ustar Interchange Format"), which
// all variants have.
func isTar(head []byte) bool {
	const from, to = 148, 156 // of the checksum, octal, which counts its own bytes as blanks
	if len(head) < refuseLength {
		return false
	}
	want, err := strconv.ParseInt(strings.Trim(string(head[from:to]), " \x00"), 8, 64)
	sum := int64(' ' * (to - from))
	for i, b := range head[:refuseLength] {
		if i < from || i >= to {
			sum += int64(b)
		}
	}
	return err == nil && sum == want
}

// A peekedReader is a reader whose first bytes were looked at. They are still to be read, and so is the error behind
// them.
type peekedReader struct {
	head []byte
	err  error
	rest io.Reader
}

// peek reads n bytes of r, or fewer if r ends or fails before.
func peek(r io.Reader, n int) *peekedReader {
	b := &peekedReader{rest: r}
	buf := make([]byte, n)
	for idle := 0; len(b.head) < n && b.err == nil && idle < 100; idle++ {
		m, err := r.Read(buf[len(b.head):])
		b.head, b.err = buf[:len(b.head)+m], err
		if m > 0 {
			idle = 0
		}
	}
	return b
}

func (b *peekedReader) Read(p []byte) (int, error) {
	if len(b.head) > 0 {
		n := copy(p, b.head)
		b.head = b.head[n:]
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.rest.Read(p)
}

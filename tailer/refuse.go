package tailer

import (
	"bytes"
	"fmt"
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

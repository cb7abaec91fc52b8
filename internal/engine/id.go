package engine

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// An ID is the place of an entry in a stream: the generation of the file, and the offset in bytes of the end of the
// entry's last line. The zero ID is before all entries.
type ID struct{ Generation, Offset uint64 }

// ParseID reads what String writes: "GENERATION-OFFSET", both decimal.
func ParseID(text string) (ID, error) {
	generation, offset, _ := strings.Cut(text, "-")
	g, err := strconv.ParseUint(generation, 10, 64)
	o, err2 := strconv.ParseUint(offset, 10, 64)
	if err != nil || err2 != nil {
		return ID{}, fmt.Errorf("%q is no id of a stream's entry, want NUMBER-NUMBER", text)
	}
	return ID{g, o}, nil
}

// String is the ID as Redis has it.
func (id ID) String() string {
	return strconv.FormatUint(id.Generation, 10) + "-" + strconv.FormatUint(id.Offset, 10)
}

// Compare is negative if id is before other, 0 if it is the same, positive if it is behind.
func (id ID) Compare(other ID) int {
	return cmp.Or(cmp.Compare(id.Generation, other.Generation), cmp.Compare(id.Offset, other.Offset))
}

// IsZero reports whether id is before all entries.
func (id ID) IsZero() bool { return id == ID{} }

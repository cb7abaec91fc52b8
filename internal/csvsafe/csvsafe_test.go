package csvsafe

import (
	"bytes"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestCells: what a cell holds is read back, and none begins a formula or moves a terminal's cursor.
func TestCells(t *testing.T) {
	for cell, want := range map[string]string{
		"alice@lab.test": "alice@lab.test", "": "", "12": "12", `say "no", now`: `say "no", now`,
		"=HYPERLINK(\"http://x/\")": `'=HYPERLINK("http://x/")`, "+1": "'+1", "-1": "'-1", "@SUM(1)": "'@SUM(1)",
		"＝1": "'＝1", "a=b": "a=b", "\t=1": `'\t=1`, "\r=1": `'\r=1`, "\n=1": `'\n=1`,
		" =1": "' =1", `"=1`: `'"=1`, "a;b": "a;b", "a;=1": "a;'=1", `a; "@1";+2`: `a;' "@1";'+2`, ";": ";", " a ": " a ",
		"two\r\nlines": `two\r\nlines`, "\x1b[31m": `\x1b[31m`, "\xff": `\xff`, "会議": "会議",
	} {
		var out bytes.Buffer
		w := NewWriter(&out)
		if err := errors.Join(w.Write("value", cell), w.Flush()); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\r\n") {
			t.Errorf("Write(%q) writes %q, want one line with CRLF", cell, text)
		}
		got, err := csv.NewReader(&out).Read()
		if err != nil || !slices.Equal(got, []string{"value", want}) {
			t.Errorf("Write(%q) is read as %q, %v; want %q", cell, got, err, want)
		}
	}
}

// TestCellTypes: the ways to add a cell are one.
func TestCellTypes(t *testing.T) {
	var one, other bytes.Buffer
	w, o := NewWriter(&one), NewWriter(&other)
	w.String("=a")
	w.Bytes(nil)
	w.Bytes([]byte("b;-1"))
	w.Int(-17)
	err := errors.Join(w.End(), w.Write("c"), w.Flush(), o.Write("=a", "", "b;-1", "-17"), o.Write("c"), o.Flush())
	if want := "'=a,,\"b;'-1\",'-17\r\nc\r\n"; err != nil || one.String() != want || other.String() != want {
		t.Errorf("%q and %q, %v; want %q", one.String(), other.String(), err, want)
	}
}

// broken is a disk that is full.
type broken struct{}

var errFull = errors.New("no space left")

func (broken) Write([]byte) (int, error) { return 0, errFull }

// TestDiskFull: whoever flushes learns of it.
func TestDiskFull(t *testing.T) {
	w := NewWriter(broken{})
	if err := errors.Join(w.Write("a"), w.Flush()); !errors.Is(err, errFull) {
		t.Errorf("Flush gives %v, want %v", err, errFull)
	}
}

// Package csvsafe writes CSV that a spreadsheet may open: attackers choose the values in a log, and a spreadsheet runs
// a cell that begins like a formula.
package csvsafe

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"exiwatch/internal/escape"
)

// A Writer writes records as in RFC 4180: commas, CRLF, and quotes around the cells that need them. A cell that begins
// a formula gets ' before it. escape.Text makes the cells text on one line, so a record is a line.
type Writer struct {
	out   *bufio.Writer // keeps its first error for Flush
	row   []byte        // the cells so far
	cells int           // in row
	text  []byte        // buffer
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{out: bufio.NewWriter(w)} }

// Write writes one record. The first one should name the columns. It may be held back until Flush.
func (w *Writer) Write(cells ...string) error {
	for _, cell := range cells {
		w.String(cell)
	}
	return w.End()
}

// String adds a cell to the record that the next End writes.
func (w *Writer) String(value string) { addCell(w, value) }

// Bytes adds a cell to the record that the next End writes.
func (w *Writer) Bytes(value []byte) { addCell(w, value) }

// Int adds a cell to the record that the next End writes.
func (w *Writer) Int(n int64) {
	var digits [20]byte
	addCell(w, strconv.AppendInt(digits[:0], n, 10))
}

// End writes the record. It may be held back until Flush.
func (w *Writer) End() error {
	_, err := w.out.Write(append(w.row, '\r', '\n'))
	w.row, w.cells = w.row[:0], 0
	return err
}

// Flush writes what was held back. It returns the first error of all that was written.
func (w *Writer) Flush() error { return w.out.Flush() }

func addCell[T string | []byte](w *Writer, value T) {
	w.text = escape.AppendText(w.text[:0], value)
	if w.cells++; w.cells > 1 {
		w.row = append(w.row, ',')
	}
	quoted := bytes.ContainsAny(w.text, `",;`) || len(bytes.TrimSpace(w.text)) < len(w.text)
	if quoted {
		w.row = append(w.row, '"')
	}
	if isFormula(w.text) || len(value) > 0 && strings.IndexByte("\t\r\n", value[0]) >= 0 {
		w.row = append(w.row, '\'')
	}
	for i, c := range w.text {
		switch w.row = append(w.row, c); {
		case c == '"':
			w.row = append(w.row, c)
		case c == ';' && isFormula(w.text[i+1:]):
			w.row = append(w.row, '\'')
		}
	}
	if quoted {
		w.row = append(w.row, '"')
	}
}

// isFormula reports whether a spreadsheet may run a cell (OWASP, "CSV Injection"). Where the decimal point is a comma,
// Excel separates cells by semicolons, and takes a quote in the middle of such a cell for text. So this also holds for
// what is behind a semicolon, spaces and quotes.
func isFormula(cell []byte) bool {
	r, size := utf8.DecodeRune(bytes.TrimLeft(cell, ` "`))
	return size > 0 && strings.ContainsRune("=+-@＝＋－＠", r)
}

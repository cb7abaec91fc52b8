// Package csvsafe writes CSV that a spreadsheet may open: attackers choose the values in a log, and a spreadsheet runs
// a cell that begins like a formula.
package csvsafe

import (
	"encoding/csv"
	"io"
	"strings"

	"exiwatch/internal/escape"
)

// formula are the characters that begin a formula, also behind a tab or a line's end (OWASP, "CSV Injection").
const formula = "=+-@＝＋－＠\t\r\n"

// A Writer writes records as in RFC 4180: commas, CRLF, and quotes around the cells that need them. A cell that begins
// a formula gets ' before it. escape.Text makes the cells text on one line, so a record is a line.
type Writer struct{ csv *csv.Writer }

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	return &Writer{out}
}

// Write writes one record. The first one should name the columns. It may be held back until Flush.
func (w *Writer) Write(cells ...string) error {
	safe := make([]string, len(cells))
	for i, cell := range cells {
		safe[i] = escape.Text(cell)
		if strings.IndexAny(cell, formula) == 0 {
			safe[i] = "'" + safe[i]
		}
	}
	return w.csv.Write(safe)
}

// Flush writes what was held back. It returns the first error of all that was written.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

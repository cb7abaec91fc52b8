// Package report turns what a log holds into rankings, one JSON document, or a text for people.
package report

import (
	"cmp"
	"slices"
)

// A Row is a value with what was received under it.
type Row struct {
	Value      string `json:"value"`
	Messages   int64  `json:"messages"`
	Recipients int64  `json:"recipients"`
	Bytes      int64  `json:"bytes"`
}

// A Ranking sums arrivals by the value of one key. Its zero value is empty.
type Ranking struct {
	rows     map[string]*Row
	distinct map[string]map[string]struct{} // by value, where AddDistinct was used
}

// Add adds an arrival.
func (r *Ranking) Add(value []byte, recipients, bytes int64) {
	row := r.rows[string(value)]
	if row == nil {
		if r.rows == nil {
			r.rows = make(map[string]*Row)
		}
		row = &Row{Value: string(value)}
		r.rows[row.Value] = row
	}
	row.Messages++
	row.Recipients += recipients
	row.Bytes += bytes
}

// AddDistinct notes that other, a value of another key, occurred with value.
func (r *Ranking) AddDistinct(value, other []byte) {
	set := r.distinct[string(value)]
	if set == nil {
		if r.distinct == nil {
			r.distinct = make(map[string]map[string]struct{})
		}
		set = make(map[string]struct{})
		r.distinct[string(value)] = set
	}
	set[string(other)] = struct{}{}
}

// Distinct gives how many other values occurred with value.
func (r *Ranking) Distinct(value string) int64 { return int64(len(r.distinct[value])) }

// Len is the number of values.
func (r *Ranking) Len() int { return len(r.rows) }

// Total is the number of arrivals.
func (r *Ranking) Total() (n int64) {
	for _, row := range r.rows {
		n += row.Messages
	}
	return n
}

// Top gives the n rows for which weight is highest, all of them if n is 0: most first, ties by value
// downwards, which is what sort -gr makes of the lines of uniq -c.
func (r *Ranking) Top(n int, weight func(*Row) int64) []*Row {
	rows := make([]*Row, 0, len(r.rows))
	for _, row := range r.rows {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b *Row) int {
		return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(b.Value, a.Value))
	})
	if n > 0 && n < len(rows) {
		rows = rows[:n]
	}
	return rows
}

// Messages, Recipients and Bytes are weights of a Row.
func Messages(r *Row) int64   { return r.Messages }
func Recipients(r *Row) int64 { return r.Recipients }
func Bytes(r *Row) int64      { return r.Bytes }

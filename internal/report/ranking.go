// Package report turns what a log holds into rankings, one JSON document, or a text for people.
package report

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// A Row is a value with what was received under it.
type Row struct {
	Value      string `json:"value"`
	Messages   int64  `json:"messages"`
	Recipients int64  `json:"recipients"`
	Bytes      int64  `json:"bytes"`
	Distinct   int64  `json:"-"` // other values that occurred with this one, as noted by AddDistinct
}

// A Ranking sums arrivals by the value of one key. Its zero value is empty.
type Ranking struct {
	values hashTable
	pairs  hashTable // a value's place, and another value that occurred with it
}

// The fields of a value's record.
const (
	messages = iota
	recipients
	size
	distinct
)

// Add adds an arrival.
func (r *Ranking) Add(value []byte, recipients, bytes int64) {
	r.add(value, hashOf(value), 1, recipients, bytes)
}

// An Item is what one arrival adds to a Ranking.
type Item struct {
	Value             []byte
	Recipients, Bytes int64

	hash uint64
}

// AddAll adds arrivals. It is faster than Add for each, because it prefetches their records.
func (r *Ranking) AddAll(items []Item) {
	for i := range items {
		items[i].hash = hashOf(items[i].Value)
	}
	r.values.prefetch(items)
	for i := range items {
		it := &items[i]
		r.add(it.Value, it.hash, 1, it.Recipients, it.Bytes)
	}
}

func (r *Ranking) add(value []byte, hash uint64, n, to, bytes int64) {
	v, _ := r.values.find(value, hash)
	v.add(messages, n)
	v.add(recipients, to)
	v.add(size, bytes)
}

// AddDistinct notes that other, a value of another key, occurred with value. Add value first.
func (r *Ranking) AddDistinct(value, other []byte) {
	v, place := r.values.find(value, hashOf(value))
	var short [64]byte
	pair := append(binary.LittleEndian.AppendUint32(short[:0], place), other...)
	if p, _ := r.pairs.find(pair, hashOf(pair)); p.field(messages) == 0 {
		p.add(messages, 1)
		v.add(distinct, 1)
	}
}

// Join moves the sums of other into r.
func (r *Ranking) Join(other *Ranking) {
	if r.Len() == 0 {
		*r = *other
	} else {
		r.include(other)
	}
	*other = Ranking{}
}

// include adds the sums of other.
func (r *Ranking) include(other *Ranking) {
	for _, v := range other.values.all() {
		r.add(v.text(), hashOf(v.text()), v.field(messages), v.field(recipients), v.field(size))
	}
	for _, p := range other.pairs.all() {
		place, value := binary.LittleEndian.Uint32(p.text()), p.text()[4:]
		r.AddDistinct(other.values.at(place).text(), value)
	}
}

// Keep forgets all values but the n with the most messages, and what was noted by AddDistinct.
func (r *Ranking) Keep(n int) {
	var kept Ranking
	for _, row := range r.Top(n, Messages) {
		value := []byte(row.Value)
		kept.add(value, hashOf(value), row.Messages, row.Recipients, row.Bytes)
	}
	*r = kept
}

// Len is the number of values.
func (r *Ranking) Len() int { return r.values.size }

// Total is the number of arrivals.
func (r *Ranking) Total() int64 { return r.values.sum(messages) }

// Top gives the n rows for which weight is highest, all of them if n is 0: most first, ties by value
// downwards, which is what sort -gr makes of the lines of uniq -c. weight is asked of rows without Value.
func (r *Ranking) Top(n int, weight func(*Row) int64) []Row {
	if n <= 0 {
		n = r.Len()
	}
	var first []weighed
	for _, v := range r.values.all() {
		row := rowOf(v)
		if first = append(first, weighed{v, weight(&row)}); len(first) >= 2*n+minSorted {
			first = best(first, n)
		}
	}
	first = best(first, n)
	rows := make([]Row, len(first))
	for i, v := range first {
		rows[i] = rowOf(v.record)
		rows[i].Value = string(v.text())
	}
	return rows
}

// weighed is a value with its weight.
type weighed struct {
	record
	weight int64
}

const minSorted = 1024 // values sorted together

// best sorts values and gives the first n.
func best(values []weighed, n int) []weighed {
	slices.SortFunc(values, func(a, b weighed) int {
		if a.weight != b.weight {
			return cmp.Compare(b.weight, a.weight)
		}
		return bytes.Compare(b.text(), a.text())
	})
	return values[:min(n, len(values))]
}

func rowOf(v record) Row {
	return Row{Messages: v.field(messages), Recipients: v.field(recipients), Bytes: v.field(size),
		Distinct: v.field(distinct)}
}

// Messages, Recipients and Bytes are weights of a Row.
func Messages(r *Row) int64   { return r.Messages }
func Recipients(r *Row) int64 { return r.Recipients }
func Bytes(r *Row) int64      { return r.Bytes }

// Distinct is how many other values occurred with the row's.
func Distinct(r *Row) int64 { return r.Distinct }

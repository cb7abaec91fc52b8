package htmlreport

import (
	"cmp"
	"fmt"
	"slices"

	"exiwatch/internal/report"
	"exiwatch/internal/words"
)

// A ranking is one of the document's.
type ranking struct {
	Heading, Noun string
	Rows          folded[*rank]
	More          int // values without a row
}

// A rank is a row of a ranking.
type rank struct {
	report.Row
	All       *report.Document
	ID        string // of the row in the page
	Heading   string // of its ranking
	Incidents int64  // with alerts about its value
	Card      int    // number of the worst of them; 0: none
}

// A place is a value in the ranking of a key.
type place struct{ key, value string }

// rank makes the rankings, each of n rows at the most, and says where their values are.
func (v *view) rank(n int) map[place]*rank {
	places := make(map[place]*rank)
	for _, k := range words.KeyNames {
		var rows []*rank
		for i, row := range v.Document.Top[k.Key] {
			if i == n {
				break
			}
			r := &rank{Row: row, All: &v.Document, ID: fmt.Sprintf("%s-%d", k.Key, i+1), Heading: k.Heading}
			rows, places[place{k.Key, row.Value}] = append(rows, r), r
		}
		if len(rows) > 0 {
			more := v.Document.Values[k.Key] - len(rows)
			v.Rankings = append(v.Rankings, ranking{k.Heading, k.Noun, fold(rows, openRanks), more})
		}
	}
	return places
}

// link links the incident and the ranks of what its alerts are about.
func (c *card) link(alerts []report.Alert, places map[place]*rank) {
	for _, a := range alerts {
		r := places[place{a.Key, a.Value}]
		if r == nil || slices.Contains(c.Ranks, r) {
			continue
		}
		c.Ranks = append(c.Ranks, r)
		r.Incidents++
		r.Card = cmp.Or(r.Card, c.Number)
	}
}

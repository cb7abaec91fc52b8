package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A place is the position of a value or of a table's header in the text of a configuration.
type place struct {
	line, column int    // both from 1; the column in bytes
	text         string // the value as written; empty for a table
}

// placesOf finds the places of all values and tables in a text, by paths such as rule[0].limit or mail.to[1]. It stops
// where the text isn't TOML.
func placesOf(text []byte) map[string]place {
	w := walk{places: make(map[string]place), tables: make(map[string]int)}
	w.parser.Reset(text)
	table := ""
	for w.parser.NextExpression() {
		switch e := w.parser.Expression(); e.Kind {
		case unstable.KeyValue:
			w.pair(table, e)
		case unstable.Table, unstable.ArrayTable:
			table = w.header(e)
		}
	}
	return w.places
}

// A walk goes through a text once, from its beginning.
type walk struct {
	parser unstable.Parser
	places map[string]place
	tables map[string]int // number of tables so far in each list of tables
}

// add adds the place of a part of the text.
func (w *walk) add(path string, part []byte) {
	at := w.parser.Shape(w.parser.Range(part)).Start
	w.places[path] = place{at.Line, at.Column, string(part)}
}

// below is the path of a key in a table.
func below(table string, key *unstable.Node) string {
	return strings.TrimPrefix(table+"."+strings.ToLower(string(key.Data)), ".")
}

// header begins a table, or the next one of a list of tables. It returns the table's path.
func (w *walk) header(e *unstable.Node) string {
	path := ""
	for keys := e.Key(); keys.Next(); {
		path = below(w.current(path), keys.Node())
	}
	if e.Kind == unstable.ArrayTable {
		w.tables[path]++
	}
	path = w.current(path)
	w.add(path, w.parser.Raw(e.Child().Raw)[:0])
	return path
}

// current is the path of the last table in a list of tables, or else the path itself. go-toml reads [rule] as [[rule]],
// and likewise [except], [notify] and [route]. For a [[rule.except]] without a rule it makes one.
func (w *walk) current(path string) string {
	n := w.tables[path]
	if n == 0 && !slices.Contains([]string{"rule", "rule[0].except", "except", "notify", "route"}, path) {
		return path
	}
	return fmt.Sprintf("%s[%d]", path, max(n-1, 0))
}

// pair adds a key's value, which is everything after the =.
func (w *walk) pair(path string, e *unstable.Node) {
	var value []byte
	for keys := e.Key(); keys.Next(); {
		key := keys.Node()
		path = below(path, key)
		value = w.parser.Raw(e.Raw)[key.Raw.Offset+key.Raw.Length-e.Raw.Offset:]
	}
	w.add(path, bytes.TrimLeft(value, " \t="))
	w.inside(path, e.Value())
}

// inside adds the content of a list or an inline table.
func (w *walk) inside(path string, value *unstable.Node) {
	i := 0
	for children := value.Children(); children.Next(); {
		child := children.Node()
		if child.Kind == unstable.KeyValue {
			w.pair(path, child)
			continue
		}
		item, part := fmt.Sprintf("%s[%d]", path, i), w.parser.Raw(child.Raw)
		if child.Kind == unstable.InlineTable {
			part = part[:0]
		}
		if child.Raw.Length > 0 { // a list inside a list has no place
			w.add(item, part)
		}
		w.inside(item, child)
		i++
	}
}

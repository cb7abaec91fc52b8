package config

import (
	"bytes"
	"fmt"
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
	for w.parser.NextExpression() {
		switch e := w.parser.Expression(); e.Kind {
		case unstable.KeyValue:
			w.pair(w.table, e)
		case unstable.Table, unstable.ArrayTable:
			w.header(e)
		}
	}
	return w.places
}

// A walk goes through a text once, from its beginning.
type walk struct {
	parser unstable.Parser
	places map[string]place
	tables map[string]int // number of tables so far in each list of tables
	table  string         // path of the present table
}

func (w *walk) add(path string, raw unstable.Range, text []byte) {
	at := w.parser.Shape(raw).Start
	w.places[path] = place{at.Line, at.Column, string(text)}
}

// header begins a table, or the next one of a list of tables.
func (w *walk) header(e *unstable.Node) {
	path, first := "", e.Child().Raw
	for keys := e.Key(); keys.Next(); {
		path = w.current(path) + "." + strings.ToLower(string(keys.Node().Data))
		path = strings.TrimPrefix(path, ".")
	}
	if e.Kind == unstable.ArrayTable {
		w.tables[path]++
	}
	w.table = w.current(path)
	w.add(w.table, first, nil)
}

// current is the path of the last table in a list of tables, or else the path itself. go-toml reads [rule] as [[rule]].
// For a [[rule.except]] without a rule it makes one.
func (w *walk) current(path string) string {
	n := w.tables[path]
	if n == 0 && path != "rule" && path != "rule[0].except" {
		return path
	}
	return fmt.Sprintf("%s[%d]", path, max(n-1, 0))
}

// pair adds a key's value, which is everything after the =.
func (w *walk) pair(table string, e *unstable.Node) {
	path := table
	start := e.Raw.Offset
	for keys := e.Key(); keys.Next(); {
		key := keys.Node()
		path = strings.TrimPrefix(path+"."+strings.ToLower(string(key.Data)), ".")
		start = key.Raw.Offset + key.Raw.Length
	}
	end := e.Raw.Offset + e.Raw.Length
	text := bytes.TrimLeft(w.parser.Raw(unstable.Range{Offset: start, Length: end - start}), " \t=")
	w.add(path, w.parser.Range(text), text)
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
		item := fmt.Sprintf("%s[%d]", path, i)
		if child.Kind == unstable.InlineTable {
			w.add(item, child.Raw, nil)
		} else if child.Raw.Length > 0 { // a list inside a list has no place
			w.add(item, child.Raw, w.parser.Raw(child.Raw))
		}
		w.inside(item, child)
		i++
	}
}

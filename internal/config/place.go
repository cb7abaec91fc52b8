package config

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A place is where a value or the header of a table stands in the text of a configuration.
type place struct {
	line, column int    // from 1 on, the column in bytes
	text         string // the value as it is written; empty for a table
}

// placesOf finds the values and tables of a text by their paths, such as rule[0].limit or mail.to[1]. It stops where
// the text isn't TOML.
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
	tables map[string]int // how many of each list of tables there are so far
	table  string         // path of the table that the last header began
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

// current is the path of the last table in a list of tables, else the path itself. go-toml takes [rule] for [[rule]],
// and makes a rule for a [[rule.except]] that has none.
func (w *walk) current(path string) string {
	n := w.tables[path]
	if n == 0 && path != "rule" && path != "rule[0].except" {
		return path
	}
	return fmt.Sprintf("%s[%d]", path, max(n-1, 0))
}

// pair adds a key's value, which is all that stands behind the =.
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

// inside adds what a list or an inline table holds.
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
		} else if child.Raw.Length > 0 { // a list inside a list has none
			w.add(item, child.Raw, w.parser.Raw(child.Raw))
		}
		w.inside(item, child)
		i++
	}
}

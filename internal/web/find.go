package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// A find is the page that searches the logs.
type find struct {
	Query url.Values // as asked for, in words that are known
	Keys  []choice
	Spans []choice
	Text  string
	Since string // of a span of one's own, as an input has it
	Until string
	Error string // why nothing is searched for

	Within   link
	Asked    bool // there is something to be searched for
	Running  bool
	Progress int
	Ahead    int // searches before this one
	At       time.Time
	*Found
	Table table
	Rows  []foundRow // of the page
	Zone  string
}

// A choice is an option of a form.
type choice struct {
	Value, Text string
	Chosen      bool
}

// findKeys are the keys that can be searched by. The first stands for those that people look for.
var findKeys = []struct {
	name, text string
	keys       []window.Key
}{
	{"any", "account, sender, host or subject",
		[]window.Key{window.Account, window.Sender, window.Host, window.Subject}},
	{"account", "account", []window.Key{window.Account}},
	{"sender", "envelope sender", []window.Key{window.Sender}},
	{"sender_domain", "sender’s domain", []window.Key{window.SenderDomain}},
	{"host", "host", []window.Key{window.Host}},
	{"network", "network", []window.Key{window.Network}},
	{"subject", "subject", []window.Key{window.Subject}},
	{"topic", "topic", []window.Key{window.Topic}},
}

// findSpans are the spans of time that can be searched.
var findSpans = []struct {
	name, text string
	length     time.Duration // 0: all that the logs hold
}{
	{"5m", "the last 5 minutes", 5 * time.Minute}, {"1h", "the last hour", time.Hour},
	{"6h", "the last 6 hours", 6 * time.Hour}, {"1d", "the last 24 hours", 24 * time.Hour},
	{"7d", "the last 7 days", 7 * 24 * time.Hour}, {"30d", "the last 30 days", 30 * 24 * time.Hour},
	{"all", "all that the logs hold", 0},
}

const (
	defaultSpan = "1h"
	maxText     = 200 // bytes of what is searched for
	inputTime   = "2006-01-02T15:04"
)

// newFind makes the page from its parameters.
func newFind(query url.Values, now *Snapshot, jobs *searches) *find {
	f := &find{Query: make(url.Values), Text: query.Get("q"), Zone: now.Arrivals.stamp(now.Second).Format("-0700")}
	keys := f.readKey(query.Get("key"))
	from, to := f.readSpan(query, now)
	if k, ok := keyOf(query.Get("within")); ok && query.Get("value") != "" {
		f.Within = link{k, query.Get("value")}
		f.Query.Set("within", k.String())
		f.Query.Set("value", f.Within.Value)
	}
	if f.Text != "" {
		f.Query.Set("q", f.Text)
	}
	f.Table = readTable(query, "messages", []column{{"value", "Value", false, false},
		{"messages", "Messages", true, true},
		{"recipients", "Recipients", true, true}, {"bytes", "Size", true, true}})
	f.Table.page, f.Table.query = "find", f.Query
	if f.Asked = query.Has("key") || query.Has("q"); !f.Asked || f.Error != "" {
		return f
	}
	if len(f.Text) > maxText || len(f.Within.Value) > maxValue {
		f.Error = "That is too long to search for."
		return f
	}
	search, err := NewSearch(keys, f.Text, f.Within)
	if err != nil {
		f.Error = "That can't be searched for: " + err.Error() + "."
		return f
	}
	search.From, search.To = from, to
	f.look(search, now, jobs)
	return f
}

// readKey chooses the key.
func (f *find) readKey(name string) []window.Key {
	at := max(slices.IndexFunc(findKeys, func(k struct {
		name, text string
		keys       []window.Key
	}) bool {
		return k.name == name
	}), 0)
	for i, k := range findKeys {
		f.Keys = append(f.Keys, choice{k.name, k.text, i == at})
	}
	f.Query.Set("key", findKeys[at].name)
	return findKeys[at].keys
}

// readSpan chooses the span: one of findSpans, or one's own.
func (f *find) readSpan(query url.Values, now *Snapshot) (from, to time.Time) {
	name := cmp.Or(query.Get("span"), defaultSpan)
	own := query.Get("from") != "" || query.Get("until") != ""
	end := now.Arrivals.stamp(now.Second)
	for _, s := range findSpans {
		chosen := !own && s.name == name
		f.Spans = append(f.Spans, choice{s.name, s.text, chosen})
		if chosen {
			f.Query.Set("span", name)
			if s.length > 0 {
				from = end.Add(-s.length)
			}
		}
	}
	if !own {
		return from, time.Time{}
	}
	read := func(name string) (at time.Time) {
		text := query.Get(name)
		if text == "" {
			return at
		}
		f.Query.Set(name, text)
		for _, layout := range []string{inputTime, "2006-01-02T15:04:05", time.DateOnly} {
			if at, err := time.ParseInLocation(layout, text, end.Location()); err == nil {
				return at
			}
		}
		f.Error = "“" + text + "” is no time: 2026-11-29T10:00 is expected."
		return at
	}
	from, to = read("from"), read("until")
	f.Since, f.Until = inputOf(from), inputOf(to)
	return from, to
}

// inputOf writes a time as an input has it.
func inputOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(inputTime)
}

// look takes what the search has found, or how far it is.
func (f *find) look(search Search, now *Snapshot, jobs *searches) {
	name := f.Query.Encode()
	jobs.forget(name)
	j := jobs.look(name, search, now)
	if j == nil {
		f.Error = "Too many searches are waited for. Try again in a minute."
		return
	}
	found, done, ahead, err := jobs.state(j)
	if err != nil {
		f.Error = "The logs can't be read: " + err.Error() + "."
		return
	}
	if found == nil {
		f.Running, f.Progress, f.Ahead = true, j.Progress(), ahead
		return
	}
	f.Found, f.At = found, done
	rows := j.sorted(f.Table.By, f.Table.Down)
	f.Table.cut(len(rows))
	f.Rows = slices.Clone(rows[f.Table.first:f.Table.last]) // another page may sort them otherwise
}

// compareFound compares two rows by a column; equal ones by their values.
func compareFound(a, b foundRow, by string, down bool) int {
	var c int
	switch by {
	case "messages":
		c = cmp.Compare(a.Messages, b.Messages)
	case "recipients":
		c = cmp.Compare(a.Recipients, b.Recipients)
	case "bytes":
		c = cmp.Compare(a.Bytes, b.Bytes)
	default:
		c = strings.Compare(a.Value, b.Value)
	}
	if down {
		c = -c
	}
	return cmp.Or(c, strings.Compare(a.Value, b.Value), cmp.Compare(a.Of.Key, b.Of.Key))
}

// HasPage tells whether the row's value has a page of its own. Topics have none.
func (r foundRow) HasPage() bool { return r.Of.Key < window.NumKeys && r.Of.Key != window.Topic }

// Kind names the key of a row.
func (r foundRow) Kind() string { return words.Key(r.Of.Key.String()) }

// A column is one that a table can be sorted by.
type column struct {
	Name, Text string
	Num        bool // it is sorted with the highest first
	Right      bool // its cells are on the right
}

// A table says how a table is sorted, and which page of it is shown.
type table struct {
	Columns []column
	By      string // the name of a column
	Down    bool
	Page    int // from 1
	Pages   int
	Of      int // rows in all

	page        string
	rows        int        // of a page; 0: pageRows
	query       url.Values // without how it is sorted and which page of it is shown
	first, last int
}

// pageRows is how many rows a page of a table has.
const pageRows = 50

// readTable reads how a table shall be sorted. Columns with numbers begin with the highest.
func readTable(query url.Values, by string, columns []column) table {
	t := table{Columns: columns, By: by}
	if name := query.Get("sort"); slices.ContainsFunc(columns, func(c column) bool { return c.Name == name }) {
		t.By = name
	}
	t.Down = t.isNum(t.By)
	switch query.Get("order") {
	case "up":
		t.Down = false
	case "down":
		t.Down = true
	}
	t.Page, _ = strconv.Atoi(query.Get("p"))
	return t
}

func (t table) isNum(name string) bool {
	return slices.ContainsFunc(t.Columns, func(c column) bool { return c.Name == name && c.Num })
}

// cut chooses the rows of the page among n.
func (t *table) cut(n int) {
	rows := cmp.Or(t.rows, pageRows)
	t.Of, t.Pages = n, max((n+rows-1)/rows, 1)
	t.Page = min(max(t.Page, 1), t.Pages)
	t.first, t.last = min((t.Page-1)*rows, n), min(t.Page*rows, n)
}

// state are the parameters that say how the table is shown, where they aren't the usual ones.
func (t table) state(by string, down bool, page int) string {
	query := url.Values{}
	for name, values := range t.query {
		query[name] = values
	}
	query.Set("sort", by)
	if down != t.isNum(by) {
		order := "up"
		if down {
			order = "down"
		}
		query.Set("order", order)
	}
	if page > 1 {
		query.Set("p", strconv.Itoa(page))
	}
	return t.page + "?" + query.Encode()
}

// SortLink sorts by a column; once more, the other way round.
func (t table) SortLink(c column) string {
	if c.Name == t.By {
		return t.state(c.Name, !t.Down, 1)
	}
	return t.state(c.Name, c.Num, 1)
}

// Sorted is the value of aria-sort for a column.
func (t table) Sorted(c column) string {
	switch {
	case c.Name != t.By:
		return "none"
	case t.Down:
		return "descending"
	}
	return "ascending"
}

// Arrow shows how the table is sorted by a column.
func (t table) Arrow(c column) string {
	return map[string]string{"descending": " ↓", "ascending": " ↑"}[t.Sorted(c)]
}

// PageLink shows another page.
func (t table) PageLink(after int) string { return t.state(t.By, t.Down, t.Page+after) }

// First is the number of the first row of the page, from 1.
func (t table) First() int { return min(t.first+1, t.Of) }

// Last is the number of the last row of the page.
func (t table) Last() int { return t.last }

// keep adds what the table shows to the parameters of a page.
func (t table) keep(query url.Values) {
	query.Set("sort", t.By)
	query.Set("p", strconv.Itoa(t.Page))
	if t.Down {
		query.Set("order", "down")
	} else {
		query.Set("order", "up")
	}
}

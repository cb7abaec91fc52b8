package web

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"exiwatch/window"
)

// A desk makes the pages, one at a time: however many ask, they cost one core at most.
type desk struct {
	server *Server

	mu  sync.Mutex
	now *Now // made at most twice a second

	found struct {
		sync.Mutex
		at       time.Time
		findings []Finding
	}
	wanted chan struct{} // somebody wants to see what check says
	once   sync.Once
}

// How old what is shown may be.
const (
	maxAge   = 500 * time.Millisecond
	checkAge = time.Minute
)

// A page is what one address shows.
type page struct {
	Title string
	Tab   string     // now, alerts or health; empty for another page
	Query url.Values // of its events
	Body  any        // front, *who, history or health
	Name  string     // of the machine
	At    time.Time
	Zone  string
	Live  bool // for a script that has the page open: it draws the charts itself
}

// make makes the page of a path and its parameters; nil if there is none.
func (d *desk) make(ctx context.Context, path string, query url.Values, live bool) (*page, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, err := d.look(ctx)
	if err != nil {
		return nil, err
	}
	p := &page{Name: d.server.Name, At: now.At, Zone: now.At.In(now.Book.zone).Format("MST"), Live: live,
		Query: url.Values{"page": {path}}}
	switch path {
	case "/":
		f := newFront(now)
		p.Tab, p.Title, p.Body = "now", f.Title, f
	case "/alerts":
		p.Tab, p.Title, p.Body = "alerts", "Alerts", &history{Open: now.Open, Opens: now.Opens, Ended: now.Ended,
			Since: now.Since}
	case "/health":
		p.Tab, p.Title, p.Body = "health", "Health", d.health(now)
	case "/who":
		k, ok := keyOf(query.Get("key"))
		value := query.Get("value")
		if !ok || len(value) > maxValue {
			return nil, nil
		}
		standings, open, err := d.server.Source.Who(ctx, keysOf(k), value)
		if err != nil {
			return nil, err
		}
		standings = relevant(standings, now.Rules, k)
		w := now.who(k, value, standings, open)
		p.Title, p.Body = noun(k)+" "+show(value), w
		p.Query.Set("key", k.String())
		p.Query.Set("value", value)
	default:
		return nil, nil
	}
	return p, nil
}

// relevant leaves out what rules on other keys say where they know nothing of the value.
func relevant(standings []window.Usage, rules []window.Rule, k window.Key) []window.Usage {
	return slices.DeleteFunc(standings, func(s window.Usage) bool { return rules[s.Rule].Key != k && s.Count == 0 })
}

// look gives how things stand, or stood a moment ago.
func (d *desk) look(ctx context.Context) (*Now, error) {
	if d.now != nil && time.Since(d.now.At) < maxAge-50*time.Millisecond {
		return d.now, nil
	}
	now, err := d.server.Source.Now(ctx)
	if err == nil {
		d.now = now
	}
	return now, err
}

// keyOf reads a key's name, those included that no rule has.
func keyOf(name string) (window.Key, bool) {
	for k := window.Key(0); k < window.NumValues; k++ {
		if k.String() == name {
			return k, k != window.RecipientDomain
		}
	}
	return 0, false
}

// serve answers with a whole page.
func (d *desk) serve(w http.ResponseWriter, r *http.Request) {
	p, err := d.make(r.Context(), r.URL.Path, r.URL.Query(), false)
	switch {
	case err != nil:
		http.Error(w, "the daemon doesn't answer: "+err.Error(), http.StatusServiceUnavailable)
		return
	case p == nil:
		http.NotFound(w, r)
		return
	}
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "page", p); err != nil {
		d.server.Log.Error("making a page", "page", r.URL.Path, "error", err)
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(bytes.ToValidUTF8(b.Bytes(), []byte(string(utf8.RuneError))))
}

// checks finds out what check says when somebody wants to see it, once a minute at most.
func (d *desk) checks(ctx context.Context) {
	wanted := d.want()
	for {
		select {
		case <-wanted:
		case <-ctx.Done():
			return
		}
		findings := d.server.Source.Check(ctx)
		d.found.Lock()
		d.found.findings, d.found.at = findings, time.Now()
		d.found.Unlock()
		select {
		case <-time.After(checkAge):
		case <-ctx.Done():
			return
		}
		select { // what was wanted meanwhile
		case <-wanted:
		default:
		}
	}
}

func (d *desk) want() chan struct{} {
	d.once.Do(func() { d.wanted = make(chan struct{}, 1) })
	return d.wanted
}

// findings gives what check said last, and when; the zero time: it is being asked.
func (d *desk) findings() ([]Finding, time.Time) {
	select {
	case d.want() <- struct{}{}:
	default:
	}
	d.found.Lock()
	defer d.found.Unlock()
	return d.found.findings, d.found.at
}

package web

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// A pageBuilder renders pages, one at a time: however many clients ask, they use one core at most.
type pageBuilder struct {
	server *Server

	mu       sync.Mutex
	snapshot *Snapshot // taken at most twice a second

	lastCheck struct {
		sync.Mutex
		at       time.Time
		findings []Finding
	}
	searches      searches
	checkRequests chan struct{} // a client wants the results of check
}

// How old shown data may be.
const (
	maxAge   = 500 * time.Millisecond
	checkAge = time.Minute
)

// A page is what one URL shows.
type page struct {
	Title string
	Tab   string      // now, find, alerts or health; empty for another page
	Query url.Values  // of its events
	Body  any         // *overview, *detail, *find, *history or *health
	Name  string      // of the machine
	Fleet *FleetState // that of the snapshot
	At    time.Time
	Live  bool // for the script of an open page, which draws the charts itself
}

// build makes the page of a path and its parameters; nil if there is no such page.
func (b *pageBuilder) build(ctx context.Context, path string, query url.Values, live bool) (*page, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, err := b.freshSnapshot(ctx)
	if err != nil {
		return nil, err
	}
	p := &page{Name: b.server.Name, Fleet: now.Fleet, At: now.At, Live: live, Query: url.Values{"page": {path}}}
	switch path {
	case "/":
		o := newOverview(now, query)
		p.Tab, p.Title, p.Body = "now", o.Title, o
		o.Table.keep(p.Query)
		p.Query.Set("rule", o.Chosen)
	case "/alerts":
		h := newHistory(now, query)
		p.Tab, p.Title, p.Body = "alerts", "Alerts", h
		h.Table.keep(p.Query)
		p.Query.Set("q", h.Text)
	case "/find":
		f := newFind(query, now, &b.searches)
		p.Tab, p.Title, p.Body = "find", "Search", f
		if f.Asked { // else its events would ask
			maps.Copy(p.Query, f.Query)
			f.Table.keep(p.Query)
		}
	case "/health":
		h := &health{Snapshot: now}
		h.Findings, h.Checked = b.findings()
		p.Tab, p.Title, p.Body = "health", "Health", h
	case "/who":
		k, ok := keyOf(query.Get("key"))
		value := query.Get("value")
		if !ok || len(value) > maxValue {
			return nil, nil
		}
		standings, open, err := b.server.Source.Who(ctx, aliasKeys(k), value)
		if err != nil {
			return nil, err
		}
		standings = slices.DeleteFunc(standings, func(s window.Usage) bool {
			return now.Rules[s.Rule].Key != k && s.Count == 0 // a rule on another key that has not counted the value
		})
		p.Title = words.Key(k.String()) + " " + escape.Shown(value)
		p.Body = now.detail(k, value, standings, open)
		p.Query.Set("key", k.String())
		p.Query.Set("value", value)
	default:
		return nil, nil
	}
	return p, nil
}

// freshSnapshot gives a snapshot that is at most maxAge old.
func (b *pageBuilder) freshSnapshot(ctx context.Context) (*Snapshot, error) {
	if b.snapshot != nil && time.Since(b.snapshot.At) < maxAge-50*time.Millisecond {
		return b.snapshot, nil
	}
	now, err := b.server.Source.Now(ctx)
	if err == nil {
		b.snapshot = now
	}
	return now, err
}

// keyOf parses the name of any key, also of one that no rule can have.
func keyOf(name string) (window.Key, bool) {
	for k := range window.NumValues {
		if k.String() == name {
			return k, k != window.RecipientDomain
		}
	}
	return 0, false
}

// servePage answers with a complete page.
func (b *pageBuilder) servePage(w http.ResponseWriter, r *http.Request) {
	p, err := b.build(r.Context(), r.URL.Path, r.URL.Query(), false)
	switch {
	case err != nil:
		http.Error(w, "the daemon doesn't answer: "+err.Error(), http.StatusServiceUnavailable)
		return
	case p == nil:
		reject(w, http.StatusNotFound, "there is no such value: key must be one that exiwatch help keys lists,"+
			" value at most 1024 bytes")
		return
	}
	var html bytes.Buffer
	if err := templates.ExecuteTemplate(&html, "page", p); err != nil {
		b.server.Log.Error("making a page", "page", r.URL.Path, "error", err)
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(bytes.ToValidUTF8(html.Bytes(), []byte(string(utf8.RuneError))))
}

// runChecks runs check when a client wants its results, at most once a minute.
func (b *pageBuilder) runChecks(ctx context.Context) {
	for {
		select {
		case <-b.checkRequests:
		case <-ctx.Done():
			return
		}
		findings := b.server.Source.Check(ctx)
		b.lastCheck.Lock()
		b.lastCheck.findings, b.lastCheck.at = findings, time.Now()
		b.lastCheck.Unlock()
		select {
		case <-time.After(checkAge):
		case <-ctx.Done():
			return
		}
		select { // requests made meanwhile
		case <-b.checkRequests:
		default:
		}
	}
}

// findings gives the last results of check and their time; the zero time while check runs first. It requests new ones.
func (b *pageBuilder) findings() ([]Finding, time.Time) {
	select {
	case b.checkRequests <- struct{}{}:
	default:
	}
	b.lastCheck.Lock()
	defer b.lastCheck.Unlock()
	return b.lastCheck.findings, b.lastCheck.at
}

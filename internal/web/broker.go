package web

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// A broker sends pages as server-sent events to the browsers that have them open: a page when it has changed, at most
// twice a second. One goroutine renders them all, and rests three times as long as it worked. The broker drops clients
// that read too slowly.
type broker struct {
	builder *pageBuilder

	mu            sync.Mutex
	subscriptions map[string]*subscription // by encoded query
	clients       int
}

// A subscription has the clients of one page.
type subscription struct {
	query   url.Values
	clients map[*client]bool
}

// A client is one open page in a browser.
type client struct {
	events   chan []byte // closed when the client is dropped
	lastSent []byte
}

const (
	publishEvery = 500 * time.Millisecond
	restFactor   = 3 // times the duration of the work
	maxBehind    = 3 // events that a client may be behind
	heartbeat    = 15 * time.Second
	sendPatience = 10 * time.Second
)

// run publishes changed pages until ctx ends.
func (b *broker) run(ctx context.Context) {
	for rest := publishEvery; ; {
		select {
		case <-time.After(rest):
		case <-ctx.Done():
			return
		}
		began := time.Now()
		for _, s := range b.all() {
			if event := b.event(ctx, s); event != nil {
				b.send(s, event)
			}
		}
		worked := time.Since(began)
		rest = max(publishEvery-worked, restFactor*worked)
	}
}

func (b *broker) all() []*subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Values(b.subscriptions))
}

// event renders a page as an event; nil if that fails.
func (b *broker) event(ctx context.Context, s *subscription) []byte {
	path := s.query.Get("page")
	p, err := b.builder.build(ctx, path, s.query, true)
	if err != nil || p == nil {
		return nil
	}
	var html bytes.Buffer
	if err := templates.ExecuteTemplate(&html, "main", p); err != nil {
		b.builder.server.Log.Error("making a page", "page", path, "error", err)
		return nil
	}
	data, _ := json.Marshal(struct { // strings alone can't fail
		Title string `json:"title"`
		HTML  string `json:"html"`
	}{p.Title, html.String()})
	return slices.Concat([]byte("data: "), data, []byte("\n\n"))
}

func (b *broker) send(s *subscription, event []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range s.clients {
		if bytes.Equal(event, c.lastSent) {
			continue
		}
		select {
		case c.events <- event:
			c.lastSent = event
		default:
			b.drop(s, c)
		}
	}
}

// subscribe adds a client of a page; nil if there are too many.
func (b *broker) subscribe(query url.Values) (*subscription, *client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.clients >= maxClients {
		return nil, nil
	}
	name := query.Encode()
	s := b.subscriptions[name]
	if s == nil {
		s = &subscription{query: query, clients: make(map[*client]bool)}
		b.subscriptions[name] = s
	}
	c := &client{events: make(chan []byte, maxBehind)}
	s.clients[c] = true
	b.clients++
	return s, c
}

// unsubscribe removes a client, which may have been dropped before.
func (b *broker) unsubscribe(s *subscription, c *client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.clients[c] {
		b.drop(s, c)
	}
}

// drop removes a client. The caller holds mu.
func (b *broker) drop(s *subscription, c *client) {
	close(c.events)
	delete(s.clients, c)
	b.clients--
	if len(s.clients) == 0 {
		delete(b.subscriptions, s.query.Encode())
	}
}

// serveEvents sends events to one client until it goes.
func (b *broker) serveEvents(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	p, err := b.builder.build(r.Context(), query.Get("page"), query, true)
	if err != nil || p == nil {
		http.NotFound(w, r)
		return
	}
	s, c := b.subscribe(p.Query) // without other parameters
	if c == nil {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "these pages are open in too many browsers", http.StatusServiceUnavailable)
		return
	}
	defer b.unsubscribe(s, c)
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return
	}
	control := http.NewResponseController(w)
	send := func(text []byte) bool {
		control.SetWriteDeadline(time.Now().Add(sendPatience))
		_, err := w.Write(text)
		return err == nil && control.Flush() == nil
	}
	ok := send([]byte("retry: 2000\n\n"))
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for ok {
		select {
		case event, open := <-c.events:
			ok = open && send(event)
		case <-beat.C:
			ok = send([]byte(":\n\n"))
		case <-r.Context().Done():
			return
		}
	}
}

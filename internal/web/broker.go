package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A hub sends pages to those who have them open, as server-sent events: each page once it has changed, at most twice
// a second. One goroutine makes them all, and rests for as long as it worked, and more; who can't take them as fast
// is dropped.
type broker struct {
	builder *pageBuilder

	mu            sync.Mutex
	subscriptions map[string]*subscription // by the encoded query
	clients       int
}

// A group are the streams of one page.
type subscription struct {
	path    string
	query   url.Values
	clients map[*client]bool
}

// A stream is one client.
type client struct {
	events   chan []byte // closed when it is dropped
	lastSent []byte      // sent
}

const (
	publishEvery = 500 * time.Millisecond
	restFactor   = 3 // times as long as the work
	maxBehind    = 3 // events that a client may be behind
	heartbeat    = 15 * time.Second
	sendPatience = 10 * time.Second
)

// run sends until ctx ends.
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

func (b *broker) all() (groups []*subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.subscriptions {
		groups = append(groups, s)
	}
	return groups
}

// event makes an event of a page; nil if that isn't possible.
func (b *broker) event(ctx context.Context, s *subscription) []byte {
	p, err := b.builder.build(ctx, s.path, s.query, true)
	if err != nil || p == nil {
		return nil
	}
	var html bytes.Buffer
	if err := templates.ExecuteTemplate(&html, "main", p); err != nil {
		b.builder.server.Log.Error("making a page", "page", s.path, "error", err)
		return nil
	}
	data, err := json.Marshal(struct {
		Title string `json:"title"`
		HTML  string `json:"html"`
	}{p.Title, html.String()})
	if err != nil {
		return nil
	}
	return append(append([]byte("data: "), data...), "\n\n"...)
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

// subscribe makes a stream of a page; nil if there are too many.
func (b *broker) subscribe(path string, query url.Values) (*subscription, *client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.clients >= maxClients {
		return nil, nil
	}
	if b.subscriptions == nil {
		b.subscriptions = make(map[string]*subscription)
	}
	name := query.Encode()
	s := b.subscriptions[name]
	if s == nil {
		s = &subscription{path: path, query: query, clients: make(map[*client]bool)}
		b.subscriptions[name] = s
	}
	c := &client{events: make(chan []byte, maxBehind)}
	s.clients[c] = true
	b.clients++
	return s, c
}

// unsubscribe ends a stream, which may have been dropped already.
func (b *broker) unsubscribe(s *subscription, c *client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.clients[c] {
		b.drop(s, c)
	}
}

// drop is called with mu held.
func (b *broker) drop(s *subscription, c *client) {
	close(c.events)
	delete(s.clients, c)
	b.clients--
	if name := s.query.Encode(); len(s.clients) == 0 && b.subscriptions[name] == s {
		delete(b.subscriptions, name)
	}
}

// serveEvents is one client's stream.
func (b *broker) serveEvents(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	path := query.Get("page")
	if p, err := b.builder.build(r.Context(), path, query, true); err != nil || p == nil {
		http.NotFound(w, r)
		return
	} else {
		query = p.Query // and nothing else that stood in it
	}
	s, c := b.subscribe(path, query)
	if c == nil {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many have these pages open", http.StatusServiceUnavailable)
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

// eventsOf is the address of a page's events.
func eventsOf(query url.Values) string { return strings.TrimSuffix("events?"+query.Encode(), "?") }

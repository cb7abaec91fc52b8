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
type hub struct {
	desk *desk

	mu      sync.Mutex
	groups  map[string]*group // by the encoded query
	streams int
}

// A group are the streams of one page.
type group struct {
	path    string
	query   url.Values
	streams map[*stream]bool
}

// A stream is one client.
type stream struct {
	events chan []byte // closed when it is dropped
	last   []byte      // sent
}

const (
	hubTick      = 500 * time.Millisecond
	hubRest      = 3 // times as long as the work
	maxBehind    = 3 // events that a client may be behind
	heartbeat    = 15 * time.Second
	sendPatience = 10 * time.Second
)

// run sends until ctx ends.
func (h *hub) run(ctx context.Context) {
	for rest := hubTick; ; {
		select {
		case <-time.After(rest):
		case <-ctx.Done():
			return
		}
		began := time.Now()
		for _, g := range h.all() {
			if event := h.event(ctx, g); event != nil {
				h.send(g, event)
			}
		}
		worked := time.Since(began)
		rest = max(hubTick-worked, hubRest*worked)
	}
}

func (h *hub) all() (groups []*group) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, g := range h.groups {
		groups = append(groups, g)
	}
	return groups
}

// event makes an event of a page; nil if that isn't possible.
func (h *hub) event(ctx context.Context, g *group) []byte {
	p, err := h.desk.make(ctx, g.path, g.query, true)
	if err != nil || p == nil {
		return nil
	}
	var html bytes.Buffer
	if err := templates.ExecuteTemplate(&html, "main", p); err != nil {
		h.desk.server.Log.Error("making a page", "page", g.path, "error", err)
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

func (h *hub) send(g *group, event []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range g.streams {
		if bytes.Equal(event, s.last) {
			continue
		}
		select {
		case s.events <- event:
			s.last = event
		default:
			h.drop(g, s)
		}
	}
}

// join makes a stream of a page; nil if there are too many.
func (h *hub) join(path string, query url.Values) (*group, *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams >= maxStreams {
		return nil, nil
	}
	if h.groups == nil {
		h.groups = make(map[string]*group)
	}
	name := query.Encode()
	g := h.groups[name]
	if g == nil {
		g = &group{path: path, query: query, streams: make(map[*stream]bool)}
		h.groups[name] = g
	}
	s := &stream{events: make(chan []byte, maxBehind)}
	g.streams[s] = true
	h.streams++
	return g, s
}

// leave ends a stream, which may have been dropped already.
func (h *hub) leave(g *group, s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if g.streams[s] {
		h.drop(g, s)
	}
}

// drop is called with mu held.
func (h *hub) drop(g *group, s *stream) {
	close(s.events)
	delete(g.streams, s)
	h.streams--
	if name := g.query.Encode(); len(g.streams) == 0 && h.groups[name] == g {
		delete(h.groups, name)
	}
}

// serve is one client's stream.
func (h *hub) serve(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	path := query.Get("page")
	if p, err := h.desk.make(r.Context(), path, query, true); err != nil || p == nil {
		http.NotFound(w, r)
		return
	} else {
		query = p.Query // and nothing else that stood in it
	}
	g, s := h.join(path, query)
	if s == nil {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many have these pages open", http.StatusServiceUnavailable)
		return
	}
	defer h.leave(g, s)
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
		case event, open := <-s.events:
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

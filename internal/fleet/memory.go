package fleet

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"exiwatch/internal/engine"
)

// Memory is the engine of a fleet of one machine (engine = "none"). Its streams are lost with the process, and then
// filled again from the logs. Trimming bounds them. Its methods may be called at the same time, and do as those of
// engine.Client.
type Memory struct {
	mu      sync.Mutex
	streams map[string]*memoryStream
	state   engine.State
	path    string    // of the file with the state
	written time.Time // when the file was
}

type memoryStream struct {
	end     engine.End
	entries []engine.Entry
}

// NewMemory makes an empty engine.
func NewMemory() *Memory { return &Memory{streams: make(map[string]*memoryStream)} }

// End tells where a stream ends.
func (m *Memory) End(_ context.Context, stream string) (engine.End, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.streams[stream]; s != nil {
		return s.end, nil
	}
	return engine.End{}, nil
}

// Append adds a batch behind a.After, and sets what the publisher says. It keeps the slices of a.
func (m *Memory) Append(_ context.Context, stream string, a engine.Append) (at engine.End, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.streams[stream]
	if s == nil {
		s = &memoryStream{}
	}
	if len(a.Batch) == 0 {
		a.ID = a.After
	}
	if s.end.ID != a.After {
		return s.end, nil
	}
	if s.end.Born == "" {
		s.end.Born = rand.Text()
		m.streams[stream] = s
	}
	if len(a.Batch) > 0 {
		s.entries = append(s.entries, engine.Entry{ID: a.ID, Batch: a.Batch})
	}
	s.entries = s.entries[s.behind(a.Trim, true):]
	s.end.ID, s.end.Resume, s.end.Untils = a.ID, a.Resume, a.Untils
	s.end.Beat++
	return s.end, nil
}

// behind is the index of the first entry behind an id, or with it.
func (s *memoryStream) behind(id engine.ID, with bool) int {
	compare := func(e engine.Entry, id engine.ID) int { return e.ID.Compare(id) }
	i, found := slices.BinarySearchFunc(s.entries, id, compare)
	if found && !with {
		i++
	}
	return i
}

// Poll returns at most maxEntries entries of each stream, whose batches belong to the engine.
func (m *Memory) Poll(_ context.Context, cursors []engine.Cursor, maxEntries int) (all []engine.Polled, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, cursor := range cursors {
		p := engine.Polled{Stream: cursor.Stream}
		if s := m.streams[cursor.Stream]; s != nil {
			entries := s.entries[s.behind(cursor.After, false):]
			p.End, p.More = s.end, len(entries) >= maxEntries
			p.Entries = slices.Clone(entries[:min(len(entries), maxEntries)])
		}
		all = append(all, p)
	}
	return all, nil
}

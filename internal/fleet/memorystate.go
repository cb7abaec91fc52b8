package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/private"
)

// maxMemoryState bounds the file of a Memory.
const maxMemoryState = 512 << 20 // bytes

// statePause is how often the file of a Memory is written while nothing is to be told.
const statePause = 10 * time.Second

// OpenMemory makes an engine without streams, with what a process before this one has kept in a file of the leader's
// state.
func OpenMemory(path string) (*Memory, error) {
	m := NewMemory()
	m.path = path
	m.state = engine.State{Told: make(map[string][]byte), Open: make(map[string][]byte)}
	data, err := private.Read(path, maxMemoryState)
	if errors.Is(err, fs.ErrNotExist) {
		m.state.Now = make(map[string][]byte)
		return m, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the fleet's state: %w", err)
	}
	if err := json.Unmarshal(data, &m.state); err != nil || m.state.Told == nil || m.state.Open == nil {
		return nil, fmt.Errorf("reading the fleet's state in %s: %w", path, errBundle)
	}
	if m.state.Now == nil {
		m.state.Now = make(map[string][]byte)
	}
	return m, nil
}

// Begin is the second from which on the fleet is counted again after a restart; ok is false if it never was counted.
func (m *Memory) Begin() (second int64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var d done
	if json.Unmarshal(m.state.Done, &d) != nil {
		return 0, false
	}
	return d.Base, true
}

// Open are the open alerts, in the order in which they opened. In a file they are some seconds old.
func (m *Memory) Open() []Ruling {
	m.mu.Lock()
	defer m.mu.Unlock()
	open := make(map[string]*Ruling)
	for id, text := range m.state.Now {
		if r := new(Ruling); json.Unmarshal(text, r) == nil {
			open[id] = r
		}
	}
	return inOrder(open)
}

// Lead lets the only leader that there can be lead.
func (m *Memory) Lead(context.Context, string) (bool, error) { return true, nil }

// Leader is nobody, as far as others may ask.
func (m *Memory) Leader(context.Context) (string, error) { return "", nil }

// Seq is the number of the last commit.
func (m *Memory) Seq(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state.Seq, nil
}

// Resign does nothing.
func (m *Memory) Resign(context.Context, string) error { return nil }

// Hosts are the streams. Nothing is said of their hosts.
func (m *Memory) Hosts(context.Context) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[string][]byte)
	for name := range m.streams {
		all[name] = nil
	}
	return all, nil
}

// State is what the last leader has committed.
func (m *Memory) State(context.Context) (engine.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.state
	s.Told, s.Open = maps.Clone(s.Told), maps.Clone(s.Open)
	return s, nil
}

// Commit keeps what the leader has found. It is on disk if something is told.
func (m *Memory) Commit(_ context.Context, c engine.Commit) (told []bool, seq int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	told = make([]bool, len(c.Tell))
	for i, e := range c.Tell {
		if _, was := m.state.Told[e.Name]; !was {
			m.state.Told[e.Name], told[i] = e.Blob, true
		}
	}
	maps.Copy(m.state.Open, c.Put)
	for _, id := range c.Drop {
		delete(m.state.Open, id)
		delete(m.state.Now, id)
	}
	for _, name := range c.Forget {
		delete(m.state.Told, name)
	}
	for _, v := range c.Verdicts {
		if m.state.Now[v.ID] = v.JSON; v.Ended {
			delete(m.state.Now, v.ID)
		}
	}
	if c.Done != nil {
		m.state.Done = c.Done
	}
	m.state.Seq = c.After + 1
	return told, m.state.Seq, m.write(len(c.Tell) > 0)
}

// write writes the file if that is urgent, or was long ago.
func (m *Memory) write(urgent bool) error {
	if now := time.Now(); urgent || now.Sub(m.written) >= statePause {
		m.written = now
		return private.Write(m.path, written(m.state))
	}
	return nil
}

// Reseed is never needed: nothing is lost.
func (m *Memory) Reseed(context.Context, engine.State, string) error { return nil }

// Told are the blobs of events; nil for those that weren't told.
func (m *Memory) Told(_ context.Context, names ...string) (blobs [][]byte, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		blobs = append(blobs, m.state.Told[name])
	}
	return blobs, nil
}

// Local is empty: the only host never counts alone.
func (m *Memory) Local(context.Context) (map[string][]byte, error) { return nil, nil }

// DropLocal does nothing.
func (m *Memory) DropLocal(context.Context, ...string) error { return nil }

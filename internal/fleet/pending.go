package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"exiwatch/internal/private"
)

// maxPending bounds the file of pending events.
const maxPending = 512 << 20 // bytes

func cutName(name string) (id, event string, ok bool) { return strings.Cut(name, ".") }

// pending are events that may be told, in a file: they are written before the engine hears of them, and go when their
// mails are sure. After a crash the engine says which of them are this host's to tell.
type pending struct {
	path string

	mu  sync.Mutex
	all []pendingEvents // the oldest first
	seq int64
}

// pendingEvents are those of one commit.
type pendingEvents struct {
	Seq    int64        `json:"seq"`
	Token  string       `json:"token"`
	Events []savedEvent `json:"events"`
}

// load reads the file, if there is one.
func (p *pending) load() error {
	data, err := private.Read(p.path, maxPending)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the fleet's pending events: %w", err)
	}
	if err := json.Unmarshal(data, &p.all); err != nil {
		return fmt.Errorf("reading the fleet's pending events in %s: %w", p.path, err)
	}
	for _, e := range p.all {
		p.seq = max(p.seq, e.Seq)
	}
	return nil
}

// take returns what a process before this one has left.
func (p *pending) take() []pendingEvents {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]pendingEvents(nil), p.all...)
}

// add writes events to the file. They stay there until drop.
func (p *pending) add(token string, events []Event) (*pendingEvents, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seq++
	one := pendingEvents{Seq: p.seq, Token: token}
	for i := range events {
		one.Events = append(one.Events, saveEvent(&events[i]))
	}
	p.all = append(p.all, one)
	if err := p.write(); err != nil {
		p.all = p.all[:len(p.all)-1]
		return nil, err
	}
	return &one, nil
}

// drop removes events from the file: their mails are sure, or are another host's.
func (p *pending) drop(seq int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.all[:0]
	for _, e := range p.all {
		if e.Seq != seq {
			kept = append(kept, e)
		}
	}
	p.all = kept
	return p.write()
}

func (p *pending) write() error {
	if len(p.all) == 0 {
		if err := os.Remove(p.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	data, err := json.Marshal(p.all)
	if err != nil {
		return err
	}
	return private.Write(p.path, data)
}

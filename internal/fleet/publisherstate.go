package fleet

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"exiwatch/internal/private"

	"github.com/google/renameio/v2"
)

// A publisherState is what a publisher keeps outside the engine.
type publisherState struct {
	Version    int    `json:"version"`
	Publisher  string `json:"publisher"`  // random: no other has it
	Generation uint64 `json:"generation"` // of stream entries, at least the highest that was used
}

const (
	publisherStateVersion = 1
	maxPublisherState     = 4096 // bytes
)

// openState reads the file State, or makes it.
func (p *Publisher) openState() error {
	p.state = &publisherState{Version: publisherStateVersion, Publisher: rand.Text()}
	if p.State == "" {
		return nil
	}
	text, err := private.Read(p.State, maxPublisherState)
	if errors.Is(err, fs.ErrNotExist) {
		return p.saveState()
	}
	if err == nil {
		err = private.Newer(p.State, text, publisherStateVersion, "then the daemon goes on where its stream ends")
	}
	if err != nil {
		return fmt.Errorf("reading the publisher's state: %w", err)
	}
	var s publisherState
	if err := json.Unmarshal(text, &s); err != nil || s.Publisher == "" {
		p.Follow.Log.Warn("the publisher's state is broken: going on where the stream ends", "file", p.State)
		return p.saveState()
	}
	p.state = &s
	return nil
}

func (p *Publisher) saveState() error {
	if p.State == "" {
		return nil
	}
	text, _ := json.Marshal(p.state) // numbers and letters can always be written
	err := renameio.WriteFile(p.State, append(text, '\n'), 0o600, renameio.WithStaticPermissions(0o600))
	if err != nil {
		return fmt.Errorf("writing the publisher's state: %w", err)
	}
	return nil
}

// raise notes a generation before it is used. The stream's end has it, too, so a full disk is no reason to stop.
func (p *Publisher) raise(generation uint64) {
	if generation <= p.state.Generation {
		return
	}
	p.state.Generation = generation
	if err := p.saveState(); err != nil {
		p.Follow.Log.Warn("the publisher's state can't be written: the stream's end has it, too", "problem", err)
	}
}

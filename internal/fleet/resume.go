package fleet

import (
	"bytes"
	"encoding/json"
	"fmt"

	"exiwatch/internal/engine"
	"exiwatch/internal/follow"
)

// A resume is what a publisher keeps at the stream's end (engine.End.Resume). It belongs to exactly the records that
// have been appended.
type resume struct {
	Version    int    `json:"version"`
	Publisher  string `json:"publisher"`  // publisherState.Publisher
	Generation uint64 `json:"generation"` // of the file in which Log is
	// From is the second before which records are left out, while the stream is being filled; else 0.
	From int64 `json:"from,omitempty"`
	// Lost is how often the publisher has found that the engine had lost entries at the stream's end, as after a
	// failover. What has been read from there on before may come again with other ids.
	Lost    int                `json:"lost,omitempty"`
	Anchors map[string]anchor  `json:"anchors,omitempty"` // by host
	Trims   []trimPoint        `json:"trims,omitempty"`
	Log     *follow.Checkpoint `json:"log"` // without alerts and rules; nil: nothing has been read
}

const resumeVersion = 1

// Lost returns how often the publisher of a stream has found that the engine had lost the stream's last entries. When
// that rises, what was read of the stream may come again with other ids. A leader asks at each poll of each stream, so
// an end without the key isn't decoded.
func Lost(end engine.End) int {
	if !bytes.Contains(end.Resume, []byte(`"lost":`)) { // which can't stand within a string: quotes are escaped there
		return 0
	}
	r, _ := decodeResume(end)
	return r.Lost
}

// decodeResume reads engine.End.Resume; zero if there is no stream.
func decodeResume(end engine.End) (r resume, err error) {
	if len(end.Resume) == 0 {
		return r, nil
	}
	if err := json.Unmarshal(end.Resume, &r); err != nil {
		return r, fmt.Errorf("the stream's end can't be understood: %w", err)
	}
	if r.Version > resumeVersion {
		return r, fmt.Errorf("a newer exiwatch publishes here: version %d of the stream's end, this program reads %d",
			r.Version, resumeVersion)
	}
	if r.Log != nil {
		if err := r.Log.Validate(); err != nil {
			return r, fmt.Errorf("the stream's end can't be understood: %w", err)
		}
	}
	return r, nil
}

func (r *resume) encode() []byte {
	text, _ := json.Marshal(r) // numbers, strings and times of this age can always be written
	return text
}

// An anchor is what the until of a host goes on from after a restart, until a line of the host comes: how the host's
// clock differs from the wall clock isn't known before that.
type anchor struct {
	Now   int64 `json:"now"`   // of the host's clock after its last line
	Until int64 `json:"until"` // that was published
	At    int64 `json:"at"`    // when, by the wall clock: Unix time in milliseconds
}

// at is the until at a time of the wall clock.
func (a anchor) at(ms int64) int64 { return max(a.Now, a.Until+(ms-a.At)/1000) }

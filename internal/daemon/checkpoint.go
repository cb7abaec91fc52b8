package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
	"exiwatch/mailer/spool"
	"exiwatch/window"
)

// checkpointVersion is raised when an older program can't go on from the checkpoint: see private.Newer.
const checkpointVersion = 1

// A checkpoint says how far the logs have been counted. The alerts of everything before it are in the spool, and none
// of their mails was sent before the checkpoint was on disk. Counters are not in it: the log has them.
type checkpoint struct {
	Version int                           `json:"version"`
	Spooled int64                         `json:"spooled"` // the last mail in the spool that it covers
	Told    map[string]int64              `json:"told"`    // the same of each other channel, by name
	Folded  bool                          `json:"folded"`  // the alerts' values are
	Gaps    []Gap                         `json:"gaps,omitempty"`
	Mailbag mailLimiter                   `json:"mailbag"`
	Own     []pipeline.SentMail           `json:"own"`
	Logs    map[string]*follow.Checkpoint `json:"logs"` // by path
}

// maxCheckpoint bounds a checkpoint. The open alerts of one log take at most about 400 MiB: 10,000 values of 8 kB and
// 128 MiB of text in rows, both in base64, and 1,048,576 rows with 100 bytes of numbers.
const maxCheckpoint = 512 << 20 // bytes

// decode reads a checkpoint. It fails for one that this program can't have written.
func decode(data []byte) (*checkpoint, error) {
	if len(data) > maxCheckpoint {
		return nil, fmt.Errorf("it has more than %d MiB", maxCheckpoint>>20)
	}
	if json.Valid(data) {
		if err := crowded(data); err != nil {
			return nil, err
		}
	}
	c := new(checkpoint)
	err := json.Unmarshal(data, c)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return nil, fmt.Errorf("at byte %d, %s can't be %s", wrong.Offset, wrong.Field, wrong.Value)
	case err != nil:
		return nil, err
	case c.Version != checkpointVersion:
		return nil, fmt.Errorf("it is of version %d, not %d", c.Version, checkpointVersion)
	}
	return c, c.validate()
}

// sparse is how many bytes an alert and a row take at least, as we write them. Smaller ones would need much more memory
// than the file has.
var sparse = map[string]int{"alerts": 300, "rows": 24, "incidents": 150, "gathered": 200, "last": 30}

// most is how many elements our lists and objects have at most, by their names.
var most = map[string]int{
	"alerts": 10_000, "rows": 1000, "own": pipeline.MaxSent, "logs": 2000, "rules": maxCheckpoint,
	"mailed": maxCheckpoint, "updated": maxCheckpoint, "gathered": maxCheckpoint,
	"others": maxCheckpoint, "incidents": 100_000,
	"hosts": pipeline.MaxHosts, "bars": 64, "samples": 64, "tallies": 64, "told": 64, "gaps": maxGaps,
	"last": maxCheckpoint,
}

// usual bounds lists of other names; few those whose names we don't write: encoding/json takes "ALERTS" for "alerts",
// too.
const usual, few = 10_000, 64

// crowded fails if a list in valid JSON has more elements than ours can have, before memory is allocated for them.
func crowded(data []byte) error {
	type list struct {
		name string
		n    int
	}
	var stack []list
	var text, name []byte // the last string; the name of the value to come, if it has one
	elements := make(map[string]int)
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			end := i + 1 + stringLen(data[i+1:])
			text, i = data[i+1:end], end
		case ':':
			name = text
		case '{', '[':
			stack, name = append(stack, list{name: string(name)}), nil
		case '}', ']':
			l := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if sparse[l.name] > 0 {
				elements[l.name] += l.n
			}
		case ',':
			l := &stack[len(stack)-1]
			name = nil
			if l.n++; l.n >= limitOf(l.name) {
				return fmt.Errorf("a list has more than %d elements", l.n)
			}
		}
	}
	for name, size := range sparse {
		if elements[name]*size > len(data) {
			return fmt.Errorf("%d %s in %d bytes: they lack something", elements[name], name, len(data))
		}
	}
	return nil
}

// limitOf is how many elements a list may have.
func limitOf(name string) int {
	if n, ok := most[name]; ok {
		return n
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == "" {
		return usual
	}
	return few
}

// stringLen is how long a JSON string is behind its first quotation mark.
func stringLen(s []byte) (n int) {
	for {
		n += bytes.IndexAny(s[n:], `"\`)
		if s[n] == '"' {
			return n
		}
		n += 2
	}
}

// validate fails for a checkpoint that this program can't have written.
func (c *checkpoint) validate() error {
	for _, n := range append(slices.Collect(maps.Values(c.Told)), c.Spooled) {
		if n < 0 || n > spool.MaxSeq {
			return fmt.Errorf("mail number %d: out of range", n)
		}
	}
	for i := range c.Mailbag.Gathered {
		if err := c.Mailbag.Gathered[i].Validate(); err != nil {
			return err
		}
	}
	if n := c.Mailbag.Held; n < 0 || n > len(c.Mailbag.Gathered) {
		return fmt.Errorf("%d of %d gathered events are held: out of range", n, len(c.Mailbag.Gathered))
	}
	for i := range c.Gaps {
		if err := c.Gaps[i].From.Validate(); err != nil {
			return fmt.Errorf("gap %d: %w", i+1, err)
		}
	}
	for _, m := range c.Own {
		if err := (window.Clock{Now: m.At}).Validate(); err != nil {
			return fmt.Errorf("mail %q: %w", m.Name, err)
		}
	}
	for path, p := range c.Logs {
		if err := p.Validate(); err != nil {
			return fmt.Errorf("log %s: %w", path, err)
		}
	}
	return nil
}

// encode writes a checkpoint of at most size bytes. If it is too large, it drops rows of alerts, those of the fewest
// messages first: then a report distinguishes fewer values.
func encode(c *checkpoint, size int) ([]byte, error) {
	for rows := 1000; ; {
		data, err := json.Marshal(c)
		if err != nil || len(data) < size {
			return append(data, '\n'), err
		}
		if rows == 0 {
			return nil, fmt.Errorf("it would have more than %d MiB", size>>20)
		}
		rows /= 10
		for _, p := range c.Logs {
			for i := range p.Alerts {
				p.Alerts[i].Trim(rows)
			}
		}
	}
}

package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/window"
)

// A Follower keeps this host's copy of the fleet's open alerts. Whoever asks it waits for no engine. Its methods may be
// called at the same time.
type Follower struct {
	Engine followerEngine
	Now    func() time.Time

	mu     sync.RWMutex
	open   map[string]*Ruling // by id
	values map[valueKey]map[string]*Ruling
	leader string
	seq    int64
	second int64     // up to which the fleet was counted then
	last   time.Time // when the last verdict came
	heard  bool      // one has come
	began  time.Time

	from string
}

// A followerEngine is what a follower needs of an engine.
type followerEngine interface {
	Verdicts(ctx context.Context, from string) (engine.Verdicts, error)
}

type valueKey struct{ key, value string }

const (
	followPause = 250 * time.Millisecond
	// Silence is how long a fleet gives no verdicts before its hosts count alone.
	Silence = 10 * time.Second
)

// Run keeps the copy up to date until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	f.mu.Lock()
	f.began = f.Now()
	f.mu.Unlock()
	for ; ctx.Err() == nil; rest(ctx, followPause) {
		v, err := f.Engine.Verdicts(ctx, f.from)
		if err != nil {
			continue // Alone says so
		}
		f.take(&v)
	}
}

// take takes what has changed.
func (f *Follower) take(v *engine.Verdicts) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.leader = leaderHost(v.Leader); v.Seq == 0 {
		return
	}
	if f.from = v.From; v.Seq != f.seq {
		var d done
		if json.Unmarshal(v.Done, &d) == nil {
			f.second = d.Second
		}
		f.seq, f.last, f.heard = v.Seq, f.Now(), true
	}
	if v.All != nil || f.open == nil {
		f.open, f.values = make(map[string]*Ruling), make(map[valueKey]map[string]*Ruling)
	}
	for id, text := range v.All {
		f.set(id, text)
	}
	for _, c := range v.Changed {
		f.remove(c.ID)
		if !c.Ended {
			f.set(c.ID, c.JSON)
		}
	}
}

// leaderHost is the host of a leader's token.
func leaderHost(token string) string {
	host, _, _ := strings.Cut(token, " ")
	return host
}

func (f *Follower) set(id string, text []byte) {
	v := new(Ruling)
	if err := json.Unmarshal(text, v); err != nil {
		return // of a version to come
	}
	f.open[id] = v
	key := valueKey{v.Key, string(v.Value)}
	if f.values[key] == nil {
		f.values[key] = make(map[string]*Ruling)
	}
	f.values[key][id] = v
}

func (f *Follower) remove(id string) {
	v := f.open[id]
	if v == nil {
		return
	}
	key := valueKey{v.Key, string(v.Value)}
	if delete(f.values[key], id); len(f.values[key]) == 0 {
		delete(f.values, key)
	}
	delete(f.open, id)
}

// Count returns the highest count of the value's open alerts, and whether one of them is over its limit.
func (f *Follower) Count(key window.Key, value []byte) (count int64, over bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, v := range f.values[valueKey{key.String(), string(value)}] {
		count, over = max(count, v.Count), over || v.Over
	}
	return count, over
}

// Has tells whether an alert of a rule and a value is open in the fleet.
func (f *Follower) Has(rule *window.Rule, value string) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, v := range f.values[valueKey{rule.Key.String(), value}] {
		if v.Rule == rule.Name {
			return true
		}
	}
	return false
}

// Alone tells whether this host counts alone, because the fleet has given no verdicts for Silence, and since when; zero:
// it never gave one.
func (f *Follower) Alone() (since time.Time, alone bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.began.IsZero() {
		return f.last, false
	}
	last := f.began
	if f.heard {
		last = f.last
	}
	return f.last, f.Now().Sub(last) > Silence
}

// Second is the second up to which the fleet has been counted; ok is false while that isn't known.
func (f *Follower) Second() (second int64, ok bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.second, f.heard
}

// Leader is the host that leads; "" if none does.
func (f *Follower) Leader() string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.leader
}

// Open are the open alerts of the fleet, in the order in which they opened.
func (f *Follower) Open() []Ruling {
	f.mu.RLock()
	defer f.mu.RUnlock()
	all := make([]Ruling, 0, len(f.open))
	for _, v := range f.open {
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b Ruling) int {
		return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID))
	})
	return all
}

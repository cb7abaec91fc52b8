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

// A Replica is this host's copy of the fleet's open alerts. Whoever asks it waits for no engine. Its methods may be
// called at the same time.
type Replica struct {
	Engine replicaEngine
	Now    func() time.Time

	mu            sync.RWMutex
	open          map[string]*Ruling // by id
	values        map[valueKey]map[string]*Ruling
	leader        string
	seq           int64
	begins        int64     // done.begin of it
	last          time.Time // when the last verdict came
	heard         bool      // one has come
	up            bool      // the engine has answered the last question
	hosts, silent int       // of the fleet
	began         time.Time

	from string
}

// A replicaEngine is what a follower needs of an engine.
type replicaEngine interface {
	Verdicts(ctx context.Context, from string) (engine.Verdicts, error)
	Hosts(ctx context.Context) (map[string][]byte, error)
}

type valueKey struct{ key, value string }

const (
	followPause = 250 * time.Millisecond
	// Silence is how long a fleet gives no verdicts before its hosts count alone.
	Silence = 10 * time.Second
)

// Run keeps the copy up to date until ctx ends.
func (r *Replica) Run(ctx context.Context) {
	r.mu.Lock()
	r.began = r.Now()
	r.mu.Unlock()
	var looked time.Time // for hosts
	for ; ctx.Err() == nil; rest(ctx, followPause) {
		v, err := r.Engine.Verdicts(ctx, r.from)
		if r.note(err == nil); err != nil {
			continue // Alone says so
		}
		r.take(&v)
		if now := r.Now(); now.Sub(looked) >= HostInfoPause {
			looked = now
			r.countHosts(ctx)
		}
	}
}

func (r *Replica) note(up bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up = up
}

// countHosts counts the hosts of the fleet.
func (r *Replica) countHosts(ctx context.Context) {
	said, err := r.Engine.Hosts(ctx)
	if err != nil {
		return
	}
	newest := make(map[string]time.Time)
	for _, info := range infosOf(said) {
		if info.At.After(newest[info.Host]) {
			newest[info.Host] = info.At
		}
	}
	silent, now := 0, r.Now()
	for _, at := range newest {
		if now.Sub(at) > SilentAfter {
			silent++
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hosts, r.silent = len(newest), silent
}

// EngineUp tells whether the engine has answered the last question.
func (r *Replica) EngineUp() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.up
}

// Hosts are how many hosts the fleet has, and how many of them say nothing.
func (r *Replica) Hosts() (all, silent int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.hosts, r.silent
}

// take takes what has changed.
func (r *Replica) take(v *engine.Verdicts) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leader = leaderHost(v.Leader); v.Seq == 0 {
		return
	}
	if r.from = v.From; v.Seq != r.seq {
		var d done
		if json.Unmarshal(v.Done, &d) == nil {
			r.begins = d.Base
		}
		r.seq, r.last, r.heard = v.Seq, r.Now(), true
	}
	if v.All != nil || r.open == nil {
		r.open, r.values = make(map[string]*Ruling), make(map[valueKey]map[string]*Ruling)
	}
	for id, text := range v.All {
		r.set(id, text)
	}
	for _, c := range v.Changed {
		r.remove(c.ID)
		if !c.Ended {
			r.set(c.ID, c.JSON)
		}
	}
}

// leaderHost is the host of a leader's token.
func leaderHost(token string) string {
	host, _, _ := strings.Cut(token, " ")
	return host
}

func (r *Replica) set(id string, text []byte) {
	v := new(Ruling)
	if err := json.Unmarshal(text, v); err != nil {
		return // of a version to come
	}
	r.open[id] = v
	key := valueKey{v.Key, string(v.Value)}
	if r.values[key] == nil {
		r.values[key] = make(map[string]*Ruling)
	}
	r.values[key][id] = v
}

func (r *Replica) remove(id string) {
	v := r.open[id]
	if v == nil {
		return
	}
	key := valueKey{v.Key, string(v.Value)}
	if delete(r.values[key], id); len(r.values[key]) == 0 {
		delete(r.values, key)
	}
	delete(r.open, id)
}

// Count returns the highest count of the value's open alerts, and whether one of them is over its limit.
func (r *Replica) Count(key window.Key, value []byte) (count int64, over bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, v := range r.values[valueKey{key.String(), string(value)}] {
		count, over = max(count, v.Count), over || v.Over
	}
	return count, over
}

// Has tells whether an alert of a rule and a value is open in the fleet.
func (r *Replica) Has(rule *window.Rule, value string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, v := range r.values[valueKey{rule.Key.String(), value}] {
		if v.Rule == rule.Name {
			return true
		}
	}
	return false
}

// Tells tells whether the fleet has an open alert of this id, and so will tell its end: a host's own alert may have
// become the fleet's.
func (r *Replica) Tells(id string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.open[id] != nil
}

// Alone tells whether this host counts alone, because the fleet has given no verdicts for Silence, and when the last
// one came; zero: none ever did.
func (r *Replica) Alone() (since time.Time, alone bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.began.IsZero() {
		return r.last, false
	}
	last := r.began
	if r.heard {
		last = r.last
	}
	return r.last, r.Now().Sub(last) > Silence
}

// Begin is the second from which on a next leader counts again; ok is false while that isn't known.
func (r *Replica) Begin() (second int64, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.begins, r.heard
}

// Leader is the host that leads; "" if none does.
func (r *Replica) Leader() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.leader
}

// Open are the open alerts of the fleet, in the order in which they opened.
func (r *Replica) Open() []Ruling {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return inOrder(r.open)
}

// inOrder are rulings in the order in which their alerts opened.
func inOrder(open map[string]*Ruling) []Ruling {
	all := make([]Ruling, 0, len(open))
	for _, v := range open {
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b Ruling) int {
		return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID))
	})
	return all
}

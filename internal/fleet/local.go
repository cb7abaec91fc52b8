package fleet

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/pipeline"
	"exiwatch/window"
)

// A LocalAlert is one that a host told by itself, while the fleet gave no verdicts.
type LocalAlert struct {
	Host   string `json:"host"`
	Rule   string `json:"rule"` // Rule.String()
	Value  []byte `json:"value"`
	Opened int64  `json:"opened"` // second of the host's clock
	Ended  int64  `json:"ended"`  // 0: it is open, as far as was told
}

// joinLocal gives alerts that open the ids of alerts that hosts have told by themselves: they are those. What was told
// of them isn't told again.
func (t *term) joinLocal(ctx context.Context) error {
	if !slices.ContainsFunc(t.events, func(e Event) bool { return e.Name == pipeline.Opened }) {
		return nil
	}
	local, err := t.Engine.Local(ctx)
	if err != nil || len(local) == 0 {
		return err
	}
	if err := t.Engine.DropLocal(ctx, t.oldLocal(local)...); err != nil {
		return err
	}
	for _, e := range t.events {
		if e.Name != pipeline.Opened {
			continue
		}
		for _, a := range e.Alerts {
			id := t.localOf(local, a)
			if id == "" {
				continue
			}
			if id != a.ID {
				t.aliases = append(t.aliases, alias{a.ID, id, a.Summary()})
				t.rename(a.ID, id)
			}
			t.quiet[fullName(id, pipeline.Opened)] = true
		}
	}
	return nil
}

// oldLocal are local alerts that ended too long ago to be one of the fleet's.
func (t *term) oldLocal(local map[string][]byte) (ids []string) {
	for id, text := range local {
		var one LocalAlert
		if json.Unmarshal(text, &one) != nil || max(one.Opened, one.Ended) < t.merger.Released()-t.memory() {
			ids = append(ids, id)
		}
	}
	return ids
}

// localOf is the id of the local alert that an alert is; "" if it is none. One that has ended by then belongs to an
// earlier alert: the fleet's count is no less than a host's.
func (t *term) localOf(local map[string][]byte, a *window.Alert) string {
	rule, longest := a.Rule.String(), int64(a.Rule.Window/time.Second)
	for _, id := range slices.Sorted(maps.Keys(local)) {
		var one LocalAlert
		if json.Unmarshal(local[id], &one) != nil || one.Rule != rule || string(one.Value) != a.Value {
			continue
		}
		end := one.Ended
		if end == 0 {
			end = one.Opened + longest
		}
		if at := a.Opened.Unix(); at <= end && one.Opened <= at+longest {
			return id
		}
	}
	return ""
}

// rename gives an alert another id wherever it is.
func (t *term) rename(id, to string) {
	t.ledger.is[id] = to
	for _, e := range append(slices.Clone(t.events), t.held...) {
		for _, a := range e.Alerts {
			if a.ID == id {
				a.ID = to
			}
		}
	}
	for _, a := range t.counter.Open() {
		if a.ID == id {
			a.ID = to
		}
	}
}

// TellLocal writes to the engine that a host has told an alert by itself.
func TellLocal(ctx context.Context, c *engine.Client, id string, a *LocalAlert) error {
	return c.SetLocal(ctx, id, written(a))
}

// Announce writes to the engine what a daemon says of itself.
func Announce(ctx context.Context, c *engine.Client, stream string, info *HostInfo) error {
	return c.SetHost(ctx, stream, written(info))
}

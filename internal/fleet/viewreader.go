package fleet

import (
	"context"
	"maps"
	"slices"
	"time"

	"exiwatch/internal/engine"
)

// A viewReader reads all streams of a fleet from a second on. It belongs to one goroutine.
type viewReader struct {
	engine viewerEngine
	from   int64                // second: entries that are older are passed over
	at     map[string]engine.ID // by stream: how far it has been read
	born   map[string]string    // by stream
	looked time.Time            // for hosts
}

// viewed is what a look has brought.
type viewed struct {
	polled []engine.Polled
	fresh  []string // streams that were lost, and are read from their beginnings
	err    error
}

// run reads until ctx ends.
func (r *viewReader) run(ctx context.Context, to chan<- viewed) {
	for ctx.Err() == nil {
		got := r.poll(ctx)
		select {
		case to <- got:
		case <-ctx.Done():
			return
		}
		if got.err != nil {
			rest(ctx, askPause)
		} else if !slices.ContainsFunc(got.polled, func(p engine.Polled) bool { return p.More }) {
			rest(ctx, pollPause)
		}
	}
}

// poll reads what the streams have got.
func (r *viewReader) poll(ctx context.Context) (got viewed) {
	if time.Since(r.looked) >= hostsPause {
		if got.err = r.look(ctx); got.err != nil {
			return got
		}
	}
	got.polled, got.err = r.engine.Poll(ctx, r.cursors(slices.Sorted(maps.Keys(r.at))), viewMost)
	for i := range got.polled {
		p := &got.polled[i]
		if r.isNew(p) {
			p.Entries, p.More = nil, true
			got.fresh = append(got.fresh, p.Stream)
			continue
		}
		if n := len(p.Entries); n > 0 {
			r.at[p.Stream] = p.Entries[n-1].ID
		}
		p.Entries = slices.DeleteFunc(p.Entries, func(e engine.Entry) bool {
			last, ok := LastOf(e.Batch)
			return ok && last < r.from
		})
	}
	return got
}

// isNew tells whether the stream was lost and is filled anew: then it is read from its beginning.
func (r *viewReader) isNew(p *engine.Polled) bool {
	was := r.born[p.Stream]
	if p.End.Born == "" { // it was lost, and nothing is in it yet
		return false
	}
	r.born[p.Stream] = p.End.Born
	if (was == "" || was == p.End.Born) && p.End.ID.Compare(r.at[p.Stream]) >= 0 {
		return false
	}
	fresh := !r.at[p.Stream].IsZero()
	r.at[p.Stream] = engine.ID{}
	return fresh
}

func (r *viewReader) cursors(names []string) (all []engine.Cursor) {
	for _, name := range names {
		all = append(all, engine.Cursor{Stream: name, After: r.at[name]})
	}
	return all
}

// look finds streams, and where in a new one to begin.
func (r *viewReader) look(ctx context.Context) error {
	hosts, err := r.engine.Hosts(ctx)
	if err != nil {
		return err
	}
	r.looked = time.Now()
	var fresh []string
	for name := range hosts {
		if _, known := r.at[name]; !known {
			fresh = append(fresh, name)
		}
	}
	slices.Sort(fresh)
	begins, err := r.seek(ctx, fresh)
	maps.Copy(r.at, begins)
	return err
}

// A seeking is where in a stream the entries from a second on begin: behind low, which is older, and before high.
type seeking struct {
	low, high engine.ID
	over      bool
}

// seekEnough is how much of a log may be read in vain.
const seekEnough = 64 << 10 // bytes

// seek finds where to begin to read streams: ids are places in logs, so their seconds grow with them.
func (r *viewReader) seek(ctx context.Context, streams []string) (map[string]engine.ID, error) {
	found, all := make(map[string]engine.ID), make(map[string]*seeking)
	for _, name := range streams {
		all[name] = new(seeking)
	}
	for first := true; ; first = false {
		var cursors []engine.Cursor
		for _, name := range streams {
			if s := all[name]; !s.over {
				cursors = append(cursors, engine.Cursor{Stream: name, After: s.middle()})
			}
		}
		if len(cursors) == 0 {
			break
		}
		polled, err := r.engine.Poll(ctx, cursors, 1)
		if err != nil {
			return nil, err
		}
		for i := range polled {
			s := all[polled[i].Stream]
			s.narrow(&polled[i], r.from, first)
		}
	}
	for name, s := range all {
		found[name] = s.low
	}
	return found, nil
}

// middle is where to look next.
func (s *seeking) middle() engine.ID {
	switch {
	case s.high.Generation > s.low.Generation+1:
		return engine.ID{Generation: s.low.Generation + (s.high.Generation-s.low.Generation)/2}
	case s.high.Generation == s.low.Generation+1 && s.high.Offset > 0:
		return engine.ID{Generation: s.high.Generation}
	case s.high.Generation > s.low.Generation: // the end of the older one isn't known
		s.high = engine.ID{Generation: s.low.Generation, Offset: 1 << 62}
	}
	return engine.ID{Generation: s.low.Generation, Offset: s.low.Offset + (s.high.Offset-s.low.Offset)/2}
}

// narrow takes what stands behind the middle.
func (s *seeking) narrow(p *engine.Polled, from int64, first bool) {
	isOlder, at := false, engine.ID{}
	if len(p.Entries) > 0 {
		last, ok := LastOf(p.Entries[0].Batch)
		isOlder, at = ok && last < from, p.Entries[0].ID
	}
	switch {
	case first:
		s.low, s.high, s.over = at, p.End.ID, !isOlder
		if s.over {
			s.low = engine.ID{}
		}
	case isOlder && at.Compare(s.high) < 0:
		s.low = at
	default:
		s.high = s.middle()
	}
	if s.low.Generation == s.high.Generation && s.high.Offset-min(s.low.Offset, s.high.Offset) <= seekEnough {
		s.over = true
	}
}

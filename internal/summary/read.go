package summary

import (
	"context"
	"errors"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// Due gives the days whose summary was due last at a time, and since when it is.
func Due(c *config.Schedule, now time.Time, zone *time.Location) (s Span, since time.Time) {
	if s, since = dueAround(c, now.In(zone), 0); since.After(now) {
		return dueAround(c, now.In(zone), -1)
	}
	return s, since
}

// Next gives the days whose summary will be due next after a time, and when.
func Next(c *config.Schedule, now time.Time, zone *time.Location) (s Span, at time.Time) {
	if s, at = dueAround(c, now.In(zone), 0); !at.After(now) {
		return dueAround(c, now.In(zone), 1)
	}
	return s, at
}

// dueAround is what is due in the day or week of a time, or so many later.
func dueAround(c *config.Schedule, now time.Time, later int) (Span, time.Time) {
	length := 1
	if c.Week {
		now, length = Week(now).From, 7
	}
	y, m, d := now.Date()
	span := Before(midnight(y, m, d+later*length, now.Location()), c.Week)
	at := time.Date(y, m, d+later*length, 0, c.Minute, 0, 0, now.Location())
	if at.Before(span.To) { // clocks were put forward at midnight, over that time
		at = span.To
	}
	return span, at
}

// Logs are what a summary is read of, and how.
type Logs struct {
	Config   *config.Config
	Rules    []window.Rule     // that count: those of the configuration, or others
	Key      []byte            // makes our Message-IDs: see pipeline.Trust
	Sources  [][]replay.Source // of each log
	Workers  int               // that parse; 0: as many as can work at a time
	Now      time.Time         // the wall clock
	Progress func(float64)     // gets the share that was read, from 0 to 1; may be nil
}

// Read reads the logs. Problems are errors of single files: the summary says them, too. The error says that there is no
// summary.
func (r *Logs) Read(ctx context.Context, span Span) (sum *Summary, problems []error, err error) {
	c := New(span, r.Rules)
	listener := c.Listener()
	from := c.Since()
	listener.Keep = func(_ *parser.Arrival, w *window.Arrival) bool {
		return !w.At.Before(from) && w.At.Before(span.To)
	}
	p, err := pipeline.New(r.Config.Scopes, r.Rules, listener)
	if err != nil {
		return nil, nil, err
	}
	p.Trust(r.Key)
	p.Decode(r.Config.Charset)
	var seen pipeline.Look
	for i, sources := range r.Sources {
		if i > 0 {
			if p, err = p.Another(sources[0].Name); err != nil {
				return nil, nil, err
			}
		}
		sources = replay.Since(sources, from, r.Config.Zone, r.Now)
		c.missing = append(c.missing, missing(sources)...)
		share := func(done float64) {
			if r.Progress != nil {
				r.Progress((float64(i) + done) / float64(len(r.Sources)))
			}
		}
		result, err := replay.RunWith(ctx, r.Workers, p, sources, r.Config.Zone, r.Now, share)
		var broken *replay.BrokenLogs
		if errors.As(err, &broken) {
			problems = append(problems, broken.Errors...)
		} else if err != nil {
			return nil, nil, err
		}
		for j := range result.Sources {
			seen.Join(result.Sources[j].Look)
		}
	}
	made := c.Summary(seen.First, problems)
	return &made, problems, nil
}

// missing names rotated files that lack, where the sources are those of a log in the daemon's order.
func missing(sources []replay.Source) []string {
	var paths []string
	for _, s := range sources {
		paths = append(paths, s.Name)
	}
	if last := len(sources) - 1; last > 0 && sources[last].Behind {
		return tailer.Missing(paths[last], paths)
	}
	return nil
}

// ReadLogs reads the configured logs with one worker.
func ReadLogs(ctx context.Context, c *config.Config, key []byte, span Span, now time.Time) (*Summary, error) {
	r := Logs{Config: c, Rules: c.Rules, Key: key, Workers: 1, Now: now}
	for _, path := range c.Log {
		sources, err := replay.SourcesOf(ctx, path, c.CycledTo)
		if err != nil {
			return nil, err
		}
		sources, _ = replay.WithoutCopies(sources)
		r.Sources = append(r.Sources, sources)
	}
	sum, _, err := r.Read(ctx, span)
	return sum, err
}

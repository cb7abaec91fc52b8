package daemon

import (
	"context"
	"errors"
	"sync"

	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/internal/report"
	"exiwatch/internal/web"
	"exiwatch/parser"
	"exiwatch/window"
)

// Search reads what the logs hold of a span, as exiwatch top does, with one worker of low priority.
func (s *webSource) Search(ctx context.Context, search *web.Search, progress func(float64)) (*web.Found, error) {
	found := web.NewFound(search)
	keep := func(_ *parser.Arrival, w *window.Arrival) bool {
		return search.During(w.At) && (search.Within == nil || search.Within.Match(w))
	}
	collector := func() func([]report.Reception) {
		begin := sync.OnceFunc(lowPriority)
		return func(arrivals []report.Reception) {
			begin()
			for _, a := range arrivals {
				found.Add(a.Values.At, a.Values.Recipients, a.Values.Bytes,
					func(k window.Key) []byte { return a.Values.Values[k] })
			}
		}
	}
	p, err := pipeline.New(s.config.Scopes, nil,
		pipeline.Listener{Keep: keep, NewCollector: collector, AllKeys: true, Idle: true, Summary: true})
	if err != nil {
		return nil, err
	}
	p.Decode(s.config.Charset)
	for i, path := range s.config.Log {
		sources, err := replay.SourcesOf(ctx, path, s.config.CycledTo)
		if err != nil {
			return nil, err
		}
		sources, _ = replay.WithoutCopies(sources)
		if i > 0 {
			if p, err = p.Another(path); err != nil {
				return nil, err
			}
		}
		sources = replay.Since(sources, search.From, s.config.Zone, s.now())
		share := func(done float64) { progress((float64(i) + done) / float64(len(s.config.Log))) }
		_, err = replay.RunWith(ctx, 1, p, sources, s.config.Zone, s.now(), share)
		var broken *replay.BrokenLogs
		if errors.As(err, &broken) {
			for _, one := range broken.Errors {
				found.Problems = append(found.Problems, one.Error())
			}
		} else if err != nil {
			return nil, err
		}
	}
	return found, nil
}

package merge

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/internal/testkit"
	"exiwatch/parser"
	"exiwatch/window"
)

// A verdict is what an alert says, but for its id, which in a fleet has the host.
type verdict struct {
	Rule, Value                 string
	Opened, CrossedBy           string
	Count, Limit, Peak, Times   int64
	Messages, Recipients, Bytes int64
	Suspicious                  int64
	AtLeast                     bool
	First, Last, Ended          string
	Samples                     []string
	Tops                        map[string][]window.ValueCount
	Closes                      bool
}

// alerts gathers what is opened.
type alerts []*window.Alert

func (all *alerts) opened(a []*window.Alert) { *all = append(*all, a...) }

// verdicts gives what the alerts say at the end.
func (all *alerts) verdicts() (said []verdict) {
	for _, a := range *all {
		v := verdict{Rule: a.Rule.String(), Value: a.Value, CrossedBy: a.CrossedBy, Count: a.Count, Limit: a.Limit,
			Peak: a.Peak, Times: a.Times, Messages: a.Messages, Recipients: a.Recipients, Bytes: a.Bytes,
			Suspicious: a.Suspicious, AtLeast: a.AtLeast, Samples: a.Samples, Closes: a.Closes,
			Opened: stamp(a.Opened), First: stamp(a.First), Last: stamp(a.Last), Ended: stamp(a.Ended),
			Tops: map[string][]window.ValueCount{}}
		for k := range window.LogHost {
			v.Tops[k.String()] = a.Top(k, 0)
		}
		said = append(said, v)
	}
	return said
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

var now = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// replayed gives the alerts of one log as replay finds them. back tells whether its clock was set back.
func replayed(t *testing.T, c config.Config, sources ...replay.Source) (said []verdict, back bool) {
	t.Helper()
	var all alerts
	var p *pipeline.Pipeline
	look := func(*parser.Arrival, *window.Arrival) { back = back || p.Clock().Shift > 0 }
	p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{Opened: all.opened, Arrival: look})
	testkit.Must(t, err)
	p.NameHost("mx1", true) // lines of several hosts don't count apart
	_, err = replay.Run(t.Context(), p, sources, c.Zone, now, nil)
	testkit.Must(t, err)
	look(nil, nil)
	return all.verdicts(), back
}

// timeless leaves out the times.
func timeless(said []verdict) []verdict {
	said = slices.Clone(said)
	for i := range said {
		said[i].Opened, said[i].First, said[i].Last, said[i].Ended = "", "", "", ""
	}
	return said
}

// A fleetRun is a Replay with what it tells.
type fleetRun struct {
	Replay
	alerts
	counter *Counter
}

func newFleetRun(t testing.TB, c config.Config, logs ...Log) *fleetRun {
	t.Helper()
	f := new(fleetRun)
	var err error
	f.counter, err = NewCounter(c.Rules, Events{Opened: f.opened})
	testkit.Must(t, err)
	f.Replay = Replay{Logs: logs, Zone: c.Zone, Now: now,
		New: func(l pipeline.Listener) (*pipeline.Pipeline, error) {
			p, err := pipeline.New(c.Scopes, c.Rules, l)
			return p, err
		},
		Listener: func(int) pipeline.Listener { return pipeline.Listener{} }}
	return f
}

// together gives the alerts of a fleet's logs.
func together(t *testing.T, c config.Config, logs ...Log) []verdict {
	t.Helper()
	f := newFleetRun(t, c, logs...)
	_, err := f.Run(t.Context(), f.counter)
	testkit.Must(t, err)
	return f.verdicts()
}

// text is a log that is held in memory.
func text(log string) replay.Source {
	return replay.Source{Name: "log", Stream: strings.NewReader(log)}
}

// file is a log of its own.
func file(t testing.TB, log string) replay.Source {
	t.Helper()
	return replay.Source{Name: testkit.Write(t, "mainlog", log)}
}

// corpora are the logs that a real Exim wrote, and those of others that are on this machine.
func corpora(t *testing.T) (logs []string) {
	t.Helper()
	for _, root := range []string{"../../fixtures", "../../../shared/corpora"} {
		if _, err := os.Stat(root); err != nil { // these stand beside the project only where it is developed
			continue
		}
		testkit.Must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && (strings.Contains(d.Name(), "log") || strings.Contains(path, "corpora")) {
				logs = append(logs, path)
			}
			return err
		}))
	}
	if len(logs) < 8 {
		t.Fatalf("only %q were found", logs)
	}
	return logs
}

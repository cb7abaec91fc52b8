package follow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/journaltest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/internal/testkit"
	"exiwatch/parser"
	"exiwatch/window"
)

// looking is a Viewer that runs.
type looking struct {
	t    *testing.T
	asks chan func()
}

func look(t *testing.T, v *Viewer) *looking {
	l := &looking{t, make(chan func())}
	v.Asks = l.asks
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l
}

// until asks until the answer is yes.
func (l *looking) until(what string, yes func() bool) {
	l.t.Helper()
	testkit.Until(l.t, what, func() bool {
		answer := make(chan bool)
		l.asks <- func() { answer <- yes() }
		return <-answer
	})
}

// TestViewerCountsAsReplayDoes, over a log that was cycled and compressed, and is cycled while it looks.
func TestViewerCountsAsReplayDoes(t *testing.T) {
	dir := t.TempDir()
	var sources []replay.Source
	for _, name := range []string{"mainlog.2.gz", "mainlog.1", "mainlog"} {
		text, err := os.ReadFile(filepath.Join("../../fixtures/logs/cycled", name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		sources = append(sources, replay.Source{Name: path})
	}
	c := config.Default()
	c.Zone, c.State = time.UTC, t.TempDir()
	want, arrivals := replayedOpen(t, &c, sources)
	if len(want) == 0 || arrivals == 0 {
		t.Fatal("nothing to compare with")
	}
	seen := 0
	v, err := NewViewer(&c, filepath.Join(dir, "mainlog"), 24*time.Hour, nil,
		pipeline.Listener{Arrival: func(*parser.Arrival, *window.Arrival) { seen++ }})
	if err != nil {
		t.Fatal(err)
	}
	l := look(t, v)
	l.until("the end of the log", v.AtEnd)
	l.until("as many arrivals as replay reads", func() bool { return seen == arrivals && v.Share() == 1 })
	l.until("the alerts that replay opens", func() bool { return fmt.Sprint(idsOfOpen(v.Open())) == fmt.Sprint(want) })

	if err := os.Rename(filepath.Join(dir, "mainlog"), filepath.Join(dir, "mainlog.3")); err != nil {
		t.Fatal(err)
	}
	line := "2026-11-23 23:00:00 1xV001-000001-01 <= a@lab.test U=a P=local S=400\n"
	if err := os.WriteFile(filepath.Join(dir, "mainlog"), []byte(strings.Repeat(line, 3)), 0o600); err != nil {
		t.Fatal(err)
	}
	l.until("what came after the log was cycled", func() bool { return seen == arrivals+3 && len(v.Open()) == 0 })
	if entries, _ := os.ReadDir(c.State); len(entries) > 0 {
		t.Errorf("it wrote %v into the state folder", entries)
	}
}

// replayedOpen gives the ids of the alerts that are open at the end, and how many arrivals there are.
func replayedOpen(t *testing.T, c *config.Config, sources []replay.Source) (ids []string, arrivals int) {
	p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{
		Arrival: func(*parser.Arrival, *window.Arrival) { arrivals++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replay.Run(context.Background(), p, sources, c.Zone, time.Now(), nil); err != nil {
		t.Fatal(err)
	}
	return idsOfOpen(p.Counters().Open()), arrivals
}

func idsOfOpen(alerts []*window.Alert) (ids []string) {
	for _, a := range alerts {
		ids = append(ids, a.ID)
	}
	return ids
}

// TestViewerReadsNoFurtherBackThanNeeded: a file that ended before the windows begin isn't read.
func TestViewerReadsNoFurtherBackThanNeeded(t *testing.T) {
	dir := t.TempDir()
	for name, hour := range map[string]int{"mainlog.2": 1, "mainlog.1": 5, "mainlog": 10} {
		line := fmt.Sprintf("2026-11-23 %02d:00:00 1xV001-000001-01 <= a@lab.test U=a P=local S=400\n", hour)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// the file before may reach into the window
	for past, want := range map[time.Duration]int{time.Minute: 2, 6 * time.Hour: 3} {
		c := config.Default()
		c.Zone = time.UTC
		seen := 0
		v, err := NewViewer(&c, filepath.Join(dir, "mainlog"), past, nil,
			pipeline.Listener{Arrival: func(*parser.Arrival, *window.Arrival) { seen++ }})
		if err != nil {
			t.Fatal(err)
		}
		look(t, v).until("all that is needed", func() bool { return v.AtEnd() && seen == want })
	}
}

// TestViewerOfNoLiveLog: what can't be followed is said at once.
func TestViewerOfNoLiveLog(t *testing.T) {
	c := config.Default()
	dir := t.TempDir()
	if _, err := NewViewer(&c, filepath.Join(dir, "mainlog"), 0, nil, pipeline.Listener{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a log that isn't there: %v", err)
	}
}

// TestViewerOfNoLog: a log of another program is an error, and a part that isn't understood a problem.
func TestViewerOfNoLog(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	entries := testkit.Sentinel("alice", time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), 5)
	for text, want := range map[string]string{
		"{\"a\": 1}\n":     "JSON of another program",
		entries + "oops\n": "1 of 7 lines (14%)",
	} {
		testkit.Must(t, os.WriteFile(log, []byte(text), 0o600))
		v, err := NewViewer(new(configtest.Parse(t, "")), log, time.Hour, nil, pipeline.Listener{})
		testkit.Must(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		var problem error
		v.Problem = func(err error) { problem = err; cancel() }
		if err := v.Run(ctx); err != nil {
			problem = err
		}
		cancel()
		if problem == nil || !strings.Contains(problem.Error(), want) {
			t.Errorf("%q: %v, want %q", text, problem, want)
		}
	}
}

// TestViewerOfTheJournal: it reads the past, is at the end then, and goes on.
func TestViewerOfTheJournal(t *testing.T) {
	j := journaltest.New(t)
	j.Install()
	j.Append("a", journaltest.Exim(testkit.Sentinel("alice", journaltest.Day, 20))...)
	c := config.Default()
	c.Zone = time.UTC
	seen := 0
	v, err := NewViewer(&c, "journal", 24*time.Hour, nil, pipeline.Listener{Arrival: func(*parser.Arrival,
		*window.Arrival) {
		seen++
	}})
	testkit.Must(t, err)
	l := look(t, v)
	l.until("the past", func() bool { return v.AtEnd() && seen == 21 })
	j.Append("a", journaltest.Exim(testkit.Sentinel("bob", journaltest.Day.Add(time.Minute), 20))...)
	l.until("what came", func() bool { return seen == 42 })
}

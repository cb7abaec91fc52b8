package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/engine"
	"exiwatch/internal/follow"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/redistest"
	"exiwatch/internal/testkit"
	"exiwatch/parser"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

// TestMain looks for goroutines left behind. Those of nxadm/tail's tracker stay as long as the process: see tailer.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.(*InotifyTracker).run"),
		goleak.IgnoreAnyFunction("github.com/fsnotify/fsnotify.(*inotify).readEvents"),
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.watch"),
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.remove"),
		goleak.IgnoreAnyFunction("exiwatch/tailer.(*liveTail).stop.func1"),
		goleak.IgnoreAnyFunction("exiwatch/tailer.(*tracker).await.func1"),
	)
}

var must = testkit.Must

// labRules count by what several lines tell together, too.
const labRules = `
[[rule]]
key = "sender"
limit = 5
window = "1m"
[[rule]]
key = "script"
limit = 3
window = "2m"
[[rule]]
key = "cpuser"
limit = 3
window = "1m"
`

// A lab has a log and an engine with its stream.
type lab struct {
	t      testing.TB
	config config.Config
	folder string
	path   string // of the log
	state  string
	host   string // "": syslog names them
	since  atomic.Int64
	keep   int64
	engine Streams
	redis  *redistest.Server
	client *engine.Client
	log    *logged
	text   strings.Builder // all that the log has held
}

const labStream = "mx1"

// newLab makes one whose stream is to hold the whole log.
func newLab(t testing.TB, redis ...string) *lab {
	t.Helper()
	l := &lab{t: t, config: configtest.Parse(t, labRules), folder: t.TempDir(), host: "mx1", log: new(logged)}
	l.path, l.state = filepath.Join(l.folder, "mainlog"), filepath.Join(t.TempDir(), "publisher.json")
	l.redis = redistest.Start(t, redis...)
	var err error
	l.client, err = engine.Open(engine.Options{URLs: []string{l.redis.URL()}, Name: "lab",
		Timeout: 500 * time.Millisecond})
	must(t, err)
	t.Cleanup(func() { must(t, l.client.Close()) })
	l.engine = l.client
	testkit.Append(t, l.path, "")
	return l
}

// write adds to the log.
func (l *lab) write(text string) {
	l.t.Helper()
	l.text.WriteString(text)
	testkit.Append(l.t, l.path, text)
}

// pipeline makes a pipeline of the log.
func (l *lab) pipeline(listener pipeline.Listener) (*pipeline.Pipeline, error) {
	return pipeline.New(l.config.Scopes, l.config.Rules, listener)
}

// publisher makes one that hasn't begun.
func (l *lab) publisher() *Publisher {
	return &Publisher{
		Engine: l.engine, Stream: labStream, Path: l.path, Host: l.host, All: l.host != "", Pipeline: l.pipeline,
		Scopes: ScopesOf(l.config.Rules), State: l.state, Since: func() int64 { return l.since.Load() }, Keep: l.keep,
		Follow: follow.Options{Zone: time.UTC, Log: slog.New(slog.NewTextHandler(l.log, nil))},
	}
}

// start starts a publisher, and returns how to stop it.
func (l *lab) start() (stop func()) { return l.run(l.publisher()) }

func (l *lab) run(p *Publisher) (stop func()) {
	l.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				l.t.Error(err)
			}
		})
	}
	l.t.Cleanup(stop)
	return stop
}

// poller is what a reader needs of an engine.
type poller interface {
	Poll(context.Context, []engine.Cursor, int) ([]engine.Polled, error)
}

// published reads the whole stream: its records, by host.
func (l *lab) published(of poller) (all map[string][]string, end engine.End) {
	l.t.Helper()
	all = make(map[string][]string)
	cursor, unpacker := engine.Cursor{Stream: labStream}, NewUnpacker()
	for {
		var polled []engine.Polled
		var err error
		testkit.Until(l.t, "answer of the engine", func() bool { // it may be on its way up
			polled, err = of.Poll(context.Background(), []engine.Cursor{cursor}, 1000)
			return err == nil
		})
		for _, e := range polled[0].Entries {
			bundle, err := unpacker.Unpack(e.Batch)
			must(l.t, err)
			for _, b := range bundle.Batches {
				l.add(all, b.Host, b.Records)
			}
			cursor.After = e.ID
		}
		if !polled[0].More {
			return all, polled[0].End
		}
	}
}

// add adds the records of a host as text.
func (l *lab) add(all map[string][]string, host string, records merge.Records) {
	must(l.t, records.Each(host, func(r *pipeline.Record) {
		a := &r.Arrival
		all[host] = append(all[host], fmt.Sprintf("%d %s %s %d to %d nature %d outside %d own %q %q", r.Now,
			a.At.Format(time.RFC3339Nano), a.MessageID, a.Bytes, a.Recipients, a.Nature, a.Outside, r.Own, a.Values))
	}))
}

// wanted are the records that a pipeline gives for the whole text in one go, from a second on.
func (l *lab) wanted(from int64) map[string][]string {
	l.t.Helper()
	encoders := make(map[string]*merge.Encoder)
	p, err := l.pipeline(pipeline.Listener{Publish: func(host string, r *pipeline.Record) {
		if r.Now < from {
			return
		}
		if encoders[host] == nil {
			encoders[host] = new(merge.Encoder)
		}
		encoders[host].Add(r)
	}})
	must(l.t, err)
	p.NameHost(l.host, l.host != "")
	reader := p.Reader(time.UTC, time.Now())
	n := int64(0)
	for line := range bytes.Lines([]byte(l.text.String())) {
		n++
		reader.Line(parser.Place{File: "mainlog", Line: n}, bytes.TrimSuffix(line, []byte("\n")))
	}
	reader.Flush()
	all := make(map[string][]string)
	for host, e := range encoders {
		l.add(all, host, e.Records())
	}
	return all
}

// untilPublished waits until the stream has as many records as it is to have, and compares them.
func (l *lab) untilPublished() {
	l.t.Helper()
	l.untilHas(l.wanted(l.from()))
}

// from is the second from which on the stream is to have all.
func (l *lab) from() int64 {
	p, err := l.pipeline(pipeline.Listener{})
	must(l.t, err)
	return l.since.Load() - p.ViewReach()
}

func (l *lab) untilHas(want map[string][]string) {
	l.t.Helper()
	got := func() any {
		all, _ := l.published(l.client)
		return count(all)
	}
	testkit.Until(l.t, fmt.Sprint(count(want), " records are published"),
		func() bool { return got().(int) >= count(want) }, got)
	all, _ := l.published(l.client)
	if diff := cmp.Diff(want, all); diff != "" {
		l.t.Fatalf("published (-want +got):\n%.5000s\nlog: %s", diff, l.log)
	}
}

func count(all map[string][]string) (n int) {
	for _, one := range all {
		n += len(one)
	}
	return n
}

// logged is what a publisher logs.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// untils are those at the stream's end.
func (l *lab) untils() (u Untils) {
	l.t.Helper()
	end, err := l.client.End(context.Background(), labStream)
	must(l.t, err)
	if len(end.Untils) > 0 {
		must(l.t, json.Unmarshal(end.Untils, &u))
	}
	return u
}

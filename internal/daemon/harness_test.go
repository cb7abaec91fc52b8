package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
	"exiwatch/window"
)

// A post is a Transport that keeps what it is given.
type post struct {
	mu      sync.Mutex
	mails   []mailer.Message
	names   []string // of what was mailed, in order: alert id and event
	hangs   bool     // until its context ends
	refuses bool     // for now
	tries   int
}

func (p *post) Send(ctx context.Context, m mailer.Message) error {
	p.mu.Lock()
	p.tries++
	p.mu.Unlock()
	if p.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	if p.refuses {
		return errors.New("451 not now")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = append(p.mails, m)
	for _, id := range alertsOf(m) {
		p.names = append(p.names, id+"."+m.Event)
	}
	return nil
}

// ids are the alerts whose opening was mailed.
func (p *post) ids() []string {
	ids := openings(p.events())
	slices.Sort(ids)
	return ids
}

// openings are the ids of the alerts that events open, in their order.
func openings(events []string) (ids []string) {
	for _, name := range events {
		if id, ok := strings.CutSuffix(name, "."+pipeline.Opened); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// events are what was mailed, in order: alert id and event.
func (p *post) events() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.names)
}

// moved tells how often something was to be mailed.
func (p *post) moved() any {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tries
}

// alertsOf are the alerts that a mail tells of.
func alertsOf(m mailer.Message) []string {
	letter, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		panic(err)
	}
	return strings.Fields(strings.Join(letter.Header["X-Exiwatch-Alert"], " "))
}

// A watchman is a daemon at work.
type watchman struct {
	t      *testing.T
	daemon *Daemon
	post   *post
	cancel context.CancelFunc
	over   chan error
	ended  bool

	mu     sync.Mutex
	log    bytes.Buffer
	read   int // bytes of the log in which alerts were looked for
	alerts []openedAlert
}

func (w *watchman) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

// start makes a daemon follow logs. It ends with the test.
func start(t *testing.T, c config.Config, fromStart bool, p *post) *watchman {
	t.Helper()
	c.State = t.TempDir()
	return goOn(t, c, fromStart, p)
}

// goOn makes a daemon take up what another one left.
func goOn(t *testing.T, c config.Config, fromStart bool, p *post, edit ...func(*Daemon)) *watchman {
	t.Helper()
	w := &watchman{t: t, post: p, over: make(chan error, 1)}
	c.Mail.Transport = p
	w.daemon = &Daemon{stopTime: patience, Config: c, FromStart: fromStart, Host: "mx.lab.test",
		Log: slog.New(slog.NewJSONHandler(w, nil))}
	for _, e := range edit {
		e(w.daemon)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go func() { w.over <- w.daemon.Run(ctx) }()
	t.Cleanup(w.stop)
	return w
}

// allSent tells whether nothing is left to be told. The daemon is at work.
func (w *watchman) allSent() (all bool) {
	testkit.Must(w.t, w.daemon.counters.with(w.t.Context(), func() { all = w.daemon.outbox.unsent() == 0 }))
	return all
}

// stop ends the daemon; it may be called twice.
func (w *watchman) stop() {
	w.t.Helper()
	if w.ended {
		return
	}
	w.ended = true
	w.cancel()
	select {
	case err := <-w.over:
		if err != nil {
			w.t.Errorf("Run = %v, want no error", err)
		}
	case <-time.After(patience):
		w.t.Error("Run goes on after its context has ended")
	}
	if w.t.Failed() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.t.Logf("the daemon said:\n%.40000s", w.log.Bytes())
	}
}

// An openedAlert is what the daemon says of an alert.
type openedAlert struct {
	Msg, ID, Account string
	Silent           bool
}

// opened gives the alerts that were opened so far, in their order.
func (w *watchman) opened() []openedAlert {
	w.mu.Lock()
	defer w.mu.Unlock()
	for line := range bytes.Lines(w.log.Bytes()[w.read:]) {
		w.read += len(line)
		var a openedAlert
		if err := json.Unmarshal(line, &a); err != nil {
			w.t.Fatalf("%s: %v", line, err)
		}
		if a.Silent = a.Msg == "alert that was open already"; a.Silent || a.Msg == "alert" {
			w.alerts = append(w.alerts, a)
		}
	}
	return slices.Clone(w.alerts)
}

// until waits for what the daemon is to do, as long as it says something, mails, or moves otherwise.
func (w *watchman) until(what string, done func() bool, progress ...func() any) {
	w.t.Helper()
	testkit.Until(w.t, what, done, append(progress, w.spoken, w.post.moved)...)
}

// spoken is how much the daemon said.
func (w *watchman) spoken() any {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Len()
}

// untilRead waits until a sentinel was read.
func (w *watchman) untilRead(name string) {
	w.t.Helper()
	w.until("the alert of "+name, func() bool {
		return slices.ContainsFunc(w.opened(), func(a openedAlert) bool { return a.Account == name })
	})
}

// replayIDs gives the ids of the alerts that a replay of files lists, sorted.
func replayIDs(t *testing.T, c config.Config, names ...string) []string {
	t.Helper()
	ids := alertIDs(t, c, names...)
	slices.Sort(ids)
	return ids
}

// alertIDs gives them in the order opened.
func alertIDs(t *testing.T, c config.Config, names ...string) []string {
	t.Helper()
	return openings(replayEvents(t, c, names...))
}

// replayEvents gives the events that are mailed of the alerts that a replay of files lists, in order: alert id and
// event.
func replayEvents(t *testing.T, c config.Config, names ...string) []string {
	t.Helper()
	var events []string
	p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{
		Opened: func(alerts []*window.Alert) {
			for _, a := range alerts {
				events = append(events, a.ID+"."+pipeline.Opened)
			}
		},
		Grew: func(a *window.Alert) { events = append(events, a.ID+"."+pipeline.Grew(a)) },
		Ended: func(a *window.Alert) {
			if a.Closes {
				events = append(events, a.ID+"."+pipeline.Ended)
			}
		},
	})
	testkit.Must(t, err)
	var sources []replay.Source
	for _, name := range names {
		sources = append(sources, replay.Source{Name: name})
	}
	_, err = replay.Run(t.Context(), p, sources, c.Zone, time.Now(), nil)
	if broken := (*replay.BrokenLogs)(nil); !errors.As(err, &broken) {
		testkit.Must(t, err)
	}
	return events
}

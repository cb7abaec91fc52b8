package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
	"exiwatch/internal/web"
	"exiwatch/mailer"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A Daemon follows main logs and mails alerts. It is Run once.
type Daemon struct {
	Config    config.Config // with at least one log
	FromStart bool          // the first time, alerts on what the current logs hold already
	Host      string        // name of this machine in Message-IDs
	Log       *slog.Logger
	Sockets   []*os.File // that the service manager listens on for it; the caller's
	Version   string     // of the program
	// Ready, if set, is called when nothing can be wrong any more and the first line is about to be read. Its error ends Run.
	Ready func() error
	// Beat, if set, is called for as long as the logs are really being read: whenever each of them has been read further, or been
	// found to hold no more, since the last call. That is every tailer.DefaultTick while they are quiet. It must not block.
	Beat func()
	// Examine, if not nil, finds out whether all is in order, for the live page.
	Examine func(context.Context) []web.Finding

	now      func() time.Time
	stopping <-chan struct{}
	state    *state
	composer mailer.Composer
	spool    *mailer.Spool
	tellers  []*teller
	tally    report.Tally
	own      *own
	logs     []*followed
	others   map[string]*progress // of logs that were followed once, should they be again
	saver    saver
	meter    meter
	turn     turn  // at the counters
	door     *door // nil: nobody asks
	heart    heartbeat
	gallery  *gallery // nil: nobody looks on

	lossesFrom time.Time // not to be told before
}

// Check tells whether the settings can work, as far as can be told without touching anything.
func (d *Daemon) Check() error {
	if err := Composer(d.Config, d.Host).Check(); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	_, err := NewPipeline(d.Config.Scopes, d.Config.Rules, Listener{})
	return err
}

// Run follows the logs until ctx ends, which is no error. All goroutines are started here, and waited for: one for each log,
// which reads; one that sends mail, and one for each hook; one that answers questions; one that serves metrics, one the live page; and this
// one, which owns the counters.
func (d *Daemon) Run(ctx context.Context) error {
	d.stopping = ctx.Done()
	if err := d.prepare(); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer d.state.close()
	if d.Ready != nil {
		if err := d.Ready(); err != nil {
			if d.door != nil {
				d.door.close()
			}
			return err
		}
	}
	d.heart = newHeartbeat(d.Beat, len(d.logs))
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()

	batches := make(chan *batch, len(d.logs)*inFlight())
	failed := make(chan error, len(d.logs))
	for i, l := range d.logs {
		l.feed = l.newFeed(ctx, i, batches)
		wait.Go(func() {
			if err := l.feed.follow(l.follower); ctx.Err() == nil {
				failed <- fmt.Errorf("following %s: %w", l.path, err)
			}
		})
	}
	wait.Go(func() { d.spool.Run(ctx, d.Config.Mail.Transport, func(e mailer.Event) { d.sent(mailChannel, e) }) })
	for _, t := range d.tellers {
		wait.Go(func() { t.run(ctx, d) })
	}
	if d.door != nil {
		wait.Go(func() {
			if err := d.door.server.Serve(ctx, d.door.listeners...); err != nil {
				d.Log.Error("no more questions are answered", "error", err)
			}
		})
	}
	if d.gallery != nil {
		wait.Go(func() { d.gallery.serve(ctx) })
	}
	if d.Config.Metrics.IsValid() {
		wait.Go(func() { d.serveMetrics(ctx) })
	}
	tick := time.NewTicker(saveTick)
	defer tick.Stop()

	for {
		var next func() (done bool, err error)
		d.lend(func() {
			select {
			case b := <-batches:
				next = func() (bool, error) { return !d.take(b), nil }
			case <-tick.C:
				next = d.tick
			case err := <-failed:
				next = func() (bool, error) { return true, err }
			case <-d.stopping:
				next = func() (bool, error) { return true, nil }
			}
		})
		if done, err := next(); done {
			d.stop()
			return err
		}
	}
}

// tick does what is due now and then.
func (d *Daemon) tick() (done bool, err error) {
	d.saver.tick(d)
	d.tellLosses()
	return false, nil
}

// prepare opens everything that could be wrong before the first line is read.
func (d *Daemon) prepare() (err error) {
	if d.now == nil {
		d.now = time.Now
	}
	if err := d.Check(); err != nil {
		return err
	}
	d.meter.begin(d.now())
	d.turn = newTurn()
	d.turn.take()
	if d.state, err = openState(d.Config.State); err != nil {
		return err
	}
	d.gallery = d.newGallery()
	if err = d.open(); err == nil {
		err = d.gallery.listen(d.Config.Web)
	}
	if err == nil {
		d.meter.last = d.count()
		err = d.openDoor() // last: who asks is answered at once
	}
	if err != nil {
		d.gallery.close()
		d.state.close()
	}
	return err
}

// open takes up what the state folder has, and finds where the logs go on.
func (d *Daemon) open() error {
	was, err := d.state.load()
	var broken *brokenError
	if errors.As(err, &broken) {
		d.Log.Error("the checkpoint is lost: this is a first start", "problem", err)
	} else if err != nil {
		return err
	}
	if d.spool, err = mailer.OpenSpool(filepath.Join(d.state.dir, spoolDir)); err != nil {
		return err
	}
	key, err := d.state.key()
	if err != nil {
		return err
	}
	d.composer = Composer(d.Config, d.Host)
	if smtp, ok := d.Config.Mail.Transport.(*mailer.SMTP); ok && smtp.Hello == "" {
		smtp.Hello = d.Host
	}
	d.composer.Key = key
	listener := Listener{
		Arrival: func(a *parser.Arrival, _ *window.Arrival) { d.arrival(a) },
		Other:   d.other,
		Own:     d.delivered,
		Opened:  d.opened,
		Grew:    d.grew,
		Ended:   d.ended,
	}
	if d.gallery != nil {
		listener.Seen = d.gallery.seen
	}
	first, err := NewPipeline(d.Config.Scopes, d.Config.Rules, listener)
	if err != nil {
		return err
	}
	first.Trust(key)
	d.own = first.own
	if was == nil {
		was = &checkpoint{Spooled: d.spool.Last()} // mails without a checkpoint: they go
	}
	if _, err := d.spool.Drop(was.Spooled); err != nil { // they have never been sent, and are made again
		return err
	}
	d.spool.Commit(was.Spooled)
	if err := d.openTellers(was); err != nil {
		return err
	}
	d.saver.mailbag.restore(was.Mailbag, d.now())
	d.own.restore(was.Own)
	d.others = make(map[string]*progress)
	for path, p := range was.Logs {
		if !slices.Contains(d.Config.Log, path) && d.now().Sub(p.Written) < maxAbsence && len(d.others) < maxOthers {
			d.others[path] = p
		}
	}
	for _, path := range d.Config.Log {
		pipeline, err := first.Another(path)
		if err != nil {
			return err
		}
		l := &followed{path: path, pipeline: pipeline, zone: d.Config.Zone, now: d.now, follower: tailer.Follower{Path: path, Problem: d.problem}}
		l.reader = pipeline.Reader(d.Config.Zone, d.now())
		if err := d.begin(l, was.Logs[path]); err != nil {
			return err
		}
		if d.isStopping() {
			return context.Canceled
		}
		d.logs = append(d.logs, l)
	}
	return nil
}

// How many logs that are not followed any more are remembered, and for how long.
const (
	maxOthers  = 8
	maxAbsence = 7 * 24 * time.Hour
)

// Composer is who makes the mails of the machine host, but for its Key.
func Composer(c config.Config, host string) mailer.Composer {
	m := mailer.Composer{From: cmp.Or(c.Mail.From, "exiwatch@"+host), To: c.Mail.To, Cc: c.Mail.Cc, Subject: c.Mail.Subject, Subjects: c.Mail.Subjects, Host: host}
	if len(c.Log) > 0 {
		m.Log = c.Log[0]
	}
	return m
}

// take counts the lines of a batch and gives it back. It returns false if it was stopped before the last one: no other batch may be taken
// then.
func (d *Daemon) take(b *batch) bool {
	l := d.logs[b.log]
	if b.ahead() {
		d.lend(b.wait)
	}
	whole := l.count(b, func() { d.arrived(l) }, func(lines int64) bool {
		d.saver.counting(d, lines)
		return !d.saver.due || !d.isStopping() // mails take their time, lines don't
	})
	now := d.now()
	l.taken(b, now)
	if b.quiet && whole {
		l.quiet(b.empty(), now)
		if !b.end.IsZero() {
			d.atEnd(l, b.end)
		}
	}
	d.heart.counted(b)
	more := !b.quiet
	l.feed.free <- b
	d.saver.batched(d, more)
	return whole
}

// isStopping tells whether the daemon has been told to end.
func (d *Daemon) isStopping() bool {
	select {
	case <-d.stopping:
		return true
	default:
		return false
	}
}

// arrived ends a rebuild: from here on the log is told. Alerts that are open here and that nobody was told of were found
// in lines added late to a file that had been counted, or are those of a rule that is new.
func (d *Daemon) arrived(l *followed) {
	r := l.rebuild
	l.rebuild = nil
	d.meter.rebuilt(d.logs, d.now())
	r.see()
	l.pipeline.silent = false
	for _, a := range l.pipeline.counters.Restore(r.alerts) {
		if slices.Contains(r.rules, a.Rule.String()) {
			a.Thread = a.ID
			l.pipeline.open([]*window.Alert{a})
			continue
		}
		a.Thread = "" // nobody is told of it before it grows
		d.Log.Info("alert that was open already", "id", a.ID, "rule", a.Rule.Name, a.Rule.Key.String(), a.Value, "messages", a.Messages)
	}
}

// atEnd says that a log was read to its end at the time given. When all were, mails of which nobody knows whether the mail server took
// them may go again: if it had, the logs would have shown it.
func (d *Daemon) atEnd(l *followed, at time.Time) {
	if l.rebuild != nil {
		d.arrived(l)
	}
	first := l.end.IsZero()
	l.end, l.known = at, at
	for _, l := range d.logs {
		if l.end.IsZero() {
			return
		}
		if l.end.Before(at) {
			at = l.end
		}
	}
	d.spool.Settle(at)
	if first {
		d.Log.Info("the logs are read to their ends", "waiting_mails", d.spool.Len())
		d.saver.due = true
	}
}

// stop leaves a checkpoint of everything that was counted.
func (d *Daemon) stop() {
	d.saver.due, d.saver.blocked, d.saver.rest = true, false, time.Time{}
	d.saver.batched(d, false)
	d.Log.Info("stopped", "arrivals", d.tally.Arrivals, "malformed", d.tally.Malformed, "overflowed", d.tally.Overflowed,
		"suspicious", d.tally.Suspicious, "injected", d.tally.Injected)
}

// lossPause is how long losses are gathered before they are told.
const lossPause = time.Minute

// tellLosses says what the bounds on memory have cost.
func (d *Daemon) tellLosses() {
	now := d.now()
	if now.Before(d.lossesFrom) {
		return
	}
	if d.door != nil && d.door.tell(d) {
		d.lossesFrom = now.Add(lossPause)
	}
	for _, l := range d.logs {
		lost, any := l.losses()
		if !any {
			continue
		}
		d.lossesFrom = now.Add(lossPause)
		d.Log.Warn("more than can be held in memory", "log", l.path, "keys_dropped", lost.DroppedKeys, "arrivals_merged", lost.MergedArrivals,
			"arrivals_forgotten", lost.ForgottenRows, "distinct_omitted", lost.OmittedInner, "alerts_refused", lost.RefusedAlerts)
	}
}

// delivered is told of each mail of ours that a log shows.
func (d *Daemon) delivered(name string) {
	id, event, _ := strings.Cut(name, ".")
	var err error
	d.lend(func() { err = d.spool.Arrived(id, event) })
	if err != nil {
		d.Log.Warn("a mail of ours was delivered, which could not be noted", "id", id, "event", event, "error", err)
	}
}

// opened is told of alerts that one arrival has opened.
func (d *Daemon) opened(alerts []*window.Alert) {
	for _, a := range alerts {
		d.meter.opened[a.Rule.String()]++
		d.Log.Info("alert", "id", a.ID, "rule", a.Rule.Name, a.Rule.Key.String(), a.Value, "count", a.Count)
	}
	d.saver.put(d, news{alerts, opened})
}

func (d *Daemon) grew(a *window.Alert) {
	d.Log.Info("alert has grown", "id", a.ID, a.Rule.Key.String(), a.Value, "messages", a.Messages, "peak", a.Peak)
	if a.Thread == "" {
		a.Thread = a.ID
	}
	d.saver.put(d, news{[]*window.Alert{a}, grew(a)})
}

func (d *Daemon) ended(a *window.Alert) {
	d.Log.Info("alert ended", "id", a.ID, a.Rule.Key.String(), a.Value, "messages", a.Messages, "peak", a.Peak)
	if d.gallery != nil {
		d.gallery.end(a)
	}
	if a.Thread != "" {
		d.saver.put(d, news{[]*window.Alert{a}, ended})
	}
}

func (d *Daemon) arrival(a *parser.Arrival) {
	d.tally.Arrival(a)
	if a.Suspicious || a.Overflowed {
		d.Log.Warn("arrival that may be forged: its line can be read in two ways, or overflowed", "file", a.File, "line", a.Line,
			"message_id", string(a.MessageID))
	}
}

func (d *Daemon) other(e *parser.Entry) {
	d.tally.Other(e)
	switch e.Kind {
	case parser.Malformed:
		d.Log.Warn("arrival that could not be read", "file", e.File, "line", e.Line, "column", e.Column, "why", e.Reason)
	case parser.Overflow:
		d.Log.Warn("entry that overflowed Exim's log buffer: perhaps an arrival that hides", "file", e.File, "line", e.Line,
			"message_id", string(e.MessageID))
	case parser.Injected:
		d.Log.Warn("forged lines", "why", e.Reason, "file", e.File, "line", e.Line, "message_id", string(e.MessageID))
	}
}

// problem is called from the goroutine of a follower. A log that isn't there is no news: logrotate leaves none (nocreate), and
// Exim makes it with the next line.
func (d *Daemon) problem(err error) {
	level := slog.LevelWarn
	if errors.Is(err, fs.ErrNotExist) {
		level = slog.LevelInfo
	}
	d.Log.Log(context.Background(), level, "following the log", "problem", err)
}

// sent is called from the goroutines that send; by is a teller's name, or mail.
func (d *Daemon) sent(by string, e mailer.Event) {
	d.meter.deliveries[by].note(e)
	log := d.Log.With("id", e.ID, "event", e.Event)
	switch {
	case e.Err == nil:
		log.Info(by + " sent")
	case e.Sent:
		log.Warn(by+" sent, but not to everybody", "error", e.Err)
	case e.Kept != "":
		log.Error(by+" given up", "error", e.Err, "kept", e.Kept)
	default:
		log.Warn(by+" not sent yet", "error", e.Err, "again", e.Retry)
	}
}

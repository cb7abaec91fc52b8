package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
	"exiwatch/mailer"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A Daemon follows main logs and mails alerts.
type Daemon struct {
	Config    config.Config // with at least one log
	FromStart bool          // alerts on what the logs hold already, too
	Host      string        // name of this machine in Message-IDs
	Log       *slog.Logger

	now      func() time.Time
	composer mailer.Composer
	spool    *mailer.Spool
	tally    report.Tally
	logs     []*followed
	silent   bool // what is read was there before the daemon
}

// A followed log.
type followed struct {
	follower tailer.Follower
	reader   *parser.Reader
	feed     *feed
	past     past
	idle     bool // the last batch was quiet, too
}

// Run follows the logs until ctx ends, which is no error. All goroutines are started here, and waited for: one for each log,
// which reads; one that sends mail; and this one, which owns the counters.
func (d *Daemon) Run(ctx context.Context) error {
	if err := d.prepare(); err != nil {
		return err
	}
	stop := ctx.Done()
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()

	batches := make(chan *batch)
	failed := make(chan error, len(d.logs))
	for i, l := range d.logs {
		l.feed = newFeed(ctx, i, batches)
		wait.Go(func() {
			if err := l.follower.Follow(ctx, l.feed.line, l.feed.quiet); ctx.Err() == nil {
				failed <- fmt.Errorf("following %s: %w", l.follower.Path, err)
			}
		})
	}
	wait.Go(func() { d.spool.Run(ctx, d.Config.Mail.Transport, d.sent) })

	for {
		select {
		case b := <-batches:
			d.take(b)
		case err := <-failed:
			return err
		case <-stop:
			d.Log.Info("stopped", "arrivals", d.tally.Arrivals, "malformed", d.tally.Malformed, "overflowed", d.tally.Overflowed,
				"suspicious", d.tally.Suspicious, "injected", d.tally.Injected)
			return nil
		}
	}
}

// prepare opens everything that could be wrong before the first line is read.
func (d *Daemon) prepare() (err error) {
	if d.now == nil {
		d.now = time.Now
	}
	if d.spool, err = mailer.OpenSpool(filepath.Join(d.Config.State, "spool")); err != nil {
		return err
	}
	mail := d.Config.Mail
	d.composer = mailer.Composer{From: mail.From, To: mail.To, Cc: mail.Cc, Subject: mail.Subject, Host: d.Host, Log: d.Config.Log[0]}
	if d.composer.From == "" {
		d.composer.From = "exiwatch@" + d.Host
	}
	if err := d.composer.Check(); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	if smtp, ok := mail.Transport.(*mailer.SMTP); ok && smtp.Hello == "" {
		smtp.Hello = d.Host
	}
	first, err := NewPipeline(&d.Config.Count, d.Config.Rules, Listener{
		Arrival: func(a *parser.Arrival, _ *window.Arrival) { d.arrival(a) },
		Other:   d.other,
		Opened:  d.opened,
		Ended:   d.ended,
	})
	if err != nil {
		return err
	}
	for _, path := range d.Config.Log {
		pipeline, err := first.Another()
		if err != nil {
			return err
		}
		l := &followed{follower: tailer.Follower{Path: path, Problem: d.problem}}
		l.reader = pipeline.Reader(d.Config.Zone, d.now())
		if _, err := tailer.Cycled(path); err != nil {
			d.Log.Warn("the log isn't there yet: it is waited for", "log", path, "problem", err)
		}
		if !d.FromStart {
			l.past = pastOf(path)
		}
		d.logs = append(d.logs, l)
	}
	return nil
}

// take reads a batch and gives it back.
func (d *Daemon) take(b *batch) {
	l := d.logs[b.log]
	b.each(func(line tailer.Line) {
		d.silent = l.past.holds(line.End)
		l.reader.Line(parser.Place{File: line.File, Line: line.Number}, line.Text)
	})
	if b.quiet && l.idle && l.reader.Holding() {
		l.reader.Flush()
	}
	l.idle = b.quiet && len(b.lines) == 0
	l.feed.free <- b
}

// opened spools the mail of an alert.
func (d *Daemon) opened(a *window.Alert) {
	d.Log.Info("alert", "id", a.ID, "rule", a.Rule.Name, a.Rule.Key.String(), a.Value, "count", a.Count, "silent", d.silent)
	if d.silent {
		return
	}
	message, err := d.composer.Opened(a, d.now())
	if err == nil {
		_, err = d.spool.Put(message)
	}
	if err != nil {
		d.Log.Error("the alert could not be mailed", "id", a.ID, "error", err)
	}
}

func (d *Daemon) ended(a *window.Alert) {
	d.Log.Info("alert ended", "id", a.ID, a.Rule.Key.String(), a.Value, "messages", a.Messages, "peak", a.Peak)
}

func (d *Daemon) arrival(a *parser.Arrival) {
	d.tally.Arrival(a)
	if (a.Suspicious || a.Overflowed) && !d.silent {
		d.Log.Warn("arrival that may be forged: its line can be read in two ways, or overflowed", "file", a.File, "line", a.Line,
			"message_id", string(a.MessageID))
	}
}

func (d *Daemon) other(e *parser.Entry) {
	d.tally.Other(e)
	if d.silent {
		return
	}
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

// sent is called from the goroutine that sends.
func (d *Daemon) sent(e mailer.Event) {
	switch {
	case e.Err == nil:
		d.Log.Info("mail sent", "id", e.ID, "event", e.Event)
	case e.Sent:
		d.Log.Warn("mail sent, but not to everybody", "id", e.ID, "event", e.Event, "error", e.Err)
	case e.Kept != "":
		d.Log.Error("mail given up", "id", e.ID, "event", e.Event, "error", e.Err, "kept", e.Kept)
	default:
		d.Log.Warn("mail not sent yet", "id", e.ID, "event", e.Event, "error", e.Err, "again", e.Retry)
	}
}

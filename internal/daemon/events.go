package daemon

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"runtime"
	"strings"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/mailer"
	"exiwatch/mailer/spool"
	"exiwatch/parser"
	"exiwatch/window"
)

// delivered gets each mail of ours that a log shows.
func (d *Daemon) delivered(name string) {
	if id, event, _ := strings.Cut(name, "."); d.outbox.spool.Waits(id, event) {
		d.outbox.add(job{at: d.now(), delivered: name})
	}
}

// opened gets the alerts of one incident that one arrival has opened.
func (d *Daemon) opened(alerts []*window.Alert) {
	switch {
	case d.holdsBack():
		for _, a := range alerts {
			a.Untold = true
		}
	case d.fleet != nil:
		d.tellAlone(alerts)
	default:
		d.openedFor(alerts, mailer.FleetMark{})
	}
}

// openedFor tells that alerts of one incident have opened, with what is said of those of a fleet.
func (d *Daemon) openedFor(alerts []*window.Alert, mark mailer.FleetMark) {
	for _, a := range alerts {
		d.stats.opened[a.Rule.String()]++
		d.aside(func() {
			d.Log.Warn("alert", "id", a.ID, "incident", a.Incident.ID, "rule", a.Rule.Name, a.Rule.Key.String(),
				a.Value, "count", a.Count)
		})
	}
	if d.onTrial(alerts[0].Opened) {
		for _, a := range alerts {
			a.Untold = true
		}
		return
	}
	d.outbox.enqueue(notification{alerts: alerts, event: pipeline.Opened, fleet: mark})
}

// onTrial reports whether nobody is told of what happened at a time of the log.
func (d *Daemon) onTrial(at time.Time) bool { return at.Before(d.Config.Mail.TrialUntil) }

func (d *Daemon) grew(a *window.Alert) {
	switch {
	case d.fleet == nil:
		d.grewFor(a, mailer.FleetMark{})
	case !a.Untold && d.fleet.alone:
		d.grewFor(a, d.fleet.mark())
	}
}

func (d *Daemon) grewFor(a *window.Alert, mark mailer.FleetMark) {
	d.aside(func() {
		d.Log.Info("alert has grown", "id", a.ID, a.Rule.Key.String(), a.Value, "messages", a.Messages, "peak", a.Peak)
	})
	if d.onTrial(a.Last) {
		return
	}
	a.Untold = false
	d.outbox.enqueue(notification{alerts: []*window.Alert{a}, event: pipeline.Grew(a), times: a.Times,
		fleet: mark})
}

func (d *Daemon) ended(a *window.Alert) {
	if d.page != nil {
		d.page.end(a)
	}
	switch {
	case d.fleet == nil:
		d.endedFor(a, pipeline.Ended, mailer.FleetMark{})
	case !a.Untold:
		d.fleet.noteLocal(a)
		if !d.fleet.tells(a.ID) {
			d.endedFor(a, pipeline.Ended, d.fleet.mark())
		}
	}
}

// endedFor tells that an alert has ended, or was withdrawn.
func (d *Daemon) endedFor(a *window.Alert, event string, mark mailer.FleetMark) {
	message := "alert ended"
	if event == pipeline.Withdrawn {
		message = "alert withdrawn: lines of other hosts came late"
	}
	d.aside(func() {
		d.Log.Info(message, "id", a.ID, a.Rule.Key.String(), a.Value, "messages", a.Messages, "peak", a.Peak)
	})
	if d.onTrial(a.Ended) {
		return
	}
	if !a.Untold || a.Closes && a.Incident.ID != a.ID {
		d.outbox.enqueue(notification{alerts: []*window.Alert{a}, event: event, fleet: mark})
	}
}

// aside logs an event: each of an alert has a line of its own. That may take time, and a storm has thousands: others
// read the counters meanwhile.
func (d *Daemon) aside(log func()) {
	d.counters.unlocked(func() {
		log()
		runtime.Gosched()
	})
}

func (d *Daemon) arrival(a *parser.Arrival) {
	d.tally.Arrival(a)
	if a.IsOdd() {
		d.warn("arrival that may be forged: its line can be read in two ways, or overflowed", "file", a.File, "line",
			a.Line, "message_id", string(a.MessageID))
	}
}

func (d *Daemon) other(e *parser.Entry) {
	d.tally.Other(e)
	switch e.Kind {
	case parser.Malformed:
		d.warn("arrival that could not be read", "file", e.File, "line", e.Line, "column", e.Column, "why", e.Reason)
	case parser.Overflow:
		d.warn("entry that overflowed Exim's log buffer: perhaps an arrival that hides", "file", e.File, "line", e.Line,
			"message_id", string(e.MessageID))
	case parser.Injected:
		d.warn("forged lines", "why", e.Reason, "file", e.File, "line", e.Line, "message_id", string(e.MessageID))
	}
}

// warn logs an odd entry, or a mail that is put off; those of a kind within a minute together.
func (d *Daemon) warn(message string, attributes ...any) {
	d.warnings.add(d.Log, d.now(), message, attributes...)
}

// problem is called from the goroutine that follows a log. A missing log is normal: logrotate may leave none
// (nocreate), and Exim makes it with the next line.
func (d *Daemon) problem(err error) {
	level := slog.LevelWarn
	if errors.Is(err, fs.ErrNotExist) {
		level = slog.LevelInfo
	}
	d.Log.Log(context.Background(), level, "following the log", "problem", err)
}

// noteSent is called from the goroutines that send, after each attempt.
func (d *Daemon) noteSent(c *channel, e spool.Result) {
	log := d.Log.With("id", e.ID, "event", e.Event)
	switch {
	case e.Err == nil:
		c.sent.Add(1)
		log.Info(c.name + " sent")
	case e.Sent:
		c.partly.Add(1)
		log.Warn(c.name+" sent, but not to everybody", "error", e.Err)
	case e.Kept != "":
		c.refused.Add(1)
		log.Error(c.name+" given up", "error", e.Err, "kept", e.Kept)
	default: // each mail is tried many times, and many wait while the mail server is down
		c.deferred.Add(1)
		d.warn(c.name+" not sent yet", "id", e.ID, "event", e.Event, "error", e.Err, "again", e.Retry)
	}
}

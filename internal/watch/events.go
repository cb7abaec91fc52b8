package watch

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"runtime"
	"strings"

	"exiwatch/mailer"
	"exiwatch/parser"
	"exiwatch/window"
)

// delivered is told of each mail of ours that a log shows.
func (d *Daemon) delivered(name string) {
	if id, event, _ := strings.Cut(name, "."); d.spool.Waits(id, event) {
		d.saver.add(d, job{at: d.now(), arrived: name})
	}
}

// opened is told of alerts that one arrival has opened.
func (d *Daemon) opened(alerts []*window.Alert) {
	for _, a := range alerts {
		d.meter.opened[a.Rule.String()]++
		d.say("alert", "id", a.ID, "rule", a.Rule.Name, a.Rule.Key.String(), a.Value, "count", a.Count)
	}
	d.saver.put(d, news{alerts: alerts, event: opened})
}

func (d *Daemon) grew(a *window.Alert) {
	d.say("alert has grown", "id", a.ID, a.Rule.Key.String(), a.Value, "messages", a.Messages, "peak", a.Peak)
	if a.Thread == "" {
		a.Thread = a.ID
	}
	d.saver.put(d, news{alerts: []*window.Alert{a}, event: grew(a), times: a.Times})
}

func (d *Daemon) ended(a *window.Alert) {
	d.say("alert ended", "id", a.ID, a.Rule.Key.String(), a.Value, "messages", a.Messages, "peak", a.Peak)
	if d.gallery != nil {
		d.gallery.end(a)
	}
	if a.Thread != "" {
		d.saver.put(d, news{alerts: []*window.Alert{a}, event: ended})
	}
}

// say logs an event. Writing it may take time, of which a storm has thousands: others look at the counters meanwhile.
func (d *Daemon) say(message string, attributes ...any) {
	d.lend(func() {
		d.Log.Info(message, attributes...)
		runtime.Gosched()
	})
}

func (d *Daemon) arrival(a *parser.Arrival) {
	d.tally.Arrival(a)
	if a.IsOdd() {
		d.warn("arrival that may be forged: its line can be read in two ways, or overflowed", "file", a.File, "line",
			a.Line,
			"message_id", string(a.MessageID))
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

// warn tells of an odd entry, a minute's of a kind together.
func (d *Daemon) warn(message string, attributes ...any) {
	d.warnings.add(d.Log, d.now(), message, attributes...)
}

// problem is called from the goroutine of a follower. A log that isn't there is no news: logrotate leaves none
// (nocreate), and Exim makes it with the next line.
func (d *Daemon) problem(err error) {
	level := slog.LevelWarn
	if errors.Is(err, fs.ErrNotExist) {
		level = slog.LevelInfo
	}
	d.Log.Log(context.Background(), level, "following the log", "problem", err)
}

// sent is called from the goroutines that send; by is a teller's name, or mail.
func (d *Daemon) sent(by string, e mailer.Result) {
	d.meter.deliveries[by].note(e)
	log := d.Log.With("id", e.ID, "event", e.Event)
	switch {
	case e.Err == nil:
		log.Info(by + " sent")
	case e.Sent:
		log.Warn(by+" sent, but not to everybody", "error", e.Err)
	case e.Kept != "":
		log.Error(by+" given up", "error", e.Err, "kept", e.Kept)
	default: // each mail is tried many times, and many wait while the mail server is down
		d.putOff.Lock()
		defer d.putOff.Unlock()
		d.putOff.warnings.add(d.Log, d.now(), by+" not sent yet", "id", e.ID, "event", e.Event, "error", e.Err,
			"again", e.Retry)
	}
}

// tellPutOff says what was gathered of mails that are tried again, or all of it.
func (d *Daemon) tellPutOff(all bool) {
	d.putOff.Lock()
	defer d.putOff.Unlock()
	d.putOff.warnings.tell(d.Log, d.now(), all)
}

package watch

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/private"
	"exiwatch/mailer"
	"exiwatch/parser"
	"exiwatch/window"
)

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
	d.warnOfSecrets()
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

// warnOfSecrets says which secrets of the configuration others can read.
func (d *Daemon) warnOfSecrets() {
	for _, path := range d.Config.Secrets {
		if readers, err := private.Readers(path, os.Getegid()); err == nil && readers != "" {
			d.Log.Warn("a secret can be read by others", "file", path, "readers", readers)
		}
	}
}

// open takes up what the state folder has, and finds where the logs go on.
func (d *Daemon) open() error {
	was, err := d.state.load()
	var broken *brokenError
	if errors.As(err, &broken) {
		lost, _ := Lost(d.state.dir)
		d.Log.Error("the checkpoint is lost: this is a first start", "problem", err, "written", lost.Written,
			"hint", strings.Join(strings.Fields(lost.Hint()), " "))
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
	first.Decode(d.Config.Charset)
	d.own = first.own
	if was == nil {
		was = &checkpoint{Spooled: d.spool.Last()} // mails without a checkpoint: they go
	}
	was.rekey()
	if _, err := d.spool.DropUncommitted(was.Spooled); err != nil { // they have never been sent, and are made again
		return err
	}
	d.spool.Commit(was.Spooled)
	if err := d.openTellers(was); err != nil {
		return err
	}
	d.writer = newWriter(d)
	d.saver.mailbag.restore(was.Mailbag, d.now())
	d.own.restore(was.Own)
	d.gaps = recent(was.Gaps, d.now())
	d.others = make(map[string]*progress)
	for path, p := range was.Logs {
		if !slices.Contains(d.Config.Log, path) && d.now().Sub(p.Written) < maxAbsence && len(d.others) < maxOthers {
			d.others[path] = p
		}
	}
	for _, path := range d.Config.Log {
		l, err := d.newFollowed(path, first)
		if err != nil {
			return err
		}
		if err := d.tryBegin(l, was.Logs[path]); err != nil {
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
	m := mailer.Composer{From: cmp.Or(c.Mail.From, "exiwatch@"+host), To: c.Mail.To, Cc: c.Mail.Cc,
		Subject: c.Mail.Subject, Subjects: c.Mail.Subjects, Host: host}
	if len(c.Log) > 0 {
		m.Log = c.Log[0]
	}
	return m
}

package daemon

import (
	"cmp"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/private"
	"exiwatch/mailer"
	"exiwatch/mailer/spool"
	"exiwatch/mailer/transport"
	"exiwatch/parser"
	"exiwatch/window"
)

// setup opens everything that could fail, before the first line is read.
func (d *Daemon) setup() (err error) {
	if d.now == nil {
		d.now = time.Now
	}
	if err := d.Check(); err != nil {
		return err
	}
	d.stats.begin(d.now())
	d.counters = newCountersLock()
	d.counters.lock()
	if d.state, err = openState(d.Config.State); err != nil {
		return err
	}
	d.warnOfSecrets()
	d.page = d.newWebSource()
	if err = d.restore(); err == nil && d.page != nil {
		d.page.logs, d.page.waiting, d.page.outbox = d.logs, d.outbox.spool.Len, d.outbox
		d.page.fleet = d.newFleetLooker()
		err = d.page.listen(d.state)
	}
	if err == nil {
		d.stats.last = d.count()
		err = d.openSocket() // last: who asks is answered at once
	}
	if err != nil {
		d.page.close()
		d.socket.close()
		d.state.close()
	}
	return err
}

// warnOfSecrets logs which secrets of the configuration others can read.
func (d *Daemon) warnOfSecrets() {
	for _, path := range d.Config.Secrets {
		if readers, err := private.Readers(path, os.Getegid()); err == nil && readers != "" {
			d.Log.Warn("a secret can be read by others", "file", path, "readers", readers)
		}
	}
	for _, n := range d.Config.Notify {
		if n.Inline {
			d.Log.Warn("a secret is in the configuration: url_file names a file of its own", "notify", n.Name)
		}
	}
}

// restore takes up what is in the state folder, and finds where the logs go on.
func (d *Daemon) restore() error {
	was, err := d.loadCheckpoint()
	if err != nil {
		return err
	}
	spool, err := spool.Open(filepath.Join(d.state.dir, spoolDir))
	if err != nil {
		return err
	}
	if was == nil {
		was = &checkpoint{Spooled: spool.Last()} // all mails go
		d.Log.Info("first start", "hint", "exiwatch init writes a configuration with limits from this host's own logs")
	}
	key, err := d.state.key()
	if err != nil {
		return err
	}
	d.setComposer(key)
	first, err := d.newPipeline(key)
	if err != nil {
		return err
	}
	if err := d.openOutbox(was, spool); err != nil {
		return err
	}
	if err := d.openFleet(first, key); err != nil {
		return err
	}
	d.outbox.memory = 2*first.Counters().Longest() + 7*24*time.Hour
	d.restoreOthers(was)
	return d.resumeLogs(was, first)
}

// loadCheckpoint returns the checkpoint in the state folder; nil at the first start. A broken one is put aside.
func (d *Daemon) loadCheckpoint() (*checkpoint, error) {
	was, err := d.state.load()
	if errors.Is(err, errBroken) {
		lost, _ := Lost(d.state.dir)
		d.Log.Error("the checkpoint is lost: this is a first start", "problem", err, "written", lost.Written,
			"hint", strings.Join(strings.Fields(lost.Hint()), " "))
		err = nil
	}
	return was, err
}

// setComposer sets who makes the mails.
func (d *Daemon) setComposer(key []byte) {
	d.composer = Composer(d.Config, d.Host)
	d.composer.Key = key
	if smtp, ok := d.Config.Mail.Transport.(*transport.SMTP); ok && smtp.Hello == "" {
		smtp.Hello = d.Host
	}
}

// newPipeline makes the pipeline that those of the logs are like.
func (d *Daemon) newPipeline(key []byte) (*pipeline.Pipeline, error) {
	listener := pipeline.Listener{
		Arrival: func(a *parser.Arrival, _ *window.Arrival) { d.arrival(a) },
		Other:   d.other,
		Own:     d.delivered,
		Opened:  d.opened,
		Grew:    d.grew,
		Ended:   d.ended,
	}
	if d.page != nil {
		listener.Observed = d.page.observed
	}
	first, err := pipeline.New(d.Config.Scopes, d.Config.Rules, listener)
	if err != nil {
		return nil, err
	}
	first.Trust(key)
	first.Decode(d.Config.Charset)
	d.sent = first.Sent()
	return first, nil
}

// openOutbox opens the outbox. Mails that the checkpoint doesn't cover have never been sent, and are made again.
func (d *Daemon) openOutbox(was *checkpoint, spool *spool.Spool) error {
	if _, err := spool.DropUncommitted(was.Spooled); err != nil {
		return err
	}
	spool.Commit(was.Spooled)
	channels, err := d.openChannels(was)
	if err != nil {
		return err
	}
	d.outbox = d.newOutbox(spool, channels...)
	d.outbox.limiter = was.Mailbag.restore(d.now())
	d.outbox.limiter.trial = d.Config.Mail.TrialUntil
	d.outbox.limiter.silences = &silences{dir: d.state.dir, log: d.Log}
	d.outbox.limiter.silences.look(d.now(), d.counters)
	return nil
}

// newOutbox makes the outbox, with a spool of mails and channels besides, and its writer.
func (d *Daemon) newOutbox(mails *spool.Spool, besides ...*channel) *outbox {
	mail := &channel{name: mailChannel, spool: mails, transport: d.Config.Mail.Transport}
	o := &outbox{
		spool: mails, channels: append([]*channel{mail}, besides...),
		checkpoint: d.checkpoint, newGaps: d.newGaps, open: d.openAlerts,
		audience: d.Config.Audience, counters: d.counters, stopping: d.stopping.Done(), log: d.Log, now: d.now,
		perHour: d.Config.Mail.MaxPerHour,
	}
	o.writer = o.newWriter(d.state, d.composer)
	if s := d.Config.Summary; s != nil {
		o.writer.summaryTo = s.To
	}
	o.writer.begin = d.writing
	o.writer.patience = cmp.Or(d.stopTime, stopPatience)
	return o
}

// How many logs that are not followed any more are remembered, and for how long.
const (
	maxOthers  = 8
	maxAbsence = 7 * 24 * time.Hour
)

// restoreOthers takes from a checkpoint what belongs to no log in particular, and logs that are not followed now.
func (d *Daemon) restoreOthers(was *checkpoint) {
	d.others = make(map[string]*follow.Checkpoint)
	was.rekey()
	d.sent.Restore(was.Own)
	d.gaps = recent(was.Gaps, d.now())
	for path, c := range was.Logs {
		if !slices.Contains(d.Config.Log, path) && d.now().Sub(c.Written) < maxAbsence && len(d.others) < maxOthers {
			d.others[path] = c
		}
	}
}

// resumeLogs finds where to read each log from.
func (d *Daemon) resumeLogs(was *checkpoint, first *pipeline.Pipeline) error {
	for _, path := range d.Config.Log {
		l, err := d.newLog(path, first)
		if err != nil {
			return err
		}
		d.outbox.behind = isBehind(l)
		if err := l.Resume(was.Logs[path]); err != nil {
			return err
		}
		d.noteSaveSoon(l)
		if err := d.stopping.Err(); err != nil {
			return err
		}
		d.logs = append(d.logs, l)
	}
	return nil
}

// checkpoint says how far the logs have been counted. The writer adds which mails it covers.
func (d *Daemon) checkpoint() *checkpoint {
	c := &checkpoint{
		Version: checkpointVersion, Folded: true, Gaps: recent(d.gaps, d.now()),
		Told: make(map[string]int64), Mailbag: d.outbox.limiter.clone(),
		Own: d.sent.Saved(), Logs: maps.Clone(d.others),
	}
	for _, l := range d.logs {
		if one := l.Checkpoint(); one != nil {
			c.Logs[l.Path] = one
		}
	}
	return c
}

// Composer makes the mails of the machine host; its Key is missing.
func Composer(c config.Config, host string) mailer.Composer {
	m := mailer.Composer{From: cmp.Or(c.Mail.From, "exiwatch@"+host), To: c.Mail.To, Cc: c.Mail.Cc,
		Subject: c.Mail.Subject, Subjects: c.Mail.Subjects, Host: host}
	if len(c.Log) > 0 {
		m.Log = c.Log[0]
	}
	if c.Web != nil {
		m.Page = c.Web.URL
	}
	return m
}

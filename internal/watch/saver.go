package watch

import (
	"errors"
	"maps"
	"slices"
	"time"

	"exiwatch/window"
)

// When a checkpoint is written: with the next mail, or else now and then.
const (
	saveTick  = time.Second
	savePause = 5 * time.Second
	// saveShare is which part of the time writing checkpoints may take when there is no mail, and mailShare when there is. A
	// checkpoint takes milliseconds, but for thousands of open alerts: a quick one waits only while there is more to be read.
	saveShare, mailShare = 20, 4
	quickSave            = 100 * time.Millisecond
	// holdPatience is how long a mail may wait for an entry of the log to be finished. Syslog pieces of which one is lost
	// would hold it for ever.
	holdPatience = 10 * time.Second
)

// maxPending is how many alerts are held whose mail can't be spooled: as many as can be open.
const maxPending = 10_000

// A saver puts mails into the spool and writes checkpoints: a mail is sent only after a checkpoint that covers it. What can't be
// written is tried again each tick, and until it can be no checkpoint passes it.
type saver struct {
	due     bool      // a checkpoint is to be written
	blocked bool      // until the next tick
	held    time.Time // since when unfinished entries have been in the way; zero: they aren't
	counted int64     // lines, ever
	saved   int64     // of them, in the last checkpoint
	next    time.Time // when the next one is due that has no mail
	rest    time.Time // when the next one may be that has
	quick   bool      // the last one was
	written time.Time // the last one; zero: none yet
	forget  time.Time // when marks of sent mails are looked at
	pending []news    // whose mails could not be spooled
	mailbag mailbag
	lost    int    // beyond maxPending
	failing string // what was told last
}

// News is an event in the life of alerts, which are several only where one arrival has opened them.
type news struct {
	alerts []*window.Alert
	event  string
}

// put spools what tells of an event; later, if that can't be done now, or the daemon ends: mails take their time, lines don't. What is only
// gathered for a digest hurries no checkpoint: what one doesn't cover is read again.
func (s *saver) put(d *Daemon, n news) {
	if len(s.pending) == 0 && !d.isStopping() {
		err := s.spool(d, n)
		if err == nil {
			return
		}
		s.tell(d, "mails can't be spooled: it is tried again", err)
	}
	s.due = true
	if len(s.pending) < maxPending {
		s.pending = append(s.pending, n)
	} else {
		s.lost++
	}
}

// spool may be called again after an error: what was put already isn't put twice.
func (s *saver) spool(d *Daemon, n news) (err error) {
	d.lend(func() { err = s.spoolNow(d, n) })
	return err
}

func (s *saver) spoolNow(d *Daemon, n news) error {
	for _, t := range d.tellers {
		for _, a := range n.alerts {
			if err := t.put(d, a, n.event); err != nil {
				return err
			}
			s.due = true
		}
	}
	mailed, err := s.mailbag.put(d, n)
	s.due = s.due || mailed
	return err
}

// tell says what goes wrong, when that changes.
func (s *saver) tell(d *Daemon, what string, err error) {
	if text := what + err.Error(); text != s.failing {
		s.failing = text
		d.Log.Error(what, "error", err, "alerts_held", len(s.pending), "alerts_lost", s.lost)
	}
}

// counting is called for each line or run of lines, and batched at the end of each batch; more tells that there is more to be read at once.
func (s *saver) counting(d *Daemon, lines int64) {
	s.counted += lines
	if !s.held.IsZero() {
		s.batched(d, true)
	}
}

func (s *saver) batched(d *Daemon, more bool) {
	if s.due && !s.blocked && (s.quick && !more || !d.now().Before(s.rest)) {
		s.save(d)
	}
}

// tick is called every saveTick.
func (s *saver) tick(d *Daemon) {
	s.blocked = false
	now := d.now()
	if s.counted != s.saved && !now.Before(s.next) {
		s.due = true
	}
	var done bool
	var err error
	d.lend(func() { done, err = s.mailbag.digest(d, now) })
	if err != nil {
		s.tell(d, "mails can't be spooled: it is tried again", err)
	} else if done {
		s.due = true
	}
	s.batched(d, false)
	if !now.Before(s.forget) && !s.written.IsZero() {
		s.forget = now.Add(time.Hour)
		var err error
		d.lend(func() {
			err = d.spool.Forget(now.Add(-d.memory()))
			for _, t := range d.tellers {
				err = errors.Join(err, t.spool.Forget(now.Add(-d.memory())))
			}
		})
		if err != nil {
			d.Log.Warn("forgetting mails that were sent long ago", "error", err)
		}
	}
}

// save writes a checkpoint, if that can be done at this moment.
func (s *saver) save(d *Daemon) {
	now := d.now()
	if !s.flush(d) {
		s.blocked = true
		return
	}
	if !s.whole(d, now) && !d.isStopping() {
		return
	}
	began := time.Now()
	c := d.checkpoint()
	var err error
	d.lend(func() { err = d.state.save(c) })
	if err != nil {
		s.blocked = true
		s.tell(d, "mails wait, as there can be no checkpoint", err)
		return
	}
	d.spool.Commit(c.Spooled)
	for _, t := range d.tellers {
		t.spool.Commit(c.Told[t.name])
	}
	if s.failing != "" {
		s.failing = ""
		d.Log.Info("mails are spooled again")
	}
	s.due, s.held, s.saved = false, time.Time{}, s.counted
	s.written = now
	took := time.Since(began)
	s.next = now.Add(max(savePause, saveShare*took))
	s.rest, s.quick = now.Add(mailShare*took), took <= quickSave
}

// whole tells whether the logs can be told apart at the lines read last, between two entries: alerts that come of lines behind an
// unfinished one aren't to be in a checkpoint. It is true, too, when that has not been so for too long.
func (s *saver) whole(d *Daemon, now time.Time) bool {
	if !slices.ContainsFunc(d.logs, func(l *followed) bool { return l.rebuild == nil && l.reader.Holding() }) {
		return true
	}
	if s.held.IsZero() {
		s.held = now
	}
	return now.Sub(s.held) >= holdPatience
}

// flush spools what is pending; false: there is no room yet.
func (s *saver) flush(d *Daemon) bool {
	for len(s.pending) > 0 {
		if d.isStopping() {
			return false // the next daemon makes them again
		}
		if err := s.spool(d, s.pending[0]); err != nil {
			s.tell(d, "mails can't be spooled: it is tried again", err)
			return false
		}
		s.pending = s.pending[1:]
	}
	return true
}

// checkpoint says how far the logs have been counted.
func (d *Daemon) checkpoint() *checkpoint {
	c := &checkpoint{
		Version: checkpointVersion, Folded: true, Gaps: recent(d.gaps, d.now()),
		Spooled: d.spool.Last(), Told: make(map[string]int64), Mailbag: d.saver.mailbag.saved(),
		Own: d.own.saved(), Logs: maps.Clone(d.others),
	}
	for _, t := range d.tellers {
		c.Told[t.name] = t.spool.Last()
	}
	for _, l := range d.logs {
		switch {
		case l.stdin != nil: // it can't be read again
		case l.rebuild == nil && (l.at.Position.Offset > 0 || !l.end.IsZero()): // else nothing has been read
			c.Logs[l.path] = l.progress()
		case l.was != nil:
			c.Logs[l.path] = l.was
		}
	}
	return c
}

// memory is how long marks of mails that were sent are kept.
func (d *Daemon) memory() time.Duration {
	longest := time.Duration(0)
	for _, r := range d.Config.Rules {
		longest = max(longest, r.Window)
	}
	return 2*longest + 7*24*time.Hour
}

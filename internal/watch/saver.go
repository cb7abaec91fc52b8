package watch

import (
	"maps"
	"slices"
	"time"
)

// When a checkpoint is written: with the next mail, or else now and then.
const (
	saveTick  = time.Second
	savePause = 5 * time.Second
	// saveShare is which part of the time checkpoints may take, copied and written, when there is no mail, and
	// mailShare which part copying them may take when there is: meanwhile nothing is counted. A disk that is slow for
	// a moment holds up mails for savePause at most. A checkpoint takes milliseconds, but for thousands of open
	// alerts: a quick one waits only while there is more to be read.
	saveShare, mailShare = 20, 4
	quickSave            = 100 * time.Millisecond
	// holdPatience is how long a mail may wait for an entry of the log to be finished. Syslog pieces of which one is
	// lost would hold it for ever.
	holdPatience = 10 * time.Second
)

const (
	// saveBytes is how much of the logs is counted between two checkpoints at most: a daemon that is killed again and
	// again gets on.
	saveBytes = 64 << 20
	// firstBytes is the same before the first one of a daemon.
	firstBytes = 4 << 20
	// maxFlying is how many checkpoints may be with the writer, each with a copy of all open alerts: a storm's first
	// mails don't wait for its last ones to be composed. Between two of them there are flightEvents at least.
	maxFlying    = 4
	flightEvents = 500
	// maxWaiting is how many jobs wait for room with the writer. Only what they are about is known of them.
	maxWaiting = 100_000
	// hangTime is how long a disk may take for one write before that is said.
	hangTime = 30 * time.Second
)

// A saver decides what the writer does, and when there is to be a checkpoint: a mail is sent only after one that covers
// it.
type saver struct {
	due       bool      // a checkpoint is to be written
	flying    int       // how many the writer has
	events    int       // given to the writer since the last one
	abandoned bool      // something wasn't told, as the daemon is stopping: no checkpoint may pass it
	held      time.Time // since when unfinished entries have been in the way; zero: they aren't
	counted   int64     // lines, ever
	saved     int64     // of them, in the last checkpoint
	bytes     int64     // counted since the last checkpoint
	took      time.Duration
	next      time.Time // when the next one is due that has no mail
	rest      time.Time // when the next one may be that has
	quick     bool      // the last one was
	written   bool      // there has been one
	forget    time.Time // when marks of sent mails are looked at
	mailbag   mailbag
	waiting   []job // for room with the writer
	warnFrom  time.Time
}

// put has an event told. What is only gathered for a digest hurries no checkpoint: what one doesn't cover is read
// again.
func (s *saver) put(d *Daemon, n news) {
	now := d.now()
	known := func() (known bool) {
		d.lend(func() { known = d.spool.Has(n.alerts[0].ID, n.event) })
		return known
	}
	mailed := s.mailbag.put(n, now, d.Config.Mail.MaxPerHour, known)
	if mailed || len(d.tellers) > 0 {
		s.due = true
		s.events++
		j := job{at: now, told: n, mailed: mailed}
		if mailed {
			j.missing = d.missing()
		}
		s.add(d, j)
	}
	s.digest(d, now)
}

// digest has the digest mailed if it is due.
func (s *saver) digest(d *Daemon, now time.Time) {
	if items := s.mailbag.digest(now); len(items) > 0 {
		s.due = true
		s.add(d, job{at: now, digest: items, missing: d.missing()})
	}
}

// add has the writer do a job, behind all others. A daemon that ends doesn't wait for room: the next one does what was
// left.
func (s *saver) add(d *Daemon, j job) {
	if len(s.waiting) == 0 && d.writer.take(j) {
		return
	}
	if d.isStopping() {
		s.abandoned = true
		return
	}
	if n := len(s.waiting); n > 0 && !j.settled.IsZero() && !s.waiting[n-1].settled.IsZero() {
		s.waiting[n-1].settled = j.settled
		return
	}
	j.shorten()
	s.waiting = append(s.waiting, j)
	if len(s.waiting) > maxWaiting {
		s.warn(d, "counting waits: too much is to be told", "waiting", len(s.waiting))
		s.await(d, maxWaiting)
	}
}

// refill gives the writer what waits, as far as it has room.
func (s *saver) refill(d *Daemon) {
	for len(s.waiting) > 0 && d.writer.take(s.waiting[0]) {
		s.waiting[0] = job{}
		s.waiting = s.waiting[1:]
	}
	if len(s.waiting) == 0 {
		s.waiting = nil
	}
}

// await waits until no more than so many jobs wait, or the daemon ends.
func (s *saver) await(d *Daemon, most int) {
	d.lend(func() {
		for s.refill(d); len(s.waiting) > most; s.refill(d) {
			select {
			case <-d.writer.room:
			case <-d.stopping:
				s.abandoned = true
				return
			}
		}
	})
}

// warn says, once a minute at most, what keeps things from being told.
func (s *saver) warn(d *Daemon, message string, attributes ...any) {
	if now := d.now(); !now.Before(s.warnFrom) {
		s.warnFrom = now.Add(warnPause)
		d.Log.Error(message, attributes...)
	}
}

// counting is called for each line or run of lines, and batched at the end of each batch; more tells that there is more
// to be read at once.
func (s *saver) counting(d *Daemon, lines int64) {
	s.counted += lines
	if !s.held.IsZero() {
		s.batched(d, true)
	}
}

func (s *saver) batched(d *Daemon, more bool) {
	if s.bytes >= saveBytes || !s.written && s.bytes >= firstBytes {
		s.due = true
	}
	crowded := s.flying > 0 && s.events < flightEvents || s.flying == maxFlying
	if s.due && !crowded && (s.quick && !more || !d.now().Before(s.rest)) {
		s.save(d)
	}
}

// tick is called every saveTick.
func (s *saver) tick(d *Daemon) {
	now := d.now()
	if s.counted != s.saved && !now.Before(s.next) {
		s.due = true
	}
	s.digest(d, now)
	s.batched(d, false)
	if !now.Before(s.forget) && s.written {
		s.forget = now.Add(time.Hour)
		s.add(d, job{forget: now.Add(-d.memory())})
	}
	if hangs := d.writer.hangs(time.Now()); hangs >= hangTime {
		s.warn(d, "the disk of the state folder doesn't answer: counting goes on, mails wait",
			"since", hangs.Round(time.Second))
	}
}

// save has a checkpoint written, if there can be one at this moment.
func (s *saver) save(d *Daemon) {
	if s.abandoned || !s.whole(d, d.now()) && !d.isStopping() {
		return
	}
	began := time.Now()
	var c *checkpoint
	d.lend(func() { c = d.checkpoint() })
	s.due, s.held, s.saved, s.bytes, s.events = false, time.Time{}, s.counted, 0, 0
	s.flying++
	s.took = time.Since(began)
	s.add(d, job{checkpoint: c})
}

// wrote is told how long the writer took for a checkpoint, disk included.
func (s *saver) wrote(d *Daemon, took time.Duration) {
	now := d.now()
	s.flying--
	s.written = true
	s.next = now.Add(max(savePause, saveShare*(s.took+took)))
	s.rest = now.Add(max(mailShare*s.took, min(took, savePause)))
	s.quick = s.took+took <= quickSave
}

// stop leaves a checkpoint of everything that was counted, if there is time for that.
func (s *saver) stop(d *Daemon) {
	s.await(d, 0)
	s.save(d)
	d.lend(func() { d.writer.finish(d.stopping) })
}

// whole tells whether the logs can be told apart at the lines read last, between two entries: alerts that come of
// lines behind an unfinished one aren't to be in a checkpoint. It is true, too, when that has not been so for too
// long.
func (s *saver) whole(d *Daemon, now time.Time) bool {
	if !slices.ContainsFunc(d.logs, func(l *logState) bool { return l.catchUp == nil && l.reader.Holding() }) {
		return true
	}
	if s.held.IsZero() {
		s.held = now
	}
	return now.Sub(s.held) >= holdPatience
}

// checkpoint says how far the logs have been counted. The writer knows which mails it covers.
func (d *Daemon) checkpoint() *checkpoint {
	c := &checkpoint{
		Version: checkpointVersion, Folded: true, Gaps: recent(d.gaps, d.now()),
		Told: make(map[string]int64), Mailbag: d.saver.mailbag.saved(),
		Own: d.own.Saved(), Logs: maps.Clone(d.others),
	}
	for _, l := range d.logs {
		switch {
		case l.stdin != nil: // it can't be read again
		case l.catchUp == nil && (l.at.Position.Offset > 0 || !l.end.IsZero()): // else nothing has been read
			c.Logs[l.path] = l.checkpoint()
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

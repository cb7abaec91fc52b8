package daemon

import (
	"log/slog"
	"slices"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/mailer"
	"exiwatch/mailer/spool"
	"exiwatch/window"
)

// An outbox is where alerts become notifications: it spools them first, writes a checkpoint that covers them second,
// and lets them be sent third. So none is lost, and none is sent twice. Its writer does what needs the disk. The outbox
// belongs to the owner of the counters.
type outbox struct {
	spool    *spool.Spool // of mails
	channels []*channel   // mail is the first
	limiter  mailLimiter
	writer   *writer
	counters countersLock
	stopping <-chan struct{}
	log      *slog.Logger
	now      func() time.Time
	perHour  int           // mails; 0: as many as there are
	memory   time.Duration // for which sent mails are remembered

	checkpoint func() *checkpoint // how far the logs have been counted
	newGaps    func() []string    // the places in the logs that no mail has named as missing; each once
	open       func() []*window.Alert
	audience   func(mailer.Beginning) config.Audience

	behind bool // the log that is read has not been read to its end since the start; with perHour 0 nothing is held

	due       bool  // a checkpoint is to be written
	flying    int   // how many checkpoints the writer has
	events    int   // given to the writer since the last one
	abandoned bool  // something wasn't told because the daemon is stopping: no checkpoint may pass it
	counted   int64 // lines, ever
	saved     int64 // of them, in the last checkpoint
	bytes     int64 // counted since the last checkpoint
	took      time.Duration
	next      time.Time // when the next checkpoint without mail is due
	rest      time.Time // before this there is none with mail either
	quick     bool      // the last one was
	written   bool      // there has been one
	forget    time.Time // when to look for sent mails to be forgotten
	waiting   []job     // for room with the writer
	sure      []func()  // called when the next checkpoint is on disk
	warnFrom  time.Time
}

// When a checkpoint is written: with the next mail, or else now and then.
const (
	saveTick  = time.Second
	savePause = 5 * time.Second
	// saveShare is which part of the time checkpoints may take, copied and written, when there is no mail. mailShare is
	// which part copying them may take when there is: meanwhile nothing is counted. A slow disk delays mails by
	// savePause at most. A checkpoint takes milliseconds, except with thousands of open alerts. A quick one waits only
	// while there is more to be read.
	saveShare, mailShare = 20, 4
	quickSave            = 100 * time.Millisecond
)

const (
	// saveBytes is how much of the logs is counted between two checkpoints at most. So a daemon makes progress even if
	// it is killed again and again.
	saveBytes = 64 << 20
	// firstBytes is the same before the first checkpoint of a daemon.
	firstBytes = 4 << 20
	// maxFlying is how many checkpoints may be with the writer, each with a copy of all open alerts: a storm's first
	// mails don't wait until its last ones are composed. Between two of them there are flightEvents at least.
	maxFlying    = 4
	flightEvents = 500
	// maxWaiting is how many jobs wait for room with the writer. Only their alerts' names are kept.
	maxWaiting = 100_000
	// hangTime is how long a write may take before that is logged.
	hangTime = 30 * time.Second
)

// enqueue has the writer tell of an event, unless it goes into a digest. That hurries no checkpoint: what no checkpoint
// covers is read again.
func (o *outbox) enqueue(n notification) {
	now := o.now()
	mailed := false
	switch {
	case n.event == pipeline.Ended && !n.alerts[0].Closes:
	case o.behind && o.perHour > 0:
		o.limiter.hold(n, now)
	default:
		mailed = o.mayMail(n, now)
	}
	if mailed || slices.ContainsFunc(o.channels[1:], func(c *channel) bool { return c.short == nil }) {
		o.tell(job{at: now, told: n, mailed: mailed, hooked: true})
	}
	o.digest(now)
}

// mayMail tells whether an event gets a mail of its own; else it goes into a digest.
func (o *outbox) mayMail(n notification, now time.Time) bool {
	return o.limiter.put(n, now, o.perHour, func() (known bool) {
		o.counters.unlocked(func() { known = o.spool.Has(n.alerts[0].ID, n.fleet.EventName(n.event)) })
		return known
	})
}

// tell has the writer tell something at once.
func (o *outbox) tell(j job) {
	o.due = true
	o.events++
	if incident, ok := j.incident(); ok && o.audience(incident).General {
		j.missing = o.newGaps()
	}
	o.add(j)
}

// tellPast tells what was held while the logs were read on from where they had been left: what is over in digests of
// its own, what is open as if it had just happened.
func (o *outbox) tellPast() {
	now := o.now()
	over, held := o.limiter.takePast()
	for items := range slices.Chunk(over, maxDigest) {
		o.tellDigests(job{at: now, digest: items, past: true})
	}
	if len(held) == 0 {
		return
	}
	open := make(map[string]*window.Alert)
	for _, a := range o.open() {
		open[a.ID] = a
	}
	for _, item := range held {
		n, ok := standing(item, open)
		if !ok {
			o.limiter.gather(item, now)
			o.limiter.Due = now
		} else if o.mayMail(n, now) {
			o.tell(job{at: now, told: n, mailed: true})
		}
	}
	o.digest(now)
}

// standing is the event that an item tells of, if the alerts are open that had one: for an incident that is new, that
// they opened.
func standing(item mailer.Item, open map[string]*window.Alert) (n notification, ok bool) {
	n.event, n.fleet = item.Event, item.Fleet
	if item.New {
		n.event = pipeline.Opened
	}
	if n.event != pipeline.Opened {
		n.times = item.Times
	}
	ids := append(slices.Clone(item.Others), item.ID)
	if i := slices.Index(ids, item.Incident.ID); i > 0 { // the incident's first alert names the mail
		ids[0], ids[i] = ids[i], ids[0]
	}
	for _, id := range ids {
		if open[id] == nil {
			return n, false
		}
		n.alerts = append(n.alerts, open[id])
	}
	return n, item.New || len(n.alerts) == 1
}

// digest has the digests mailed that are due.
func (o *outbox) digest(now time.Time) {
	for items := o.limiter.digest(now); len(items) > 0; items = o.limiter.digest(now) {
		o.tellDigests(job{at: now, digest: items})
	}
}

// tellDigests tells a digest to each audience of its incidents, with these alone. Their first items name the digests
// apart.
func (o *outbox) tellDigests(j job) {
	for _, group := range byAudience(j.digest, o.audience) {
		o.limiter.markAll(group, j.at)
		j.digest = group
		o.tell(j)
	}
}

// byAudience groups incidents of the same audience, in the order in which the first of each comes.
func byAudience(items []mailer.Item, audience func(mailer.Beginning) config.Audience) (groups [][]mailer.Item) {
	var all []config.Audience
	for _, item := range items {
		a := audience(item.Incident)
		i := slices.IndexFunc(all, func(b config.Audience) bool { return a.Same(&b) })
		if i < 0 {
			i, all, groups = len(all), append(all, a), append(groups, nil)
		}
		groups[i] = append(groups[i], item)
	}
	return groups
}

// add gives the writer a job, behind all others. A daemon that is stopping doesn't wait for room: the next one does
// what is left.
func (o *outbox) add(j job) {
	if len(o.waiting) == 0 && o.writer.take(j) {
		return
	}
	if isClosed(o.stopping) {
		o.abandoned = true
		return
	}
	if n := len(o.waiting); n > 0 && !j.settled.IsZero() && !o.waiting[n-1].settled.IsZero() {
		o.waiting[n-1].settled = j.settled
		return
	}
	j.shorten()
	o.waiting = append(o.waiting, j)
	if len(o.waiting) > maxWaiting {
		o.warn("counting waits: too much is to be told", "waiting", len(o.waiting))
		o.await(maxWaiting)
	}
}

// refill gives the writer what waits, as far as it has room.
func (o *outbox) refill() {
	for len(o.waiting) > 0 && o.writer.take(o.waiting[0]) {
		o.waiting[0] = job{}
		o.waiting = o.waiting[1:]
	}
	if len(o.waiting) == 0 {
		o.waiting = nil
	}
}

// await waits until no more than so many jobs wait, or the daemon is stopping.
func (o *outbox) await(most int) {
	o.counters.unlocked(func() {
		for o.refill(); len(o.waiting) > most; o.refill() {
			select {
			case <-o.writer.room:
			case <-o.stopping:
				o.abandoned = true
				return
			}
		}
	})
}

// warn logs, once a minute at most, what keeps notifications back.
func (o *outbox) warn(message string, attributes ...any) {
	if now := o.now(); !now.Before(o.warnFrom) {
		o.warnFrom = now.Add(warnPause)
		o.log.Error(message, attributes...)
	}
}

// noteLines is called for each line or run of lines that was counted.
func (o *outbox) noteLines(lines int64) { o.counted += lines }

// saveIfDue writes a checkpoint if one is due and may be written now. More tells that there is more to be read at once.
func (o *outbox) saveIfDue(more bool) {
	if o.bytes >= saveBytes || !o.written && o.bytes >= firstBytes {
		o.due = true
	}
	crowded := o.flying > 0 && o.events < flightEvents || o.flying == maxFlying
	if o.due && !crowded && (o.quick && !more || !o.now().Before(o.rest)) {
		o.save()
	}
}

// tick is called every saveTick.
func (o *outbox) tick() {
	now := o.now()
	if o.counted != o.saved && !now.Before(o.next) {
		o.due = true
	}
	o.limiter.silences.look(now, o.counters)
	if o.limiter.isPastDue(now) {
		o.tellPast()
	}
	o.digest(now)
	o.saveIfDue(false)
	if !now.Before(o.forget) && o.written {
		o.forget = now.Add(time.Hour)
		o.add(job{forget: now.Add(-o.memory)})
		o.limiter.forget(now.Add(-o.memory))
	}
	if hangs := o.writer.hangs(time.Now()); hangs >= hangTime {
		o.warn("the disk of the state folder doesn't answer: counting goes on, mails wait",
			"since", hangs.Round(time.Second))
	}
}

// save has a checkpoint written, unless something wasn't told.
func (o *outbox) save() {
	if o.abandoned {
		return
	}
	began := time.Now()
	var c *checkpoint
	o.counters.unlocked(func() { c = o.checkpoint() })
	o.due, o.saved, o.bytes, o.events = false, o.counted, 0, 0
	o.flying++
	o.took = time.Since(began)
	o.add(job{checkpoint: c, sure: o.sure})
	o.sure = nil
}

// wrote notes how long the writer took for a checkpoint, disk included.
func (o *outbox) wrote(took time.Duration) {
	now := o.now()
	o.flying--
	o.written = true
	o.next = now.Add(max(savePause, saveShare*(o.took+took)))
	o.rest = now.Add(max(mailShare*o.took, min(took, savePause)))
	o.quick = o.took+took <= quickSave
}

// stop leaves a checkpoint of everything that was counted, if there is time for that.
func (o *outbox) stop() {
	o.await(0)
	o.save()
	o.counters.unlocked(func() { o.writer.finish(o.stopping) })
}

// unspooled is how many jobs the writer has not done yet.
func (o *outbox) unspooled() int { return len(o.waiting) + o.writer.len() }

// unsent is how many notifications wait, in the spools or to be put there.
func (o *outbox) unsent() int {
	n := o.unspooled()
	for _, c := range o.channels {
		n += c.spool.Len()
	}
	return n
}

// isClosed tells whether a channel is closed.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

package watch

import (
	"cmp"
	"errors"
	"runtime"
	"strings"
	"sync"
	"time"

	"exiwatch/mailer"
)

// A writer does what takes a disk, or much time, in a goroutine of its own: it composes mails, spools them, and writes
// checkpoints. So counting waits for no disk. It does its jobs in the order in which they come from the owner of the
// counters; so the mails of what a checkpoint covers are in the spool when that is written. What can't be written is
// tried again until it can be.
type writer struct {
	begin    func() // called first; nil but in tests
	maxJobs  int    // the constant, but in tests
	patience time.Duration
	state    *state
	spool    *mailer.Spool
	tellers  []*teller
	composer mailer.Composer
	trouble  trouble

	mu     sync.Mutex
	jobs   []job
	rows   int       // of their alerts
	busy   time.Time // since when something is being written; zero: nothing is
	idle   bool      // all jobs have been done
	closed bool      // no more jobs come

	wake  chan struct{}      // holds a token when there may be something to do
	room  chan struct{}      // the same when jobs have been done
	saved chan time.Duration // how long a checkpoint took that was written
	last  chan struct{}      // closed: what fails isn't tried again
	quit  chan struct{}      // closed: nothing is tried any more
	over  chan struct{}      // closed: the writer has ended

	// What was composed and isn't in the spools yet, and since when.
	mails   []mailer.Message
	notices map[*teller][]mailer.Message
	arrived []string
	began   time.Time
}

const (
	// maxJobs and maxJobRows are how much waits for the writer as it was when it came up. What comes then waits with
	// the saver, which knows only what it is about.
	maxJobs    = 1000
	maxJobRows = 100_000
	// together is for how long mails are composed before they are spooled together.
	together = 100 * time.Millisecond
	// againPause is how long a disk is left alone that has failed.
	againPause = time.Second
	// stopPatience is how long the writer may go on when the daemon is stopped.
	stopPatience = 700 * time.Millisecond
)

func newWriter(d *Daemon) *writer {
	return &writer{
		begin: d.writing, maxJobs: maxJobs, patience: cmp.Or(d.stopTime, stopPatience), idle: true,
		state: d.state, spool: d.spool, tellers: d.tellers, composer: d.composer,
		trouble: trouble{log: d.Log, now: d.now},
		wake:    make(chan struct{}, 1), room: make(chan struct{}, 1), saved: make(chan time.Duration, maxFlying+1),
		last: make(chan struct{}), quit: make(chan struct{}), over: make(chan struct{}),
		notices: make(map[*teller][]mailer.Message),
	}
}

// take takes a job, as the alerts are now, if there is room.
func (w *writer) take(j job) bool {
	rows := j.rows()
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.jobs)
	switch {
	case n > 0 && !j.settled.IsZero() && !w.jobs[n-1].settled.IsZero():
		w.jobs[n-1].settled = j.settled
		return true
	case n > 0 && (n >= w.maxJobs || w.rows+rows > maxJobRows):
		return false
	}
	j.snapshot()
	w.jobs = append(w.jobs, j)
	w.rows += rows
	nudge(w.wake)
	return true
}

// len is how many jobs wait, the one that is being done included.
func (w *writer) len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.idle || len(w.jobs) > 0 {
		return len(w.jobs)
	}
	return 1
}

// hangs is for how long the disk hasn't answered.
func (w *writer) hangs(now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy.IsZero() {
		return 0
	}
	return now.Sub(w.busy)
}

// finish has the writer do what it has, and end; when the daemon is stopped meanwhile, it hasn't long for that.
func (w *writer) finish(stopping <-chan struct{}) {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	nudge(w.wake)
	select {
	case <-w.over:
		return
	case <-stopping:
	}
	close(w.last)
	select {
	case <-w.over:
	case <-time.After(w.patience):
		close(w.quit)
		<-w.over
	}
}

// run does jobs until finish.
func (w *writer) run() {
	defer close(w.over)
	if w.begin != nil {
		w.begin()
	}
	for {
		j, last, ok := w.next()
		if !ok || !w.do(&j) {
			return
		}
		runtime.Gosched() // a mail takes a millisecond or two, and who asks is to wait no longer
		if last || time.Since(w.began) >= together {
			if !w.flush() {
				return
			}
		}
	}
}

// next waits for the next job; last tells that no other waits behind it. ok is false when there will be none.
func (w *writer) next() (j job, last, ok bool) {
	for {
		w.mu.Lock()
		if len(w.jobs) > 0 && !w.gaveUp() {
			j, w.jobs = w.jobs[0], w.jobs[1:]
			w.rows -= j.rows()
			last, w.idle = len(w.jobs) == 0, false
			w.mu.Unlock()
			nudge(w.room)
			return j, last, true
		}
		closed := w.closed
		w.idle = len(w.jobs) == 0
		w.mu.Unlock()
		if closed {
			return j, false, false
		}
		<-w.wake
	}
}

// gaveUp tells whether nothing is tried any more.
func (w *writer) gaveUp() bool {
	select {
	case <-w.quit:
		return true
	default:
		return false
	}
}

// do does a job, but for what is to be written together with others. It returns false if it had to give up.
func (w *writer) do(j *job) bool {
	if w.isEmpty() {
		w.began = time.Now()
	}
	switch {
	case j.checkpoint != nil:
		return w.flush() && w.save(j.checkpoint)
	case !j.settled.IsZero():
		if !w.flush() {
			return false
		}
		w.spool.ResolveUncertain(j.settled)
	case !j.forget.IsZero():
		w.forget(j.forget)
	case j.arrived != "":
		w.arrived = append(w.arrived, j.arrived)
	case len(j.digest) > 0:
		message, err := w.composerOf(j).Digest(j.digest, j.at)
		if err != nil {
			w.trouble.log.Error("a digest can't be made", "events", len(j.digest), "error", err)
			break // nor later
		}
		w.mails = append(w.mails, message)
	default:
		w.tell(j)
	}
	return true
}

// tell composes what tells of an event.
func (w *writer) tell(j *job) {
	for _, t := range w.tellers {
		for _, a := range j.told.alerts {
			notice, err := t.notice(w.composer, a, j.told.event)
			if err != nil {
				w.trouble.log.Error("the notice of an alert can't be made", "id", a.ID, "event", j.told.event,
					"error", err)
				continue // nor later
			}
			w.notices[t] = append(w.notices[t], notice)
		}
	}
	if !j.mailed {
		return
	}
	message, err := compose(w.composerOf(j), j.told, j.at)
	if err != nil {
		w.trouble.log.Error("the mail of an alert can't be made", "id", j.told.alerts[0].ID, "event", j.told.event,
			"error", err)
		return // nor later
	}
	w.mails = append(w.mails, message)
}

// composerOf makes the mail of a job.
func (w *writer) composerOf(j *job) mailer.Composer {
	c := w.composer
	c.Missing = j.missing
	return c
}

func (w *writer) isEmpty() bool { return len(w.mails)+len(w.notices)+len(w.arrived) == 0 }

// flush spools what was composed, and notes which mails have arrived.
func (w *writer) flush() bool {
	for _, t := range w.tellers {
		if !w.put(t.spool, w.notices[t], t.name) {
			return false
		}
		delete(w.notices, t)
	}
	if !w.put(w.spool, w.mails, mailChannel) {
		return false
	}
	w.mails = w.mails[:0]
	for _, name := range w.arrived {
		id, event, _ := strings.Cut(name, ".")
		if err := w.spool.ConfirmDelivered(id, event); err != nil {
			w.trouble.log.Warn("a mail of ours was delivered, which could not be noted", "id", id, "event", event,
				"error", err)
		}
	}
	w.arrived = w.arrived[:0]
	return true
}

// put spools messages. Where nobody takes what a teller tells, mails don't wait for that.
func (w *writer) put(s *mailer.Spool, messages []mailer.Message, by string) bool {
	return len(messages) == 0 || w.insist("mails can't be spooled: it is tried again", func() error {
		n, err := s.PutAll(messages)
		messages = messages[n:]
		for ; by != mailChannel && errors.Is(err, mailer.ErrFull) && len(messages) > 0; messages = messages[1:] {
			m := messages[0]
			w.trouble.log.Error("a notice is lost", "by", by, "id", m.ID, "event", m.Event, "error", err)
		}
		if len(messages) == 0 {
			return nil
		}
		return err
	})
}

// save writes a checkpoint, and lets the mails go that it covers.
func (w *writer) save(c *checkpoint) bool {
	began := time.Now()
	c.Spooled = w.spool.Last()
	for _, t := range w.tellers {
		c.Told[t.name] = t.spool.Last()
	}
	ok := w.insist("mails wait, as there can be no checkpoint", func() error {
		if err := w.spool.Sync(); err != nil { // c covers arrivals of our own mails, which are marked as sent
			return err
		}
		return w.state.save(c)
	})
	if !ok {
		return false
	}
	w.spool.Commit(c.Spooled)
	for _, t := range w.tellers {
		t.spool.Commit(c.Told[t.name])
	}
	w.saved <- time.Since(began)
	return true
}

// forget drops the marks of mails that were sent long ago.
func (w *writer) forget(before time.Time) {
	err := w.spool.PruneDelivered(before)
	for _, t := range w.tellers {
		err = errors.Join(err, t.spool.PruneDelivered(before))
	}
	if err != nil {
		w.trouble.log.Warn("forgetting mails that were sent long ago", "error", err)
	}
}

// insist tries to write until that works, or the writer has to give up, and says what goes wrong.
func (w *writer) insist(what string, try func() error) bool {
	for {
		w.note(time.Now())
		err := try()
		w.note(time.Time{})
		if err == nil {
			w.trouble.end()
			return true
		}
		w.trouble.say(what, err)
		select {
		case <-time.After(againPause):
		case <-w.last:
			return false
		}
	}
}

// note notes since when something is being written.
func (w *writer) note(since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = since
}

// nudge puts a token into a channel that holds one.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

package daemon

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"exiwatch/internal/config"
	"exiwatch/mailer"
	"exiwatch/mailer/spool"
)

// A writer does what needs a disk, or much time, in a goroutine of its own: it composes mails, spools them, and writes
// checkpoints. So counting never waits for a disk. It does its jobs in order: when it writes a checkpoint, the mails
// that this covers are in the spool. It tries again what can't be written.
type writer struct {
	begin    func() // called first; nil but in tests
	maxJobs  int    // the constant, but in tests
	patience time.Duration
	state    *state
	channels []*channel // mail is the first
	mail     *channel
	composer mailer.Composer
	audience func(mailer.Beginning) config.Audience
	trouble  trouble

	summaryTo []string                  // who gets summaries; empty: whom the composer names
	busy      atomic.Pointer[time.Time] // since when something is being written; nil: nothing is

	mu     sync.Mutex
	jobs   []job
	rows   int  // of their alerts
	idle   bool // all jobs have been done
	closed bool // no more jobs come

	wake  chan struct{}      // holds a token when there may be something to do
	room  chan struct{}      // the same when jobs have been done
	saved chan time.Duration // how long a checkpoint took that was written
	last  chan struct{}      // closed: what fails isn't tried again
	quit  chan struct{}      // closed: nothing is tried any more
	over  chan struct{}      // closed: the writer has ended

	// What was composed and isn't in the spools yet, and since when.
	messages  map[*channel][]mailer.Message
	delivered []string
	began     time.Time
}

const (
	// maxJobs and maxJobRows bound the jobs that wait for the writer with a copy of their alerts. Further ones wait
	// with the outbox, which keeps little of them.
	maxJobs    = 1000
	maxJobRows = 100_000
	// together is for how long the writer composes mails before it spools them together.
	together = 100 * time.Millisecond
	// maxRest is how long the writer rests after a job at most, if others wait. It rests as long as the job took, a
	// millisecond for a mail, so that in a storm half of a processor is left for counting and for who asks.
	maxRest = 5 * time.Millisecond
	// againPause is how long the writer leaves a disk alone that has failed.
	againPause = time.Second
	// stopPatience is how long the writer may go on when the daemon is stopped.
	stopPatience = 700 * time.Millisecond
)

// newWriter makes the writer of an outbox.
func (o *outbox) newWriter(s *state, c mailer.Composer) *writer {
	return &writer{
		maxJobs: maxJobs, idle: true,
		state: s, channels: o.channels, mail: o.channels[0], composer: c, audience: o.audience,
		trouble: trouble{log: o.log, now: o.now},
		wake:    make(chan struct{}, 1), room: make(chan struct{}, 1), saved: make(chan time.Duration, maxFlying+1),
		last: make(chan struct{}), quit: make(chan struct{}), over: make(chan struct{}),
		messages: make(map[*channel][]mailer.Message),
	}
}

// take takes a job with a copy of its alerts as they are now, if there is room.
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

// len is how many jobs wait, with the one that is being done.
func (w *writer) len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.idle || len(w.jobs) > 0 {
		return len(w.jobs)
	}
	return 1
}

// hangs is how long the disk hasn't answered.
func (w *writer) hangs(now time.Time) time.Duration {
	if since := w.busy.Load(); since != nil {
		return now.Sub(*since)
	}
	return 0
}

// finish lets the writer do what it has, and end. If the daemon is stopped meanwhile, there is little time for that.
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
		began := time.Now()
		if !ok || !w.do(&j) {
			return
		}
		if !last && !isClosed(w.last) {
			time.Sleep(min(time.Since(began), maxRest))
		}
		if last || time.Since(w.began) >= together {
			if !w.flush() {
				return
			}
		}
	}
}

// next waits for the next job. Last tells that no other waits behind it; ok is false when there will be none.
func (w *writer) next() (j job, last, ok bool) {
	for {
		w.mu.Lock()
		if len(w.jobs) > 0 && !isClosed(w.quit) {
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

// do does a job, except what is to be written together with others. It returns false if it had to give up.
func (w *writer) do(j *job) bool {
	if len(w.messages)+len(w.delivered) == 0 {
		w.began = time.Now()
	}
	switch {
	case j.checkpoint != nil:
		return w.flush() && w.save(j)
	case !j.settled.IsZero():
		if !w.flush() {
			return false
		}
		w.mail.spool.ResolveUncertain(j.settled)
	case !j.forget.IsZero():
		w.forget(j.forget)
	case j.delivered != "":
		w.delivered = append(w.delivered, j.delivered)
	case j.summary != nil:
		message, err := w.summaryComposer().Summary(j.summary, j.at)
		if err != nil {
			w.trouble.log.Error("the summary mail can't be composed", "days", j.summary.Days, "error", err)
			break // nor later
		}
		w.messages[w.mail] = append(w.messages[w.mail], message)
	case len(j.digest) > 0:
		compose := w.composerOf(j).Digest
		if j.past {
			compose = w.composerOf(j).Past
		}
		message, err := compose(j.digest, j.at)
		if err != nil {
			w.trouble.log.Error("a digest can't be made", "events", len(j.digest), "error", err)
			break // nor later
		}
		w.messages[w.mail] = append(w.messages[w.mail], message)
		w.tellShort(j)
	default:
		w.tell(j)
	}
	return true
}

// tell composes the notifications of an event.
func (w *writer) tell(j *job) {
	for _, c := range w.channels[1:] {
		if j.hooked && c.short == nil {
			w.tellHook(c, j)
		}
	}
	if !j.mailed {
		return
	}
	w.tellShort(j)
	message, err := compose(w.composerOf(j), j.told, j.at)
	if err != nil {
		w.trouble.log.Error("the mail of an alert can't be made", "id", j.told.alerts[0].ID, "event", j.told.event,
			"error", err)
		return // nor later
	}
	w.messages[w.mail] = append(w.messages[w.mail], message)
}

// tellHook composes the notices of an event for a hook or a webhook.
func (w *writer) tellHook(c *channel, j *job) {
	for _, a := range j.told.alerts {
		composer := w.composer
		composer.Fleet = j.told.fleet
		message, err := c.message(composer, a, j.told.event)
		if err != nil {
			w.trouble.log.Error("the notice of an alert can't be made", "id", a.ID, "event", j.told.event, "error", err)
			continue // nor later
		}
		w.messages[c] = append(w.messages[c], message)
	}
}

// tellShort composes what each [[notify]] says of a job's mail.
func (w *writer) tellShort(j *job) {
	incident, _ := j.incident()
	told := w.audience(incident).Notify
	for _, c := range w.channels[1:] {
		if c.short == nil || !slices.Contains(told, c.short.Name) {
			continue
		}
		text, ok, err := c.text(w.composer, j)
		if err != nil {
			w.trouble.log.Error("the notice of an alert can't be made", "by", c.name, "error", err)
			continue // nor later
		}
		if ok {
			w.messages[c] = append(w.messages[c], text)
		}
	}
}

// composerOf makes the mail of a job.
func (w *writer) composerOf(j *job) mailer.Composer {
	c := w.composer
	c.Missing, c.Fleet = j.missing, j.told.fleet
	if incident, ok := j.incident(); ok {
		a := w.audience(incident)
		c.To, c.Cc = a.To, a.Cc
	}
	return c
}

// summaryComposer makes the mails of summaries.
func (w *writer) summaryComposer() mailer.Composer {
	c := w.composer
	if len(w.summaryTo) > 0 {
		c.To, c.Cc = w.summaryTo, nil
	}
	return c
}

// flush spools what was composed, and notes which mails the logs have shown.
func (w *writer) flush() bool {
	for _, c := range w.channels {
		if !w.put(c, w.messages[c]) {
			return false
		}
		delete(w.messages, c)
	}
	for _, name := range w.delivered {
		id, event, _ := strings.Cut(name, ".")
		if err := w.mail.spool.ConfirmDelivered(id, event); err != nil {
			w.trouble.log.Warn("a mail of ours was delivered, which could not be noted", "id", id, "event", event,
				"error", err)
		}
	}
	w.delivered = w.delivered[:0]
	return true
}

// put spools messages. A full spool of a channel other than mail holds up nothing: its messages are lost, and that is
// logged.
func (w *writer) put(c *channel, messages []mailer.Message) bool {
	return len(messages) == 0 || w.insist("mails can't be spooled: it is tried again", func() error {
		n, err := c.spool.PutAll(messages)
		messages = messages[n:]
		for ; c != w.mail && errors.Is(err, spool.ErrFull) && len(messages) > 0; messages = messages[1:] {
			m := messages[0]
			w.trouble.log.Error("a notice is lost", "by", c.name, "id", m.ID, "event", m.Event, "error", err)
		}
		if len(messages) == 0 {
			return nil
		}
		return err
	})
}

// save writes a checkpoint, and lets the mails be sent that it covers.
func (w *writer) save(j *job) bool {
	began, c := time.Now(), j.checkpoint
	c.Spooled = w.mail.spool.Last()
	for _, channel := range w.channels[1:] {
		c.Told[channel.name] = channel.spool.Last()
	}
	ok := w.insist("mails wait, as there can be no checkpoint", func() error {
		if err := w.mail.spool.Sync(); err != nil { // c covers arrivals of our own mails, which are marked as sent
			return err
		}
		return w.state.save(c)
	})
	if !ok {
		return false
	}
	w.mail.spool.Commit(c.Spooled)
	for _, channel := range w.channels[1:] {
		channel.spool.Commit(c.Told[channel.name])
	}
	for _, sure := range j.sure {
		sure()
	}
	w.saved <- time.Since(began)
	return true
}

// forget forgets mails that were sent long ago.
func (w *writer) forget(before time.Time) {
	var err error
	for _, c := range w.channels {
		err = errors.Join(err, c.spool.PruneDelivered(before))
	}
	if err != nil {
		w.trouble.log.Warn("forgetting mails that were sent long ago", "error", err)
	}
}

// insist tries to write until that works, or the writer has to give up, and logs what goes wrong.
func (w *writer) insist(what string, try func() error) bool {
	for {
		began := time.Now()
		w.busy.Store(&began)
		err := try()
		w.busy.Store(nil)
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

// nudge puts a token into a channel that holds one.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

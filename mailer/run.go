package mailer

import (
	"context"
	"errors"
	"time"
)

// An Event is what came of one attempt to deliver one mail, or of a mail that Arrived found to be delivered.
type Result struct {
	ID, Event string    // of the message
	Err       error     // why it didn't go, or to whom; nil when everybody has it
	Sent      bool      // it is done: everybody has it, or everybody who would take it
	Retry     time.Time // when it is tried again; zero when it isn't
	Kept      string    // the file in refused/ of a mail that was given up; "" when it wasn't
}

// When a mail is tried again, and for how long it is.
const (
	firstPause = time.Second
	maxPause   = time.Hour
	giveUp     = 5 * 24 * time.Hour // RFC 5321, 4.5.4.1
	unwilling  = time.Hour          // for a server that refuses every mail: perhaps somebody mends it
	grace      = time.Second        // for the deliveries under way when Run is to return: the daemon has 2 s
)

// How many deliveries there are at a time. A mail server that works gets one after the other. Only beside those that
// take long another one begins, so that a conversation that hangs stops no other mail.
const (
	maxAtOnce = 4
	takesLong = time.Second / 4
)

// syncPause is how long it may take until the disk knows of a mail that was sent while others go: syncing a folder
// costs the same for one mail and for a hundred.
const syncPause = time.Second / 10

// Run delivers what waits and is committed, in the order in which the mails were put, until ctx ends. The transport
// is one destination: it gets one mail at a time, and another one beside those that take longer than takesLong, up to
// maxAtOnce, of which at least one is a mail that was never tried. A mail that fails for now is tried again after a
// second, then after pauses twice as long each time, up to an hour; the others go meanwhile, except those that are
// about the same alert: these stay in order. A mail that is refused, or still fails five days after it was put, is
// kept aside; so is one after an hour in which the server refused to see it. A mail that some recipients took is
// tried again for the others alone. report, if not nil, is called on Run's goroutine after each attempt, and once for
// each mail that Arrived or OpenSpool took out of waiting/. When ctx ends, all deliveries under way together are
// given grace. There is one Run at a time.
func (s *Spool) Run(ctx context.Context, t Transport, report func(Result)) {
	if report == nil {
		report = func(Result) {}
	}
	if l, ok := t.(lingerer); ok {
		s.mu.Lock()
		s.linger = l.linger()
		s.mu.Unlock()
	}
	r := &round{spool: s, transport: t, report: report, most: maxAtOnce, ended: make(chan ending, maxAtOnce)}
	if _, ok := t.(single); ok {
		r.most = 1
	}
	for ctx.Err() == nil || r.deliveries > 0 {
		s.tell(report)
		began, pause, idle := r.begin(ctx)
		if idle || !r.sync.IsZero() && !time.Now().Before(r.sync) {
			r.flush()
		}
		if !began {
			r.wait(ctx, pause)
		}
	}
	r.flush()
	s.tell(report)
}

// tell reports what happened elsewhere.
func (s *Spool) tell(report func(Result)) {
	s.mu.Lock()
	news := s.news
	s.news = nil
	s.mu.Unlock()
	for _, ev := range news {
		report(ev)
	}
}

// A round is what one Run is at. All of it belongs to Run's goroutine, and so does every file of a mail that is tried.
type round struct {
	spool     *Spool
	transport Transport
	report    func(Result)
	most      int // deliveries at a time

	deliveries, again int       // under way; of mails that were tried before
	latest            *entry    // the delivery that others wait for; nil: none
	since             time.Time // when that began
	ended             chan ending

	events []Result   // to report when the disk knows
	sync   time.Time // when the disk is to know; zero: there is nothing new
}

// An ending is what a transport said of a mail.
type ending struct {
	e     *entry
	again bool
	data  []byte
	err   error
}

// begin begins an attempt at a mail, if one may begin now. Otherwise it says for how long none may, and whether that
// is because none is due.
func (r *round) begin(ctx context.Context) (began bool, pause time.Duration, idle bool) {
	if ctx.Err() != nil {
		return false, maxPause, true
	}
	if r.deliveries == r.most {
		return false, maxPause, false
	}
	if left := takesLong - time.Since(r.since); r.latest != nil && left > 0 {
		return false, left, false
	}
	e, pause := r.spool.next(time.Now(), r.again < max(1, r.most-1))
	if e == nil {
		return false, pause, true
	}
	r.try(ctx, e)
	return true, 0, false
}

// try begins the delivery of a mail, unless there is none to be made.
func (r *round) try(ctx context.Context, e *entry) {
	m, err := r.spool.load(e)
	if err != nil || r.spool.accepted(e) {
		r.add(r.spool.unsent(e, err))
		return
	}
	again := e.pause > 0
	r.latest, r.since = e, time.Now()
	r.deliveries++
	if again {
		r.again++
	}
	go func() { r.ended <- ending{e, again, m.Data, deliver(ctx, r.transport, m)} }()
}

// deliver sends m. When ctx ends, the conversation gets a grace to come to its end.
func deliver(ctx context.Context, t Transport, m Message) error {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(sending, func() { timer.Stop() })
	})
	defer stop()
	return t.Send(sending, m)
}

// wait returns after d, or when events are to be reported, or a delivery has ended, or there is a new mail, or ctx
// ends.
func (r *round) wait(ctx context.Context, d time.Duration) {
	stopped := ctx.Done()
	if ctx.Err() != nil {
		if r.deliveries == 0 {
			return
		}
		stopped = nil
	}
	if !r.sync.IsZero() {
		d = min(d, time.Until(r.sync))
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case end := <-r.ended:
		r.end(end)
	case <-r.spool.wake:
	case <-stopped:
	}
}

// end moves a mail to where it belongs by now.
func (r *round) end(x ending) {
	r.deliveries--
	if x.again {
		r.again--
	}
	if r.latest == x.e {
		r.latest = nil
	}
	r.add(r.spool.end(x.e, x.data, x.err))
}

func (r *round) add(ev Result) {
	if ev.Kept != "" {
		if err := r.spool.tidy(); err != nil {
			ev.Err = errors.Join(ev.Err, err)
		}
	}
	if r.events = append(r.events, ev); r.sync.IsZero() {
		r.sync = time.Now().Add(syncPause)
	}
}

// flush reports what came of attempts, when that is on the disk. Should it not be, then because the disk fails: there
// is nobody left to tell.
func (r *round) flush() {
	if len(r.events) == 0 {
		return
	}
	r.spool.Sync()
	for _, ev := range r.events {
		r.report(ev)
	}
	r.events, r.sync = nil, time.Time{}
}

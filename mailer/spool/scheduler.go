package spool

import (
	"context"
	"errors"
	"time"

	"exiwatch/mailer"
	"exiwatch/mailer/transport"
)

// A Result is what became of one attempt to deliver a mail, or of a mail that ConfirmDelivered found to be delivered.
type Result struct {
	ID, Event string    // of the message
	Err       error     // why it was not sent, or to whom not; nil if all recipients have it
	Sent      bool      // it is done: everybody has it, or everybody who would take it
	Retry     time.Time // when it is tried again; zero when it isn't
	Kept      string    // the file in refused/ of a mail that was given up; "" when it wasn't
}

// When a mail is tried again, and for how long it is.
const (
	firstPause   = time.Second
	maxPause     = time.Hour
	giveUp       = 5 * 24 * time.Hour // RFC 5321, 4.5.4.1
	refusalLimit = time.Hour          // for a server that refuses every mail: perhaps somebody mends it
	stopGrace    = time.Second        // for the deliveries under way when Run is to return: the daemon has 2 s
)

// How many deliveries there are at a time. A mail server that works gets one after the other. Only beside those that
// take long another one begins, so that a conversation that hangs stops no other mail.
const (
	maxAtOnce = 4
	slowAfter = time.Second / 4
)

// syncPause is how long it may take until the disk knows of a mail that was sent while others go: syncing a folder
// costs the same for one mail and for a hundred.
const syncPause = time.Second / 10

// Run delivers the committed mails in the order of Put, until ctx ends. Call it once at a time.
//
// The transport is one destination. It gets one mail at a time. Beside a delivery that takes longer than slowAfter Run
// begins another, up to maxAtOnce, and keeps one place for mails that were never tried.
//
// If a mail fails for now, Run tries it again after a second, and then after pauses that double up to an hour. Other
// mails are sent meanwhile, but not those about the same alert: these stay in order. Run moves a mail to refused/ if
// the server refuses it, if it still fails five days after Put, or if the server has refused to see it for an hour. If
// some recipients took a mail, Run tries it again for the others alone.
//
// Run calls report, if it isn't nil, on its own goroutine: after each attempt, and once for each mail that
// ConfirmDelivered or Open took out of waiting/. When ctx ends, all deliveries under way together have stopGrace to
// end.
func (s *Spool) Run(ctx context.Context, t transport.Transport, report func(Result)) {
	if report == nil {
		report = func(Result) {}
	}
	// for so long it may still hand over a mail after the process that called Send has ended
	if l, ok := t.(interface{ Linger() time.Duration }); ok {
		s.mu.Lock()
		s.linger = l.Linger()
		s.mu.Unlock()
	}
	r := &scheduler{
		spool: s, transport: t, report: report, limit: maxAtOnce, ended: make(chan attemptResult, maxAtOnce),
	}
	if _, ok := t.(interface{ OneAtATime() }); ok {
		r.limit = 1
	}
	for ctx.Err() == nil || r.deliveries > 0 {
		s.reportResults(report)
		began, pause, idle := r.startNext(ctx)
		if idle || !r.sync.IsZero() && !time.Now().Before(r.sync) {
			r.flush()
		}
		if !began {
			r.sleep(ctx, pause)
		}
	}
	r.flush()
	s.reportResults(report)
}

// reportResults reports what happened outside of Run.
func (s *Spool) reportResults(report func(Result)) {
	s.mu.Lock()
	news := s.results
	s.results = nil
	s.mu.Unlock()
	for _, ev := range news {
		report(ev)
	}
}

// A scheduler is the state of one Run. Only Run's goroutine uses it, and the files of mails that are being tried.
type scheduler struct {
	spool     *Spool
	transport transport.Transport
	report    func(Result)
	limit     int // deliveries at a time

	deliveries, retries int       // under way; of mails that were tried before
	latest              *entry    // the delivery that others wait for; nil: none
	since               time.Time // when that began
	ended               chan attemptResult

	results []Result  // to report when the disk knows
	sync    time.Time // when the disk is to know; zero: there is nothing new
}

// An attemptResult is what a transport answered for a mail.
type attemptResult struct {
	e    *entry
	data []byte
	err  error
}

// startNext begins an attempt at a mail if one may begin now. If not, it returns how long to wait, and whether no mail
// is due.
func (r *scheduler) startNext(ctx context.Context) (began bool, pause time.Duration, idle bool) {
	if ctx.Err() != nil {
		return false, maxPause, true
	}
	if r.deliveries == r.limit {
		return false, maxPause, false
	}
	if left := slowAfter - time.Since(r.since); r.latest != nil && left > 0 {
		return false, left, false
	}
	e, pause := r.spool.nextDue(time.Now(), r.retries < max(1, r.limit-1))
	if e == nil {
		return false, pause, true
	}
	r.start(ctx, e)
	return true, 0, false
}

// start begins the delivery of a mail, unless it needs none.
func (r *scheduler) start(ctx context.Context, e *entry) {
	m, err := r.spool.load(e)
	if result, ended := r.spool.settleUnsent(e, err); ended {
		r.addResult(result)
		return
	}
	r.latest, r.since = e, time.Now()
	r.deliveries++
	if e.pause > 0 {
		r.retries++
	}
	go func() { r.ended <- attemptResult{e, m.Data, deliver(ctx, r.transport, m)} }()
}

// deliver sends m. When ctx ends, the conversation gets stopGrace to end.
func deliver(ctx context.Context, t transport.Transport, m mailer.Message) error {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })()
	return t.Send(sending, m)
}

// sleep returns after d, or earlier: when results are to be reported, a delivery ends, a new mail comes, or ctx ends.
func (r *scheduler) sleep(ctx context.Context, d time.Duration) {
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
		r.finish(end)
	case <-r.spool.wake:
	case <-stopped:
	}
}

// finish moves a mail to where its result puts it.
func (r *scheduler) finish(x attemptResult) {
	r.deliveries--
	if x.e.pause > 0 {
		r.retries--
	}
	if r.latest == x.e {
		r.latest = nil
	}
	r.addResult(r.spool.settle(x.e, x.data, x.err))
}

func (r *scheduler) addResult(ev Result) {
	if ev.Kept != "" {
		if err := r.spool.countRefused(); err != nil {
			ev.Err = errors.Join(ev.Err, err)
		}
	}
	if r.results = append(r.results, ev); r.sync.IsZero() {
		r.sync = time.Now().Add(syncPause)
	}
}

// flush syncs the disk and then reports the results of attempts. If the sync fails, the disk fails, and nothing can be
// done about it.
func (r *scheduler) flush() {
	if len(r.results) == 0 {
		return
	}
	r.spool.Sync()
	for _, ev := range r.results {
		r.report(ev)
	}
	r.results, r.sync = nil, time.Time{}
}

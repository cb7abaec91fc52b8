package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
	"exiwatch/internal/web"
	"exiwatch/mailer"
)

// A Daemon follows main logs and mails alerts. It is Run once.
type Daemon struct {
	Config    config.Config // with at least one log
	FromStart bool          // the first time, alerts on what the current logs hold already
	Host      string        // name of this machine in Message-IDs
	Log       *slog.Logger
	Sockets   []*os.File // that the service manager listens on for it; the caller's
	Version   string     // of the program
	Stdin     io.Reader  // the log "-"
	// Ready, if set, is called when nothing can be wrong any more and the first line is about to be read. Its error
	// ends Run.
	Ready func() error
	// Beat, if set, is called for as long as the logs are really being read: whenever each of them has been read
	// further, or been found to hold no more, since the last call. That is every tailer.DefaultTick while they are
	// quiet. It must not block.
	Beat func()
	// Examine, if not nil, finds out whether all is in order, for the live page.
	Examine func(context.Context) []web.Finding

	now      func() time.Time
	writing  func()        // called when the writer begins; nil but in tests
	stopTime time.Duration // for the writer to end; 0, but in tests: stopPatience
	stopping <-chan struct{}
	state    *state
	composer mailer.Composer
	spool    *mailer.Spool
	tellers  []*teller
	tally    report.Tally
	own      *own
	logs     []*followed
	others   map[string]*progress // of logs that were followed once, should they be again
	saver    saver
	writer   *writer
	meter    meter
	turn     turn  // at the counters
	door     *door // nil: nobody asks
	heart    heartbeat
	gallery  *gallery // nil: nobody looks on
	gaps     []Gap
	launch   func(i int, l *followed) // begins to follow a log

	warnings warnings
	putOff   struct { // of mails; those who send add to it
		sync.Mutex
		warnings
	}
	lossesFrom time.Time // not to be told before
}

// Check tells whether the settings can work, as far as can be told without touching anything.
func (d *Daemon) Check() error {
	if err := Composer(d.Config, d.Host).Check(); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	_, err := NewPipeline(d.Config.Scopes, d.Config.Rules, Listener{})
	return err
}

// Run follows the logs until ctx ends, which is no error. All goroutines are started here, and waited for: one for each
// log, which reads, and starts hands that read ahead when there is much; one that writes what is told and the
// checkpoints; one that sends mail, and one for each hook; one that answers questions; one that serves metrics, one the
// live page; and this one, which owns the counters.
func (d *Daemon) Run(ctx context.Context) error {
	d.stopping = ctx.Done()
	if err := d.prepare(); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer d.state.close()
	if d.Ready != nil {
		if err := d.Ready(); err != nil {
			if d.door != nil {
				d.door.close()
			}
			return err
		}
	}
	d.heart = newHeartbeat(d.Beat, len(d.logs))
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()

	batches := make(chan *batch, len(d.logs)*inFlight())
	failed := make(chan error, len(d.logs))
	d.launch = func(i int, l *followed) {
		l.feed = l.newFeed(ctx, i, batches)
		wait.Go(func() {
			if err := l.follow(); ctx.Err() == nil {
				failed <- fmt.Errorf("following %s: %w", l.path, err)
			}
		})
	}
	for i, l := range d.logs {
		if !l.pending {
			d.launch(i, l)
		}
	}
	wait.Go(d.writer.run)
	wait.Go(func() { d.spool.Run(ctx, d.Config.Mail.Transport, func(e mailer.Result) { d.sent(mailChannel, e) }) })
	for _, t := range d.tellers {
		wait.Go(func() { t.run(ctx, d) })
	}
	if d.door != nil {
		wait.Go(func() {
			if err := d.door.server.Serve(ctx, d.door.listeners...); err != nil {
				d.Log.Error("no more questions are answered", "error", err)
			}
		})
	}
	if d.gallery != nil {
		wait.Go(func() { d.gallery.serve(ctx) })
	}
	if d.Config.Metrics.IsValid() {
		wait.Go(func() { d.serveMetrics(ctx) })
	}
	tick := time.NewTicker(saveTick)
	defer tick.Stop()

	for {
		var next func() (done bool, err error)
		d.lend(func() {
			select {
			case b := <-batches:
				next = func() (bool, error) { return !d.take(b), nil }
			case <-tick.C:
				next = d.tick
			case <-d.writer.room:
				next = func() (bool, error) { d.saver.refill(d); return false, nil }
			case took := <-d.writer.saved:
				next = func() (bool, error) { return false, d.wrote(took, len(batches) > 0) }
			case err := <-failed:
				next = func() (bool, error) { return true, d.finish(err, batches) }
			case <-d.stopping:
				next = func() (bool, error) { return true, nil }
			}
		})
		if done, err := next(); done {
			if d.logs[0].stdin == nil { // else there is time
				d.stopping = closed
			}
			d.saver.stop(d)
			d.sayEnd()
			d.sendOff()
			return err
		}
	}
}

// closed is a channel of something that is over.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// finish counts what was read of a log that has ended, and tells whether that is an error.
func (d *Daemon) finish(err error, batches <-chan *batch) error {
	if !errors.Is(err, errEnd) {
		return err
	}
	for len(batches) > 0 {
		d.take(<-batches)
	}
	d.logs[0].reader.Flush()
	return nil
}

// sendTime is how long the mails about a log that has ended may take to be sent. The others go at the next start.
const sendTime = 30 * time.Second

// sendOff waits for the mails about the standard input: with a log that goes on, the next daemon would send them.
func (d *Daemon) sendOff() {
	if d.logs[0].stdin == nil {
		return
	}
	tick, late := time.NewTicker(20*time.Millisecond), time.After(sendTime)
	defer tick.Stop()
	d.lend(func() {
		for d.unsent() > 0 {
			select {
			case <-tick.C:
			case <-late:
				d.Log.Warn("mails wait for the next start", "mails", d.unsent())
				return
			case <-d.stopping:
				return
			}
		}
	})
}

// unsent is how many mails and events of hooks wait, in the spools or to be put there.
func (d *Daemon) unsent() int {
	n := len(d.saver.waiting) + d.writer.len() + d.spool.Len()
	for _, t := range d.tellers {
		n += t.spool.Len()
	}
	return n
}

// tick does what is due now and then.
func (d *Daemon) tick() (done bool, err error) {
	if err := d.tryPending(); err != nil {
		return true, err
	}
	d.saver.tick(d)
	d.tellLosses()
	d.warnings.tell(d.Log, d.now(), false)
	d.tellPutOff(false)
	return false, nil
}

// isStopping tells whether the daemon has been told to end.
func (d *Daemon) isStopping() bool {
	select {
	case <-d.stopping:
		return true
	default:
		return false
	}
}

// wrote is told how long a checkpoint took.
func (d *Daemon) wrote(took time.Duration, more bool) error {
	d.saver.wrote(d, took)
	d.saver.batched(d, more)
	return nil
}

// sayEnd says what was counted in all.
func (d *Daemon) sayEnd() {
	d.warnings.tell(d.Log, d.now(), true)
	d.tellPutOff(true)
	d.Log.Info("stopped", "arrivals", d.tally.Arrivals, "malformed", d.tally.Malformed, "overflowed",
		d.tally.Overflowed,
		"suspicious", d.tally.Suspicious, "injected", d.tally.Injected)
}

package daemon

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
	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/internal/web"
	"exiwatch/mailer"
	"exiwatch/mailer/spool"
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
	stopping context.Context // ends when Run is to end
	state    *state
	outbox   *outbox
	counters countersLock
	composer mailer.Composer
	tally    report.Tally
	sent     *pipeline.SentLedger
	logs     []*follow.LiveLog
	others   map[string]*follow.Checkpoint // of logs that were followed once, in case they are again
	stats    selfStats
	socket   *socketServer // nil: nobody asks
	fleet    *fleetMember  // nil: this host is alone
	page     *webSource    // nil: nobody looks
	watchdog watchdog
	gaps     []Gap

	summaries summarizer

	running context.Context // of the goroutines that Run starts
	wait    sync.WaitGroup  // for them
	batches chan *follow.Batch
	failed  chan error // why a log can't be followed

	warnings     warnings
	overloadFrom time.Time // before this, overload isn't logged

	// For tests: what to do when the writer begins, and how long it may take to end.
	writing  func()
	stopTime time.Duration
}

// Check tells whether the settings can work, as far as can be told without touching anything.
func (d *Daemon) Check() error {
	if err := Composer(d.Config, d.Host).Check(); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	_, err := pipeline.New(d.Config.Scopes, d.Config.Rules, pipeline.Listener{})
	return err
}

// Run follows the logs until ctx ends, which is no error. It starts all goroutines, and waits for them: one for each
// log, which reads, and starts workers that parse ahead when there is much; one that spools mails and writes
// checkpoints; one that sends mail, and one for each hook; one that answers questions; one that serves metrics, one the
// live page; and this one, which owns the counters.
func (d *Daemon) Run(ctx context.Context) error {
	d.stopping = ctx
	if err := d.setup(); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer d.state.close()
	if d.Ready != nil {
		if err := d.Ready(); err != nil {
			d.socket.close()
			return err
		}
	}
	var cancel context.CancelFunc
	d.running, cancel = context.WithCancel(ctx)
	defer d.closeFleet()
	defer d.wait.Wait()
	defer cancel()
	d.startLogs()
	d.startServices()
	return d.loop()
}

// startLogs starts a goroutine for each log that can be read.
func (d *Daemon) startLogs() {
	d.watchdog = watchdog{beat: d.Beat, heard: make(map[int]bool), logs: len(d.logs)}
	d.batches = make(chan *follow.Batch, len(d.logs)*follow.InFlight())
	d.failed = make(chan error, len(d.logs))
	for i, l := range d.logs {
		if !l.Pending {
			d.launch(i)
		}
	}
}

// startServices starts the goroutines that read no log.
func (d *Daemon) startServices() {
	ctx := d.running
	d.wait.Go(d.outbox.writer.run)
	for _, c := range d.outbox.channels {
		d.wait.Go(func() { c.spool.Run(ctx, c.transport, func(e spool.Result) { d.noteSent(c, e) }) })
	}
	d.startFleet(ctx)
	if d.socket != nil {
		d.wait.Go(func() {
			if err := d.socket.server.Serve(ctx, d.socket.listeners...); err != nil {
				d.Log.Error("no more questions are answered", "error", err)
			}
		})
	}
	if d.page != nil {
		d.Log.Info("the live page is served", "address", d.page.address())
		d.wait.Go(func() {
			if err := d.page.server.Serve(ctx, d.page.listener); err != nil {
				d.Log.Error("the live page is served no more", "error", err)
			}
		})
	}
	if d.Config.Metrics.IsValid() {
		d.wait.Go(func() { d.serveMetrics(ctx) })
	}
}

// loop does what comes up, one thing after the other, until the daemon is told to stop. While nothing comes up, others
// may read the counters.
func (d *Daemon) loop() (err error) {
	tick := time.NewTicker(saveTick)
	defer tick.Stop()
	for done := false; !done; {
		var next func()
		d.counters.unlocked(func() {
			select {
			case b := <-d.batches:
				next = func() { done = !d.processBatch(b) }
			case <-tick.C:
				next = func() {
					err = d.tick()
					done = err != nil
				}
			case told := <-d.fleetEvents():
				next = func() {
					d.tellFleet(told)
					d.outbox.saveIfDue(len(d.batches) > 0)
				}
			case <-d.outbox.writer.room:
				next = d.outbox.refill
			case took := <-d.outbox.writer.saved:
				next = func() {
					d.outbox.wrote(took)
					d.outbox.saveIfDue(len(d.batches) > 0)
				}
			case failed := <-d.failed:
				next = func() { err, done = d.finish(failed), true }
			case <-d.stopping.Done():
				next = func() { done = true }
			}
		})
		next()
	}
	d.shutDown()
	return err
}

// shutDown leaves a last checkpoint.
func (d *Daemon) shutDown() {
	if !d.logs[0].IsStdin() { // else there is time
		closed := make(chan struct{})
		close(closed)
		d.outbox.stopping = closed
	}
	d.outbox.stop()
	d.logEnd()
	d.sendOff()
}

// finish counts what was read of a log that has ended. It returns an error if the log should not have ended.
func (d *Daemon) finish(err error) error {
	if !errors.Is(err, follow.ErrEnd) {
		return err
	}
	for len(d.batches) > 0 {
		d.processBatch(<-d.batches)
	}
	d.logs[0].Flush()
	return nil
}

// sendTime is how long the mails about a log that has ended may take to be sent. The others go at the next start.
const sendTime = 30 * time.Second

// sendOff waits until the mails about the standard input have been sent: nobody will start again with that log.
func (d *Daemon) sendOff() {
	if !d.logs[0].IsStdin() {
		return
	}
	tick, late := time.NewTicker(20*time.Millisecond), time.After(sendTime)
	defer tick.Stop()
	d.counters.unlocked(func() {
		for d.outbox.unsent() > 0 {
			select {
			case <-tick.C:
			case <-late:
				d.Log.Warn("mails wait for the next start", "mails", d.outbox.unsent())
				return
			case <-d.stopping.Done():
				return
			}
		}
	})
}

// tick does what is due now and then.
func (d *Daemon) tick() error {
	if err := d.tryPending(); err != nil {
		return err
	}
	d.lookAtFleet()
	d.outbox.tick()
	d.summarize()
	d.logOverload()
	d.warnings.tell(d.Log, d.now(), false)
	return nil
}

// logEnd logs what was counted in all.
func (d *Daemon) logEnd() {
	d.warnings.tell(d.Log, d.now(), true)
	d.Log.Info("stopped", "arrivals", d.tally.Arrivals, "malformed", d.tally.Malformed, "overflowed",
		d.tally.Overflowed, "suspicious", d.tally.Suspicious, "injected", d.tally.Injected)
}

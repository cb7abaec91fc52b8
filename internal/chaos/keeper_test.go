package chaos

import (
	"errors"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// termTime is how long the daemon may take to end when it is asked to.
const termTime = 2 * time.Second

// A keeper starts the daemon, and ends it in its ways. Orders are carried out one after the other, on a goroutine of
// its own, while others write.
type keeper struct {
	t      *testing.T
	args   []string // the daemon's command line
	stderr string   // file that all daemons write to
	gate   sync.Locker
	note   func(string, ...any)
	orders chan func()

	faults  sync.WaitGroup
	disturb *disturbance    // of the next daemon; as the following, of the goroutine that carries out orders
	calmed  <-chan struct{} // closed when the last fault is over

	mu     sync.Mutex
	daemon *daemon // nil before the first
	kills  int     // of all sorts
}

// A daemon is one process.
type daemon struct {
	cmd    *exec.Cmd
	ended  chan struct{}
	said   int64 // size of stderr when it was started
	doomed bool  // it was told to end; under the keeper's mu
}

// newKeeper makes a keeper that no longer works when the test ends. It starts no daemon while somebody holds gate.
func newKeeper(t *testing.T, stderr string, gate sync.Locker, note func(string, ...any), args ...string) *keeper {
	k := &keeper{t: t, args: args, stderr: stderr, gate: gate, note: note, orders: make(chan func(), 10_000)}
	calm := make(chan struct{})
	close(calm)
	k.calmed = calm
	over := make(chan struct{})
	go func() {
		defer close(over)
		for order := range k.orders {
			if order == nil {
				return
			}
			order()
		}
	}()
	t.Cleanup(func() {
		k.orders <- nil // it isn't closed: a late conversation may still have an order
		<-over
		if d := k.current(); d != nil {
			k.signal(d, syscall.SIGKILL)
			<-d.ended
		}
		k.faults.Wait()
	})
	return k
}

func (k *keeper) current() *daemon {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.daemon
}

// wait returns when the orders so far are carried out.
func (k *keeper) wait() {
	done := make(chan struct{})
	k.orders <- func() { close(done) }
	select {
	case <-done:
	case <-time.After(10 * patience):
		k.t.Fatal("the keeper hangs")
	}
}

// start orders a daemon to be started, unless one is at work.
func (k *keeper) start() { k.orders <- k.ensure }

func (k *keeper) ensure() {
	if d := k.current(); d != nil {
		if !isOver(d.ended) && !k.isDoomed(d) {
			return
		}
		<-d.ended
		if !k.isDoomed(d) {
			k.t.Errorf("the daemon ended by itself: %v; see %s", d.cmd.ProcessState, k.stderr)
		}
	}
	k.launch()
}

// launch starts a daemon, when what the mail server accepted from the last one is in the log.
func (k *keeper) launch() {
	disturb := k.disturb
	d := k.begin()
	if k.disturb = nil; disturb != nil {
		k.calm(d, *disturb)
	}
}

// begin starts a daemon's process.
func (k *keeper) begin() *daemon {
	k.gate.Lock()
	defer k.gate.Unlock()
	f, err := os.OpenFile(k.stderr, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	testkit.Must(k.t, err)
	defer f.Close()
	info, err := f.Stat()
	testkit.Must(k.t, err)
	d := &daemon{cmd: exec.Command(k.args[0], k.args[1:]...), ended: make(chan struct{}), said: info.Size()}
	if k.disturb != nil {
		d.cmd = k.disturb.command(k.args)
	}
	d.cmd.Stderr = f
	d.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // by default the race detector takes a second to end
	testkit.Must(k.t, d.cmd.Start())
	k.note("daemon: started as %d", d.cmd.Process.Pid)
	go func() {
		d.cmd.Wait()
		close(d.ended)
	}()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.daemon = d
	return d
}

// kill orders the daemon to be sent a signal after a pause, which is short: it makes the moment another one than that
// of a line.
func (k *keeper) kill(signal syscall.Signal, pause time.Duration) {
	k.orders <- func() {
		time.Sleep(pause) // the moment of the signal
		k.end(signal)
	}
}

// end ends the daemon with a signal, if one is at work.
func (k *keeper) end(signal syscall.Signal) {
	d := k.current()
	if d == nil || isOver(d.ended) || k.isDoomed(d) {
		return
	}
	switch signal {
	case syscall.SIGTERM:
		k.terminate(d)
	case syscall.SIGHUP:
		k.hangUp(d)
	default:
		k.signal(d, signal)
		<-d.ended
	}
}

// strike kills the daemon at once, from any goroutine, and has the next one started.
func (k *keeper) strike() {
	if d := k.current(); d != nil {
		k.signal(d, syscall.SIGKILL)
		<-d.ended
	}
	k.start()
}

// signal sends a signal that is to end the daemon.
func (k *keeper) signal(d *daemon, s syscall.Signal) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if isOver(d.ended) {
		return
	}
	k.note("daemon: %v to %d", s, d.cmd.Process.Pid)
	d.doomed = true
	k.kills++
	if err := d.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		k.t.Errorf("%v: %v", s, err)
	}
}

// terminate asks the daemon to end, and wants it to.
func (k *keeper) terminate(d *daemon) {
	k.untilAwake(d)
	asked := time.Now()
	k.signal(d, syscall.SIGTERM)
	select {
	case <-d.ended:
		struck := d.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL // by strike, meanwhile
		if took := time.Since(asked); !struck && (!d.cmd.ProcessState.Success() || took > termTime) {
			k.t.Errorf("SIGTERM: the daemon ended after %v with %v, want 0 within %v", took.Round(time.Millisecond),
				d.cmd.ProcessState, termTime)
		}
	case <-time.After(patience):
		k.t.Errorf("SIGTERM: the daemon goes on after %v", patience)
		k.signal(d, syscall.SIGKILL)
		<-d.ended
	}
}

// hangUp sends SIGHUP, which the daemon may take as it likes.
func (k *keeper) hangUp(d *daemon) {
	k.untilAwake(d)
	k.note("daemon: SIGHUP to %d", d.cmd.Process.Pid)
	d.cmd.Process.Signal(syscall.SIGHUP)
	select {
	case <-d.ended:
		k.doom(d)
	case <-time.After(200 * time.Millisecond): // there is nothing to be seen where it ignores it
	}
}

// untilAwake waits until the daemon has said something: before, it can't know what to do with a signal.
func (k *keeper) untilAwake(d *daemon) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) &&
		!isOver(d.ended); time.Sleep(5 * time.Millisecond) { // until another process has spoken
		if info, err := os.Stat(k.stderr); err == nil && info.Size() > d.said {
			return
		}
	}
}

func (k *keeper) doom(d *daemon) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d.doomed = true
	k.kills++
}

func (k *keeper) isDoomed(d *daemon) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return d.doomed
}

func isOver(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// retire orders the last daemon to end well, and waits for it.
func (k *keeper) retire() {
	k.orders <- func() {
		d := k.current()
		if isOver(d.ended) || k.isDoomed(d) {
			k.t.Error("there is no daemon to be stopped")
			return
		}
		k.terminate(d)
	}
	k.wait()
}

// killed is how often a signal ended a daemon so far.
func (k *keeper) killed() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kills
}

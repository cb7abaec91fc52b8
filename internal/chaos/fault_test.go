package chaos

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A fault has system calls of the daemon fail for a while, at files of the log's folder. strace injects the errors.
type fault struct {
	call, errno string
	every       int    // each so many calls fail
	where       string // of places
	one         int    // which file, where it is one
	length      time.Duration
}

// faulty are the calls that fail, with what Linux or a network's file system answers then.
var faulty = []struct {
	call   string
	errnos []string
}{
	{"openat", []string{"EMFILE", "ENFILE", "EIO", "EACCES", "ENOMEM", "ESTALE"}},
	{"newfstatat,fstat", []string{"EIO", "EACCES", "ENOMEM", "ESTALE"}},
	{"read,pread64", []string{"EIO", "ENOMEM", "ESTALE"}},
	{"getdents64", []string{"EIO", "EACCES", "ENOMEM", "ESTALE"}},
}

// Where a fault is.
const (
	everywhere = "everywhere"
	atLog      = "the log"
	atFolder   = "the folder"
	atOne      = "one file"
)

var places = []string{everywhere, everywhere, atLog, atFolder, atOne}

func drawFault(r *rand.Rand) fault {
	kind := faulty[r.IntN(len(faulty))]
	f := fault{call: kind.call, errno: pick(r, kind.errnos), every: 1 + r.IntN(3)*r.IntN(2)}
	f.where, f.one = pick(r, places), r.IntN(maxRow)
	if f.call == "getdents64" { // of folders alone
		f.where = atFolder
	}
	f.length = 200*time.Millisecond + time.Duration(r.IntN(1800))*time.Millisecond
	return f
}

func (f fault) String() string {
	return fmt.Sprintf("%s of %s fails with %s, one in %d, for %v", f.call, f.where, f.errno, f.every, f.length)
}

// strace gives the arguments for strace, which appends what it sees to trace. By -I1 it lets go at once when it ends.
func (f fault) strace(trace string, paths []string) []string {
	args := []string{"-f", "-qq", "-I1", "-A", "-o", trace, "-e", "trace=" + f.call, "-e", "signal=none",
		"-e", fmt.Sprintf("inject=%s:error=%s:when=1+%d", f.call, f.errno, f.every)}
	for _, path := range paths {
		args = append(args, "-P", path)
	}
	return args
}

// paths are those of the fault's place by now.
func (f fault) paths(t *testing.T, log string) []string {
	folder := filepath.Dir(log)
	switch f.where {
	case atLog:
		return []string{log}
	case atFolder:
		return []string{folder}
	}
	entries, err := os.ReadDir(folder)
	testkit.Must(t, err)
	all := []string{folder, log}
	for _, entry := range entries {
		all = append(all, filepath.Join(folder, entry.Name()))
	}
	if f.where == atOne {
		return []string{all[1+f.one%(len(all)-1)]}
	}
	return all
}

// fault has calls of the daemon that is at work fail, or of the next one from its first call on.
func (c *chaos) fault(f fault, next bool) {
	args := f.strace(filepath.Join(c.dir, "strace"), f.paths(c.t, c.log()))
	if next {
		c.keeper.orders <- func() { c.keeper.disturb = &disturbance{f, args} }
		c.keeper.kill(syscall.SIGKILL, 0)
		c.keeper.start()
		return
	}
	c.keeper.orders <- func() { c.keeper.attach(disturbance{f, args}) }
}

// A disturbance is a fault with strace's arguments for it.
type disturbance struct {
	fault
	args []string
}

// command is the daemon's, with strace at its side. It is the daemon that is the child.
func (d disturbance) command(args []string) *exec.Cmd {
	return exec.Command("strace", slices.Concat([]string{"-D"}, d.args, []string{"--"}, args)...)
}

// attach disturbs the daemon that is at work, unless it is disturbed already.
func (k *keeper) attach(b disturbance) {
	d := k.current()
	if d == nil || isOver(d.ended) || k.isDoomed(d) || !isOver(k.calmed) {
		return
	}
	strace := exec.Command("strace", append(b.args, "-p", strconv.Itoa(d.cmd.Process.Pid))...)
	testkit.Must(k.t, strace.Start())
	k.faults.Go(func() { strace.Wait() })
	k.calm(d, b)
}

// calm waits until strace is at the daemon, and has it let go when it is time.
func (k *keeper) calm(d *daemon, b disturbance) {
	calmed := make(chan struct{})
	k.calmed = calmed
	// It sleeps until another process is there.
	for deadline := time.Now().Add(patience); tracer(d) == 0 && !isOver(d.ended); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			k.t.Errorf("strace isn't at the daemon after %v", patience)
			break
		}
	}
	k.note("fault: %v, at %d", b.fault, d.cmd.Process.Pid)
	k.faults.Go(func() {
		defer close(calmed)
		select {
		case <-d.ended:
		case <-time.After(b.length):
			if pid := tracer(d); pid != 0 {
				syscall.Kill(pid, syscall.SIGTERM)
			}
		}
		k.note("fault: over")
	})
}

// tracer is the process id of the strace that is at a daemon, 0 for none.
func tracer(d *daemon) (pid int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	if _, rest, found := bytes.Cut(status, []byte("\nTracerPid:\t")); found {
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		pid, _ = strconv.Atoi(string(line))
	}
	return pid
}

// injected counts the calls that failed so far.
func (c *chaos) injected() int {
	trace, _ := os.ReadFile(filepath.Join(c.dir, "strace"))
	return bytes.Count(trace, []byte("(INJECTED)"))
}

// mayInject tells whether strace is there and may be at other processes. With CI=true it must be there.
func mayInject(t *testing.T) bool {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err == nil {
		out, _ := exec.Command(strace, "-D", "-f", "-o", os.DevNull, "-e", "trace=none", "true").CombinedOutput()
		if len(out) > 0 {
			err = fmt.Errorf("strace may not trace here: %s", strings.TrimSpace(string(out)))
		}
	}
	if err != nil {
		t.Logf("no faults are injected: %v", err)
	}
	return err == nil
}

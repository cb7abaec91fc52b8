package transport

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"exiwatch/internal/escape"
)

// Bounds of running a program. Together with the spool's stopGrace they leave the daemon its 2 s.
const (
	pipeWait  = time.Second / 2     // for what it started and left behind
	killWait  = 3 * time.Second / 4 // for its own end, when it was killed
	maxStderr = 1000                // bytes of what it says that go into the error
)

// errUnkillable is for a program that we may not kill, such as sudo when we aren't root. It goes on running.
var errUnkillable = errors.New("it can't be killed and goes on running")

// newCommand returns a program in a process group of its own, so that its children are killed with it.
func newCommand(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// runCommand runs a command until it ends or ctx kills it, and returns the beginning of its output. It doesn't wait for
// children that hold the pipes, and returns soon after ctx ends in any case.
func runCommand(ctx context.Context, cmd *exec.Cmd) (said string, err error) {
	output := &limitedBuffer{room: maxStderr}
	cmd.Stdout, cmd.Stderr = output, output
	cmd.WaitDelay = pipeWait
	ended := make(chan error, 1)
	go func() { ended <- cmd.Run() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		select {
		case err = <-ended:
		case <-time.After(killWait):
			return "", errUnkillable
		}
	}
	if errors.Is(err, exec.ErrWaitDelay) { // it ended well, and left a child that holds the pipe
		err = nil
	}
	return string(output.kept), err
}

// withOutput adds a program's output, or a server's text, to an error.
func withOutput(err error, said string) error {
	if said = strings.Join(strings.Fields(escape.Text(strings.ReplaceAll(said, "\n", " "))), " "); said != "" {
		return fmt.Errorf("%w: %s", err, said)
	}
	return err
}

// A limitedBuffer keeps the first room bytes and drops the rest. It has no ReadFrom, which io.Copy would prefer to
// Write.
type limitedBuffer struct {
	kept []byte
	room int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	n := min(len(p), b.room)
	b.room -= n
	b.kept = append(b.kept, p[:n]...)
	return len(p), nil
}

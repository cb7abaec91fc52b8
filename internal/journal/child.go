package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"exiwatch/tailer"
)

// Errors of journalctl.
var (
	// ErrAccess says that the user may not read what others log.
	ErrAccess = errors.New("the journal shows this user only what the user itself has logged")
	// ErrEmpty says that there is no journal.
	ErrEmpty = errors.New("there is no journal: journalctl found no journal files")
	// ErrNone says that this machine has no journalctl.
	ErrNone = errors.New("the log is the journal, and journalctl isn't installed")
)

// fields are those that package parser needs of an entry, besides those that journalctl prints of each.
const fields = "MESSAGE,SYSLOG_IDENTIFIER,SYSLOG_PID,_PID,_HOSTNAME,_COMM,_SOURCE_REALTIME_TIMESTAMP"

// A journalctl is a running journalctl.
type journalctl struct {
	cmd    *exec.Cmd
	out    *bufio.Reader
	pipe   io.Closer
	stderr stderrText
}

// killPatience is how long a journalctl may take to end after it was told to.
const killPatience = 5 * time.Second

// run starts journalctl with more arguments. The caller closes it.
func (l MainLog) run(ctx context.Context, args ...string) (*journalctl, error) {
	// -a: fields of more than 4096 bytes and with control characters are printed, too.
	all := append([]string{"-o", "json", "-a", "--no-pager", "--output-fields=" + fields}, args...)
	c := &journalctl{cmd: exec.CommandContext(ctx, "journalctl", append(all, l.matches()...)...)}
	c.cmd.Env = append(os.Environ(), "LC_ALL=C")
	c.cmd.Stderr = &c.stderr
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.WaitDelay = killPatience
	pipe, err := c.cmd.StdoutPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if errors.Is(err, exec.ErrNotFound) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("starting journalctl: %w", err)
	}
	c.out, c.pipe = bufio.NewReaderSize(pipe, tailer.MaxLine), pipe
	return c, nil
}

// line reads the next line, without its LF; it is good until the next call. It skips lines longer than tailer.MaxLine,
// which Exim doesn't write. Its error is io.EOF when journalctl has ended its output.
func (c *journalctl) line() ([]byte, error) {
	for {
		line, err := c.out.ReadSlice('\n')
		if err == nil {
			return line[:len(line)-1], nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, io.EOF // half a line: journalctl was ended
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = c.out.ReadSlice('\n')
		}
	}
}

// wait waits for a journalctl that has ended its output, and says what went wrong. Its exit status doesn't say all.
func (c *journalctl) wait() error {
	err := c.cmd.Wait()
	said := c.stderr.String()
	switch {
	case strings.Contains(said, "not seeing messages from other users"),
		strings.Contains(said, "insufficient permissions"):
		return ErrAccess
	case strings.Contains(said, "No journal files were found"):
		return ErrEmpty
	case err == nil:
		return nil
	}
	said = strings.TrimSpace(said)
	if said = said[strings.LastIndexByte(said, '\n')+1:]; said != "" {
		said = ": " + strings.ToValidUTF8(said, "\ufffd")
	}
	return fmt.Errorf("journalctl: %w%s", err, said)
}

// close ends the journalctl, if it has not ended yet.
func (c *journalctl) close() {
	c.cmd.Process.Signal(syscall.SIGTERM)
	c.pipe.Close()
	c.cmd.Wait()
}

// A stderrText is the start of what journalctl prints on its standard error. Wait returns when that is complete.
type stderrText struct{ strings.Builder }

const maxStderr = 4096 // bytes

func (s *stderrText) Write(p []byte) (int, error) {
	s.Builder.Write(p[:min(len(p), maxStderr-s.Len())])
	return len(p), nil
}

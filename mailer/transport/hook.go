package transport

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path"
	"strings"
	"syscall"
	"time"
	"unicode"

	"exiwatch/mailer"
)

// A Hook runs an administrator's program for each Notice. The program gets the notice on its standard input, works in
// /, and has nothing but a PATH in its environment. The notice is delivered when the program exits with 0, even if it
// hasn't read its input. What it left in the background goes on, and nobody reads its output.
//
// After any other end the spool runs the program again. So the program gets each event at least once, and sometimes
// twice: if the process is killed while the program runs, the next process runs it again, and the first run may still
// be going on.
type Hook struct {
	Command []string      // the program, an absolute path, and its arguments; no shell reads them
	Timeout time.Duration // after which it is killed, with all that is in its process group; 0 is 10 s
}

const (
	hookTimeout = 10 * time.Second
	hookPath    = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" // as systemd has it
)

// Check returns an error if a setting makes no sense. It doesn't look for the program: Send does.
func (h Hook) Check() error {
	if len(h.Command) == 0 {
		return errors.New("hook: no command")
	}
	if name := h.Command[0]; !path.IsAbs(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("hook %q: want the absolute path of a program, and each argument as a string of its own",
			name)
	}
	for _, arg := range h.Command[1:] {
		if strings.ContainsRune(arg, 0) {
			return fmt.Errorf("hook %s: argument %q has a NUL byte", h.Command[0], arg)
		}
	}
	if h.Timeout < 0 {
		return fmt.Errorf("hook %s: timeout %v is negative", h.Command[0], h.Timeout)
	}
	return nil
}

// Send runs the program and waits for it. Every error is temporary.
func (h Hook) Send(ctx context.Context, m mailer.Message) error {
	if err := h.Check(); err != nil {
		return err
	}
	limit := cmp.Or(h.Timeout, hookTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %v", limit))
	defer cancel()
	cmd := newCommand(ctx, h.Command[0], h.Command[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = "/", []string{hookPath}, bytes.NewReader(m.Data)
	said, err := runCommand(ctx, cmd)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errUnkillable):
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	}
	return withOutput(fmt.Errorf("hook %s: %w%s", h.Command[0], err, exitHint(err)), said)
}

// OneAtATime tells the spool to run the program once at a time: an administrator need not prepare it for more.
func (h Hook) OneAtATime() {}

// exitHint says what an administrator can repair when a program doesn't run; "" for any other error. A shell exits with
// 126 and 127 for what it can't run (POSIX, Shell Command Language, 2.8.2).
func exitHint(err error) string {
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ": the program doesn't exist, or the interpreter in its first line doesn't"
	case errors.Is(err, fs.ErrPermission):
		return ": it isn't executable for this user"
	case errors.Is(err, syscall.ENOEXEC):
		return ": its first line must name an interpreter, as #!/bin/sh does"
	case code == 126:
		return ": it runs a program that isn't executable"
	case code == 127:
		return ": it runs a program that doesn't exist"
	}
	return ""
}

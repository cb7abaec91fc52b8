package transport

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"exiwatch/mailer"
)

// Sendmail hands mail to the local mail server by its sendmail program, with the envelope on the command line. (The
// alternative, -t, would let a header add a recipient.)
type Sendmail struct {
	Path    string        // "" is /usr/sbin/sendmail
	Timeout time.Duration // after which it is killed, with all that is in its process group; 0 is 2 min
}

const (
	sendmailPath    = "/usr/sbin/sendmail"
	sendmailTimeout = 2 * time.Minute // for a program that has only to queue the mail
	sendmailLinger  = 10 * time.Second
)

// Send runs the program and waits for it. The mail server completes recipients without a domain, as it does for cron.
func (s Sendmail) Send(ctx context.Context, m mailer.Message) error {
	limit := cmp.Or(s.Timeout, sendmailTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %v", limit))
	defer cancel()
	name := s.Program()
	cmd := newCommand(ctx, name, slices.Concat([]string{"-oi", "-f", cmp.Or(m.From, "<>"), "--"}, m.To)...)
	cmd.Stdin = bytes.NewReader(bytes.ReplaceAll(m.Data, []byte("\r\n"), []byte("\n")))
	said, err := runCommand(ctx, cmd)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return &UncertainError{Err: fmt.Errorf("running %s: %w", name, context.Cause(ctx))}
	}
	exit, exited := errors.AsType[*exec.ExitError](err)
	err = withOutput(fmt.Errorf("running %s: %w", name, err), said)
	if !exited {
		return err
	}
	switch exit.ExitCode() { // <sysexits.h>
	case 65: // EX_DATAERR
		return &PermanentError{err}
	case 64, 67, 68: // EX_USAGE, EX_NOUSER and EX_NOHOST: as a server that takes none of the recipients
		return &ServerError{err}
	}
	return err // Exim exits with 1 for whatever reason
}

// Program is the path of the program.
func (s Sendmail) Program() string { return cmp.Or(s.Path, sendmailPath) }

// Linger is how long a sendmail that nobody waits for any more may need to hand over the mail.
func (s Sendmail) Linger() time.Duration { return sendmailLinger }

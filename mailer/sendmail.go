package mailer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"
)

// Sendmail hands mail to the local mail server by its sendmail program, with the envelope on the command line. (The
// alternative, -t, would let a header add a recipient.)
type Sendmail struct {
	Path string // "" is /usr/sbin/sendmail
}

const (
	sendmailPath    = "/usr/sbin/sendmail"
	sendmailTimeout = 2 * time.Minute // for a program that has only to queue the mail
	sendmailLinger  = 10 * time.Second
)

// Send runs the program and waits for it. Recipients without a domain get the one that the mail server gives to cron's.
func (s Sendmail) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, sendmailTimeout)
	defer cancel()
	name := s.Program()
	cmd := exec.CommandContext(ctx, name, slices.Concat([]string{"-oi", "-f", cmp.Or(m.From, "<>"), "--"}, m.To)...)
	cmd.Stdin = bytes.NewReader(bytes.ReplaceAll(m.Data, []byte("\r\n"), []byte("\n")))
	said, err := run(ctx, cmd)
	if err == nil {
		return nil
	}
	return failure(ctx, name, err, said)
}

// Program is the path of the program.
func (s Sendmail) Program() string { return cmp.Or(s.Path, sendmailPath) }

// linger is for a sendmail that nobody waits for any more: it has the mail, and takes its time.
func (s Sendmail) linger() time.Duration { return sendmailLinger }

// failure is the error of a run that went wrong.
func failure(ctx context.Context, name string, err error, said string) error {
	if ctx.Err() != nil {
		return &UncertainError{fmt.Errorf("running %s: %w", name, ctx.Err())}
	}
	err = quoting(fmt.Errorf("running %s: %w", name, err), said)
	var exit *exec.ExitError
	if errors.As(err, &exit) && slices.Contains(permanentExits, exit.ExitCode()) {
		return &PermanentError{err}
	}
	return err
}

// permanentExits are the codes of <sysexits.h> that blame the mail: EX_USAGE, EX_DATAERR, EX_NOUSER and EX_NOHOST. Exim exits
// with 1 for whatever reason, which is therefore temporary.
var permanentExits = []int{64, 65, 67, 68}

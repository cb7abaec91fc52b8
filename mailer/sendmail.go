package mailer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
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
	stragglers      = time.Second / 2 // for what it started and left behind; see grace
	sendmailLinger  = 10 * time.Second
	maxStderr       = 1000 // bytes of what it says that go into the error
)

// Send runs the program and waits for it. Recipients without a domain get the one that the mail server gives to cron's.
func (s Sendmail) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, sendmailTimeout)
	defer cancel()
	name := cmp.Or(s.Path, sendmailPath)
	cmd := exec.CommandContext(ctx, name, slices.Concat([]string{"-oi", "-f", cmp.Or(m.From, "<>"), "--"}, m.To)...)
	cmd.Stdin = bytes.NewReader(bytes.ReplaceAll(m.Data, []byte("\r\n"), []byte("\n")))
	said := &bounded{room: maxStderr}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.WaitDelay = stragglers
	err := cmd.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) { // the latter: it ended well, and left a child that holds the pipe
		return nil
	}
	return failure(ctx, name, err, string(said.kept))
}

// linger is for a sendmail that nobody waits for any more: it has the mail, and takes its time.
func (s Sendmail) linger() time.Duration { return sendmailLinger }

// failure is the error of a run that went wrong.
func failure(ctx context.Context, name string, err error, said string) error {
	if ctx.Err() != nil {
		return &UncertainError{fmt.Errorf("running %s: %w", name, ctx.Err())}
	}
	if said = strings.Join(strings.Fields(Escape(strings.ReplaceAll(said, "\n", " "))), " "); said != "" {
		err = fmt.Errorf("running %s: %w: %s", name, err, said)
	} else {
		err = fmt.Errorf("running %s: %w", name, err)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && slices.Contains(permanentExits, exit.ExitCode()) {
		return &PermanentError{err}
	}
	return err
}

// permanentExits are the codes of <sysexits.h> that blame the mail: EX_USAGE, EX_DATAERR, EX_NOUSER and EX_NOHOST. Exim exits
// with 1 for whatever reason, which is therefore temporary.
var permanentExits = []int{64, 65, 67, 68}

// A bounded writer keeps the first room bytes and drops the others. It has no ReadFrom, which io.Copy would prefer to Write.
type bounded struct {
	kept []byte
	room int
}

func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.room)
	b.room -= n
	b.kept = append(b.kept, p[:n]...)
	return len(p), nil
}

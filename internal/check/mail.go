package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"exiwatch/internal/watch"
	"exiwatch/mailer"

	"golang.org/x/sys/unix"
)

const runPatience = 5 * time.Second // for a program that has only to say its version

// mail tells whether alerts would go out, with the daemon's own patience.
func (c *checks) mail(ctx context.Context) []Result {
	const name = "mail"
	composer := watch.Composer(c.Config, c.Host)
	m, err := composer.TestMail(c.Now)
	if err != nil {
		return []Result{fail(name, "exiwatch help config says what [mail] takes.", "%v", err)}
	}
	to := strings.Join(m.To, ", ")
	switch t := c.Config.Mail.Transport.(type) {
	case *mailer.SMTP:
		server := *t
		if server.Hello == "" {
			server.Hello = c.Host
		}
		if !c.Test {
			return []Result{judge(name, server.Probe(ctx, m.From, m.To),
				"%s answers, and takes mail for %s; nothing was sent", server.Address, to)}
		}
		answer, err := server.SendForReply(ctx, m)
		return []Result{judge(name, err, "%s took a test mail for %s: %s", server.Address, to, answer)}
	case *mailer.Sendmail:
		return []Result{c.sendmail(ctx, t, m, to)}
	}
	return nil
}

// sendmail tells whether the sendmail program can be run.
func (c *checks) sendmail(ctx context.Context, t *mailer.Sendmail, m mailer.Message, to string) Result {
	const name = "mail"
	path := t.Program()
	if err := runnable(path); err != nil {
		return fail(name,
			"Install a mail server, or name one in the configuration:\n    [mail]\n    via = \"smtp://127.0.0.1:25\"",
			"%v", err)
	}
	if c.Test {
		return judge(name, t.Send(ctx, m), "%s took a test mail for %s", path, to)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil && strings.HasPrefix(filepath.Base(target), "exim") {
		ctx, cancel := context.WithTimeout(ctx, runPatience)
		defer cancel()
		if err := exec.CommandContext(ctx, path, "-bV").Run(); err != nil {
			return fail(name, "exim -bV says why: its configuration may be broken.", "%s -bV: %v", path, err)
		}
	}
	return pass(name, "%s can be run; nothing was sent (--send-test sends a mail to %s)", path, to)
}

// judge makes a Result of a Transport's error: what may be better in a while is no failure, unless nobody answered.
func judge(name string, err error, format string, args ...any) Result {
	var partial *mailer.RecipientsError
	var permanent *mailer.PermanentError
	var server *mailer.ServerError
	switch {
	case err == nil:
		return pass(name, format, args...)
	case errors.As(err, &partial):
		for _, r := range partial.Refused {
			if errors.As(r.Err, &permanent) {
				return fail(name,
					"Who is refused gets no alert: take the address out, or have the mail server take it.", "%v", err)
			}
		}
		return warn(name, "The mail server may take it later; the daemon tries again for five days.", "%v", err)
	case errors.As(err, &permanent):
		return fail(name, "The daemon would give such a mail up at once.", "%v", err)
	case errors.As(err, &server):
		return fail(name, "The daemon would try for an hour, and then give the mail up.", "%v", err)
	}
	return fail(name, "The daemon tries again for five days: it loses nothing if that is mended.", "%v", err)
}

// runnable says what keeps this user from running a program.
func runnable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", path)
	}
	if err := unix.Access(path, unix.X_OK); err != nil {
		return fmt.Errorf("%s isn't executable for user %s: %s", path, me(), info.Mode().Perm())
	}
	return nil
}

package check

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"exiwatch/internal/daemon"
	"exiwatch/mailer"
	"exiwatch/mailer/transport"

	"golang.org/x/sys/unix"
)

const runPatience = 5 * time.Second // for a program that only prints its version

// mail checks that alerts would be sent, with the daemon's own time limits.
func (c *checks) mail(ctx context.Context) []Result {
	const name = "mail"
	composer := daemon.Composer(c.Config, c.Host)
	if !c.Test { // a test mail goes to those of [mail] alone
		composer.To, composer.Cc = c.Config.Recipients(), nil
	}
	m, err := composer.TestMail(c.Now)
	if err != nil {
		return fail(name, "exiwatch help config shows the keys of [mail].", "%v", err)
	}
	to := strings.Join(m.To, ", ")
	switch t := c.Config.Mail.Transport.(type) {
	case *transport.SMTP:
		server := *t
		if server.Hello == "" {
			server.Hello = c.Host
		}
		if !c.Test {
			return judge(server.Probe(ctx, m.From, m.To),
				"%s answers and accepts mail for %s; nothing was sent", server.Address, to)
		}
		answer, err := server.SendForReply(ctx, m)
		return judge(err, "%s accepted a test mail for %s: %s", server.Address, to, answer)
	case *transport.Sendmail:
		return c.sendmail(ctx, t, m, to)
	}
	return nil
}

// sendmail checks that the sendmail program can run.
func (c *checks) sendmail(ctx context.Context, t *transport.Sendmail, m mailer.Message, to string) []Result {
	const name = "mail"
	path := t.Program()
	if err := runnable(path); err != nil {
		return fail(name,
			"Install a mail server, or set one in the configuration:\n    [mail]\n    via = \"smtp://127.0.0.1:25\"",
			"%v", err)
	}
	if c.Test {
		return judge(t.Send(ctx, m), "%s accepted a test mail for %s", path, to)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil && strings.HasPrefix(filepath.Base(target), "exim") {
		ctx, cancel := context.WithTimeout(ctx, runPatience)
		defer cancel()
		if err := exec.CommandContext(ctx, path, "-bV").Run(); err != nil {
			return fail(name, "exim -bV shows why: Exim's configuration may be broken.", "%s -bV: %v", path, err)
		}
	}
	return pass(name, "%s can run; nothing was sent (--send-test sends a mail to %s)", path, to)
}

// judge turns a Transport's error into a Result. A temporary refusal of recipients isn't a failure.
func judge(err error, format string, args ...any) []Result {
	const name = "mail"
	var partial *transport.RecipientsError
	var permanent *transport.PermanentError
	var server *transport.ServerError
	switch {
	case err == nil:
		return pass(name, format, args...)
	case errors.As(err, &partial):
		for _, r := range partial.Refused {
			if errors.As(r.Err, &permanent) {
				return fail(name,
					"Refused recipients get no alerts. Remove the address, or make the mail server accept it.",
					"%v", err)
			}
		}
		return warn(name, "The mail server may accept it later. The daemon retries for five days.", "%v", err)
	case errors.As(err, &permanent):
		return fail(name, "The daemon would give up such a mail at once.", "%v", err)
	case errors.As(err, &server):
		return fail(name, "The daemon would retry for an hour, then give up the mail.", "%v", err)
	}
	return fail(name, "The daemon retries for five days. Fix it in that time, and no alert is lost.", "%v", err)
}

// runnable is the error that keeps this user from running a program.
func runnable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", path)
	}
	if err := unix.Access(path, unix.X_OK); err != nil {
		return fmt.Errorf("%s isn't executable for user %s: %s", path, me(), info.Mode().Perm())
	}
	return nil
}

// hook checks that the hook's program can run.
func (c *checks) hook(ctx context.Context) []Result {
	h, ok := c.Config.Hook.(*transport.Hook)
	if !ok {
		return nil
	}
	if err := runnable(h.Command[0]); err != nil {
		return fail("hook", "Make it executable (chmod +x), or set another command in [hook]. The daemon "+
			"runs it as its own user.", "%v", err)
	}
	return c.tell(ctx, "hook", h.Command[0], "ran with", h)
}

// webhook checks that the webhook accepts events. It sends nothing unless a test is wanted.
func (c *checks) webhook(ctx context.Context) []Result {
	w, ok := c.Config.Webhook.(*transport.Webhook)
	if !ok {
		return nil
	}
	u, err := url.Parse(w.URL)
	if err != nil {
		return nil // the configuration has no such URL
	}
	// The path may be secret.
	return c.tell(ctx, "webhook", u.Scheme+"://"+u.Host, "accepted", w)
}

// notify checks that the services for chats and phones accept texts. It sends nothing unless a test is wanted.
func (c *checks) notify(ctx context.Context) (all []Result) {
	const name = "notify"
	for i := range c.Config.Notify {
		n := &c.Config.Notify[i]
		if n.Inline {
			all = append(all, warn(name, "Put the URL into a file that only root and the daemon can read, and name "+
				"that with url_file.", "%s: the URL, which is a secret, is in the configuration itself", n.Name)...)
		}
		if !c.Test {
			all = append(all, pass(name, "%s, not tested (--send-test sends it a test text)", n.Name)...)
			continue
		}
		composer := daemon.Composer(c.Config, c.Host)
		composer.Subjects = n.Subjects
		err := n.Transport.Send(ctx, composer.ShortTest(c.Now))
		all = append(all, tested(name, err, "%s accepted a test text", n.Name)...)
	}
	return all
}

// tell sends a test event if one is wanted.
func (c *checks) tell(ctx context.Context, name, whom, did string, t transport.Transport) []Result {
	if !c.Test {
		return pass(name, "%s, not tested (--send-test sends it an event named test)", whom)
	}
	composer := daemon.Composer(c.Config, c.Host)
	if len(c.samples) > 0 {
		composer.Log = c.samples[0].path
	}
	m, err := composer.TestNotice(c.Now)
	if err == nil {
		err = t.Send(ctx, m)
	}
	return tested(name, err, "%s %s the event named test", whom, did)
}

// tested is the result of a test of a channel besides mail.
func tested(name string, err error, format string, args ...any) []Result {
	if err != nil {
		return fail(name, "The daemon retries for five days. Mails don't wait for it.", "%v", err)
	}
	return pass(name, format, args...)
}

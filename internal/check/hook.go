package check

import (
	"context"
	"net/url"

	"exiwatch/mailer"
	"exiwatch/mailer/transport"
)

// hook checks that the hook's program can run.
func (c *checks) hook(ctx context.Context) []Result {
	h, ok := c.Config.Hook.(*transport.Hook)
	if !ok {
		return nil
	}
	if err := runnable(h.Command[0]); err != nil {
		return []Result{fail("hook", "Make it executable (chmod +x), or set another command in [hook]. The daemon "+
			"runs it as its own user.", "%v", err)}
	}
	return []Result{c.tell(ctx, "hook", h.Command[0], "ran with", h)}
}

// webhook checks that the webhook accepts events. It sends nothing unless a test is wanted.
func (c *checks) webhook(ctx context.Context) []Result {
	w, ok := c.Config.Webhook.(*transport.Webhook)
	if !ok {
		return nil
	}
	return []Result{c.tell(ctx, "webhook", host(w.URL), "accepted", w)}
}

// tell sends a test event if one is wanted.
func (c *checks) tell(ctx context.Context, name, whom, did string, t transport.Transport) Result {
	if !c.Test {
		return pass(name, "%s, not tested (--send-test sends it an event named test)", whom)
	}
	log := ""
	if len(c.samples) > 0 {
		log = c.samples[0].path
	}
	m, err := mailer.TestNotice(c.Host, log)
	if err == nil {
		err = t.Send(ctx, m)
	}
	if err != nil {
		return fail(name, "The daemon retries for five days. Mails don't wait for it.", "%v", err)
	}
	return pass(name, "%s %s the event named test", whom, did)
}

// host is the part of a URL that a row may show: its path may be secret.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the webhook"
	}
	return u.Scheme + "://" + u.Host
}

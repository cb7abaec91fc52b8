package check

import (
	"context"
	"net/url"

	"exiwatch/mailer"
)

// hook tells whether the program that is told can be run.
func (c *checks) hook(ctx context.Context) []Result {
	h, ok := c.Config.Hook.(*mailer.Hook)
	if !ok {
		return nil
	}
	if err := runnable(h.Command[0]); err != nil {
		return []Result{fail("hook", "chmod +x, or another command in [hook]. The daemon runs it as its own user.",
			"%v", err)}
	}
	return []Result{c.tell(ctx, "hook", h.Command[0], "ran", h)}
}

// webhook tells whether the page that is told takes notices; without a test nobody asks it.
func (c *checks) webhook(ctx context.Context) []Result {
	w, ok := c.Config.Webhook.(*mailer.Webhook)
	if !ok {
		return nil
	}
	return []Result{c.tell(ctx, "webhook", host(w.URL), "took", w)}
}

// tell sends the notice of a test, if one is wanted.
func (c *checks) tell(ctx context.Context, name, whom, did string, t mailer.Transport) Result {
	if !c.Test {
		return pass(name, "%s, not tried (--send-test sends it an event named test)", whom)
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
		return fail(name, "The daemon tries again for five days; mails don't wait for it.", "%v", err)
	}
	return pass(name, "%s %s the event named test", whom, did)
}

// host is what may be told of a URL: what stands behind may be secret.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the webhook"
	}
	return u.Scheme + "://" + u.Host
}

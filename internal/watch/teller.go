package watch

import (
	"context"
	"path/filepath"
	"strings"

	"exiwatch/mailer"
	"exiwatch/window"
)

// The ways of being told. They name folders and metrics.
const mailChannel, hookChannel, webhookChannel = "mail", "hook", "webhook"

// A teller is a way of being told, besides mail, of every event: a spool of its own, so that none waits for another.
type teller struct {
	name      string // of the folder
	spool     *mailer.Spool
	transport mailer.Transport
}

// openTellers takes up the tellers that are configured.
func (d *Daemon) openTellers(was *checkpoint) error {
	for _, t := range []*teller{{name: hookChannel, transport: d.Config.Hook},
		{name: webhookChannel, transport: d.Config.Webhook}} {
		if t.transport == nil {
			continue
		}
		var err error
		if t.spool, err = mailer.OpenSpool(filepath.Join(d.state.dir, t.name)); err != nil {
			return err
		}
		covered, ok := was.Told[t.name]
		if !ok {
			covered = t.spool.Last()
		}
		if _, err := t.spool.DropUncommitted(covered); err != nil {
			return err
		}
		t.spool.Commit(covered)
		t.spool.ResolveUncertain(d.now()) // nothing shows what a former process has told
		d.tellers = append(d.tellers, t)
	}
	return nil
}

// run tells until ctx ends.
func (t *teller) run(ctx context.Context, d *Daemon) {
	t.spool.Run(ctx, t.transport, func(e mailer.Result) { d.sent(t.name, e) })
}

// notice tells of an event.
func (t *teller) notice(c mailer.Composer, a *window.Alert, event string) (mailer.Message, error) {
	kind := strings.TrimRight(event, "0123456789") // grew5 is named grew there
	data, err := mailer.Notice(a, kind, c.Host, c.Log, c.Subjects, c.Key)
	return mailer.Message{ID: a.ID, Event: event, Data: data}, err
}

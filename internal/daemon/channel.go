package daemon

import (
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/mailer"
	"exiwatch/mailer/spool"
	"exiwatch/mailer/transport"
	"exiwatch/window"
)

// The names of channels, which are also those of folders and of metrics' labels.
const mailChannel, hookChannel, webhookChannel = "mail", "hook", "webhook"

// A channel takes notifications: mail, or another one, which gets every event. It has a spool of its own, so that no
// channel waits for another.
type channel struct {
	name      string // besides mail, of the folder
	spool     *spool.Spool
	transport transport.Transport

	sent, partly, deferred, refused atomic.Int64 // attempts by what came of them; any goroutine counts
}

// openChannels opens the channels besides mail that are configured in the state folder.
func (d *Daemon) openChannels(was *checkpoint) (all []*channel, err error) {
	for _, c := range []*channel{{name: hookChannel, transport: d.Config.Hook},
		{name: webhookChannel, transport: d.Config.Webhook}} {
		if c.transport == nil {
			continue
		}
		if c.spool, err = spool.Open(filepath.Join(d.state.dir, c.name)); err != nil {
			return nil, err
		}
		covered, ok := was.Told[c.name]
		if !ok {
			covered = c.spool.Last()
		}
		if _, err := c.spool.DropUncommitted(covered); err != nil {
			return nil, err
		}
		c.spool.Commit(covered)
		c.spool.ResolveUncertain(d.now()) // nothing shows what a former process has sent
		all = append(all, c)
	}
	return all, nil
}

// message makes the notification of an event.
func (c *channel) message(m mailer.Composer, a *window.Alert, event string) (mailer.Message, error) {
	kind := strings.TrimRight(event, "0123456789") // grew5 is named grew there
	data, err := mailer.Notice(a, kind, m.Host, m.Log, m.Subjects, m.Key)
	return mailer.Message{ID: a.ID, Event: event, Data: data}, err
}

// compose makes the mail of an event.
func compose(c mailer.Composer, n notification, now time.Time) (mailer.Message, error) {
	switch n.event {
	case pipeline.Opened:
		return c.Opened(n.alerts, now)
	case pipeline.Ended:
		return c.Ended(n.alerts[0], now)
	}
	return c.Grew(n.alerts[0], now)
}

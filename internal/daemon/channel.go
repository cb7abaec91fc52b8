package daemon

import (
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/mailer"
	"exiwatch/mailer/spool"
	"exiwatch/mailer/transport"
	"exiwatch/window"
)

// The names of channels, which are also those of folders and of metrics' labels. Those of [[notify]] begin with
// notifyPrefix.
const (
	mailChannel, hookChannel, webhookChannel = "mail", "hook", "webhook"

	notifyPrefix = "notify-"
)

// A channel takes notifications: mail; hook or webhook, which gets every event; or a [[notify]], which says in short
// what each mail says. It has a spool of its own, so that no channel waits for another.
type channel struct {
	name      string // besides mail, of the folder
	spool     *spool.Spool
	transport transport.Transport
	short     *config.Notify // nil: it is none

	sent, partly, deferred, refused atomic.Int64 // attempts by what came of them; any goroutine counts
}

// openChannels opens the channels besides mail that are configured in the state folder.
func (d *Daemon) openChannels(was *checkpoint) (all []*channel, err error) {
	for _, c := range d.channels() {
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

// channels are those besides mail that are configured.
func (d *Daemon) channels() (all []*channel) {
	all = []*channel{{name: hookChannel, transport: d.Config.Hook}, {name: webhookChannel, transport: d.Config.Webhook}}
	for i := range d.Config.Notify {
		n := &d.Config.Notify[i]
		all = append(all, &channel{name: notifyPrefix + n.Name, transport: n.Transport, short: n})
	}
	return slices.DeleteFunc(all, func(c *channel) bool { return c.transport == nil })
}

// kindOf is the kind of an event: grew for grew5.
func kindOf(event string) string { return strings.TrimRight(event, "0123456789") }

// message makes the notification of an event.
func (c *channel) message(m mailer.Composer, a *window.Alert, event string) (mailer.Message, error) {
	kind := kindOf(event)
	data, err := m.Notice(a, kind)
	return mailer.Message{ID: a.ID, Event: m.Fleet.EventName(event), Data: data}, err
}

// text makes the short text of a job's mail. ok is false if the channel doesn't tell of its events.
func (c *channel) text(m mailer.Composer, j *job) (text mailer.Message, ok bool, err error) {
	items := slices.Clone(j.digest)
	if j.mailed {
		items = []mailer.Item{itemOf(j.told)}
	}
	items = slices.DeleteFunc(items, func(i mailer.Item) bool { return !c.tellsOf(i) })
	if len(items) == 0 {
		return text, false, nil
	}
	m.Subjects = c.short.Subjects
	if j.mailed {
		return m.Short(items[0]), true, nil
	}
	text, err = m.ShortDigest(items)
	return text, true, err
}

// tellsOf tells whether an item is about one of the channel's events.
func (c *channel) tellsOf(i mailer.Item) bool {
	return slices.Contains(c.short.Events, kindOf(i.Event)) ||
		i.New && slices.Contains(c.short.Events, pipeline.Opened)
}

// compose makes the mail of an event.
func compose(c mailer.Composer, n notification, now time.Time) (mailer.Message, error) {
	switch n.event {
	case pipeline.Opened:
		return c.Opened(n.alerts, now)
	case pipeline.Ended:
		return c.Ended(n.alerts[0], now)
	case pipeline.Withdrawn:
		return c.Withdrawn(n.alerts[0], now)
	}
	return c.Grew(n.alerts[0], now)
}

package watch

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/readsocket"
)

// A door is where others ask.
type door struct {
	server    readsocket.Server
	listeners []net.Listener
	told      readsocket.Stats // when that was last told
}

// openDoor listens where the configuration, or the service manager, says; nil if neither does.
func (d *Daemon) openDoor() (err error) {
	c := d.Config.Socket
	if c == nil && len(d.Sockets) == 0 {
		return nil
	}
	o := &door{}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	for _, f := range d.Sockets {
		l, err := net.FileListener(f)
		if err != nil {
			return fmt.Errorf("taking the service manager's socket: %w", err)
		}
		o.listeners = append(o.listeners, l)
		if tcp, ok := l.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
			return fmt.Errorf("the service manager's socket listens on %s, which others can reach: want one of loopback", tcp)
		}
	}
	if c == nil {
		c = config.NewSocket(d.Config.Rules)
	} else if err := o.listen(c, len(d.Sockets) > 0); err != nil {
		return err
	}
	if !config.CountsBy(d.Config.Rules, c.Key) {
		d.Log.Warn("no rule has the socket's key: a value without a name is answered no", "key", c.Key.String())
	}
	o.server = readsocket.Server{Key: c.Key, Ask: d.answer}
	d.door = o
	return nil
}

// listen opens what is configured; but no file if the service manager has made one.
func (o *door) listen(c *config.Socket, made bool) error {
	if !made {
		l, err := readsocket.Listen(c.Path, readsocket.Access{Mode: c.Mode, UID: c.UID, GID: c.GID})
		if err != nil {
			return err
		}
		o.listeners = append(o.listeners, l)
	}
	if c.Listen.IsValid() {
		l, err := readsocket.ListenLoopback(c.Listen)
		if err != nil {
			return err
		}
		o.listeners = append(o.listeners, l)
	}
	return nil
}

func (o *door) close() {
	for _, l := range o.listeners {
		l.Close()
	}
}

// tell says which questions found no answer.
func (o *door) tell(d *Daemon) (any bool) {
	now := o.server.Stats()
	was := o.told
	o.told = now
	if now.Unintelligible == was.Unintelligible && now.Late == was.Late && now.Refused == was.Refused {
		return false
	}
	d.Log.Warn("questions were not answered", "unintelligible", now.Unintelligible-was.Unintelligible, "late",
		now.Late-was.Late,
		"connections_refused", now.Refused-was.Refused)
	return true
}

// freshness is how long an answer waits for lines that were logged before the question.
const freshness = 25 * time.Millisecond

// soon is how many bytes of the logs are counted in a moment. With more to be read, as in a storm, nobody waits for the
// last of them.
const soon = 16 << 10

// answer is called by many goroutines at a time. Exim logs a message before it answers the client, who may send the
// next one at once: so what the logs hold now is counted first, if that takes but a moment.
func (d *Daemon) answer(ctx context.Context, q readsocket.Question) (count int64, over bool, err error) {
	ends := d.ends()
	late := time.Now().Add(freshness)
	for pause := 50 * time.Microsecond; ; pause = min(2*pause, time.Millisecond) {
		done := false
		err := d.ask(ctx, func() {
			unread := d.unread(ends)
			if done = unread == 0 || unread > soon || !time.Now().Before(late); done {
				count, over = d.value(q)
			}
		})
		if done || err != nil {
			return count, over, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, false, ctx.Err()
		}
	}
}

// ends gives where each log ends now; nil where that can't be seen.
func (d *Daemon) ends() []os.FileInfo {
	ends := make([]os.FileInfo, len(d.logs))
	for i, l := range d.logs {
		ends[i], _ = os.Stat(l.path)
	}
	return ends
}

// unread is how many bytes of the logs aren't counted yet, up to the ends. What is read and held isn't counted.
func (d *Daemon) unread(ends []os.FileInfo) (n int64) {
	for i, l := range d.logs {
		if ends[i] == nil {
			continue
		}
		left := l.unread(ends[i])
		if left == 0 && l.reader.Holding() {
			left = 1
		}
		n += left
	}
	return n
}

// value is the highest count of what a question names in any of the logs, and whether one is over its limit.
func (d *Daemon) value(q readsocket.Question) (count int64, over bool) {
	var v valuer
	now := d.now()
	for _, t := range q.Terms {
		for _, value := range v.asked(t) {
			for _, l := range d.logs {
				for _, p := range l.pipeline.hosts.all {
					c, o := p.counters.CountAt(t.Key, value, p.present.second(now))
					count, over = max(count, c), over || o
				}
			}
		}
	}
	return count, over
}

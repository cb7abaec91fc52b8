package daemon

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/readsocket"
)

// A socketServer answers questions of Exim and others.
type socketServer struct {
	server    readsocket.Server
	listeners []net.Listener
	told      readsocket.Stats // when unanswered was last called
}

// openSocket listens where the configuration or the service manager says; there is no server if neither does. If it
// fails, the caller closes what there is.
func (d *Daemon) openSocket() error {
	c := d.Config.Socket
	if c == nil && len(d.Sockets) == 0 {
		return nil
	}
	s := new(socketServer)
	d.socket = s
	for _, f := range d.Sockets {
		l, err := net.FileListener(f)
		if err != nil {
			return fmt.Errorf("taking the service manager's socket: %w", err)
		}
		s.listeners = append(s.listeners, l)
		if tcp, ok := l.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
			return fmt.Errorf(
				"the service manager's socket listens on %s, which others can reach: expected a loopback address", tcp)
		}
	}
	if c == nil {
		c = config.NewSocket(d.Config.Rules)
	} else if err := s.listen(c, len(d.Sockets) > 0); err != nil {
		return err
	}
	if !config.CountsBy(d.Config.Rules, c.Key) {
		d.Log.Warn("no rule has the socket's key: a value without a name is answered no", "key", c.Key.String())
	}
	s.server = readsocket.Server{Key: c.Key, Ask: d.answer}
	return nil
}

// listen opens what is configured; but no file if the service manager has made one.
func (s *socketServer) listen(c *config.Socket, made bool) error {
	if !made {
		l, err := readsocket.Listen(c.Path, readsocket.Access{Mode: c.Mode, UID: c.UID, GID: c.GID})
		if err != nil {
			return err
		}
		s.listeners = append(s.listeners, l)
	}
	if c.Listen.IsValid() {
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(c.Listen))
		if err != nil {
			return err
		}
		s.listeners = append(s.listeners, l)
	}
	return nil
}

func (s *socketServer) close() {
	if s == nil {
		return
	}
	for _, l := range s.listeners {
		l.Close()
	}
}

// unanswered returns how many questions found no answer since the last call.
func (s *socketServer) unanswered() (unintelligible, late, refused int64) {
	now, was := s.server.Stats(), s.told
	s.told = now
	kind := func(a readsocket.Answer) int64 { return now.Answers[a] - was.Answers[a] }
	return kind(readsocket.Unintelligible), kind(readsocket.Late), now.Refused - was.Refused
}

// freshness is how long an answer waits for lines that were logged before the question.
const freshness = 25 * time.Millisecond

// soon is how many bytes of the logs are counted in a moment. If more are unread, as in a storm, an answer doesn't wait
// for them.
const soon = 16 << 10

// answer is called by many goroutines at a time. Exim logs a message before it answers the client, who may send the
// next one at once. So an answer waits until what the logs hold now is counted, if that takes only a moment.
func (d *Daemon) answer(ctx context.Context, q readsocket.Question) (count int64, over bool, err error) {
	ends := d.ends()
	late := time.Now().Add(freshness)
	for pause := 50 * time.Microsecond; ; pause = min(2*pause, time.Millisecond) {
		done := false
		err := d.counters.with(ctx, func() {
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

// ends returns each log's file as it is now; nil if that can't be seen.
func (d *Daemon) ends() []os.FileInfo {
	ends := make([]os.FileInfo, len(d.logs))
	for i, l := range d.logs {
		ends[i], _ = os.Stat(l.Path)
	}
	return ends
}

// unread is how many bytes of the logs up to the ends have not been counted yet. A held entry has not.
func (d *Daemon) unread(ends []os.FileInfo) (n int64) {
	for i, l := range d.logs {
		if ends[i] == nil {
			continue
		}
		left := l.Unread(ends[i])
		if left == 0 && l.Holding() {
			left = 1
		}
		n += left
	}
	return n
}

// value is the highest count of what a question names in any of the logs, and whether one is over its limit.
func (d *Daemon) value(q readsocket.Question) (count int64, over bool) {
	now, all := d.now(), pipelinesOf(d.logs)
	for _, t := range q.Terms {
		for _, value := range pipeline.LookupForms(t) {
			for _, p := range all {
				c, o := p.Counters().CountAt(t.Key, value, p.Now(now))
				count, over = max(count, c), over || o
			}
			if d.fleet != nil && d.fleet.replica != nil {
				c, o := d.fleet.replica.Count(t.Key, value)
				count, over = max(count, c), over || o
			}
		}
	}
	return count, over
}

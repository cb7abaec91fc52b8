package readsocket

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"exiwatch/internal/loopback"
	"exiwatch/window"
)

// Limits of a client.
const (
	// MaxRequest is how long a line may be: two quoted addresses of 256 octets (RFC 5321, 4.5.3.1.3) and much besides.
	MaxRequest = 4096 // bytes
	// MaxConnections is how many clients are served at a time, several for each process of a busy Exim. Beyond it
	// the connection goes that has waited longest for a request (loopback.Limiter). If none waits the new one is
	// closed at once: to Exim an answer that is empty, and so neither true nor above any number.
	MaxConnections = 512
	// MaxRequests is how many lines a connection may have: an ACL asks one, a script that lists accounts some hundreds.
	MaxRequests = 1000
	// MaxLife ends a connection whatever the client does: Exim listens no longer by default (spec, ${readsocket: "5
	// seconds").
	MaxLife = 5 * time.Second
	// MaxIdle is how long the rest of a request is waited for. Exim sends it in one piece.
	MaxIdle = time.Second
	// lull is how long another request is waited for behind one that was answered, if the client hasn't closed its
	// half: Exim with shutdown=no waits for ours.
	lull = 30 * time.Millisecond
	// AnswerTime is what an answer may take. What can't be had by then is no.
	AnswerTime = 90 * time.Millisecond
)

// A Server answers. Serve is called once.
type Server struct {
	Key window.Key // of values without a name
	// Ask answers a question before ctx ends, or fails. It is called by many goroutines at a time.
	Ask func(ctx context.Context, q Question) (count int64, over bool, err error)

	answers answers
	limiter atomic.Pointer[loopback.Limiter] // nil before Serve
	failed  atomic.Int64                     // connections that could not be accepted
}

// Stats are what a server has done since it started.
type Stats struct {
	Requests       int64 // lines
	Unintelligible int64 // requests that were not understood
	Late           int64 // requests without an answer in time
	Refused        int64 // connections closed because there were too many
}

// Stats may be called at any time.
func (s *Server) Stats() Stats {
	t := Stats{Refused: s.failed.Load()}
	if l := s.limiter.Load(); l != nil {
		t.Refused += l.Closed()
	}
	by := s.Answers().By
	for _, n := range by {
		t.Requests += n
	}
	t.Unintelligible, t.Late = by[Unintelligible], by[Late]
	return t
}

// Serve answers until ctx ends, which is no error, and then closes the listeners and what is connected. It closes
// them, too, when one of them fails.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wait sync.WaitGroup
	limiter := loopback.NewLimiter(MaxConnections)
	s.limiter.Store(limiter)
	failed := make([]error, len(listeners))
	for i, l := range listeners {
		wait.Go(func() {
			defer cancel()
			failed[i] = s.accept(ctx, limiter.Listener(l), &wait)
		})
	}
	<-ctx.Done()
	for _, l := range listeners {
		l.Close()
	}
	wait.Wait()
	return errors.Join(failed...)
}

// restAfterError is the pause before the next accept. Without free descriptors it would fail at once.
const restAfterError = 20 * time.Millisecond

func (s *Server) accept(ctx context.Context, l net.Listener, wait *sync.WaitGroup) error {
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default: // EMFILE, ECONNABORTED …: it passes
			s.failed.Add(1)
			select {
			case <-time.After(restAfterError):
			case <-ctx.Done():
			}
			continue
		}
		wait.Go(func() { s.serve(ctx, c.(*loopback.Conn)) })
	}
}

// serve answers one client.
func (s *Server) serve(ctx context.Context, c *loopback.Conn) {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	client := newClient(c)
	for n := range MaxRequests {
		line, end := client.request(n > 0)
		if end == nothing {
			client.out.Flush()
			return
		}
		c.Busy()
		if n > 0 {
			client.out.WriteByte('\n')
		}
		client.out.WriteString(s.answer(ctx, line, end))
		c.Wait()
		if end == last || end == tooLong {
			break
		}
	}
	client.hangUp()
}

// answer answers one request.
func (s *Server) answer(ctx context.Context, line string, end ending) string {
	began := time.Now()
	text, answer := s.find(ctx, line, end)
	s.answers.note(answer, time.Since(began))
	return text
}

func (s *Server) find(ctx context.Context, line string, end ending) (text string, answer Answer) {
	q, err := Parse(line, s.Key)
	if err != nil || end == tooLong {
		return q.text(0, false), Unintelligible
	}
	ctx, cancel := context.WithTimeout(ctx, AnswerTime)
	defer cancel()
	count, over, err := s.Ask(ctx, q)
	switch {
	case err != nil:
		return q.text(0, false), Late
	case q.Count:
		answer = Number
	case over:
		answer = Yes
	default:
		answer = No
	}
	return q.text(count, over), answer
}

package readsocket

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"exiwatch/internal/loopback"
	"exiwatch/window"
)

// Limits of a client.
const (
	// MaxRequest is the longest line. It has room for two quoted addresses of 256 octets (RFC 5321, 4.5.3.1.3).
	MaxRequest = 4096 // bytes
	// MaxConnections is how many clients a server has at a time: several for each process of a busy Exim. A further
	// client takes the place of the connection that has waited longest for a request (loopback.Limiter). If none
	// waits, the server closes the new one at once. Exim then has an empty answer: neither true nor above a number.
	MaxConnections = 512
	// MaxRequests is how many lines a connection may send. An ACL sends one, a script that lists accounts hundreds.
	MaxRequests = 1000
	// MaxLife ends a connection whatever the client does. Exim waits no longer by default (spec, ${readsocket: "5
	// seconds").
	MaxLife = 5 * time.Second
	// MaxIdle is how long the server waits for the rest of a request. Exim sends it in one piece.
	MaxIdle = time.Second
	// lull is how long the server waits for another request if the client hasn't closed its half. Exim with shutdown=no
	// waits for the server to close.
	lull = 30 * time.Millisecond
	// AnswerTime is the time limit of an answer. After it, the answer is no.
	AnswerTime = 90 * time.Millisecond
)

// A Server answers requests. Call Serve once.
type Server struct {
	Key window.Key // key of values without a name
	// Ask answers a question before ctx ends, or fails. Many goroutines call it at the same time.
	Ask func(ctx context.Context, q Question) (count int64, over bool, err error)

	mu      sync.Mutex
	stats   Stats             // but for the limiter's
	limiter *loopback.Limiter // nil before Serve
}

// Serve answers until ctx ends, which isn't an error, or until a listener fails. Then it closes all listeners and
// connections.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wait sync.WaitGroup
	limiter := loopback.NewLimiter(MaxConnections)
	s.mu.Lock()
	s.limiter = limiter
	s.mu.Unlock()
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

// restAfterError is the pause before the next accept. Without free descriptors, accept fails at once.
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
		default: // EMFILE, ECONNABORTED …: temporary
			s.mu.Lock()
			s.stats.Refused++
			s.mu.Unlock()
			select {
			case <-time.After(restAfterError):
			case <-ctx.Done():
			}
			continue
		}
		wait.Go(func() { s.serve(ctx, c.(*loopback.Conn)) })
	}
}

// serve answers one client's requests.
func (s *Server) serve(ctx context.Context, c *loopback.Conn) {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	client := newClient(c)
	for n := range MaxRequests {
		line, ok, end := client.request(n > 0)
		if !ok {
			client.out.Flush()
			return
		}
		c.Busy()
		if n > 0 {
			client.out.WriteByte('\n')
		}
		client.out.WriteString(s.answer(ctx, line, end))
		c.Wait()
		if end != nil {
			break
		}
	}
	client.hangUp()
}

// answer answers one request. end is as client.request has it.
func (s *Server) answer(ctx context.Context, line string, end error) string {
	began := time.Now()
	text, answer := s.find(ctx, line, end)
	s.note(answer, time.Since(began))
	return text
}

func (s *Server) find(ctx context.Context, line string, end error) (text string, answer Answer) {
	q, err := Parse(line, s.Key)
	if err != nil || errors.Is(end, bufio.ErrBufferFull) {
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

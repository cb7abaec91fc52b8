package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"exiwatch/mailer"

	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// A Notify sends each message as a short text to a service for chats or phones, through shoutrrr. Every error is
// temporary. No service has a key by which it knows a message again. So the service gets each text at least once, and
// twice if its answer was lost or the process is killed before the answer.
//
// The URL is a secret: no error shows a part of it but the scheme and, of a server of one's own, the host. The service
// is trusted in one thing: shoutrrr reads the whole of its answer.
type Notify struct {
	Name    string        // of the channel, for errors
	URL     string        // as shoutrrr writes it, such as ntfy://ntfy.sh/TOPIC; see Services
	Timeout time.Duration // of one attempt; 0 is 30 s

	late *attempt // the last one, if it had not ended in time
}

const notifyTimeout = 30 * time.Second

// An attempt to send a text goes on when its time is over: shoutrrr has no way to stop it.
type attempt struct {
	message string // its name
	done    chan struct{}
	err     error // when done is closed
}

// Check returns an error if the URL is none of a known service. It connects to nothing. Its error doesn't name the
// channel.
func (n *Notify) Check() error {
	u, s, err := parseService(n.URL)
	if err == nil {
		err = guard(func() error { return s.check(u) })
	}
	if err != nil {
		err = errors.New(hide(err.Error(), n.URL))
	}
	return err
}

// Service is the name of the URL's service, such as ntfy; for a URL of no service it is "service".
func (n *Notify) Service() string {
	scheme, _, _ := strings.Cut(n.URL, ":")
	scheme, _, _ = strings.Cut(scheme, "+")
	if _, ok := services[scheme]; ok {
		return scheme
	}
	return "service"
}

// Send sends the text and waits for the service's answer. If an earlier attempt at the same message goes on, it waits
// for that one.
func (n *Notify) Send(ctx context.Context, m mailer.Message) error {
	limit := cmp.Or(n.Timeout, notifyTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit))
	defer cancel()
	a := n.late
	if a != nil && a.message != m.Name() {
		if !a.ended(ctx) {
			return n.discreet(errors.New("the service has not answered the message before yet"))
		}
		a = nil
	}
	if a == nil {
		a = n.begin(m)
	}
	if n.late = a; !a.ended(ctx) {
		return n.discreet(context.Cause(ctx))
	}
	n.late = nil
	return n.discreet(a.err)
}

// OneAtATime keeps the messages in order: people read them as they come.
func (n *Notify) OneAtATime() {}

// begin sends a text in a goroutine of its own.
func (n *Notify) begin(m mailer.Message) *attempt {
	a := &attempt{message: m.Name(), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.err = guard(func() error {
			u, s, err := parseService(n.URL)
			if err != nil {
				return err
			}
			service, err := s.open(u)
			if err != nil {
				return err
			}
			return service.Send(s.defuse(string(m.Data)), &types.Params{})
		})
	}()
	return a
}

// ended waits until the attempt has ended, or ctx has.
func (a *attempt) ended(ctx context.Context) bool {
	select {
	case <-a.done:
		return true
	case <-ctx.Done():
	}
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// guard calls f, which calls shoutrrr, and makes a panic an error. What the panic says may hold a secret.
func guard(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the URL has a value that shoutrrr can't read")
		}
	}()
	return f()
}

// discreet names the channel, and hides the URL in what shoutrrr says.
func (n *Notify) discreet(err error) error {
	if err == nil {
		return nil
	}
	if failed, ok := errors.AsType[*url.Error](err); ok { // what it wraps has no URL, but it has the server's address
		err = failed.Err
	}
	return fmt.Errorf("notify %s: %s", n.Name, hide(err.Error(), n.URL))
}

// Services of shoutrrr without a time limit of their own use http.DefaultClient, which nothing else in exiwatch uses.
func init() { http.DefaultClient.Timeout = notifyTimeout }

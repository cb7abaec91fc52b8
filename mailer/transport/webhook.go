package transport

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/mailer"
)

// A Webhook posts each Notice to a server. A 2xx answer takes it. Until an answer settles it, the spool sends it again,
// under the same Idempotency-Key. So the server gets each event at least once, and twice if its first answer was lost.
// Note: this is never an UncertainError, because no log will ever show the notice.
//
// The URL behind the host and the Header may be secret: no error shows them.
type Webhook struct {
	URL     string         // https://…; http:// to this machine only
	Header  http.Header    // in addition to our own, such as Authorization
	Version string         // exiwatch's, for User-Agent; "" where it isn't known
	RootCAs *x509.CertPool // trusted certificate authorities; nil: those of this machine
	Timeout time.Duration  // of the whole exchange; 0 is 30 s
}

const webhookTimeout = 30 * time.Second

// Check returns an error if a setting makes no sense.
func (w Webhook) Check() error {
	u, err := url.Parse(w.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("webhook: want https://HOST[:PORT]/PATH") // without err, which quotes the URL
	}
	_, err = parseHostPort(u.Host, "443")
	switch {
	case err != nil:
		return fmt.Errorf("webhook %q: want a host, or HOST:PORT", u.Host)
	case u.User != nil:
		return fmt.Errorf("webhook %s: user and password belong in a header, not in the URL", u.Host)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fmt.Errorf("webhook %s: want https://, for http:// is only for this machine", u.Host)
	case w.Timeout < 0:
		return fmt.Errorf("webhook %s: timeout %v is negative", u.Host, w.Timeout)
	}
	for name, values := range w.Header {
		if !tokenOK.MatchString(name) {
			return fmt.Errorf("webhook %s: %q is not the name of a header", u.Host, name)
		}
		if strings.ContainsFunc(strings.Join(values, ""),
			func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return fmt.Errorf("webhook %s: header %s has a control character or a line end in its value", u.Host, name)
		}
	}
	return nil
}

// tokenOK is RFC 9110, 5.6.2.
var tokenOK = regexp.MustCompile("^[0-9A-Za-z!#$%&'*+.^_`|~-]+$")

// Send posts the notice and waits for the answer. Its error is a *PermanentError for a redirection, and for a 4xx
// answer other than those that ask for patience or another token.
func (w Webhook) Send(ctx context.Context, m mailer.Message) error {
	if err := w.Check(); err != nil {
		return err
	}
	limit := cmp.Or(w.Timeout, webhookTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit))
	defer cancel()
	request, err := w.request(ctx, m)
	if err != nil {
		return err
	}
	answer, err := w.roundTripper(ctx).RoundTrip(request)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("webhook %s: %s", request.URL.Host, escape.Truncate(escape.Text(err.Error()), maxReason))
	}
	defer answer.Body.Close()
	return classifyResponse(request.URL.Host, answer)
}

const maxReason = 300 // runes of an error: it may quote the server

func (w Webhook) request(ctx context.Context, m mailer.Message) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(m.Data))
	if err != nil {
		return nil, err
	}
	for name, values := range w.Header {
		for _, value := range values {
			r.Header.Add(name, value)
		}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", strings.TrimSuffix("exiwatch/"+w.Version, "/"))
	r.Header.Set("Idempotency-Key", m.Name())
	return r, nil
}

// roundTripper makes one connection, without a proxy: the environment must not decide where an alert is sent. Note:
// http.Client would follow redirections, and show the URL in its errors.
func (w Webhook) roundTripper(ctx context.Context) *http.Transport {
	return &http.Transport{
		// The context that net/http passes is not ours: it goes on when the request is given up.
		DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
			return dial(ctx, network, address)
		},
		TLSClientConfig:        &tls.Config{RootCAs: w.RootCAs},
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: maxReplies,
	}
}

// dial makes a connection that ends with ctx.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { c.Close() })
	return c, nil
}

// classifyResponse makes the error of an answer; nil if it took the notice.
func classifyResponse(host string, answer *http.Response) error {
	code := answer.StatusCode
	err := fmt.Errorf("webhook %s: %d %s", host, code, http.StatusText(code))
	switch code / 100 {
	case 2:
		return nil
	case 3:
		err = withOutput(err, "it redirects to "+escape.Truncate(answer.Header.Get("Location"), maxReason))
	default:
		said, _ := io.ReadAll(io.LimitReader(answer.Body, maxStderr)) // how it ends changes nothing
		err = withOutput(err, string(said))
	}
	// 401, 403: a token ends, and an administrator gives another
	if code >= 500 || slices.Contains([]int{
		http.StatusUnauthorized, http.StatusForbidden,
		http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
	}, code) {
		return err
	}
	return &PermanentError{err}
}

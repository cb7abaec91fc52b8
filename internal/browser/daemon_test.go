package browser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/daemon"
	"exiwatch/internal/web"
	"exiwatch/mailer"
)

// A host is a log with a daemon that follows it, and serves its page.
type host struct {
	t      *testing.T
	dir    string
	log    *os.File
	url    string
	lines  int
	post   *post
	daemon *daemon.Daemon
}

// A post takes mails and notes when.
type post struct {
	mu    sync.Mutex
	mails []mailer.Message
	at    []time.Time
}

func (p *post) Send(_ context.Context, m mailer.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails, p.at = append(p.mails, m), append(p.at, time.Now())
	return nil
}

// startHost starts a daemon on a port of loopback. It ends with the test.
func startHost(t *testing.T, rules string) *host {
	t.Helper()
	h := &host{t: t, dir: t.TempDir(), post: &post{}}
	port := freePort(t)
	c := h.configure(fmt.Sprintf("[web]\nlisten = \"127.0.0.1:%d\"\n%s", port, rules))
	h.start(c)
	token, err := daemon.WebToken(c.State)
	if err != nil {
		t.Fatal(err)
	}
	h.url = fmt.Sprintf("http://127.0.0.1:%d/%s/", port, token)
	return h
}

// configure makes the log and a configuration for it.
func (h *host) configure(text string) config.Config {
	h.t.Helper()
	var err error
	path := filepath.Join(h.dir, "mainlog")
	if h.log, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { h.log.Close() })
	c, err := config.Parse("test", fmt.Appendf(nil, "log = %q\nstate = %q\ntimezone = \"UTC\"\n%s", path,
		filepath.Join(h.dir, "state"), text))
	if err != nil {
		h.t.Fatal(err)
	}
	c.Mail.Transport = h.post
	return c
}

// start runs a daemon and waits until it listens.
func (h *host) start(c config.Config) {
	h.t.Helper()
	h.daemon = &daemon.Daemon{Config: c, Host: "mx.lab.test", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Examine: func(context.Context) []web.Finding {
			return []web.Finding{
				{Check: "log", Status: "pass", Detail: "it can be read"},
				{Check: "mail", Status: "warn", Detail: "slow", Hint: "Wait:\n  a while"},
				{Check: "exim", Status: "fail", Detail: "not there"},
			}
		}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.daemon.Run(ctx) }()
	h.t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				h.t.Errorf("Run = %v", err)
			}
		case <-time.After(patience):
			h.t.Error("the daemon doesn't end")
		}
	})
	network, address := "unix", c.Web.Path
	if address == "" {
		network, address = "tcp", c.Web.Listen.String()
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) { // a real program
		conn, err := net.Dial(network, address)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case err := <-ended:
			h.t.Fatalf("Run = %v", err)
		default:
		}
		if time.Now().After(deadline) {
			h.t.Fatal(errors.Join(errors.New("nobody listens"), err))
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// A letter is what one arrival line says.
type letter struct{ account, sender, helo, subject, address string }

// line is an arrival line as Exim writes it, with a stamp of now.
func (h *host) line(l letter) string {
	h.lines++
	if l.sender == "" {
		l.sender = l.account
	}
	if l.helo == "" {
		l.helo = "pc"
	}
	if l.address == "" {
		l.address = "192.0.2.7"
	}
	subject := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(l.subject)
	return fmt.Sprintf("%s 1uAbCd-%06d-%02d <= %s H=(%s) [%s] P=esmtpsa A=plain:%s S=2211 T=\"%s\" for a@one.test b@two.test\n",
		time.Now().UTC().Format(time.DateTime), h.lines/100, h.lines%100, l.sender, l.helo, l.address, l.account,
		subject)
}

// send writes n messages into the log.
func (h *host) send(n int, l letter) {
	h.t.Helper()
	var text strings.Builder
	for range n {
		text.WriteString(h.line(l))
	}
	if _, err := h.log.WriteString(text.String()); err != nil {
		h.t.Fatal(err)
	}
}

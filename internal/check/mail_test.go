package check

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/mailer/transport"

	"github.com/emersion/go-smtp"
)

// A post is a mail server on loopback: what it refuses, and what it was sent.
type post struct {
	sender, recipients *smtp.SMTPError // nil: takes any
	only               string          // the recipient that is refused; "": all

	mu    sync.Mutex
	mails []string
}

func (p *post) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return session{p}, nil }))
	server.ErrorLog = quiet{}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return l.Addr().String()
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

type session struct{ *post }

func (session) Reset()        {}
func (session) Logout() error { return nil }
func (s session) Mail(string, *smtp.MailOptions) error {
	if s.sender != nil {
		return s.sender
	}
	return nil
}

func (s session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.recipients != nil && strings.HasPrefix(to, s.only) {
		return s.recipients
	}
	return nil
}

func (s session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.mu.Lock()
	s.mails = append(s.mails, string(text))
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return &smtp.SMTPError{Code: 250, Message: "OK id=1xV000-000001-01\x1b[31m"}
}

// TestMailServer: what a mail server may answer, without a mail being sent; and the test mail, of which its answer is
// told.
func TestMailServer(t *testing.T) {
	no := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode, Message: "no such user"}
	later := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.NoEnhancedCode, Message: "greylisted"}
	for _, test := range []struct {
		name   string
		post   *post
		test   bool
		status Status
		says   string
		mails  int
	}{
		{"accepts", &post{}, false, Pass, "accepts mail for a@lab.test, b@lab.test; nothing was sent", 0},
		{"refuses the sender", &post{sender: no}, false, Fail, "MAIL FROM: 550 no such user", 0},
		{"refuses all", &post{recipients: no}, false, Fail, "550 no such user", 0},
		{"refuses one", &post{recipients: no, only: "b@"}, false, Fail, "b@lab.test: RCPT TO: 550 no such user", 0},
		{"takes one later", &post{recipients: later, only: "b@"}, false, Warn, "b@lab.test: RCPT TO: 451 greylisted",
			0},
		{"test mail", &post{}, true, Pass,
			"accepted a test mail for a@lab.test, b@lab.test: 2.0.0 OK id=1xV000-000001-01", 1},
		{"test mail refused", &post{recipients: no}, true, Fail, "550 no such user", 0},
		{"test mail for one of two", &post{recipients: no, only: "b@"}, true, Fail, "b@lab.test", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, fmt.Sprintf("[mail]\nto = [\"a@lab.test\", \"b@lab.test\"]\nvia = \"smtp://%s\"\n",
				test.post.listen(t)))
			l.Test = test.test
			all := l.run()
			want(t, all, "mail", test.status, test.says)
			test.post.mu.Lock()
			defer test.post.mu.Unlock()
			if len(test.post.mails) != test.mails {
				t.Errorf("%d mails came, want %d", len(test.post.mails), test.mails)
			}
			if strings.ContainsRune(table(all, false), '\x1b') {
				t.Errorf("the server's escape sequence comes through: %q", table(all, false))
			}
		})
	}
}

// TestMailServerIsAskedAboutRoutes: whether it takes mail for those whom only a route or a rule names.
func TestMailServerIsAskedAboutRoutes(t *testing.T) {
	p := &post{recipients: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode, Message: "no such user"}, only: "d@"}
	l := newLab(t, fmt.Sprintf("[[rule]]\nto = [\"b@lab.test\"]\n[mail]\nto = [\"a@lab.test\"]\nvia = \"smtp://%s\"\n"+
		"[[route]]\nmatch = \"account:*\"\nto = [\"c@lab.test\", \"a@lab.test\"]\ncc = [\"d@lab.test\"]\n", p.listen(t)))
	want(t, l.run(), "mail", Fail, "d@lab.test: RCPT TO: 550 no such user")
	p.only = "nobody@"
	want(t, l.run(), "mail", Pass, "accepts mail for a@lab.test, b@lab.test, c@lab.test, d@lab.test; nothing was sent")
}

// TestMailServerAway: nobody listens, and somebody who says nothing holds nobody up.
func TestMailServerAway(t *testing.T) {
	hung, err := net.Listen("tcp", "127.0.0.1:0") // the kernel takes the connection, and nobody greets
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	for address, says := range map[string]string{"127.0.0.1:1": "refused", hung.Addr().String(): "deadline exceeded"} {
		l := newLab(t, "[mail]\nvia = \"smtp://"+address+"\"\n")
		l.Config.Mail.Transport.(*transport.SMTP).Timeout = 200 * time.Millisecond
		want(t, l.run(), "mail", Fail, says)
	}
}

// TestMailPatience: whoever gives up waiting stops the check.
func TestMailPatience(t *testing.T) {
	hung, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	l := newLab(t, "[mail]\nvia = \"smtp://"+hung.Addr().String()+"\"\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var b bytes.Buffer
	for r := range l.Setup.Run(ctx) {
		r.Print(&b, false)
	}
	if !strings.Contains(b.String(), "fail  mail") {
		t.Errorf("the mail server that hangs didn't fail:\n%s", b.String())
	}
}

// TestNotifyTest: a service gets a test text if one is wanted, and the URL isn't shown.
func TestNotifyTest(t *testing.T) {
	told := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		text, _ := io.ReadAll(q.Body)
		told <- q.URL.Path + " " + string(text)
		io.WriteString(w, `{"id": "1"}`)
	}))
	defer server.Close()
	l := newLab(t, "")
	url := l.write("url", "ntfy://"+server.Listener.Addr().String()+"/secretTopic?scheme=http\n", 0o600)
	l.configure(fmt.Sprintf("[[notify]]\nurl_file = %q\n", url))
	l.Test = true
	all := l.run()
	want(t, all, "notify", Pass, "ntfy accepted a test text")
	if got := <-told; !strings.HasPrefix(got, "/secretTopic "+l.Host+": this is a test, nobody has sent bulk mail. For example: ") {
		t.Errorf("told %q", got)
	}
	if strings.Contains(table(all, false), "secretTopic") {
		t.Errorf("the URL is shown:\n%s", table(all, false))
	}
}

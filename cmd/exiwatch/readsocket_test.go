package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An aclExample is an ACL of docs/exim.md.
type aclExample struct{ key, text string }

// Where they stand among the aclExamples.
const (
	aclBySender = 1
	aclByNumber = 4
)

// aclExamples gives them as they stand there, but for the socket's path.
func aclExamples(t *testing.T, socket string) (examples []aclExample) {
	t.Helper()
	for _, m := range regexp.MustCompile("(?s)```exim ?(\\w*)\n(.*?)```").FindAllStringSubmatch(read(t,
		"../../docs/exim.md"), -1) {
		examples = append(examples, aclExample{cmp.Or(m[1], "sender"),
			strings.ReplaceAll(m[2], "/run/exiwatch/sender.sock", socket)})
	}
	return examples
}

// askingExim starts an Exim that asks at DIR/socket/sender.sock by an ACL, if that is given the path.
func askingExim(t *testing.T, acl func(socket string) aclExample) (e *eximHost, example aclExample) {
	t.Helper()
	e = startEximWith(t, "acl_smtp_rcpt = accept",
		"acl_smtp_rcpt = rcpt\nhostlist my_hosts = 127.0.0.1\nqueue_only\nsmtp_accept_max_per_connection = 0\nsmtp_accept_max_nonmail = 100000",
		"begin routers", "begin acl\nrcpt:\n"+acl("DIR/socket/sender.sock").text+"  accept\nbegin routers")
	return e, acl(e.socket())
}

func (e *eximHost) socket() string { return filepath.Join(e.dir, "socket/sender.sock") }

// watched starts a daemon with one rule that Exim may ask.
func (e *eximHost) watched(key, window string) *process {
	e.t.Helper()
	config := e.write("exiwatch.toml", fmt.Sprintf(`
log = %q
state = %q
timezone = "UTC"
[count]
only = ["all"]
[[rule]]
key = %q
limit = 20
window = %q
[mail]
via = %q
[socket]
path = %q
key = %[3]q
`, e.mainlog(), filepath.Join(e.dir, "state"), key, window, nowhere, e.socket()))
	os.Remove(filepath.Join(e.dir, "state/lock"))
	p := startProcess(e.t, "run", "--config", config)
	p.until(readToEnd, 1)
	return p
}

// A submitter sends messages over one connection, each as soon as the one before is accepted.
type submitter struct {
	t *testing.T
	c *smtp.Client
}

func (e *eximHost) submitter() *submitter { return e.submitterAs("") }

// submitterAs gives one that logs in, unless the login is empty.
func (e *eximHost) submitterAs(login string) *submitter {
	e.t.Helper()
	c, err := smtp.Dial(e.address())
	if err == nil {
		err = c.Hello("pc.lab.test")
	}
	if err == nil && login != "" {
		err = c.Auth(smtp.PlainAuth("", login, "secret", "127.0.0.1"))
	}
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { c.Close() })
	return &submitter{e.t, c}
}

// isOver tells whether it is the ACL that refuses.
func isOver(err error) bool {
	var reply *textproto.Error
	return errors.As(err, &reply) && reply.Code == 550 && strings.HasPrefix(reply.Msg, "too many messages from ")
}

// mayRcpt tells whether the sender may name a recipient, and then begins anew.
func (s *submitter) mayRcpt(from string) bool {
	s.t.Helper()
	if err := s.c.Mail(from); err != nil {
		s.t.Fatal(err)
	}
	err := s.c.Rcpt("somebody@example.org")
	if err != nil && !isOver(err) {
		s.t.Fatal(err)
	}
	if err := s.c.Reset(); err != nil {
		s.t.Fatal(err)
	}
	return err == nil
}

// send sends a message and tells whether it was accepted.
func (s *submitter) send(from string) bool {
	s.t.Helper()
	if err := s.c.Mail(from); err != nil {
		s.t.Fatal(err)
	}
	if err := s.c.Rcpt("somebody@example.org"); err != nil {
		if !isOver(err) {
			s.t.Fatal(err)
		}
		s.c.Reset()
		return false
	}
	w, err := s.c.Data()
	if err != nil {
		s.t.Fatal(err)
	}
	fmt.Fprintf(w, "Subject: parcel\r\n\r\nhello\r\n")
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
	return true
}

// accepted tells how many of n messages are accepted, which are the first.
func (s *submitter) accepted(n int, from string) int {
	s.t.Helper()
	last := 0
	for i := range n {
		if s.send(from) {
			if last < i {
				s.t.Errorf("message %d is accepted after %d was refused", i+1, last+1)
			}
			last = i + 1
		}
	}
	return last
}

// TestRealEximAsks: with each ACL of the documentation the 21st message is the one that goes over, and the 22nd is
// refused.
func TestRealEximAsks(t *testing.T) {
	need(t, "exim4")
	n := len(aclExamples(t, ""))
	if n != 6 {
		t.Fatalf("%d ACLs stand in docs/exim.md, want 6", n)
	}
	for i := range n {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			e, acl := askingExim(t, func(socket string) aclExample { return aclExamples(t, socket)[i] })
			window := "1h"
			if i == aclBySender {
				window = "15s"
			}
			d := e.watched(acl.key, window)
			s := e.submitter()
			others := s
			if acl.key == "account" {
				s, others = e.submitterAs("alice@Lab.Test"), e.submitterAs("bob@lab.test")
			}
			over := time.Now()
			if got := s.accepted(21, "alice@Lab.Test"); got != 21 {
				t.Errorf("%d messages are accepted, want 21", got)
			}
			// a daemon under the race detector, on a machine that does other things, may take longer than an answer
			// waits
			d.until("msg=alert ", 1)
			if got := s.accepted(4, "alice@Lab.Test"); got != 0 {
				t.Errorf("%d messages more are accepted, want 0", got)
			}
			who := map[string]string{"sender": "alice@Lab.Test", "account": "alice@Lab.Test",
				"host": "127.0.0.1"}[acl.key]
			if want := "rejected RCPT <somebody@example.org>: exiwatch: " + who +
				" is over its limit"; strings.Count(e.log(), want) != 4 {
				t.Errorf("the log has %q %d times, want 4:\n%s", want, strings.Count(e.log(), want), e.log())
			}
			if got := others.mayRcpt("bob@lab.test"); got != (acl.key != "host") {
				t.Errorf("another account is accepted: %v", got)
			}
			if got := others.mayRcpt(""); got != (acl.key != "host") {
				t.Errorf("the empty sender is accepted: %v", got)
			}
			if acl.key == "account" && (s.mayRcpt("bob@lab.test") || !e.submitter().mayRcpt("alice@lab.test")) {
				t.Error("who logs in escapes as another sender, or an outsider is refused by hers")
			}
			if i == aclBySender {
				e.until("alice is accepted again", func() bool { return s.mayRcpt("alice@Lab.Test") })
				if took := time.Since(over); took < 14*time.Second {
					t.Errorf("she is accepted again after %v, too soon", took)
				}
			}
			if strings.Contains(e.paniclog(), "readsocket") || strings.Contains(e.log(), "condition") {
				t.Errorf("Exim complains: %s%s", e.paniclog(), e.log())
			}
			d.end()
			if _, err := os.Lstat(e.socket()); !os.IsNotExist(err) {
				t.Errorf("the socket is still there: %v", err)
			}
			if !s.mayRcpt("alice@Lab.Test") {
				t.Error("she is refused though no daemon runs")
			}
		})
	}
}

func (e *eximHost) paniclog() string {
	b, _ := os.ReadFile(filepath.Join(e.dir, "log/paniclog"))
	return string(b)
}

// TestMailFlowsWithoutAnswer: whatever becomes of the daemon, who was refused is accepted within Exim's five seconds.
func TestMailFlowsWithoutAnswer(t *testing.T) {
	need(t, "exim4")
	for _, i := range []int{aclBySender, aclByNumber} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			e, _ := askingExim(t, func(socket string) aclExample { return aclExamples(t, socket)[i] })
			d := e.watched("sender", "1h")
			s := e.submitter()
			s.accepted(21, "alice@lab.test")
			d.until("msg=alert ", 1)
			if s.mayRcpt("alice@lab.test") {
				t.Fatal("accepted, though over the limit")
			}
			flows := func(what string) {
				t.Helper()
				began := time.Now()
				if !s.mayRcpt("alice@lab.test") {
					t.Errorf("%s: refused", what)
				}
				if took := time.Since(began); took > 7*time.Second {
					t.Errorf("%s: it took %v", what, took)
				}
			}
			d.signal(syscall.SIGSTOP)
			d.untilStopped()
			flows("the daemon hangs")
			asked := make(chan struct{})
			go func() {
				defer close(asked)
				flows("the daemon is killed while it is asked")
			}()
			e.until("Exim asks", func() bool { return e.asks() })
			d.signal(syscall.SIGKILL)
			<-asked
			<-d.ended
			flows("the daemon was killed")
			for _, text := range []string{"", "no", "0"} {
				l := pretend(t, e.socket(), text)
				if i == aclBySender && text != "0" || i == aclByNumber && text != "no" {
					flows(fmt.Sprintf("it says %q at once, and closes", text))
				}
				l.Close()
			}
			d = e.watched("sender", "1h")
			if s.mayRcpt("alice@lab.test") {
				t.Error("accepted, though a daemon runs again")
			}
			d.end()
			flows("the daemon was stopped")
		})
	}
}

// asks tells whether somebody is connected to the socket, or waits to be.
func (e *eximHost) asks() bool {
	b, _ := os.ReadFile("/proc/net/unix")
	for line := range strings.Lines(string(b)) {
		// Num RefCount Protocol Flags Type St Inode Path: St is 02 or 03 of a connection, 01 of the listener
		if f := strings.Fields(line); len(f) == 8 && f[5] != "01" && strings.HasPrefix(f[7], filepath.Dir(e.socket())) {
			return true
		}
	}
	return false
}

// pretend answers in the daemon's place before it is asked, as one that has too many connections.
func pretend(t *testing.T, path, text string) net.Listener {
	t.Helper()
	os.Remove(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(path, 0o666)
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			io.WriteString(c, text)
			c.Close()
		}
	}()
	return l
}

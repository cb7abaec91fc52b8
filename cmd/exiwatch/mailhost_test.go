package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// inMailHost is the environment variable that tells a test that it runs on a mail host. It names the test's folder.
const inMailHost = "EXIWATCH_TEST_IN_MAIL_HOST"

// A mailHost is a machine with Debian's Exim as Debian configures it. The test runs there itself.
type mailHost struct {
	t   *testing.T
	dir string // for the test's files
}

// Addresses that the mail host's loopback interface has besides 127.0.0.1. Exim takes them for what they stand for.
const (
	outsideClient = "203.0.113.7"
	outsideServer = "198.51.100.9"
)

// onMailHost runs a test once more, on a mail host whose Exim has these macros; there it gives the host, here nil.
func onMailHost(t *testing.T, macros string) *mailHost {
	t.Helper()
	if dir := os.Getenv(inMailHost); dir != "" {
		return startMailHost(t, dir)
	}
	need(t, "unshare", "ip", "exim4", "update-exim4.conf", "openssl", "python3")
	dir := t.TempDir()
	cmd := exec.Command("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
		"sh", "testdata/attacks/mailhost", filepath.Join(dir, "host"),
		os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v")
	cmd.Env = append(os.Environ(), "MACROS="+macros, inMailHost+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("on the mail host: %v\n%s", err, out)
	}
	return nil
}

// startMailHost starts Exim on the mail host.
func startMailHost(t *testing.T, dir string) *mailHost {
	t.Helper()
	h := &mailHost{t, dir}
	cmd := exec.Command("exim4", "-bdf", "-odq") // what comes over TCP is queued: deliveries show nothing and take long
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("Exim logged:\n%s", shortened(h.log()))
		}
	})
	until(t, "Exim listens", func() bool {
		c, err := net.Dial("tcp", eximAddress)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return h
}

const (
	eximAddress = "127.0.0.1:25"
	eximLog     = "/var/log/exim4/mainlog"
	rootMail    = "/var/mail/mail" // where Debian's router mail4root puts root's
)

func (h *mailHost) log() string { h.t.Helper(); return read(h.t, eximLog) }

// shortened is a log that a person can read: its first and last lines, each with its first and last letters.
func shortened(log string) string {
	lines := strings.SplitAfter(log, "\n")
	if len(lines) > 60 {
		lines = append(append(lines[:30:30], "…\n"), lines[len(lines)-30:]...)
	}
	for i, line := range lines {
		if len(line) > 400 {
			lines[i] = line[:200] + "…" + line[len(line)-200:]
		}
	}
	return strings.Join(lines, "")
}

// A letter is a message of the attacks, to somebody whose mail Exim throws away.
type letter struct{ sender, messageID string }

const victim = "victim@mx.test"

func (l letter) String() string {
	text := "Subject: pay\r\n"
	if l.messageID != "" {
		text += "Message-ID: <" + l.messageID + ">\r\n"
	}
	return text + "\r\nhello\r\n"
}

// A client is somebody who talks to Exim over TCP.
type client struct {
	address string // its own
	helo    string
	login   string // "" is none
}

// send sends letters in one conversation.
func (c client) send(letters ...letter) error {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(c.address)}}
	conn, err := d.Dial("tcp", eximAddress)
	if err != nil {
		return err
	}
	defer conn.Close()
	s, err := smtp.NewClient(conn, "127.0.0.1")
	if err == nil {
		err = s.Hello(c.helo)
	}
	if err == nil && c.login != "" {
		err = s.Auth(smtp.PlainAuth("", c.login, "secret", "127.0.0.1"))
	}
	for _, l := range letters {
		err = errors.Join(err, sendLetter(s, l))
	}
	s.Text.Cmd("QUIT") // and no wait for the answer: Exim waits for the end of the connection before it gives one
	return err
}

func sendLetter(s *smtp.Client, l letter) error {
	if err := s.Mail(l.sender); err != nil {
		return err
	}
	if err := s.Rcpt(victim); err != nil {
		return err
	}
	w, err := s.Data()
	if err != nil {
		return err
	}
	fmt.Fprint(w, l)
	return w.Close()
}

// mustSend sends letters as a client does that Exim takes mail of.
func (h *mailHost) mustSend(c client, letters ...letter) {
	h.t.Helper()
	if err := c.send(letters...); err != nil {
		h.t.Fatalf("sending as %.200v: %v", c, err)
	}
}

// as runs a program as a local user in a folder.
func (h *mailHost) as(who, folder, stdin, program string, args ...string) error {
	h.t.Helper()
	u, err := user.Lookup(who)
	if err != nil {
		h.t.Fatal(err)
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdin = folder, strings.NewReader(stdin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %q as %s: %w: %s", program, args, who, err, out)
	}
	return nil
}

// mustSendmail hands in letters, each by a call of its own.
func (h *mailHost) mustSendmail(who string, l letter, args ...string) {
	h.t.Helper()
	args = append(args, "-odq", "-i", victim)
	if err := h.as(who, "/", strings.ReplaceAll(l.String(), "\r", ""), "sendmail", args...); err != nil {
		h.t.Fatal(err)
	}
}

// submit hands in n letters of a local user in one call.
func (h *mailHost) submit(who string, n int) {
	h.t.Helper()
	dialog := "HELO localhost\r\n" + strings.Repeat("MAIL FROM:<"+who+"@mx.test>\r\nRCPT TO:<"+victim+">\r\nDATA\r\n"+
		letter{}.String()+".\r\n", n) + "QUIT\r\n"
	if err := h.as(who, "/", dialog, "sendmail", "-odq", "-bs"); err != nil {
		h.t.Fatal(err)
	}
}

// A foundAlert is what replay tells of an alert.
type foundAlert struct {
	ID, Rule, Key, Value, Count string
	Messages, Suspicious        int
}

// who is the alert's key and value.
func (a foundAlert) who() string { return a.Key + " " + a.Value }

// replayed gives the alerts of a replay.
func replayed(t *testing.T, args ...string) []foundAlert {
	t.Helper()
	out, stderr, status := exiwatch(t, "", append([]string{"replay", "--json"}, args...)...)
	if status != exitDone {
		t.Fatalf("replay %q: %s", args, stderr)
	}
	var document struct{ Alerts []foundAlert }
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		t.Fatal(err)
	}
	return document.Alerts
}

package fleetchaos

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/testkit"
	"exiwatch/mailer"

	"github.com/emersion/go-smtp"
)

// A notice is what a webhook gets of an event, as far as it matters here.
type notice struct {
	Event string
	Alert noticedAlert
	Alone *struct{ Host string }

	at   time.Time // when it came
	by   string    // whose webhook
	text string
}

type noticedAlert struct {
	ID         string
	Key        string
	Value      string
	Count      string
	Limit      int64
	Window     string
	Opened     time.Time
	CrossedBy  string `json:"crossed_by"`
	Peak       int64
	Messages   int64
	Recipients int64
	Bytes      int64
	Times      int64
	Closes     bool
	Ended      *time.Time
}

// name is that of the event: grew has its times.
func (n *notice) name() string {
	if n.Event == "grew" {
		return fmt.Sprintf("grew%d", n.Alert.Times)
	}
	return n.Event
}

// mailed is the event of its mail, as in the Message-ID.
func (n *notice) mailed() string {
	if n.Alone == nil {
		return n.name()
	}
	return mailer.FleetMark{Alone: n.Alone.Host}.EventName(n.name())
}

// A letter is a mail that was accepted.
type letter struct {
	alerts    []string // ids
	event     string   // as in the Message-ID
	messageID string
	at        time.Time
	by        string // whose mail server
	text      string
}

// A sink takes what the daemons tell: each host has a webhook and a mail server of its own, on loopback.
type sink struct {
	t testing.TB

	mu      sync.Mutex
	notices []notice
	letters []letter
}

// listen serves a host's webhook and mail server on sockets that open makes.
func (s *sink) listen(host string, open func() (net.Listener, error)) (webhook, smtpPort int) {
	web, err := open()
	testkit.Must(s.t, err)
	post, err := open()
	testkit.Must(s.t, err)
	hook := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.take(host, w, r) })}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return session{s, host}, nil }))
	server.Domain, server.ErrorLog = "mx.lab.test", quiet{}
	var served sync.WaitGroup
	served.Go(func() { hook.Serve(web) })
	served.Go(func() { server.Serve(post) })
	s.t.Cleanup(func() {
		hook.Close()
		server.Close()
		post.Close()
		served.Wait()
	})
	return web.Addr().(*net.TCPAddr).Port, post.Addr().(*net.TCPAddr).Port
}

// loopback opens a socket for listen.
func loopback() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// take takes a notice.
func (s *sink) take(host string, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	n := notice{at: time.Now(), by: host, text: string(body)}
	if err == nil {
		err = json.Unmarshal(body, &n)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notices = append(s.notices, n)
}

// told are the notices so far.
func (s *sink) told() []notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notices)
}

// mailed are the mails so far.
func (s *sink) mailed() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.letters)
}

// size changes with all that comes.
func (s *sink) size() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return [2]int{len(s.notices), len(s.letters)}
}

// A session is one conversation with a host's mail server.
type session struct {
	sink *sink
	host string
}

func (session) Reset()                               {}
func (session) Logout() error                        { return nil }
func (session) Mail(string, *smtp.MailOptions) error { return nil }
func (session) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (s session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l, err := readLetter(text)
	if err != nil {
		s.sink.t.Errorf("%s mails what can't be read: %v\n%s", s.host, err, text)
		return err
	}
	l.by, l.at = s.host, time.Now()
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.letters = append(s.sink.letters, l)
	return nil
}

// eventOf is what a Message-ID of ours says.
var eventOf = regexp.MustCompile(`^<exiwatch\.[0-9A-Za-z]+\.([a-z]+[0-9]*)\.`)

// readLetter takes a mail apart.
func readLetter(text []byte) (letter, error) {
	m, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return letter{}, err
	}
	l := letter{messageID: m.Header.Get("Message-Id"), text: string(text),
		alerts: strings.Fields(strings.Join(m.Header["X-Exiwatch-Alert"], " "))}
	found := eventOf.FindStringSubmatch(l.messageID)
	if found == nil || len(l.alerts) == 0 {
		return l, errors.New("it is about no alert")
	}
	l.event = found[1]
	return l, nil
}

func (l *letter) isDigest() bool { return strings.HasPrefix(l.event, "d") }

var (
	timesLimit = regexp.MustCompile(`By now it has come to (\d+) times the limit`)
	blanks     = regexp.MustCompile(`\s+`)
)

// grownTo is how many times its limit an alert had come to when the mail that it opened was made; 0: not twice.
func (l *letter) grownTo() (times int64) {
	plain := blanks.ReplaceAllString(strings.ReplaceAll(l.text, "=\r\n", ""), " ")
	if found := timesLimit.FindStringSubmatch(plain); l.event == "opened" && found != nil {
		fmt.Sscan(found[1], &times)
	}
	return times
}

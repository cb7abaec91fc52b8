package chaos

import (
	"bytes"
	"fmt"
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/testkit"

	"github.com/emersion/go-smtp"
)

// A mode is how the mail server behaves.
type mode string

const (
	up       mode = "up"
	down     mode = "down"     // nobody listens, and conversations are cut
	refusing mode = "refusing" // 451, to MAIL or RCPT or the mail
	silent   mode = "silent"   // connections are taken, and nothing is said
	stalled  mode = "stalled"  // nothing is said before or behind the mail
)

var outages = []mode{down, refusing, silent, stalled}

// A post is the mail server: the very Exim whose log is followed. It logs a mail that it accepts before it answers.
type post struct {
	t      *testing.T
	port   int
	writer *writer
	note   func(string, ...any)

	mu      sync.Mutex
	mode    mode
	changed chan struct{} // closed when the mode changes
	server  *smtp.Server
	socket  net.Listener   // of server
	armed   func(net.Conn) // done at the next acceptance, before the answer
	mails   []letter
	served  sync.WaitGroup
}

// A letter is an accepted mail.
type letter struct {
	at        time.Time
	alerts    []string // ids
	event     string   // as in the Message-ID
	messageID string
	text      []byte
}

// eventOf is what a Message-ID of ours says.
var eventOf = regexp.MustCompile(`^<exiwatch\.[0-9a-f]+\.([a-z]+[0-9]*)\.`)

// read takes a mail apart.
func read(text []byte) (letter, error) {
	m, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return letter{}, err
	}
	l := letter{messageID: m.Header.Get("Message-Id"), text: text}
	found := eventOf.FindStringSubmatch(l.messageID)
	if found == nil {
		return l, fmt.Errorf("Message-Id %q is none of ours", l.messageID)
	}
	l.alerts, l.event = strings.Fields(strings.Join(m.Header["X-Exiwatch-Alert"], " ")), found[1]
	if len(l.alerts) == 0 {
		return l, fmt.Errorf("mail %q is about no alert", l.messageID)
	}
	return l, nil
}

func newPost(t *testing.T, w *writer, note func(string, ...any)) *post {
	p := &post{t: t, writer: w, note: note, mode: down, changed: make(chan struct{})}
	l := p.listen(0)
	p.port = l.Addr().(*net.TCPAddr).Port
	testkit.Must(t, l.Close())
	t.Cleanup(func() { p.set(down); p.served.Wait() })
	return p
}

// listen takes the port, which may need a moment to be free again.
func (p *post) listen(port int) net.Listener {
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) { // until the kernel frees the port
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return l
		}
		if time.Now().After(deadline) {
			testkit.Must(p.t, err)
		}
	}
}

// set changes the mode. What hangs goes on.
func (p *post) set(m mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m == p.mode {
		return
	}
	p.note("mail server: %s", m)
	p.mode = m
	close(p.changed)
	p.changed = make(chan struct{})
	switch {
	case m == down:
		p.socket.Close() // the server doesn't know it before its Serve has begun
		p.server.Close()
		p.server = nil
	case p.server == nil:
		p.serve()
	}
}

func (p *post) serve() {
	server := smtp.NewServer(p)
	server.Domain = "mx.lab.test"
	server.ErrorLog = quiet{}
	p.server, p.socket = server, p.listen(p.port)
	l := reluctant{p.socket, p}
	p.served.Go(func() { server.Serve(l) })
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// now is the mode, and what tells that it has changed.
func (p *post) now() (mode, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode, p.changed
}

// A reluctant listener doesn't greet while the post is silent.
type reluctant struct {
	net.Listener
	post *post
}

func (r reluctant) Accept() (net.Conn, error) {
	conn, err := r.Listener.Accept()
	if m, changed := r.post.now(); err == nil && m == silent {
		<-changed
	}
	return conn, err
}

// arm has something done at the next acceptance, between the log's line and the answer.
func (p *post) arm(what func(net.Conn)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = what
}

func (p *post) disarm() { p.arm(nil) }

// accept takes a mail, unless the client is gone: as Exim does it ("SMTP connection lost after final dot"), nothing
// is logged then. No daemon is started between these two (see keeper.start), so that it is never anybody's guess
// whether a mail was accepted: the log says it.
func (p *post) accept(data []byte, conn net.Conn) error {
	l, err := read(data)
	if err != nil {
		p.t.Errorf("a mail that can't be read: %v\n%s", err, data)
		return err
	}
	p.writer.mu.Lock()
	defer p.writer.mu.Unlock()
	if isGone(conn) {
		return later
	}
	p.writer.write(p.writer.traffic.ownMail(string(bytes.Trim([]byte(l.messageID), "<>")), len(data)))
	l.at = time.Now()
	p.mu.Lock()
	p.mails = append(p.mails, l)
	armed := p.armed
	p.armed = nil
	p.mu.Unlock()
	p.note("accepted %s of %s", l.event, l.alerts)
	if armed != nil {
		p.note("and the daemon doesn't get the answer")
		armed(conn)
	}
	return nil
}

// accepted are the mails so far.
func (p *post) accepted() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.mails)
}

// has tells whether the mail about an account's alert has come.
func (p *post) has(account string) bool {
	return slices.ContainsFunc(p.accepted(), func(l letter) bool { return bytes.Contains(l.text, []byte(account+" ")) })
}

package parser

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// A deliveryLab is an Exim with its own spool, and servers on loopback that it delivers to.
type deliveryLab struct {
	t         *testing.T
	exim, dir string
}

// Each server has an address of its own, 127.0.7.1 and so on in this order. The name is the domain whose mail it gets,
// without .test. No server is at the last one's.
var labServers = []labServer{
	{name: "accept", says: map[string]string{"EHLO": "250-accept.test\r\n250 PIPELINING", ".": "250 ok"}},
	{name: "mail", says: map[string]string{"MAIL": "550 5.7.1 <ann@lab.test>: R=a T=b H=c [203.0.113.9]: no"}},
	{name: "rcpt", says: map[string]string{"RCPT": "550-5.1.1 <bob@rcpt.test>: Recipient rejected:\r\n550 5.1.1 User \"unknown\""}},
	{name: "data", says: map[string]string{"DATA": "554 5.7.1 listed by bl.example"}},
	{name: "dot", says: map[string]string{".": "552 5.2.2 mailbox full"}},
	{name: "later", says: map[string]string{"RCPT": "451 4.7.1 greylisted, see <http://x.example/> R=a T=b H=c [203.0.113.9]"}},
	{name: "full", says: map[string]string{".": "452 4.2.2 mailbox full"}},
	{name: "close", says: map[string]string{"MAIL": ""}},
	{name: "odd", says: map[string]string{".": "250-ok \"quoted\" \\ <a@b> R=a T=b H=c [203.0.113.9] C=\"x\"\r\n250 \xe9 end"}},
	{name: "tls", says: map[string]string{"EHLO": "250-tls.test\r\n250 STARTTLS", ".": "250 ok"}, tls: true},
	{name: "lost", says: map[string]string{".": ""}},
	{name: "down"},
}

// A labServer is an SMTP server. says has what it answers to a command, if not 250 or the like; nothing: it closes the
// connection.
type labServer struct {
	name string
	says map[string]string
	tls  bool
}

func newDeliveryLab(t *testing.T, exim, selectors string) *deliveryLab {
	dir, err := os.MkdirTemp("/tmp", "deliveries") // Exim's own user must get there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l := &deliveryLab{t: t, exim: exim, dir: dir}
	port, routes := 0, []string{}
	for i, server := range labServers {
		ip := fmt.Sprintf("127.0.7.%d", i+1)
		routes = append(routes, server.name+".test "+ip)
		if server.says == nil {
			continue
		}
		listener, err := net.Listen("tcp4", fmt.Sprintf("%s:%d", ip, port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		port = listener.Addr().(*net.TCPAddr).Port
		go server.serve(listener, certificate(t))
	}
	config := strings.NewReplacer("DIR", dir, "SELECTORS", selectors, "PORT", fmt.Sprint(port), "ROUTES",
		strings.Join(routes, " ; ")).Replace(labConfig)
	for _, step := range []error{
		os.Chmod(dir, 0o755), os.WriteFile(dir+"/exim.conf", []byte(config), 0o644),
		os.Mkdir(dir+"/spool", 0o755), os.Mkdir(dir+"/log", 0o755), os.Mkdir(dir+"/box", 0o755),
		exec.Command("chown", "Debian-exim", dir+"/spool", dir+"/log", dir+"/box").Run(),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	return l
}

func (s labServer) serve(listener net.Listener, config *tls.Config) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go s.talk(conn, config)
	}
}

// talk holds one SMTP session.
func (s labServer) talk(conn net.Conn, config *tls.Config) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	say := func(text string) { fmt.Fprintf(conn, "%s\r\n", text) }
	say("220 " + s.name + ".test ESMTP")
	for data := false; ; {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		if data && verb != "." {
			continue
		}
		data = false
		answer, own := s.says[verb]
		switch {
		case own && answer == "":
			return
		case own && !(verb == "EHLO" && s.tls && config == nil):
			say(answer)
		case verb == "STARTTLS":
			say("220 go on")
			conn = tls.Server(conn, config)
			in, config = bufio.NewReader(conn), nil
		case verb == "DATA":
			say("354 go on")
			data = true
		default:
			say("250 ok")
		}
		if verb == "QUIT" {
			return
		}
	}
}

func certificate(t *testing.T) *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: `x" R=a C="y`},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// run calls Exim with text as its input.
func (l *deliveryLab) run(text string, arguments ...string) {
	l.t.Helper()
	cmd := exec.Command(l.exim, append([]string{"-C", l.dir + "/exim.conf"}, arguments...)...)
	cmd.Stdin, cmd.Dir = strings.NewReader(text), "/"
	if out, err := cmd.CombinedOutput(); err != nil && !strings.Contains(strings.Join(arguments, " "), "-M") {
		l.t.Fatalf("exim %q: %v\n%s", arguments, err, out)
	}
}

func (l *deliveryLab) queue() (ids []string) {
	files, _ := os.ReadDir(l.dir + "/spool/input")
	for _, f := range files {
		if id, ok := strings.CutSuffix(f.Name(), "-H"); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// newcomer gives the id of a message that wasn't in the queue before, "" if there is none.
func (l *deliveryLab) newcomer(before []string) string {
	for _, id := range l.queue() {
		if !slices.Contains(before, id) {
			return id
		}
	}
	return ""
}

// submit hands a message in, and gives its id.
func (l *deliveryLab) submit(sender string, recipients ...string) string {
	before := l.queue()
	l.run("Subject: x\n\nHello.\n", append([]string{"-oi", "-f", sender}, recipients...)...)
	return l.newcomer(before)
}

// deliver delivers a message, and the bounce that this makes.
func (l *deliveryLab) deliver(id string, options ...string) {
	before := l.queue()
	l.run("", append(options, "-Mc", id)...)
	if bounce := l.newcomer(before); bounce != "" {
		l.run("", "-Mc", bounce)
	}
}

const labConfig = `
primary_hostname = mx.lab.test
qualify_domain = lab.test
spool_directory = DIR/spool
log_file_path = DIR/log/%slog
log_selector = SELECTORS
timezone = UTC
keep_environment =
never_users =
host_lookup =
queue_only
remote_max_parallel = 1
trusted_users = root : Debian-exim
allow_utf8_domains
acl_smtp_rcpt = check_recipient

begin acl
check_recipient:
  accept  control = cutthrough_delivery

begin routers
remote:
  driver = manualroute
  domains = ! lab.test
  transport = remote_smtp
  route_list = ROUTES
  self = send
  caseful_local_part

failed:
  driver = redirect
  local_parts = nobody
  data = :fail: no such user: R=a H=c [203.0.113.9]
  allow_fail

postponed:
  driver = redirect
  local_parts = tomorrow
  data = :defer: come back
  allow_defer

drop:
  driver = redirect
  local_parts = drop
  data = :blackhole:

seen:
  driver = redirect
  local_parts = seen
  data = "#Exim filter\nseen finish"
  allow_filter
  user = Debian-exim

aliases:
  driver = redirect
  data = ${if eq{$local_part}{alias}{too@accept.test}{${if eq{$local_part}{twice}{alias@lab.test}{\
    ${if eq{$local_part}{pipe}{"|/usr/bin/env R=a T=b cat"}{${if eq{$local_part}{broken}{|/bin/false}{\
    ${if eq{$local_part}{null}{/dev/null}{}}}}}}}}}}
  pipe_transport = piped
  file_transport = filed
  user = Debian-exim

users:
  driver = accept
  transport = box

begin transports
remote_smtp:
  driver = smtp
  port = PORT
  hosts_try_fastopen =
  hosts_try_dane =
  allow_localhost

box:
  driver = appendfile
  file = DIR/box/mail
  user = Debian-exim

filed:
  driver = appendfile

piped:
  driver = pipe
  return_fail_output

begin retry
* * F,1h,15m
`

// deliverAll delivers one message after the other; the comments number them, bounces included.
func (l *deliveryLab) deliverAll() {
	const ann = "ann@lab.test"
	l.deliver(l.submit(ann, "ok@accept.test", "too@accept.test")) // 1
	for _, name := range []string{"mail", "rcpt", "data", "dot"} {
		l.deliver(l.submit(ann, "bob@"+name+".test")) // 2 to 9
	}
	for _, name := range []string{"later", "full", "close", "odd", "tls", "lost", "down"} {
		l.deliver(l.submit(ann, "bob@"+name+".test")) // 10 to 16
	}
	for _, local := range []string{"bob", `"x R=a T=b"`, "pipe", "null", "drop", "seen", "alias", "twice"} {
		l.deliver(l.submit(ann, local+"@lab.test")) // 17 to 24
	}
	for _, local := range []string{"broken", "nobody"} {
		l.deliver(l.submit(ann, local+"@lab.test")) // 25 to 28
	}
	l.deliver(l.submit(ann, "tomorrow@lab.test"))                                    // 29
	l.deliver(l.submit(ann, `"x R=a T=b H=c [203.0.113.9]: no"@data.test`))          // 30, 31
	l.deliver(l.submit(ann, `"x R=a T=b H=c [203.0.113.9] C=\"250 ok"@accept.test`)) // 32
	frozen := l.submit("<>", "bob@dot.test")
	l.deliver(frozen) // 33
	l.run("", "-Mt", frozen)
	l.run("", "-Mf", frozen)
	l.run("", "-Mrm", frozen)
	l.deliver(l.submit(ann, "not@accept.test"), "-N") // 34
	l.run(strings.Join([]string{"EHLO x", "MAIL FROM:<ann@lab.test>", "RCPT TO:<cut@accept.test>", "DATA", "Subject: x",
		"", "Hello.", ".", "QUIT", ""}, "\r\n"), "-bs", "-oMa", "192.0.2.7.4455") // 35
}

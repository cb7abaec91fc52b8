package transport

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/testkit"
	"exiwatch/mailer"
)

// An asked is what a service was asked.
type asked struct{ Host, Path, Query, Body string }

// An internet has every service: a proxy leads all requests of this process to one server, whose certificate is good
// for all names. It keeps the requests.
type internet struct {
	answer http.HandlerFunc // nil: as each service does if all is well

	mu   sync.Mutex
	told []asked
}

// newInternet replaces http.DefaultTransport until the test's end. Such a test can't be parallel.
func newInternet(t *testing.T) *internet {
	t.Helper()
	n := new(internet)
	server := httptest.NewUnstartedServer(n)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	pair, pool := authority(t, "hooks.slack.com", "slack.com", "api.telegram.org", "matrix.lab.test", "ntfy.lab.test",
		"discord.com", "org.webhook.office.com", "gotify.lab.test", "api.pushover.net", "generic.lab.test")
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		connect(t, w, q, server.Listener.Addr().String())
	}))
	address, err := url.Parse(proxy.URL)
	testkit.Must(t, err)
	before := http.DefaultTransport
	through := &http.Transport{Proxy: http.ProxyURL(address), TLSClientConfig: &tls.Config{RootCAs: pool}}
	http.DefaultTransport = through
	t.Cleanup(func() {
		http.DefaultTransport = before
		through.CloseIdleConnections()
		server.Close()
		proxy.Close()
	})
	return n
}

// authority makes a certificate for names, and the pool with its authority.
func authority(t *testing.T, names ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test's authority"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour),
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: names, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	testkit.Must(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	testkit.Must(t, err)
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	testkit.Must(t, err)
	own, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	testkit.Must(t, err)
	trusted, err := x509.ParseCertificate(own)
	testkit.Must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(trusted)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// connect answers CONNECT with a connection to an address.
func connect(t *testing.T, w http.ResponseWriter, q *http.Request, address string) {
	if q.Method != http.MethodConnect {
		t.Errorf("%s %s in clear text", q.Method, q.URL)
		return
	}
	to, err := net.Dial("tcp", address)
	if err != nil {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	from, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { io.Copy(to, from); to.Close() }()
	go func() { io.Copy(from, to); from.Close() }()
}

func (n *internet) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	n.mu.Lock()
	n.told = append(n.told, asked{q.Host, q.URL.Path, q.URL.RawQuery, string(body)})
	n.mu.Unlock()
	if n.answer != nil {
		n.answer(w, q)
		return
	}
	switch q.Host {
	case "hooks.slack.com":
		io.WriteString(w, "ok")
	case "discord.com":
		w.WriteHeader(http.StatusNoContent)
	case "gotify.lab.test":
		io.WriteString(w, `{"id": 1}`)
	default:
		io.WriteString(w, `{"ok": true, "id": "1", "room_id": "!lab:matrix.lab.test", "event_id": "$1"}`)
	}
}

func (n *internet) last() (r asked) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.told) > 0 {
		r = n.told[len(n.told)-1]
	}
	return r
}

// The secrets in these URLs. Each contains a word that no error may tell.
const (
	tokenS3 = "110201543:AAHdqTcvCH1vGWJxfSeofSAs3cret5PALDsaw"
	slackS3 = "T00000000-B00000000-s3crets3crets3crets3cret"
)

// voices has a URL of each service, and where its text is asked for.
var voices = map[string]struct{ url, host, path string }{
	"ntfy":     {"ntfy://ann:s3cretpw@ntfy.lab.test/s3cretTopic?priority=high", "ntfy.lab.test", "/s3cretTopic"},
	"slack":    {"slack://hook:" + slackS3 + "@webhook", "hooks.slack.com", "/services/T00000000/B00000000/s3crets3crets3crets3cret"},
	"telegram": {"telegram://" + tokenS3 + "@telegram?chats=-100s3cret", "api.telegram.org", "/bot" + tokenS3 + "/sendMessage"},
	"matrix": {"matrix://:s3crettoken@matrix.lab.test/?rooms=!lab:matrix.lab.test", "matrix.lab.test",
		"/_matrix/client/r0/rooms/!lab:matrix.lab.test/send/m.room.message"},
	"generic":  {"generic://generic.lab.test/hook/s3cret?template=json", "generic.lab.test", "/hook/s3cret"},
	"generic+": {"generic+https://generic.lab.test/hook/s3cret?template=json", "generic.lab.test", "/hook/s3cret"},
	"discord":  {"discord://s3crettoken@123456789", "discord.com", "/api/webhooks/123456789/s3crettoken"},
	"gotify":   {"gotify://gotify.lab.test/As3cret1234567.", "gotify.lab.test", "/message"},
	"pushover": {"pushover://shoutrrr:s3crettoken@s3cretuser", "api.pushover.net", "/1/messages.json"},
	"teams": {"teams://11111111-4444-4444-8444-cccccccccccc@22222222-4444-4444-8444-cccccccccccc/" +
		"33333333012222222222333333333344/44444444-4444-4444-8444-cccccccccccc/V2ESyij_gAljSoUQHvZoZYzlpAoAXExyOl26dlf1xHEx05s3cret" +
		"?host=org.webhook.office.com", "org.webhook.office.com", ""},
}

// markups are what services would make more than text of.
var markups = map[string][]string{"slack": {"<!channel>"}, "teams": {"<!channel>", "](h"}, "discord": {"](h"}}

// crossed is a text with what services could take for markup.
var crossed = mailer.Message{ID: "abc", Event: "opened",
	Data: []byte("mx.lab.test: ann@lab.test sent 21 messages in 5m (limit 20), most about \"<!channel> [x](http://y)\"")}

func TestNotifyReachesEachService(t *testing.T) {
	n := newInternet(t)
	for name, v := range voices {
		to := &Notify{Name: name, URL: v.url}
		testkit.Must(t, to.Check())
		if err := to.Send(t.Context(), crossed); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := n.last()
		if got.Host != v.host || v.path != "" && got.Path != v.path {
			t.Errorf("%s: asked %s%s, want %s%s", name, got.Host, got.Path, v.host, v.path)
		}
		text := got.Body
		if form, err := url.ParseQuery(text); name == "pushover" && err == nil {
			text = form.Get("message")
		}
		if !strings.Contains(text, "ann@lab.test sent 21 messages in 5m (limit 20)") {
			t.Errorf("%s: told %q", name, text)
		}
		for _, markup := range markups[name] {
			var plain any
			testkit.Must(t, json.Unmarshal([]byte(text), &plain))
			shown := fmt.Sprint(plain)
			if strings.Contains(text, markup) || strings.Contains(shown, markup) {
				t.Errorf("%s: the text has the markup %s: %q", name, markup, text)
			}
		}
	}
}

// TestNotifyFails: whatever a service answers that isn't its yes, and also without any answer, Send fails. Its error
// hides the URL.
func TestNotifyFails(t *testing.T) {
	n := newInternet(t)
	answers := map[string]http.HandlerFunc{
		"refuses": func(w http.ResponseWriter, q *http.Request) {
			http.Error(w, "no "+q.URL.String(), http.StatusForbidden)
		},
		"says no in JSON": func(w http.ResponseWriter, q *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			json.NewEncoder(w).Encode(map[string]any{"ok": false, "error": q.URL.Path, "errcode": q.URL.Path,
				"description": "no chat at " + q.URL.Path})
		},
		"has a page of HTML": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, "<html>")
		},
		"breaks off": func(w http.ResponseWriter, _ *http.Request) {
			if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
				c.Close()
			}
		},
	}
	for what, answer := range answers {
		n.answer = answer
		for name, v := range voices {
			if name == "discord" && what == "breaks off" {
				continue // it tries again by itself, for half a minute
			}
			err := (&Notify{Name: name, URL: v.url}).Send(t.Context(), crossed)
			if err == nil || !strings.HasPrefix(err.Error(), "notify "+name+": ") || !IsTemporary(err) {
				t.Errorf("%s %s: %v", name, what, err)
			}
			discreetAbout(t, name+" "+what, v.url, err)
		}
	}
}

// discreetAbout checks that an error tells no secret part of a URL.
func discreetAbout(t *testing.T, what, secretURL string, err error) {
	t.Helper()
	discreet(t, what, err)
	for _, part := range parts(secretURL) {
		if err != nil && strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v tells %s", what, err, part)
		}
	}
}

// TestNotifyToNobody: without a proxy and a network there is no service. Telegram's failure is one, too.
func TestNotifyToNobody(t *testing.T) {
	before := http.DefaultTransport
	http.DefaultTransport = &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrClosedPipe },
	}
	defer func() { http.DefaultTransport = before }()
	for name, v := range voices {
		err := (&Notify{Name: name, URL: v.url}).Send(t.Context(), crossed)
		if err == nil || !strings.Contains(err.Error(), "closed pipe") {
			t.Errorf("%s: %v", name, err)
		}
		discreetAbout(t, name, v.url, err)
	}
}

// TestNotifyWaitsForALateAnswer: the time of an attempt is over before the service answers. The next one at the same
// message doesn't ask again. One at another message waits its turn.
func TestNotifyWaitsForALateAnswer(t *testing.T) {
	n := newInternet(t)
	release := make(chan struct{})
	n.answer = func(w http.ResponseWriter, _ *http.Request) {
		<-release
		io.WriteString(w, `{"id": "1"}`)
	}
	to := &Notify{Name: "ops", URL: voices["ntfy"].url, Timeout: 50 * time.Millisecond}
	for _, m := range []mailer.Message{crossed, {ID: "abd", Event: "opened", Data: []byte("another")}, crossed} {
		if err := to.Send(t.Context(), m); err == nil || !strings.Contains(err.Error(), "answer") {
			t.Errorf("%s: %v", m.Name(), err)
		}
	}
	close(release)
	to.Timeout = time.Minute
	testkit.Must(t, to.Send(t.Context(), crossed))
	if n.mu.Lock(); len(n.told) != 1 {
		t.Errorf("asked %d times: %v", len(n.told), n.told)
	}
	n.mu.Unlock()
	testkit.Must(t, to.Send(t.Context(), mailer.Message{ID: "abd", Event: "opened", Data: []byte("another")}))
	if got := n.last(); got.Body != "another" {
		t.Errorf("then told %q", got.Body)
	}
}

func TestNotifyCheck(t *testing.T) {
	for text, want := range map[string]string{
		"":                                              "its scheme is none of discord, generic,",
		"smtp://ann:s3cret@mx.lab.test/":                "its scheme is none of",
		"logger://":                                     "its scheme is none of",
		"ntfy://s3cret\x7f":                             "it is no URL",
		"ntfy://ntfy.lab.test":                          "opic",
		"ntfy://ntfy.lab.test/s3cret?s3crets=1":         "",
		"slack://s3crettoken@webhook":                   "oken",
		"slack+https://hooks.slack.com/s3cret":          "expected slack://",
		"telegram://s3crettoken@telegram":               "oken",
		"telegram://" + tokenS3 + "@telegram":           "",
		"matrix://:s3crettoken@matrix.lab.test/":        "it names no room",
		"matrix://:s3crettoken@matrix.lab.test/?rooms=": "",
		"pushover://s3cret":                             "",
		"telegram://" + tokenS3 + "@telegram?chats=1&parsemode=HTML": "parsemode would make markup",
		"teams+https://s3cret":                                                 "",
		"ntfy://ntfy.lab.test/s3cret?scheme=http":                              "only for this machine",
		"ntfy://ntfy.lab.test/s3cret?disableTLSverification=yes":               "only for this machine",
		"generic+http://generic.lab.test/s3cret":                               "only for this machine",
		"gotify://gotify.lab.test/As3cret1234567.?insecureskipverify=1":        "only for this machine",
		"matrix://:s3crettoken@matrix.lab.test/?rooms=!a:b.test&disableTLS=on": "only for this machine",
	} {
		err := (&Notify{Name: "ops", URL: text}).Check()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		discreet(t, text, err)
	}
}

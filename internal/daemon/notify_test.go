package daemon

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
)

// A chat is a server of ntfy that keeps what it is told.
type chat struct {
	mu   sync.Mutex
	told []string
}

// serve answers at an address until the test's end.
func (c *chat) serve(t *testing.T, address string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	testkit.Must(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		c.mu.Lock()
		c.told = append(c.told, string(body))
		c.mu.Unlock()
		io.WriteString(w, `{"id": "1"}`)
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close(); http.DefaultClient.CloseIdleConnections() })
}

func (c *chat) texts() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.told)
}

// freePort is an address of loopback where nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// TestNotifyIsToldOnce: a service that is down is told when it is up again, of each mail once, in order, also by the
// next daemon. The log of the daemon doesn't tell the URL.
func TestNotifyIsToldOnce(t *testing.T) {
	t.Parallel()
	address := freePort(t)
	file := testkit.Write(t, "url", "ntfy://"+address+"/s3cretTopic?scheme=http\n")
	c := configtest.Parse(t, fmt.Sprintf("[[rule]]\nlimit = 5\nwindow = '1m'\n[count]\nonly = ['all']\n"+
		"[[notify]]\nname = 'ops'\nurl_file = %q\n[[notify]]\nurl_file = %q\nevents = ['ended']\n"+
		"[web]\nlisten = 'unix:%s/web.sock'\nurl = 'https://mx.lab.test/page/'", file, file, t.TempDir()))
	c.State = t.TempDir()
	mainlog := filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{mainlog}
	testkit.Append(t, mainlog, "")
	mails := new(post)
	w := goOn(t, c, true, mails)
	w.untilSays(ready)
	testkit.Append(t, mainlog, testkit.Sentinel("ann", second(0), sentinelLimit))
	w.until("an attempt", func() bool { return w.says("notify-ops not sent yet") && len(mails.events()) == 1 })
	w.stop()
	w.mu.Lock()
	if said := w.log.String(); strings.Contains(said, "s3cret") || !strings.Contains(said, "connection refused") {
		t.Errorf("the daemon said %s", said)
	}
	w.mu.Unlock()
	ops := new(chat)
	ops.serve(t, address)
	w = goOn(t, c, true, mails)
	w.untilSays(ready)
	testkit.Append(t, mainlog, testkit.Sentinel("bob", second(120), sentinelLimit))
	w.untilRead("bob")
	w.until("every text", func() bool { return w.allSent() }, func() any { return len(ops.texts()) })
	w.stop()
	want := []string{"ended ann", "ended ann", "opened ann", "opened bob"} // the second channel tells of ends alone
	var got []string
	for _, text := range ops.texts() {
		account, _, _ := strings.Cut(strings.TrimPrefix(text, "mx.lab.test: "), " ")
		kind := "opened"
		if strings.Contains(text, " ended: ") {
			kind = "ended"
		}
		got = append(got, kind+" "+account)
		if !strings.HasSuffix(text, "\nhttps://mx.lab.test/page/") || !strings.Contains(text, "(limit 5)") {
			t.Errorf("told %q", text)
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// TestNotifyChoosesEvents: a text is about the events that a channel tells of, also in a digest, and shows subjects as
// the channel may.
func TestNotifyChoosesEvents(t *testing.T) {
	item := func(id, event string, isNew bool) mailer.Item {
		i := mailer.NewItem(eventOf(id, id, pipeline.Opened).alerts[0], event)
		i.Event, i.New, i.Subject, i.Subjects = event, isNew, "Win", true
		i.Over = event == pipeline.Ended
		return i
	}
	items := []mailer.Item{item("a", "grew5", false), item("b", "ended", true), item("c", "ended", false)}
	m := mailer.Composer{Host: "mx.lab.test", Subjects: mailer.SubjectsFull}
	for _, test := range []struct {
		events, subjects, name, text string
	}{
		{"opened grew ended", "full", "a.dgrew5", "3 incidents"},
		{"opened", "full", "b.dended", `b sent at most 21 messages in 5m (limit 20), and ended; most about "Win"`},
		{"opened", "none", "b.dended", "mx.lab.test: b sent at most 21 messages in 5m (limit 20), and ended"},
		{"grew", "full", "a.dgrew5", `most about "Win"`},
		{"ended", "hashed", "b.dended", "2 incidents"},
	} {
		c := &channel{short: &config.Notify{Events: strings.Fields(test.events), Subjects: test.subjects}}
		text, ok, err := c.text(m, &job{digest: items})
		testkit.Must(t, err)
		if !ok || text.Name() != test.name || !strings.Contains(string(text.Data), test.text) ||
			test.subjects == "none" && strings.Contains(string(text.Data), "Win") {
			t.Errorf("%s: %v, %s %q, want %s %q", test.events, ok, text.Name(), text.Data, test.name, test.text)
		}
	}
	c := &channel{short: &config.Notify{Events: []string{"opened"}}}
	if text, ok, _ := c.text(m, &job{mailed: true, told: eventOf("a", "a", "grew2")}); ok {
		t.Errorf("a channel for openings tells %q", text.Data)
	}
	if _, ok, _ := c.text(m, &job{mailed: true, told: eventOf("a", "a", pipeline.Opened)}); !ok {
		t.Error("a channel for openings tells of none")
	}
}

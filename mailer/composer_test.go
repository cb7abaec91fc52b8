package mailer

import (
	"bytes"
	"flag"
	"fmt"
	"mime"
	"net/mail"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	cet = time.FixedZone("", 3600)
	at0 = time.Date(2026, 11, 2, 3, 12, 40, 0, cet)
	now = time.Date(2026, 11, 2, 3, 14, 1, 0, cet)
)

var director = Composer{
	From: "Mail watch <exiwatch@mx.lab.test>", To: []string{"director@lab.test"}, Cc: []string{"root"},
	Host: "mx.lab.test", Key: key,
}

// crossing counts arrivals a second apart, as edited by edit, until they open the alert of rule.
func crossing(t testing.TB, rule string, edit func(i int, a *window.Arrival)) *window.Alert {
	t.Helper()
	return crossingIn(t, countersOf(t, rule), edit)
}

// crossingFleet is crossing for counters of a fleet.
func crossingFleet(t testing.TB, rule string, edit func(i int, a *window.Arrival)) *window.Alert {
	t.Helper()
	c := countersOf(t, rule)
	c.KeepLogHosts()
	return crossingIn(t, c, edit)
}

func countersOf(t testing.TB, rule string) *window.Counters {
	t.Helper()
	r, err := window.ParseRule(rule)
	if err != nil {
		t.Fatal(err)
	}
	c, err := window.New([]window.Rule{r})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func crossingIn(t testing.TB, c *window.Counters, edit func(i int, a *window.Arrival)) *window.Alert {
	t.Helper()
	for i := range 2000 {
		a := window.Arrival{At: at0.Add(time.Duration(i) * time.Second),
			MessageID: fmt.Appendf(nil, "1w%04d-00000000ABC-1xYZ", i), Recipients: 2, Bytes: 3000}
		edit(i, &a)
		if opened, _ := c.Count(&a); len(opened) > 0 {
			return opened[0]
		}
	}
	t.Fatal("no alert")
	return nil
}

// campaign is one login's two dozen mails from three hosts.
func campaign(i int, a *window.Arrival) {
	a.Values[window.Account] = []byte("alice@lab.test")
	a.Values[window.Auth] = []byte("alice@lab.test")
	a.Values[window.Sender] = fmt.Appendf(nil, "info%d@shop.test", i%7/4)
	a.Values[window.SenderDomain] = []byte("shop.test")
	a.Values[window.Host] = fmt.Appendf(nil, "192.0.2.%d", 1+i%5/2)
	a.Values[window.Network] = []byte("192.0.2.0/24")
	a.Values[window.Subject] = []byte("Sie haben gewonnen: 10.000 € für Jörg")
	if i%3 == 1 {
		a.Values[window.Subject] = fmt.Appendf(nil, "Your parcel %d", i)
	}
	a.Values[window.Topic] = a.Values[window.Subject]
}

// A letter is a mail as its reader sees it.
type parsedMail struct {
	header     mail.Header
	text, html string
	picture    []byte // nil: none
}

func read(t testing.TB, data []byte) parsedMail {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	parts, err := leaves(textproto.MIMEHeader(m.Header), m.Body)
	if err != nil || len(parts) < 2 {
		t.Fatalf("%v\n%s", err, data)
	}
	l := parsedMail{header: m.Header, text: parts[0].content, html: parts[1].content}
	if len(parts) > 2 {
		l.picture = []byte(parts[2].content)
	}
	return l
}

func lf(b []byte) string { return strings.ReplaceAll(string(b), "\r\n", "\n") }

func (l parsedMail) subject(t testing.TB) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(l.header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openedMail is the mail that says that an alert opened, alone.
func openedMail(t testing.TB, c Composer, a *window.Alert) parsedMail {
	t.Helper()
	m, err := c.Opened([]*window.Alert{a}, now)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, m.Data)
}

func TestOpenedReadsAsIntended(t *testing.T) {
	tests := []struct {
		name, rule string
		edit       func(int, *window.Arrival)
		subject    string
	}{
		{"account", "account 20/5m", campaign, "Mail Abuse Alert: alice@lab.test sent 21 messages in 5m (limit 20)"},
		{"recipients", "account recipients 500/1h", campaign,
			"Mail Abuse Alert: alice@lab.test wrote to 502 recipients in 1h (limit 500)"},
		{"bytes", "auth bytes 1000000000/1h", func(i int, a *window.Arrival) {
			campaign(i, a)
			a.Bytes = 50_000_001
		}, "Mail Abuse Alert: alice@lab.test sent over 1 GB in 1h (limit 1 GB)"},
		{"host", "host 20/90m", campaign, "Mail Abuse Alert: 192.0.2.1 sent 21 messages in 1h30m (limit 20)"},
		{"network", "network 20/7d", campaign, "Mail Abuse Alert: 192.0.2.0/24 sent 21 messages in 7d (limit 20)"},
		{"subject", "subject 20/5m", campaign,
			`Mail Abuse Alert: "Sie haben gewonnen: 10.000 € für Jörg" appeared on 21 messages in 5m (limit 20)`},
		{"nosubjects", "user 20/5m", func(i int, a *window.Arrival) {
			*a = window.Arrival{At: a.At, MessageID: a.MessageID}
			a.Values[window.User] = []byte("www-data")
			a.Values[window.Account] = []byte("www-data")
			a.Values[window.Sender] = []byte("<>")
		}, "Mail Abuse Alert: www-data sent 21 messages in 5m (limit 20)"},
		{"hostile", "account 20/5m", hostile,
			`Mail Abuse Alert: "alice\r\nBcc: x@evil.test\x1b[2J=?utf-8?q?=0D=0A?=\u{202e}moc.live" sent 21 messages in 5m (limit 20)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := crossing(t, test.rule, test.edit)
			l := openedMail(t, director, a)
			if got := l.subject(t); got != test.subject {
				t.Errorf("subject = %q, want %q", got, test.subject)
			}
			golden(t, test.name+".txt", l.text)
		})
	}
}

// hostile is whatever a spammer can write into the log.
func hostile(i int, a *window.Arrival) {
	bad := "alice\r\nBcc: x@evil.test\x1b[2J=?utf-8?q?=0D=0A?=\u202emoc.live"
	for k := range a.Values {
		a.Values[k] = []byte(bad)
	}
	a.Values[window.Subject] = [][]byte{
		[]byte("Win\r\n\r\n--boundary\r\n.\r\nContent-Type: text/html"),
		[]byte("\x00\x07\x9b31m raw \xff\xfe bytes \u0085\u2028"),
		[]byte("zalgo " + strings.Repeat("e"+strings.Repeat("\u0301", 30), 2)),
		[]byte(strings.Repeat("very long ", 100)),
		[]byte("   "),
		[]byte("'; rm -rf / #$(reboot)`reboot`"),
	}[i%6]
	a.Values[window.Sender] = []byte("o'brien;$(reboot)@lab.test")
	a.MessageID = fmt.Appendf(nil, "$(reboot)';\x1b[%d", i)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestOpenedHeaders(t *testing.T) {
	a := crossing(t, "account 20/5m", campaign)
	m, err := director.Opened([]*window.Alert{a}, now)
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, m.Data).header
	want := mail.Header{
		"From": {`"Mail watch" <exiwatch@mx.lab.test>`}, "To": {"<director@lab.test>"}, "Cc": {"<root@mx.lab.test>"},
		"Subject":        {"Mail Abuse Alert: alice@lab.test sent 21 messages in 5m (limit 20)"},
		"Date":           {"Mon, 02 Nov 2026 03:14:01 +0100"},
		"Message-Id":     {"<" + MessageID(a.ID, "opened", "mx.lab.test", key) + ">"},
		"Auto-Submitted": {"auto-generated"}, "X-Auto-Response-Suppress": {"All"},
		"X-Exiwatch-Alert": {a.ID}, "X-Exiwatch-Incident": {a.ID}, "X-Exiwatch-Event": {"opened"},
		"Thread-Topic": {"Mail Abuse Alert: alice@lab.test sent 21 messages in 5m (limit 20)"},
		"Mime-Version": {"1.0"}, "Content-Type": {`multipart/alternative; boundary="=_exiwatch_alternative"`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if m.From != "" || !slices.Equal(m.To, []string{"director@lab.test", "root"}) || m.ID != a.ID ||
		m.Event != "opened" {
		t.Errorf("envelope %q to %q of %s %s", m.From, m.To, m.ID, m.Event)
	}
	again, err := director.Opened([]*window.Alert{a}, now)
	if err != nil || !bytes.Equal(again.Data, m.Data) {
		t.Errorf("composed twice: other bytes (%v)", err)
	}
}

func TestManyRecipientsAreFolded(t *testing.T) {
	c := director
	for i := range 120 {
		c.To = append(c.To, fmt.Sprintf("Prüfer Nr %d <postmaster%d@department.university.test>", i, i))
		c.Cc = append(c.Cc, "director@lab.test") // again
	}
	c.Subject = "Überlauf"
	m, err := c.Opened([]*window.Alert{crossing(t, "account 20/5m", campaign)}, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.To) != 122 {
		t.Errorf("%d recipients, want 122", len(m.To))
	}
	for line := range bytes.Lines(m.Data) {
		if len(line) > 140 {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
}

func TestCheckRefusesWhatCantBeAHeader(t *testing.T) {
	if err := director.Check(); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", " ", "a b", "a@", "@b", "a@b@c", "a@-b.test", "a@b..test", "root\r\nBcc: x@evil.test",
		"a@lab.test\r\nBcc: x@evil.test", "a@lab.test\x00",
		`"Döe, Jöhn" <a@lab.test>`, "=?utf-8?q?D=2C_J?= <a@lab.test>", "=?utf-8?q?a=0D=0ABcc:_x?= <a@lab.test>",
		"\u202eA <a@lab.test>",
		`"a b"@lab.test`, `"a,b"@lab.test`, `"a>"@lab.test`, "a@lab.test, b@lab.test", "jörg@lab.test", "a@löb.test",
		"<>",
		strings.Repeat("a", 300) + "@lab.test", strings.Repeat("Long ", 30) + "<a@lab.test>",
	} {
		for i, c := range []Composer{director, director, director} {
			*[]*string{&c.From, &c.To[0], &c.Cc[0]}[i] = bad
			c.To, c.Cc = slices.Clone(c.To), slices.Clone(c.Cc)
			director.To[0], director.Cc[0] = "director@lab.test", "root"
			if c.Check() == nil {
				t.Errorf("address %q is taken", bad)
			}
			if _, err := c.Opened([]*window.Alert{{ID: "abc"}}, now); err == nil {
				t.Errorf("a mail is composed with address %q", bad)
			}
		}
	}
	for _, bad := range []Composer{
		{From: "a@lab.test", Host: "mx.lab.test"},
		{From: "a@lab.test", To: []string{"root"}},
		{From: "a@lab.test", To: []string{"root"}, Host: "mx lab"},
		{From: "a@lab.test", To: []string{"root"}, Host: "mx.lab.test>\r\nBcc: x"},
		{From: "a@lab.test", To: []string{"root"}, Host: "mx.lab.test", Subject: "Alert\r\nBcc: x"},
		{From: "a@lab.test", To: []string{"root"}, Host: "mx.lab.test", Subject: strings.Repeat("x", 61)},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

func TestHostileAlertIDIsRefused(t *testing.T) {
	for _, id := range []string{"", "../x", "a.b", "a\r\nBcc: x", "a>", strings.Repeat("a", 65)} {
		if _, err := director.Opened([]*window.Alert{{ID: id, Rule: window.Rule{Window: time.Minute}}},
			now); err == nil {
			t.Errorf("id %q is taken", id)
		}
	}
}

// FuzzOpened holds that nothing in the log can change what the mail is: its headers, its encoding, its lines.
func FuzzOpened(f *testing.F) {
	f.Add("alice@lab.test", "Win a prize", "192.0.2.1", "alice@lab.test", "1tabcd-00000000ABC-1xYZ",
		uint8(window.Account), uint8(0))
	f.Add("a\r\nBcc: x@evil.test", "=?utf-8?q?=0D=0A?=", "\u202e", "'; reboot", "$(reboot)", uint8(window.Subject),
		uint8(2))
	f.Add("\xff\x00\x1b[2J", strings.Repeat("ä", 3000), "e\u0301\u0301\u0301\u0301\u0301", "<>", "",
		uint8(window.Topic), uint8(1))
	f.Add(strings.Repeat("x", 9000), "", "", strings.Repeat("a b ", 999), "-rf", uint8(window.Sender), uint8(0))
	f.Fuzz(func(t *testing.T, value, subject, host, sender, messageID string, key, measure uint8) {
		r := window.Rule{Name: subject, Key: window.Key(key) % window.NumKeys, Count: window.Measure(measure % 3),
			Limit: 1, Window: time.Hour}
		counters, err := window.New([]window.Rule{r})
		if err != nil {
			t.Fatal(err)
		}
		a := window.Arrival{At: at0, MessageID: []byte(messageID), Recipients: 2, Bytes: 2}
		for k, v := range map[window.Key]string{window.Subject: subject, window.Host: host, window.Sender: sender,
			window.Auth: value, r.Key: value} {
			a.Values[k] = []byte(v)
		}
		opened, _ := counters.Count(&a)
		if len(opened) == 0 {
			opened, _ = counters.Count(&a)
		}
		m, err := director.Opened(opened, now)
		if err != nil {
			t.Fatal(err)
		}
		inspect(t, m.Data)
	})
}

func inspect(t *testing.T, data []byte) {
	t.Helper()
	for line := range bytes.Lines(data) {
		if len(line) > 1000 || !bytes.HasSuffix(line, []byte("\r\n")) ||
			bytes.ContainsFunc(line[:len(line)-2], func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
	}
	l := read(t, data)
	names := slices.Sorted(func(yield func(string) bool) {
		for name, values := range l.header {
			if len(values) != 1 || !yield(name) {
				t.Errorf("header %s: %q", name, values)
			}
		}
	})
	want := slices.DeleteFunc(slices.Sorted(slices.Values(headerOrder)),
		func(name string) bool { return name == "In-Reply-To" || name == "References" })
	if !slices.Equal(names, want) {
		t.Errorf("headers %q, want %q", names, want)
	}
	if s := l.subject(t); !utf8.ValidString(s) || strings.ContainsFunc(s, unprintable) ||
		utf8.RuneCountInString(s) > 170 {
		t.Errorf("subject %q", s)
	}
	for _, part := range []string{l.text, l.html} {
		if !utf8.ValidString(part) || strings.ContainsFunc(part,
			func(r rune) bool { return r != '\n' && unprintable(r) }) {
			t.Errorf("a part is %q", part)
		}
	}
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

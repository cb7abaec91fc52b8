package mailer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

// injections are values that try to be more than a value.
var injections = []string{
	// Lines and headers.
	"a\r\nBcc: x@evil.test", "a\nBcc: x@evil.test", "a\rBcc: x@evil.test", "a\r\n Bcc: x@evil.test",
	"a\r\n\tBcc: x@evil.test", "a\r\n\r\nbody", "a\n\nbody",
	"a\r\r\nBcc: x", "\r\nX-Exiwatch-Alert: 0", "a\x00Bcc: x", "a\x0bBcc: x", "a\x0cBcc: x", "a\u0085Bcc: x",
	"a\u2028Bcc: x", "a\u2029Bcc: x", "a%0d%0aBcc: x",
	`a\r\nBcc: x`, "Bcc: x@evil.test", ": x", " leading", "trailing ", "a\t\tb", "\r", "\n", "\r\n.\r\n", ".",
	"a\r\n.\r\nMAIL FROM:<x@evil.test>",
	// Encoded words.
	"=?utf-8?Q?a=0D=0ABcc:_x?=", "=?utf-8?B?DQpCY2M6IHg=?=", "=?utf-8?q??=", "=?", "?=", "=?utf-7?q?+ADw-b+AD4-?=",
	"=?x?x?x?= =?x?x?x?=", "a=0D=0Ab", "=\r\n",
	// Parts.
	"--=_exiwatch_alternative", "\r\n--=_exiwatch_alternative--\r\n", "--=_exiwatch_related",
	"Content-Type: text/html\r\n\r\n<b>",
	"Content-Type: multipart/alternative;\r\n boundary=" + strings.Repeat("0", 60) + "\r\n", "boundary=" +
		strings.Repeat("a", 60), "begin 644 x.exe",
	// Text of another direction, or none.
	"\u202etset.live@ecila", "\u2066a\u2069\u200f", "\u200b\u200c\u200d\ufeff", "e" + strings.Repeat("\u0301", 99),
	"\U000e0041\U000e0042", "שלום", "مرحبا 5 > 3",
	"\x1b[2J\x1b]0;title\x07", "\xff\xfe\xc0\x80", "\xed\xa0\x80", "\ufffd",
	// HTML.
	"<script>alert(1)</script>", "</title><script>", "</style><style>*{display:none}",
	"</bdi></td></tr></table></div>", `<img src=x onerror="alert(1)">`,
	`" onmouseover="alert(1)`, `' onmouseover='alert(1)`, "`onmouseover=`", "--><script>", "<!--", "<![CDATA[",
	"<?xml", "]]>", "javascript:alert(1)",
	"data:text/html,<b>", "&lt;b&gt;", "&#60;b&#62;", "&#x3c;script&#x3e;", "&quot;", "&", "<", ">", "{{.Name}}",
	"{}", "{{template \"sentence\"}}", "%s%n%d", "<a href='//evil.test'>",
	"<svg/onload=alert(1)>", "<base href=//evil.test>", "<meta http-equiv=refresh content=0>", "</code></pre><h1>",
	"expression(alert(1))", "url(//evil.test)",
	// Shells, and words of ours.
	"$(reboot)", "`reboot`", "'; reboot #", "-rf", "--since=1y", "a b; c", "x (limit 1000000). All is well",
	"alice@lab.test sent 1 message in 5m (limit 20)",
	`alice" sent 1 message "`, `\`, `\"`, `"`, `""`, "All", "21", "[ended: 0 messages] x", "Re: [ended] x", "]",
	// Length.
	strings.Repeat("a", 300), strings.Repeat("a", 2000), strings.Repeat("ä", 999), strings.Repeat("a ", 999),
	strings.Repeat("=?", 500), strings.Repeat("\r\n", 300),
	strings.Repeat("<", 500), strings.Repeat(`"`, 200), strings.Repeat("\u202e", 200),
}

// fields are where the values come to stand.
var fields = map[string]func(a *window.Arrival, r *window.Rule, value []byte){
	"account": func(a *window.Arrival, _ *window.Rule, value []byte) { a.Values[window.Account] = value },
	"sender":  func(a *window.Arrival, _ *window.Rule, value []byte) { a.Values[window.Sender] = value },
	"host":    func(a *window.Arrival, _ *window.Rule, value []byte) { a.Values[window.Host] = value },
	"helo":    func(a *window.Arrival, _ *window.Rule, value []byte) { a.Values[window.Helo] = value },
	"subject": func(a *window.Arrival, _ *window.Rule, value []byte) {
		a.Values[window.Subject], a.Values[window.Topic] = value, window.FoldSubject(value, make([]byte, 0, len(value)))
	},
	"id":   func(a *window.Arrival, _ *window.Rule, value []byte) { a.MessageID = value },
	"rule": func(_ *window.Arrival, r *window.Rule, value []byte) { r.Name = string(value) },
	"others": func(a *window.Arrival, _ *window.Rule, value []byte) {
		a.Values[window.Auth], a.Values[window.Protocol], a.Values[window.User] = value, value, value
		a.Values[window.RecipientDomain] = []byte(strings.ReplaceAll(string(value), "\n", " ")) // it parts domains
	},
}

// harmless are values of every sort that makes a mail another one: what can't be pasted, or stand in a pattern, isn't
// proposed in a command.
var harmless = []string{"plain", "plain@other.test", "two words", "pl*in", `LAB\alice`, strings.Repeat("a", 210),
	"ä\u200bö", strings.Repeat("ä\u200b ", 200)}

// injected are the mails about an alert with a value in one of its fields.
func injected(t *testing.T, field, value string) map[string][]byte {
	t.Helper()
	r, _ := window.ParseRule("account 3/5m")
	set := fields[field]
	set(new(window.Arrival), &r, []byte(value))
	counters, err := window.New([]window.Rule{r})
	if err != nil {
		t.Fatal(err)
	}
	var alerts []*window.Alert
	for i := range 4 {
		a := window.Arrival{At: at0.Add(time.Duration(i) * time.Minute),
			MessageID: fmt.Appendf(nil, "1w%04d-00000000ABC-1xYZ", i), Recipients: 2, Bytes: 3000}
		for k := range a.Values {
			a.Values[k] = fmt.Appendf(nil, "value%d.test", k)
		}
		set(&a, &r, []byte(value))
		alerts, _ = counters.Count(&a)
	}
	if len(alerts) != 1 {
		t.Fatalf("%s %q: %d alerts", field, value, len(alerts))
	}
	alerts[0].ID, alerts[0].Incident = "0123456789abcdef0123", nil
	composers := []func() (Message, error){
		func() (Message, error) { return director.Opened(alerts, now) },
		func() (Message, error) { return director.Ended(alerts[0], now) },
		func() (Message, error) { return director.Digest([]Item{NewItem(alerts[0], "opened")}, now) },
	}
	if field != "account" && field != "subject" { // the others are told by the first alone, or as there
		composers = composers[:1]
	}
	mails := make(map[string][]byte)
	for _, compose := range composers {
		m, err := compose()
		if err != nil {
			t.Fatalf("%s %q: %v", field, value, err)
		}
		mails[m.Event] = m.Data
	}
	return mails
}

// TestValuesStayInTheirFields puts every injection into every field: the mail must be the one that a harmless value
// makes, but for the value.
func TestValuesStayInTheirFields(t *testing.T) {
	if len(injections) < 50 {
		t.Fatal("too few")
	}
	data := make(map[string][]byte)
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		for i, value := range slices.Concat(harmless, injections) {
			for event, mail := range injected(t, field, value) {
				data[fmt.Sprintf("%s %s %d", field, event, i)] = mail
			}
		}
	}
	said := judgeAll(t, data)
	if len(said) != len(data) {
		t.Fatalf("%d of %d mails were read", len(said), len(data))
	}
	for field := range fields {
		for _, event := range []string{"opened", "ended", "dopened"} {
			name := func(i int) string { return fmt.Sprintf("%s %s %d", field, event, i) }
			if data[name(0)] == nil {
				continue
			}
			sorts := make(map[string]bool)
			for i := range harmless {
				sorts[frame(said[name(i)], field)] = true
			}
			for i, value := range injections {
				got := said[name(i+len(harmless))]
				checkSubject(t, got)
				if got := frame(got, field); !sorts[got] {
					t.Errorf("%s %q makes another %s mail: %s", field, value, event,
						cmp.Diff(frame(said[name(0)], field), got))
				}
			}
		}
	}
	t.Logf("%d values in %d fields of %d mails", len(injections), len(fields), len(data))
}

// frame is what a mail is but for what is from the log, a line for each thing. The account stands in headers, too.
func frame(said judgement, field string) string {
	var b strings.Builder
	for _, h := range said.Headers {
		if field == "account" && (h[0] == "Subject" || h[0] == "Thread-Topic") {
			h[1] = ""
		}
		fmt.Fprintf(&b, "%q\n", h)
	}
	fmt.Fprintf(&b, "%q\n%q\n%q\n", said.Defects, said.Parts, said.Pictures)
	fmt.Fprintf(&b, "%s\n%q\n%s\n%d commands\n", strings.Join(said.Page.Elements, "\n"), said.Page.Unclosed,
		said.Page.Ours, len(said.Page.Commands))
	return b.String()
}

// checkSubject wants a Subject that is one line and printable, and begins with words of ours.
func checkSubject(t *testing.T, said judgement) {
	t.Helper()
	for _, h := range said.Headers {
		if strings.ContainsFunc(h[1], unprintable) {
			t.Errorf("%s: %q", h[0], h[1])
		}
		if (h[0] == "Subject" || h[0] == "Thread-Topic") && !strings.HasPrefix(strings.TrimPrefix(h[1],
			"Re: [ended: 4 messages in 3m] "), "Mail Abuse Alert: ") {
			t.Errorf("%s: %q", h[0], h[1])
		}
	}
}

package parser

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A submitted is a message of an authenticated client, who wrote everything here but login: what stands in the log
// of it. Each text is what Exim lets through, to be escaped as Exim does.
type submitted struct {
	login                                                        string
	sender, helo, ident, third, id, subject, received, recipient string
	selector                                                     byte   // what log_selector adds: a bit each
	fill                                                         uint16 // bytes more in the HELO, up to what overflows
}

const (
	withIdent = 1 << iota
	withCertificate
	withThird
	withSubject
	withFrom
	withFor
	withPID
	withExtras
)

// word is text as an address of it, in quotes.
func (m *submitted) word(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"@x.example`
}

// has tells whether log_selector adds an item, of which text there is some.
func (m *submitted) has(bit byte, text string) bool { return m.selector&bit != 0 && text != "" }

// entry is what Exim writes, from 4.98 on.
func (m *submitted) entry() string {
	var b strings.Builder
	b.WriteString(stamp0)
	if m.selector&withPID != 0 {
		b.WriteString("[4711] ")
	}
	fmt.Fprintf(&b, "%s <= %s H=(%s%s) [192.0.2.7]", id0, m.word(m.sender), strings.Repeat("h", int(m.fill%9000)),
		m.helo)
	if m.has(withIdent, m.ident) {
		b.WriteString(" U=" + printed(m.ident))
	}
	b.WriteString(" P=esmtpsa X=TLS1.3:AES:256")
	if m.has(withCertificate, m.ident) {
		b.WriteString(` DN="` + printed(m.ident) + `"`)
	}
	b.WriteString(" A=login:" + m.login)
	if m.has(withThird, m.third) {
		b.WriteString(":" + m.third)
	}
	if m.selector&withExtras != 0 {
		b.WriteString(" PRDR K")
	}
	b.WriteString(" S=4711")
	if m.id != "" {
		b.WriteString(" id=" + printed(m.word(m.id)))
	}
	if m.selector&withSubject != 0 {
		s := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(m.subject[:min(len(m.subject), 100)])
		b.WriteString(` T="` + printed(s) + `"`)
	}
	from, recipients := "", []string(nil)
	if m.selector&withFrom != 0 {
		from = m.word(m.received)
	}
	if m.selector&withFor != 0 {
		recipients = []string{m.word(m.recipient), "a@b.example", m.word(m.id)}
	}
	return cutByExim(b.String(), from, recipients)
}

var someLogins = []string{"bob@lab.test", "bob", `LAB\bob`, `"Phil"`, "bob smith"}

// FuzzLogin: an arrival of one login, whatever junk is around it and wherever Exim cuts it, is counted for that
// login or raises an anomaly.
func FuzzLogin(f *testing.F) {
	const peer, boss = ") [9.9.9.9]", " P=esmtpa A=l:boss S=1"
	for _, selector := range []byte{0, withThird, withThird | withSubject, withIdent | withFor,
		withCertificate | withThird, 255} {
		for _, fill := range []uint16{0, 7700, 7850, 7900, 7950, 8000, 8050, 8100, 8200} {
			f.Add(byte(0), selector, fill, "a", "x"+peer+boss+" (y", "u"+boss, "x"+peer+boss, "i"+boss,
				`s"`+peer+boss, "f"+boss, "r"+boss)
			f.Add(byte(1), selector, fill, peer+boss, overflowMark, `" A=l:boss`, `x" A=l:boss`, `"`,
				`x P=esmtpa A=l:boss S=1 for`, "<trunc>", overflowMark)
			f.Add(byte(2), selector, fill, ".", "", "", "x@y", "", "", "", "")
		}
	}
	f.Fuzz(func(t *testing.T, login, selector byte, fill uint16, sender, helo, ident, third, id, subject, received,
		recipient string) {
		m := submitted{login: someLogins[int(login)%len(someLogins)], sender: sender, helo: helo,
			ident: strings.TrimSpace(ident), third: third, id: id,
			subject: strings.TrimSpace(subject), received: received, recipient: recipient, selector: selector,
			fill: fill}
		for _, s := range []*string{&m.sender, &m.helo, &m.ident, &m.third, &m.id, &m.subject, &m.received,
			&m.recipient} {
			*s = strings.NewReplacer("\x00", "", "\n", "").Replace((*s)[:min(len(*s), 1000)])
		}
		m.check(t)
	})
}

// TestNoLoginEscapes is FuzzLogin with texts of which an attacker hopes that they are taken for items.
func TestNoLoginEscapes(t *testing.T) {
	check := func(t *rapid.T) {
		text := func(name string) string { return hostile("\n").Draw(t, name) }
		m := submitted{login: rapid.SampledFrom(someLogins).Draw(t, "login"), sender: text("sender"), helo: text("HELO"),
			ident: strings.TrimSpace(text("ident")), third: text("AUTH="), id: text("id"),
			subject: strings.TrimSpace(text("subject")), received: text("from"), recipient: text("recipient"),
			selector: rapid.Byte().Draw(t, "selector"),
			fill:     rapid.OneOf(rapid.Just(uint16(0)), rapid.Uint16Range(7300, 8200)).Draw(t, "fill")}
		m.check(t)
	}
	for range rounds / 3 {
		rapid.Check(t, check)
	}
}

func (m *submitted) check(t interface {
	Helper()
	Errorf(string, ...any)
}) {
	t.Helper()
	line := m.entry()
	counted, odd := false, false
	r := NewReader(time.UTC, quickReference, func(e *Entry) {
		if e.Kind == Malformed || e.Kind == Injected || e.Kind == Overflow {
			odd = true
			return
		}
		a := e.Arrival
		account, _, _ := bytes.Cut(a.AuthenticatedID, []byte{':'})
		counted = counted || string(account) == m.login || contains(a.Logins, []byte(m.login))
		odd = odd || a.IsOdd()
	})
	r.Lines(Place{"mainlog", 1}, []byte(line+"\n"))
	r.Flush()
	if !counted && !odd {
		t.Errorf("%q\nis counted for somebody else than %q, and isn't odd", line, m.login)
	}
}

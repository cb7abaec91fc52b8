package parser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A composition is what Exim knows of a message, to be logged as Exim logs it.
type composition struct {
	sender, bounceOf, host, helo, address, ident, protocol, cipher, dn, auth, third, id, subject, received string
	recipients                                                                                             []string
	port, size                                                                                             int
	hasHelo, hasSubject, hasReceived, iface, extras                                                        bool
}

// line writes the arrival line, item by item in the order of receive.c.
func (c composition) line() string {
	var b strings.Builder
	item := func(format string, args ...any) { fmt.Fprintf(&b, " "+format, args...) }
	b.WriteString("2026-11-23 01:53:50 1xVJFe-0003lG-2I <= ")
	if c.sender == "" {
		b.WriteString("<>")
	}
	b.WriteString(c.sender)
	if c.bounceOf != "" {
		item("R=%s", c.bounceOf)
	}
	if c.address != "" {
		b.WriteString(" H=")
		if c.host != "" {
			b.WriteString(c.host + " ")
		}
		if c.hasHelo {
			b.WriteString("(" + c.helo + ") ")
		}
		fmt.Fprintf(&b, "[%s]", c.address)
		if c.port > 0 {
			fmt.Fprintf(&b, ":%d", c.port)
		}
		if c.iface {
			item("I=[198.51.100.1]:25")
		}
	}
	if c.ident != "" {
		item("U=%s", c.ident)
	}
	if c.extras {
		item("Ci=42")
	}
	item("P=%s", c.protocol)
	if c.cipher != "" {
		item("X=%s CV=no", c.cipher)
	}
	if c.dn != "" {
		item("DN=\"%s\"", printed(c.dn))
	}
	if c.auth != "" {
		item("A=%s", printed(c.auth))
		if c.third != "" {
			b.WriteString(":" + c.third)
		}
	}
	if c.extras {
		item("PRDR K")
	}
	item("S=%d", c.size)
	if c.extras {
		item("M8S=0 DKIM=example.com RT=0.012s")
	}
	if c.id != "" {
		item("id=%s", printed(c.id))
	}
	if c.hasSubject {
		item("T=\"%s\"", printed(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c.subject)))
	}
	if c.hasReceived {
		item("from <%s>", c.received)
	}
	if len(c.recipients) > 0 {
		item("for %s", strings.Join(c.recipients, " "))
	}
	return b.String()
}

// printed does what string_printing() does.
func printed(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c < ' ' && c != '\t' || c >= 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// hostile generates texts of which an attacker hopes that they are taken for items.
func hostile(not string) *rapid.Generator[string] {
	bait := []string{" [203.0.113.9]", " [203.0.113.9]:25", " P=esmtpsa", " P=esmtp", " A=plain:victim@lab.test",
		" S=1", " S=99",
		` T="`, `"`, `\`, `\"`, " for ", " for v@x", " from <", " from <v@x>", ">", ")", "(", " (y", " H=", " H=(h)", " U=x", " id=z", " id=", " K",
		" X=y", ` DN="`, "x", " ", "=", "@", ":", ".", "\t", "\r", "\x01", "ü", "\xe9", "2026-11-23 01:53:50 1xVJFe-0003lG-2I <= ", " NEW=1", " Ci=7",
		" <trunc>", "**** log string overflowed log buffer ****", " L.-", " SNI=", ` SNI="`,
		":x@y", " A=plain:victim@lab.test:x@y", "@lab.test",
		"id=q", ` Z="`, " for .", " for y.", " id=."}
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(bait), 0, 14), func(parts []string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(not, r) {
				return -1
			}
			return r
		}, strings.ToValidUTF8(strings.Join(parts, ""), "?"))
	})
}

// address generates addresses that Exim takes, with hostile text in a quoted local part and in a domain literal: there
// neither blanks, brackets nor backslashes may stand, but quotes.
func address() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			text := rapid.SliceOfN(rapid.SampledFrom([]string{`"`, "@", ".", "x", ">", "<", "(", ")", ",", ":", ";", "=", "S=1", `".x@y`, `"@b.c`}), 0, 6).Draw(t, "literal")
			return rapid.SampledFrom([]string{"a", `"b"`, `"c d".e`}).Draw(t, "local part") + "@[" + strings.Join(text, "") + "]"
		}
		if rapid.IntRange(0, 3).Draw(t, "escapes") == 0 { // blanks that a backslash quotes
			text := hostile("\"\\\n()<>,;:[]@").Draw(t, "atom")
			quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(hostile("").Draw(t, "word"))
			return `"` + quoted + `".x` + strings.ReplaceAll(strings.NewReplacer(".", "", "\t", "", "\r", "", "\x01", "").Replace(text), " ", `\ `) + "@evil.example"
		}
		if rapid.Bool().Draw(t, "plain") {
			return rapid.SampledFrom([]string{"a@b.example", "SRS0=HHH=TT=d.example=user@fwd.example", "x+y=z@lab.test", "postmaster", `a\ b@x.example`, "ü@lab.test"}).Draw(t, "address")
		}
		text := hostile("").Draw(t, "local part")
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"@evil.example`
	})
}

func compositions(hostileHelo, hostileIdent bool) *rapid.Generator[composition] {
	return rapid.Custom(func(t *rapid.T) composition {
		c := composition{
			sender:      rapid.OneOf(address(), rapid.Just("")).Draw(t, "sender"),
			address:     rapid.SampledFrom([]string{"192.0.2.7", "2001:db8::44", "::ffff:192.0.2.1"}).Draw(t, "peer"),
			host:        rapid.SampledFrom([]string{"", "mail.lab.test"}).Draw(t, "host"),
			hasHelo:     rapid.Bool().Draw(t, "has HELO"),
			helo:        "client.example",
			protocol:    "esmtp",
			size:        rapid.IntRange(0, 1<<30).Draw(t, "size"),
			port:        rapid.SampledFrom([]int{0, 4455}).Draw(t, "port"),
			iface:       rapid.Bool().Draw(t, "interface"),
			extras:      rapid.Bool().Draw(t, "extras"),
			hasSubject:  rapid.Bool().Draw(t, "has subject"),
			subject:     hostile("").Draw(t, "subject"),
			hasReceived: rapid.Bool().Draw(t, "has from"),
			received:    rapid.OneOf(address(), rapid.Just("")).Draw(t, "from"),
			recipients:  rapid.SliceOfN(address(), 0, 3).Draw(t, "recipients"),
			id:          rapid.OneOf(address(), rapid.Just("")).Draw(t, "id"),
		}
		if len(c.subject) > 100 {
			c.subject = c.subject[:100]
		}
		if hostileHelo {
			c.helo = hostile("\n").Draw(t, "HELO")
		}
		if hostileIdent {
			c.ident = printed(rapid.StringMatching(`[a-z ]{0,3}`).Draw(t, "ident") + hostile("\n").Draw(t, "ident"))
			c.ident = strings.TrimSpace(c.ident)
		}
		if rapid.Bool().Draw(t, "authenticated") {
			c.protocol, c.auth = "esmtpa", rapid.SampledFrom([]string{"plain:bob@lab.test", "login:bob smith", "plain:LAB\\bob", "tls:\"Phil\"", "login:eve S=5"}).Draw(t, "auth")
			if strings.Contains(c.auth, "@") && rapid.Bool().Draw(t, "third") {
				c.third = "orig@lab.test"
			}
		}
		if rapid.Bool().Draw(t, "TLS") {
			c.cipher = "TLS1.3:TLS_AES_256_GCM_SHA384:256"
			c.protocol = strings.Replace(c.protocol, "esmtp", "esmtps", 1)
		}
		return c
	})
}

// readOne gives the only arrival that the line holds.
func readOne(t rapid.TB, line string) (Arrival, []string) {
	t.Helper()
	var all []Arrival
	var recipients []string
	r := NewReader(time.UTC, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), func(e *Entry) {
		if e.Kind != Reception {
			t.Fatalf("%q\nis kind %d at column %d: %s", line, e.Kind, e.Column, e.Reason)
		}
		all = append(all, *e.Arrival)
		for r := range e.Arrival.Recipients() {
			recipients = append(recipients, string(r))
		}
	})
	r.Line(Place{"mainlog", 1}, []byte(line))
	r.Flush()
	if len(all) != 1 {
		t.Fatalf("%q\nholds %d arrivals, want 1", line, len(all))
	}
	return all[0], recipients
}

// check compares what was read with what was logged.
func (c composition) check(t *rapid.T) {
	line := c.line()
	a, recipients := readOne(t, line)
	want := func(item, got, want string) {
		if got != want {
			t.Fatalf("%s\n%s is %q, want %q", line, item, got, want)
		}
	}
	want("sender", string(a.EnvelopeSender), c.sender)
	want("address", string(a.HostAddress), c.address)
	want("port", fmt.Sprint(a.HostPort), fmt.Sprint(c.port))
	want("host", string(a.Host), c.host)
	if c.hasHelo {
		want("HELO", string(a.Helo), c.helo)
	}
	want("protocol", string(a.Protocol), c.protocol)
	name, id, _ := strings.Cut(c.auth, ":")
	want("authenticator", string(a.Authenticator), name)
	want("authenticated id", string(a.AuthenticatedID), id)
	want("authenticated sender", string(a.AuthenticatedSender), c.third)
	want("ident", string(a.Ident), c.ident)
	want("size", fmt.Sprint(a.Size), fmt.Sprint(c.size))
	want("id", string(a.HeaderMessageID), printed(c.id))
	if c.hasSubject {
		want("subject", string(a.Subject), string(decoded(nil, c.subject)))
	} else if a.Subject != nil {
		t.Fatalf("%s\nsubject %q out of nothing", line, a.Subject)
	}
	if c.hasReceived {
		want("from", string(a.ReceivedSender), c.received)
	}
	want("recipients", fmt.Sprintf("%q", recipients), fmt.Sprintf("%q", c.recipients))
}

// rounds multiplies the hundred lines of each check.
const rounds = 30

// TestHostileTextIsNeverAnItem: whatever a client writes into its HELO, subject, message id and quoted local parts,
// the line is read as Exim meant it.
func TestHostileTextIsNeverAnItem(t *testing.T) {
	for range rounds {
		t.Run("default HELO", rapid.MakeCheck(func(t *rapid.T) { compositions(false, false).Draw(t, "line").check(t) }))
		t.Run("junk HELO", rapid.MakeCheck(func(t *rapid.T) { compositions(true, false).Draw(t, "line").check(t) }))
	}
}

// TestHostileIdentChargesNobodyElse: what an RFC 1413 server answers may look like the end of another H=, so that the
// peer and even the id can't be told for certain; but such a line is suspicious, and the account that was forged is
// never charged.
func TestHostileIdentChargesNobodyElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := compositions(true, true).Draw(t, "line")
		a, _ := readOne(t, c.line())
		if strings.HasPrefix(string(a.AuthenticatedID), "victim@lab.test") && !strings.Contains(string(a.AuthenticatedID), " P=") {
			t.Fatalf("%s\nis charged to %q:%q, want %q", c.line(), a.Authenticator, a.AuthenticatedID, c.auth)
		}
		name, id, _ := strings.Cut(c.auth, ":")
		right := string(a.HostAddress) == c.address && string(a.Authenticator) == name &&
			string(a.AuthenticatedID) == id
		if !right && !a.Suspicious {
			t.Fatalf("%s\nis read as %s, %q:%q without suspicion", c.line(), a.HostAddress, a.Authenticator, a.AuthenticatedID)
		}
	})
}

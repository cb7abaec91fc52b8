package parser

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A sending is what Exim knows of a delivery, to be logged as Exim logs it.
type sending struct {
	kind                          DeliveryKind
	final, top, parent            string // addresses; final without quotes, or free text
	free                          bool   // final is a pipe, a file, or a local part alone
	sender, returnPath            string
	hasSender, hasReturnPath      bool
	router, transport             string
	host, ip                      string
	port                          int
	iface, tls, auth, extra, time bool
	dn, reply, system, text       string
	hasReply, hasText             bool
	code                          int
}

// unquoted does what deliver_split_address() does to an address: it takes the quotes off the local part, and writes the
// domain in lower case.
func unquoted(address string) string {
	at := strings.LastIndexByte(address, '@')
	var b strings.Builder
	for i := 0; i < at; i++ {
		switch address[i] {
		case '"':
			continue
		case '\\':
			i++
		}
		b.WriteByte(address[i])
	}
	return b.String() + "@" + strings.ToLower(address[at+1:])
}

// showsTop tells whether string_log_address() adds the original.
func (s sending) showsTop() bool {
	return s.free || s.parent != "" || !strings.EqualFold(s.final, s.top) ||
		!strings.HasPrefix(s.top, s.final[:strings.IndexByte(s.final, '@')])
}

// line writes the line, item by item in the order of deliver.c.
func (s sending) line() string {
	var b strings.Builder
	item := func(shown bool, format string, args ...any) {
		if shown {
			fmt.Fprintf(&b, format, args...)
		}
	}
	b.WriteString("2026-11-23 01:53:50 1xVJFe-0003lG-2I " + deliveryFlags[s.kind] + " " + s.final)
	item(s.parent != "", " (%s)", s.parent)
	item(s.showsTop(), " <%s>", s.top)
	deferred, refused := s.kind == Deferred, s.kind == Refused
	item(s.hasSender && !deferred, " F=<%s>", s.sender)
	item(s.extra, " Q=slow")
	item(s.hasReturnPath && !deferred, " P=<%s>", s.returnPath)
	item(s.router != "", " R=%s", s.router)
	item(s.transport != "", " T=%s", s.transport)
	if deferred {
		item(true, " defer (%d)", s.code)
		item(s.system != "", ": %s", s.system)
	}
	item(!deferred && !refused && s.extra, " S=300")
	if s.ip != "" {
		item(true, " H=%s [%s]", s.host, s.ip)
		item(s.port > 0, ":%d", s.port)
		item(s.extra, "* PRX=[10.0.0.1]:1080")
		item(s.iface, " I=[198.51.100.1]:40000")
		item(s.extra, " TFO*")
	}
	if deferred {
		item(s.time, " DT=1m2s")
		item(s.hasText, ": %s", s.text)
		return b.String()
	}
	item(s.tls, ` X=TLS1.3:A:256 CV=no DN="%s"`, s.dn)
	if refused {
		item(s.system != "", ": %s", s.system)
		item(s.hasText, ": %s", s.text)
		item(s.time, " DT=0.123s")
		return b.String()
	}
	item(s.auth, " A=plain:me")
	item(s.extra, " L* K")
	item(s.hasReply, ` C="%s"`, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.reply))
	item(s.time, " QT=3s DT=1s")
	return b.String()
}

// want is what must be read of the line.
func (s sending) want() Delivery {
	item := func(text string, shown bool) []byte {
		if !shown {
			return nil
		}
		return []byte(text)
	}
	remote := s.ip != ""
	if s.parent != "" && isFileOrPipe([]byte(s.final)) { // it may be its own text
		s.final += " (" + s.parent + ")"
		s.parent = ""
	}
	d := Delivery{
		Kind: s.kind, Address: []byte(s.final), Original: item(s.top, s.showsTop()),
		Sender: item(s.sender, s.hasSender && s.kind != Deferred), Router: item(s.router, s.router != ""),
		ReturnPath: item(s.returnPath, s.hasReturnPath && s.kind != Deferred),
		Transport:  item(s.transport, s.transport != ""), Host: item(s.host, remote), HostAddress: item(s.ip, remote),
		TLS: item("TLS1.3:A:256", s.tls && s.kind != Deferred),
	}
	if remote {
		d.HostPort = s.port
	}
	text := item(s.text, s.hasText)
	switch between := remote || s.time; {
	case s.kind == Deferred && s.system != "" && s.hasText && !between, s.kind == Refused && s.system != "" && s.hasText:
		d.Error = []byte(s.system + ": " + s.text)
	case d.isDelivered():
		d.Reply = item(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.reply), s.hasReply)
	case text != nil:
		d.Error = text
	default:
		d.Error = item(s.system, s.system != "")
	}
	if s.kind == Deferred {
		d.Code = s.code
	}
	return d
}

// sendings generates deliveries. hostile recipients have forged items in quoted local parts; without, only a server is
// hostile.
func sendings(hostileRecipient bool) *rapid.Generator[sending] {
	return rapid.Custom(func(t *rapid.T) sending {
		is := func(what string) bool { return rapid.Bool().Draw(t, what) }
		s := sending{
			kind:       DeliveryKind(rapid.IntRange(int(Delivered), int(Refused)).Draw(t, "kind")),
			sender:     rapid.OneOf(address(), rapid.Just("")).Draw(t, "sender"),
			returnPath: rapid.OneOf(address(), rapid.Just("")).Draw(t, "return path"),
			hasSender:  is("has sender"), hasReturnPath: is("has return path"), router: "dnslookup", transport: "remote_smtp",
			iface: is("interface"), tls: is("TLS"), auth: is("A"), extra: is("extra"), time: is("time"),
			dn: printed(forgery(`"`).Draw(t, "DN")), hasReply: is("has reply"), reply: printed(forgery("").Draw(t, "reply")),
			hasText: is("has text"), text: printed(forgery("").Draw(t, "text")),
			code: rapid.SampledFrom([]int{-53, -46, 110}).Draw(t, "code"),
		}
		if is("remote") {
			s.host, s.ip, s.port = "mx.d.example", "192.0.2.1", rapid.SampledFrom([]int{0, 25}).Draw(t, "port")
		}
		if s.code > 0 && is("system's text") {
			s.system = "Connection timed out"
		}
		if s.kind == Deferred && s.code > 0 {
			s.system = "Connection timed out"
		} else if s.kind == Deferred {
			s.system = ""
		}
		s.setRecipient(t, hostileRecipient)
		return s
	})
}

// setRecipient draws the addresses.
func (s *sending) setRecipient(t *rapid.T, hostile bool) {
	s.top = rapid.SampledFrom([]string{"bob@d.example", "BOB@D.example", "x+y=z@lab.test", "ü@lab.test"}).Draw(t, "recipient")
	if !hostile {
		s.final = unquoted(s.top)
		return
	}
	s.top = rapid.OneOf(address(), rapid.Map(forgery("\n"), quotedAddress)).Draw(t, "recipient")
	if !strings.Contains(s.top, "@") {
		s.top += "@d.example"
	}
	s.final = unquoted(s.top)
	switch rapid.IntRange(0, 5).Draw(t, "where to") {
	case 0: // the local part is kept, with an affix and in lower case
		s.final = strings.ToLower(s.final[:strings.LastIndexByte(s.final, '@')]) + "-x@e.example"
	case 1: // a user's own forward
		s.final = unquoted(rapid.OneOf(address(), rapid.Map(forgery("\n"), quotedAddress)).Filter(func(a string) bool {
			return strings.Contains(a, "@") // Exim qualifies others
		}).Draw(t, "forward"))
	case 2:
		s.free = true
		s.final = rapid.SampledFrom([]string{"|", "/", ">", "save "}).Draw(t, "what") + "x" + forgery("\n").Draw(t, "pipe")
	case 3:
		if s.kind <= Suppressed {
			s.free = true
			s.final = s.final[:strings.LastIndexByte(s.final, '@')]
			s.host, s.ip, s.tls, s.auth = "", "", false, false
		}
	}
	if len(s.final) == 0 {
		s.final = "x"
	}
	if rapid.IntRange(0, 4).Draw(t, "parents") == 0 {
		s.parent = rapid.SampledFrom([]string{"m@d.example", `m@d.example, "n) <o"@d.example`}).Draw(t, "parent")
	}
}

// quotedAddress gives an address whose local part is text.
func quotedAddress(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"@evil.example`
}

// forgery generates texts of which an attacker hopes that they are taken for items of a delivery.
func forgery(not string) *rapid.Generator[string] {
	bait := []string{" R=a", " T=b", " H=c [203.0.113.9]", " H=c [203.0.113.9]:25", " X=y", " CV=no", ` DN="`, ` C="`, ` C="250 ok"`, `"`, `\`,
		`\"`, ": ", ":", "x", " ", "@", "x@y", "@evil.example", " <", "<", ">", " <x@y>", ` <"x y"@z>`, " defer (-46)", " F=<", " P=<>", " (", ")", ", ",
		" NEW=1", " A=z", " K", " QT=1s", "=>", "** ", " R=a T=b H=c [203.0.113.9]", " R=a T=b H=c [203.0.113.9]: no",
		"x R=a T=b H=c [203.0.113.9]: no", "x R=a T=b H=c [203.0.113.9] K NEW=1", `x R=a T=b H=c [203.0.113.9] X=y CV=no DN="`,
		"x R=a T=b defer (-46) H=c [203.0.113.9]: no", " \\<", "\\ ", "\t"}
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(bait), 0, 12), func(parts []string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(not, r) {
				return -1
			}
			return r
		}, strings.Join(parts, ""))
	})
}

// check reads the line. It must give what was logged, or be Suspicious; then it may lack items, but has no wrong host.
func (s sending) check(t *rapid.T, r *DeliveryReader) *Delivery {
	line, want := s.line(), s.want()
	d := r.Line([]byte(line))
	if d == nil || d.Kind != s.kind {
		t.Fatalf("%s\nis read as %s", line, deliveryText(d))
	}
	if d.HostAddress != nil && (string(d.HostAddress) != s.ip || string(d.Host) != s.host || d.HostPort != s.port) {
		t.Fatalf("%s\nhas host %s [%s]:%d, want %s [%s]:%d", line, d.Host, d.HostAddress, d.HostPort, s.host, s.ip, s.port)
	}
	if !d.Suspicious && deliveryText(d) != deliveryText(&want) {
		t.Fatalf("%s\n got %s\nwant %s", line, deliveryText(d), deliveryText(&want))
	}
	return d
}

// TestRecipientNeverForgesDelivery: whatever stands in a recipient, a sender, a reply or an error's text, the line is
// read as Exim meant it, or Suspicious and without a host that isn't its own.
func TestRecipientNeverForgesDelivery(t *testing.T) {
	r := newDeliveryReader()
	total, suspicious := 0, 0
	for range rounds {
		rapid.Check(t, func(t *rapid.T) {
			total++
			if sendings(true).Draw(t, "sending").check(t, r).Suspicious {
				suspicious++
			}
		})
	}
	t.Logf("%d of %d are suspicious", suspicious, total)
}

// TestServerNeverForgesDelivery: what a server writes into its reply never changes a delivery of an ordinary address,
// nor makes it Suspicious. Its refusals may do the latter.
func TestServerNeverForgesDelivery(t *testing.T) {
	r := newDeliveryReader()
	for range rounds {
		rapid.Check(t, func(t *rapid.T) {
			s := sendings(false).Draw(t, "sending")
			if d := s.check(t, r); d.Suspicious && d.isDelivered() {
				t.Fatalf("%s\nis suspicious: %s", s.line(), deliveryText(d))
			}
		})
	}
}

// FuzzDelivery: no line panics, each item stands in the line, an item that is read has a place in the order, and a
// line that can't be read has no items.
func FuzzDelivery(f *testing.F) {
	for _, line := range deliveryLines {
		f.Add([]byte(line))
	}
	for i := range 40 {
		f.Add([]byte(sendings(true).Example(i).line()))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r := newDeliveryReader()
		kind, id, found := r.FindDelivery(line)
		id = bytes.Clone(id)
		d := r.Line(line)
		if found && (d == nil || d.Kind != kind || !bytes.Equal(d.MessageID, id)) {
			t.Fatalf("FindDelivery(%q) = %v, %q, but Line gives %+v", line, kind, id, d)
		}
		if d == nil {
			return
		}
		items := [][]byte{d.Address, d.Original, d.Sender, d.ReturnPath, d.Router, d.Transport, d.Host, d.HostAddress,
			d.TLS, d.Reply, d.Error, d.Event}
		at := 0
		for i, item := range items {
			if item != nil && d.Reason != "" {
				t.Errorf("%q can't be read, but item %d is %q", line, i, item)
			}
			if line[0] == 0 || mayBeJSON(line) || item == nil || d.Suspicious {
				continue
			}
			if i == 10 { // what strerror() says stands before H=
				at = 0
			}
			if n := bytes.Index(line[at:], item); n < 0 {
				t.Errorf("%q: item %d, %q, isn't behind byte %d", line, i, item, at)
			} else if i > 1 {
				at += n
			}
		}
		if d.HostAddress != nil && (!isIP(d.HostAddress) || d.Transport == nil || len(d.Host) == 0) {
			t.Errorf("%q: host %q [%q] of transport %q", line, d.Host, d.HostAddress, d.Transport)
		}
		if d.Suspicious && d.Kind < Completed && d.Address != nil && d.HostAddress != nil && len(line) >= cutFrom {
			t.Errorf("%q is cut and has a host", line)
		}
	})
}

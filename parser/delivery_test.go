package parser

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var deliveryFlags = map[DeliveryKind]string{
	Delivered: "=>", DeliveredWith: "->", CutThrough: ">>", Suppressed: "*>", Deferred: "==", Refused: "**",
	Completed: "Completed", Frozen: "Frozen", Unfrozen: "Unfrozen",
}

func newDeliveryReader() *DeliveryReader {
	return NewDeliveryReader(time.UTC, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
}

// deliveryText gives a delivery's items, without the time and the id, as text.
func deliveryText(d *Delivery) string {
	if d == nil {
		return "no delivery"
	}
	var b strings.Builder
	b.WriteString(deliveryFlags[d.Kind])
	item := func(name string, value []byte) {
		if value != nil {
			fmt.Fprintf(&b, " %s=%s", name, value)
		}
	}
	item("address", d.Address)
	item("original", d.Original)
	item("F", d.Sender)
	item("P", d.ReturnPath)
	item("R", d.Router)
	item("T", d.Transport)
	item("H", d.Host)
	item("ip", d.HostAddress)
	if d.HostPort > 0 {
		fmt.Fprintf(&b, " port=%d", d.HostPort)
	}
	item("X", d.TLS)
	item("C", d.Reply)
	if d.Code != 0 {
		fmt.Fprintf(&b, " code=%d", d.Code)
	}
	item("error", d.Error)
	item("event", d.Event)
	if d.Suspicious {
		b.WriteString(" suspicious")
	}
	if d.Reason != "" {
		b.WriteString(" unreadable")
	}
	return b.String()
}

func TestDelivery(t *testing.T) {
	const remote = " R=out T=smtp H=mx.d.example [192.0.2.1]"
	const read = " R=out T=smtp H=mx.d.example ip=192.0.2.1"
	tests := []struct{ name, line, want string }{
		{"plain", "=> bob@d.example" + remote, "=> address=bob@d.example" + read},
		{"further recipient", "-> eve@d.example" + remote + `* C="250 ok"`,
			"-> address=eve@d.example" + read + " C=250 ok"},
		{"cutthrough", ">> bob@d.example" + remote, ">> address=bob@d.example" + read},
		{"not for real", "*> bob@d.example" + remote + ` C="delivery bypassed by -N option"`,
			"*> address=bob@d.example" + read + " C=delivery bypassed by -N option"},
		{"everything", `=> new@d.example (mid@d.example, "o, p) <q>"@d.example) <old@x.example> F=<> Q=slow P=<s@x.example> R=out T=smtp` +
			` S=4711 H=mx.d.example DS [2001:db8::1]:2525* PRX=[10.0.0.1]:1080 I=[192.0.2.9]:40000 TFO* X=TLS1.3:A_B:256*` +
			` CV=dane DN="CN=a "b" c" A=plain:us er:me@x.example L* PRDR K NEW=7 C="250 \"ok\" \\ <a@b>" QT=1m2s DT=0.123s`,
			`=> address=new@d.example original=old@x.example F= P=s@x.example R=out T=smtp H=mx.d.example` +
				` ip=2001:db8::1 port=2525 X=TLS1.3:A_B:256* C=250 \"ok\" \\ <a@b>`},
		{"item of the future", "=> bob@d.example R=out T=smtp NEW=1 H=mx [192.0.2.1] ALSO", "=> address=bob@d.example R=out T=smtp H=mx ip=192.0.2.1"},
		{"host that was not called", "*> bob@d.example R=out T=smtp H=mx [192.0.2.1]:-1",
			"*> address=bob@d.example R=out T=smtp H=mx ip=192.0.2.1"},
		{"local", "=> bob <bob@d.example> R=local T=maildir S=300 QT=3s DT=1s", "=> address=bob original=bob@d.example R=local T=maildir"},
		{"local with a host", "=> bob@d.example R=r T=bsmtp H=batch.d.example", "=> address=bob@d.example R=r T=bsmtp H=batch.d.example"},
		{"shadow transport", "=> bob <bob@d.example> R=r T=t ST=copy (No space left on device: x)", "=> address=bob original=bob@d.example R=r T=t"},
		{"lmtp", `=> bob <bob@d.example> R=r T=lmtp C="250 2.0.0 <bob> saved"`, "=> address=bob original=bob@d.example R=r T=lmtp C=250 2.0.0 <bob> saved"},
		{"pipe", "=> |/usr/bin/x -f R=y <in (a) (bob@d.example) <b@d.example> R=fwd T=pipe",
			"=> address=|/usr/bin/x -f R=y <in (a) (bob@d.example) original=b@d.example R=fwd T=pipe"},
		{"file", "=> /var/my mail <b@d.example> R=fwd T=file", "=> address=/var/my mail original=b@d.example R=fwd T=file"},
		{"filter's file", "=> save my mail <b@d.example> R=fwd T=file", "=> address=save my mail original=b@d.example R=fwd T=file"},
		{"system filter", "=> |/bin/x y <system-filter> T=pipe", "=> address=|/bin/x y original=system-filter T=pipe"},
		{"nowhere", "=> /dev/null <b@d.example> R=fwd T=**bypassed**", "=> address=/dev/null original=b@d.example R=fwd T=**bypassed**"},
		{"blackhole", `=> :blackhole: <"a b"@d.example> R=drop`, `=> address=:blackhole: original="a b"@d.example R=drop`},
		{"discarded by an ACL", "=> blackhole (DATA ACL discarded recipients): spam", "=> address=blackhole error=(DATA ACL discarded recipients): spam"},
		{"discarded by the system filter", "=> discarded (system filter)", "=> address=discarded error=(system filter)"},
		{"quotes taken off", `=> a b@d.example <"A b"@d.example>` + remote, `=> address=a b@d.example original="A b"@d.example` + read},
		{"redirected to a blank", "=> a b@d.example <c@d.example>" + remote, "=> address=a b@d.example original=c@d.example" + read},
		{"edited", "=> bob@d.example F=ann@x.example" + remote, "=> address=bob@d.example F=ann@x.example" + read},

		{"refused", "** bob@d.example" + remote + ": SMTP error from remote mail server after RCPT TO:<bob@d.example>:" +
			` 550 5.1.1 <bob@d.example>: "x" R=a T=b H=c [203.0.113.9]: no`,
			"** address=bob@d.example" + read + " error=SMTP error from remote mail server after RCPT TO:<bob@d.example>:" +
				` 550 5.1.1 <bob@d.example>: "x" R=a T=b H=c [203.0.113.9]: no`},
		{"refused over TLS", "** bob@d.example <b@d.example> F=<ann@x.example> P=<ann@x.example>" + remote +
			`:25 X=TLS1.2:A:256 CV=no DN="CN=mx": 550 no DT=0.02s`,
			"** address=bob@d.example original=b@d.example F=ann@x.example P=ann@x.example" + read +
				" port=25 X=TLS1.2:A:256 error=550 no"},
		{"refused without an item", "** bob@d.example: Unrouteable address", "** address=bob@d.example error=Unrouteable address"},
		{"refused with one", "** bob@d.example F=<>: Unrouteable address", "** address=bob@d.example F= error=Unrouteable address"},
		{"refused by an alias", "** b@d.example <bob@d.example> R=aliases: no such user", "** address=b@d.example original=bob@d.example R=aliases error=no such user"},
		{"refused in quotes", `** "a: b"@d.example: Unrouteable address`, `** address="a: b"@d.example error=Unrouteable address`},
		{"refused literal", "** bob@[IPv6:2001:db8::1]: Unrouteable address", "** address=bob@[IPv6:2001:db8::1] error=Unrouteable address"},
		{"refused by a transport", "** bob@d.example R=out T=smtp: No space left on device: x", "** address=bob@d.example R=out T=smtp error=No space left on device: x"},
		{"refused pipe", "** |/bin/x y <b@d.example> R=fwd T=pipe: Child process of pipe transport returned 1 from command: /bin/x",
			"** address=|/bin/x y original=b@d.example R=fwd T=pipe error=Child process of pipe transport returned 1 from command: /bin/x"},
		{"forbidden pipe", "** |/bin/x y <b@d.example>: delivery to pipe forbidden", "** address=|/bin/x y original=b@d.example error=delivery to pipe forbidden"},
		{"wrapper of a mail program", "** bob@d.example mua_wrapper forced failure for deferred delivery",
			"** address=bob@d.example error=mua_wrapper forced failure for deferred delivery"},
		{"wrapper of a mail program, routed", "** bob@d.example routing yielded a local delivery", "** address=bob@d.example error=routing yielded a local delivery"},

		{"deferred", "== bob@d.example R=out T=smtp defer (-46) H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<x>: 451 later",
			"== address=bob@d.example" + read + " code=-46 error=SMTP error from remote mail server after RCPT TO:<x>: 451 later"},
		{"deferred by an error", "== bob@d.example R=out T=smtp defer (110): Connection timed out H=mx.d.example [192.0.2.1]:25 DT=2m7s",
			"== address=bob@d.example" + read + " port=25 code=110 error=Connection timed out"},
		{"deferred by an error with a text", "== bob@d.example R=out T=smtp defer (111): Connection refused: a H=mx [203.0.113.9]: b",
			"== address=bob@d.example R=out T=smtp code=111 error=Connection refused: a H=mx [203.0.113.9]: b"},
		{"deferred with a text that forges", "== bob@d.example R=out T=smtp defer (-53): retry H=mx [203.0.113.9]: b",
			"== address=bob@d.example R=out T=smtp code=-53 error=retry H=mx [203.0.113.9]: b"},
		{"deferred while routed", "== bob@d.example routing defer (-51): retry time not reached", "== address=bob@d.example code=-51 error=retry time not reached"},
		{"deferred by a router", "== b@d.example <bob@d.example> R=later defer (-1): tomorrow", "== address=b@d.example original=bob@d.example R=later code=-1 error=tomorrow"},
		{"held", "== bob@d.example defer (-49): domain is held", "== address=bob@d.example code=-49 error=domain is held"},

		{"completed", "Completed", "Completed"},
		{"completed with a time", "Completed QT=3s", "Completed"},
		{"frozen", "Frozen", "Frozen"},
		{"frozen bounce", "Frozen (delivery error message)", "Frozen event=(delivery error message)"},
		{"frozen by a filter", "Frozen by the system filter: no", "Frozen event=by the system filter: no"},
		{"frozen by hand", "frozen by root", "Frozen event=by root"},
		{"unfrozen", "Unfrozen by errmsg timer", "Unfrozen event=by errmsg timer"},
		{"unfrozen by hand", "unfrozen by root", "Unfrozen event=by root"},

		{"arrival", "<= ann@x.example U=ann P=local S=300", "no delivery"},
		{"something else", "Completedly", "no delivery"},
		{"overflow", overflowMark, "no delivery"},
		{"host's error", "H=mx.d.example [192.0.2.1] Connection timed out", "no delivery"},
		{"no transport", "=> bob@d.example R=out H=mx [192.0.2.1]", "=> unreadable"},
		{"no items", ">> bob@d.example ???", ">> unreadable"},
	}
	r := newDeliveryReader()
	for _, head := range []string{"2026-11-23 01:53:50 1xVJFe-0003lG-2I ", "2026-11-23 01:53:50.123 +0100 [4711] 1xVJFe-000000003lG-0002 ",
		"Nov 23 01:53:50 mx exim[4711]: 2026-11-23 01:53:50 1xVJFe-0003lG-2I ", "\x00\x002026-11-23 01:53:50 1xVJFe-0003lG-2I "} {
		for _, test := range tests {
			line := head + test.line
			d := r.Line([]byte(line))
			if got := deliveryText(d); got != test.want {
				t.Errorf("%s: %s\n got %s\nwant %s", test.name, line, got, test.want)
			} else if d != nil && d.Time.Format("01-02 15:04:05") != "11-23 01:53:50" {
				t.Errorf("%s: %s: time is %v", test.name, line, d.Time)
			}
		}
	}
}

func TestDeliveryHead(t *testing.T) {
	r := newDeliveryReader()
	d := r.Line([]byte("2026-11-23 01:53:50.123 +0100 [4711] 1xVJFe-000000003lG-0002 Completed"))
	want := time.Date(2026, 11, 23, 0, 53, 50, 123e6, time.UTC)
	if d == nil || !d.Time.Equal(want) || !d.Millis || d.PID != 4711 || string(d.MessageID) != "1xVJFe-000000003lG-0002" {
		t.Errorf("Line = %+v, want time %v, pid 4711", d, want)
	}
	d = r.Line([]byte("Nov 23 01:53:50 mx exim[4711]: 1xVJFe-0003lG-2I => x@y R=r T=t"))
	if want = time.Date(2026, 11, 23, 1, 53, 50, 0, time.UTC); d == nil || !d.Time.Equal(want) || string(d.SyslogHost) != "mx" {
		t.Errorf("Line = %+v, want time %v, host mx", d, want)
	}
	d = r.Line([]byte(`{"log":"2026-11-23 01:53:50 1xVJFe-0003lG-2I => x@y R=r T=t\n","stream":"stdout"}`))
	if d == nil || string(d.Address) != "x@y" {
		t.Errorf("Line of a JSON object = %+v, want address x@y", d)
	}
	kind, id, ok := r.FindDelivery([]byte("2026-11-23 01:53:50 1xVJFe-0003lG-2I ** x@y: no"))
	if kind != Refused || string(id) != "1xVJFe-0003lG-2I" || !ok {
		t.Errorf("FindDelivery = %v, %q, %v", kind, id, ok)
	}
	if d = r.Line([]byte("2026-13-23 01:53:50 1xVJFe-0003lG-2I ** x@y: no")); d == nil || d.Reason == "" || d.Address != nil {
		t.Errorf("Line with month 13 = %+v, want a reason", d)
	}
}

// TestForgedDelivery: a recipient, a server's answers or its certificate never give a delivery a host that it didn't
// have.
func TestForgedDelivery(t *testing.T) {
	const remote = " R=out T=smtp H=mx.d.example [192.0.2.1]"
	const read = " R=out T=smtp H=mx.d.example ip=192.0.2.1"
	const forged = "R=a T=b H=c [203.0.113.9]"
	tests := []struct{ name, line, want string }{
		{"recipient, refused", "** x " + forged + `: no@d.example <"x ` + forged + `: no"@d.example>` + remote + ": 550 no", "** suspicious"},
		{"recipient in lower case", "** x r=a" + `: no@d.example <"x R=a: no"@d.example>: Unrouteable address`,
			`** address=x r=a: no@d.example original="x R=a: no"@d.example error=Unrouteable address`},
		{"recipient, not routed", "** x " + forged + `: no@d.example <"x ` + forged + `: no"@d.example>: Unrouteable address`, "** suspicious"},
		{"recipient with affixes", "** x " + forged + `: no@d.example <"real-x ` + forged + `: no-y"@d.example>: Unrouteable address`, "** suspicious"},
		{"recipient, redirected", "** x " + forged + `: no-archive@e.example <"x ` + forged + `: no"@d.example>: Unrouteable address`, "** suspicious"},
		{"recipient with a parent", "** x " + forged + `: no@d.example (y@d.example) <"x ` + forged + `: no"@d.example>: Unrouteable address`, "** suspicious"},
		{"recipient, deferred", "== x R=a T=b defer (-46) H=c [203.0.113.9]: no@d.example" +
			` <"x R=a T=b defer (-46) H=c [203.0.113.9]: no"@d.example> R=out T=smtp defer (-46) H=mx.d.example [192.0.2.1]: 451 later`,
			"== code=-46 suspicious"},
		{"recipient and certificate", "=> x " + forged + ` X=y CV=no DN="@d.example <"x ` + forged + ` X=y CV=no DN=\""@d.example>` + remote + ` C="250 ok"`,
			"=> suspicious"},
		{"recipient, delivered", "=> x " + forged + ` C="250@d.example <"x ` + forged + ` C=\"250"@d.example>` + remote + ` C="250 ok"`,
			"=> address=x " + forged + ` C="250@d.example original="x ` + forged + ` C=\"250"@d.example` + read + " C=250 ok"},
		{"original", `** b@d.example <"x> ` + forged + `: no"@d.example>` + remote + ": 550 no",
			`** address=b@d.example original="x> ` + forged + `: no"@d.example` + read + " error=550 no"},
		{"sender", `=> b@d.example F=<"x> ` + forged + `"@d.example>` + remote, `=> address=b@d.example F="x> ` + forged + `"@d.example` + read},
		{"reply", "=> b@d.example" + remote + ` C="250 <a@b> ` + forged + ` C=\"ok\""`, "=> address=b@d.example" + read + " C=250 <a@b> " + forged + ` C=\"ok\"`},
		{"reply that quotes", "=> b@d.example" + remote + ` C="250 z@q <\"b@d.example x\"@d> ` + forged + ` K"`,
			"=> address=b@d.example" + read + ` C=250 z@q <\"b@d.example x\"@d> ` + forged + " K"},
		{"certificate", "=> b@d.example" + remote + ` X=y CV=no DN="CN=z@q <"b@d.example` + remote + ` X=y CV=no DN=\"CN=z"@q> ` + forged + ` X=y DN="" C="250 ok"`,
			"=> X=y C=250 ok suspicious"},
		{"refusal", "** b@d.example" + remote + `: 550 z@q <"b@d.example` + remote + `: 550 z"@q> ` + forged + ": no", "** suspicious"},
		{"refusal that looks like a forward", "** b@d.example" + remote + `: 550 z@q <"a b"@q> ` + forged[:7] + ": no", "** suspicious"},
		{"honest refusal of a blank", `** a b@d.example <"a b"@d.example>` + remote + `: SMTP error after RCPT TO:<"a b"@d.example>: 550 <"a b"@d.example>: no`,
			`** address=a b@d.example original="a b"@d.example` + read + ` error=SMTP error after RCPT TO:<"a b"@d.example>: 550 <"a b"@d.example>: no`},
		{"pipe of a user", "** |x " + forged + `: no <b@d.example> R=fwd T=pipe: no`, "** suspicious"},
		{"forward of a user", "** x " + forged + `: no@e.example <b@d.example>` + remote + `: no`, "** suspicious"},
	}
	r := newDeliveryReader()
	for _, test := range tests {
		line := "2026-11-23 01:53:50 1xVJFe-0003lG-2I " + test.line
		if got := deliveryText(r.Line([]byte(line))); got != test.want {
			t.Errorf("%s: %s\n got %s\nwant %s", test.name, line, got, test.want)
		}
	}
}

// TestEntry: the prefix of any entry, in wrappers, too.
func TestEntry(t *testing.T) {
	const docker = `{"log":"2026-11-23 01:53:50 1xVabc-000001-01 H=mx [192.0.2.1] Connection refused\n","time":"2026-11-23T01:53:51Z"}`
	for _, test := range []struct{ line, id, text string }{
		{"2026-11-23 01:53:50 1xVabc-000001-01 anything = 1\r", "1xVabc-000001-01", "anything = 1"},
		{"2026-11-23 01:53:50.123 +0100 [7] 1xVabc-00000000001-0001 x", "1xVabc-00000000001-0001", "x"},
		{"Nov 23 01:53:50 mx exim[7]: 1xVabc-000001-01 msg", "1xVabc-000001-01", "msg"},
		{docker, "1xVabc-000001-01", "H=mx [192.0.2.1] Connection refused"},
		{"2026-11-23 01:53:50 Start queue run: pid=1", "", "Start queue run: pid=1"},
		{"1xVabc-000001-01 no stamp", "", ""},
	} {
		at, id, text, ok := newDeliveryReader().Entry([]byte(test.line))
		if string(id) != test.id || string(text) != test.text || ok == at.IsZero() || ok != (test.text != "") {
			t.Errorf("Entry(%q) = %v, %q, %q, %v", test.line, at, id, text, ok)
		}
		if IsMessageID(test.text) || test.id != "" && !IsMessageID(test.id) {
			t.Errorf("IsMessageID(%q) or of %q is wrong", test.text, test.id)
		}
	}
}

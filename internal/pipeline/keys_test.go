package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/parser"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

// TestValues: what each arrival is counted for. A key that isn't named has no value.
func TestValues(t *testing.T) {
	for _, test := range []struct{ items, want string }{
		{
			`Alice@Lab.TEST H=(pc) [192.0.2.7] P=esmtpa A=plain:alice S=5 T="Re: Lunch 17"`,
			`sender=alice@lab.test sender_domain=lab.test auth=alice host=192.0.2.7 network=192.0.2.0/24 account=alice subject=Re: Lunch 17 topic=*`,
		},
		{`a@b H=h [192.0.2.255] P=esmtp S=5`,
			`sender=a@b sender_domain=b host=192.0.2.255 network=192.0.2.0/24 account=<a@b> account_domain=<b>`},
		{`<> H=h [192.0.2.7] P=esmtp S=5`, `sender=<> host=192.0.2.7 network=192.0.2.0/24 account=<>`},
		{`<> R=1xV000-000000-00 U=Debian-exim P=local S=5`, `sender=<> user=Debian-exim account=Debian-exim`},
		{`root@b U=root P=local S=5`, `sender=root@b sender_domain=b user=root account=root`},
		{`root@b U=root P=local-esmtp S=5`, `sender=root@b sender_domain=b user=root account=root`},
		{`root@b U=root P=utf8local-smtp S=5`, `sender=root@b sender_domain=b user=root account=root`},
		{`a@b U=mail P=spam-scanned S=5`, `sender=a@b sender_domain=b user=mail account=mail`},
		{`a@b H=h [192.0.2.7] U=ident P=esmtp S=5`,
			`sender=a@b sender_domain=b host=192.0.2.7 network=192.0.2.0/24 account=<a@b> account_domain=<b>`},
		{`a@b H=h [192.0.2.7] U=ident P=local S=5`,
			`sender=a@b sender_domain=b user=ident host=192.0.2.7 network=192.0.2.0/24 account=ident`},
		{`a@b U=root P=local-esmtpa A=plain:alice S=5`,
			`sender=a@b sender_domain=b auth=alice user=root account=alice`},
		{`a@b H=h [2001:DB8:1:2:3::4] P=esmtp S=5`,
			`sender=a@b sender_domain=b host=2001:DB8:1:2:3::4 network=2001:db8:1:2::/64 account=<a@b> account_domain=<b>`},
		{`a@b H=h [::ffff:192.0.2.7] P=esmtp S=5`,
			`sender=a@b sender_domain=b host=::ffff:192.0.2.7 network=192.0.2.0/24 account=<a@b> account_domain=<b>`},
		{`a@b H=h [fe80::1%eth0] P=esmtp S=5`,
			`sender=a@b sender_domain=b host=fe80::1%eth0 network=fe80::/64 account=<a@b> account_domain=<b>`},
		{
			`a@b H=h [192.0.2.7] P=esmtpa A=plain S=5`,
			`sender=a@b sender_domain=b host=192.0.2.7 network=192.0.2.0/24 account=[192.0.2.7]`,
		},
		{
			`a@b H=h [192.0.2.7] P=esmtpa A=plain: S=5`,
			`sender=a@b sender_domain=b auth= host=192.0.2.7 network=192.0.2.0/24 account=[192.0.2.7]`,
		},
		{
			`a@b H=h [192.0.2.7] P=esmtpa A=plain: Alice@LAB.test  S=5`,
			`sender=a@b sender_domain=b auth=alice@lab.test host=192.0.2.7 network=192.0.2.0/24 account=alice@lab.test account_domain=lab.test`,
		},
		{
			`a@b H=h [192.0.2.7] P=esmtpa A=plain:J\303\226RG S=5`,
			`sender=a@b sender_domain=b auth=jörg host=192.0.2.7 network=192.0.2.0/24 account=jörg`,
		},
		{`a@b H=h [192.0.2.7] P=esmtpa A=plain:alice@ S=5`,
			`sender=a@b sender_domain=b auth=alice@ host=192.0.2.7 network=192.0.2.0/24 account=alice@`},
		{`a@b U=<x@lab.test> P=local S=5`, `sender=a@b sender_domain=b user=<x@lab.test> account=<x@lab.test>`},
		{`"A B"@Lab.test U=Root P=local S=5`, `sender="a b"@lab.test sender_domain=lab.test user=Root account=Root`},
		{`postmaster U=root P=local S=5`, `sender=postmaster user=root account=root`},
		{`"a@b c"@Lab.test U=root P=local S=5`,
			`sender="a@b c"@lab.test sender_domain=lab.test user=root account=root`},
		{`a@b U=root P=local S=5 T=""`, `sender=a@b sender_domain=b user=root account=root subject= topic=*`},
		{`a@b U=root P=local S=5 T="Gr\303\274\303\237e\377"`,
			"sender=a@b sender_domain=b user=root account=root subject=Grüße\ufffd topic=*"},
	} {
		arrivals(t, "2026-11-23 10:00:00 1xV001-000001-01 <= "+test.items, func(_ *parser.Arrival, w *window.Arrival) {
			var got []string
			for key, value := range w.Values[:window.NumKeys] {
				if window.Key(key) == window.Topic && len(value) > 0 {
					got = append(got, "topic=*") // how subjects are folded is the window's
				} else if value != nil && window.Key(key) != window.Topic {
					got = append(got, window.Key(key).String()+"="+string(value))
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.items, diff)
			}
		})
	}
}

// TestTold: what an alert tells of an arrival besides the keys.
func TestTold(t *testing.T) {
	many, want := "", []string{}
	for i := range 30 {
		many += fmt.Sprintf(" x@%d.test y@%[1]d.test", i)
		want = append(want, fmt.Sprintf("%d.test", i))
	}
	for _, test := range []struct{ items, helo, protocol, domains string }{
		{`a@b H=h (pc 1) [192.0.2.7] P=esmtpa S=5 for c@Lab.test d@b e@LAB.TEST f "g @ h"@b`, "pc 1", "esmtpa",
			"lab.test b"},
		{`a@b U=root P=local S=5`, "", "local", ""},
		{`a@b U=root P=local S=5 for root`, "", "local", ""},
		{`a@b U=root P=local S=5 for b@ab a@b`, "", "local", "ab b"},
		{`a@b U=root P=local S=5 for` + many, "", "local", strings.Join(want[:maxDomains], " ")},
	} {
		arrivals(t, "2026-11-23 10:00:00 1xV001-000001-01 <= "+test.items, func(_ *parser.Arrival, w *window.Arrival) {
			got := []string{string(w.Values[window.Helo]), string(w.Values[window.Protocol]),
				string(w.Values[window.RecipientDomain])}
			want := []string{test.helo, test.protocol, strings.ReplaceAll(test.domains, " ", "\n")}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.items, diff)
			}
		})
	}
}

// TestWeights: what isn't logged weighs nothing.
func TestWeights(t *testing.T) {
	for _, test := range []struct {
		items             string
		recipients, bytes int64
	}{
		{`a@b U=root P=local S=512 for c@d e@f "g h"@i`, 3, 512},
		{`a@b U=root P=local S=0`, 0, 0},
		{`a@b U=root P=local S=7`, 0, 7},
	} {
		arrivals(t, "2026-11-23 10:00:00 1xV001-000001-01 <= "+test.items, func(_ *parser.Arrival, w *window.Arrival) {
			if w.Recipients != test.recipients || w.Bytes != test.bytes {
				t.Errorf("%s: %d recipients and %d bytes, want %d and %d", test.items, w.Recipients, w.Bytes,
					test.recipients, test.bytes)
			}
		})
	}
	var w window.Arrival
	new(keyExtractor).extract(&parser.Arrival{Size: -1}, &w)
	if w.Bytes != 0 || w.Recipients != 0 {
		t.Errorf("an arrival without items weighs %d bytes, want 0", w.Bytes)
	}
}

// TestValuesOfAnOverflowedEntry: nobody is known, so nobody but the log is counted.
func TestValuesOfAnOverflowedEntry(t *testing.T) {
	var w window.Arrival
	a := parser.Arrival{Overflowed: true, Cut: true, Size: -1}
	new(keyExtractor).extract(&a, &w)
	new(keyExtractor).extractCostly(&a, &w, allCostly)
	for key, value := range w.Values {
		switch k := window.Key(key); {
		case k == window.Log, k == window.Anomaly, value == nil:
		default:
			t.Errorf("%v = %q, want none", k, value)
		}
	}
}

// TestValuesDontMix: the buffers are used again, and a shorter value keeps nothing of the longer one before.
func TestValuesDontMix(t *testing.T) {
	var v keyExtractor
	var w window.Arrival
	for _, a := range []parser.Arrival{
		{EnvelopeSender: []byte("longer.name@example.ORG"), HostAddress: []byte("2001:db8:1:2:3::4"),
			Subject: []byte("A longer subject")},
		{EnvelopeSender: []byte("a@B"), HostAddress: []byte("10.0.0.1")},
	} {
		v.reset()
		v.extract(&a, &w)
		v.extractCostly(&a, &w, allCostly)
	}
	for key, want := range map[window.Key]string{window.Sender: "a@b", window.SenderDomain: "b",
		window.Network: "10.0.0.0/24", window.Topic: ""} {
		if got := string(w.Values[key]); got != want {
			t.Errorf("%v = %q, want %q", key, got, want)
		}
	}
	if w.Values[window.Topic] != nil || w.Values[window.Subject] != nil {
		t.Error("an arrival without T= has a subject")
	}
}

// arrivals gives fn each arrival of a log with its keys' values.
func arrivals(t *testing.T, log string, fn func(*parser.Arrival, *window.Arrival)) {
	t.Helper()
	var v keyExtractor
	n := 0
	r := parser.NewReader(time.UTC, time.Time{}, func(e *parser.Entry) {
		if e.Kind != parser.Reception {
			t.Fatalf("%s: kind %d: %s", log, e.Kind, e.Reason)
		}
		n++
		var w window.Arrival
		v.extract(e.Arrival, &w)
		v.extractCostly(e.Arrival, &w, allCostly)
		fn(e.Arrival, &w)
	})
	r.Line(parser.Place{}, []byte(log))
	r.Flush()
	if n != 1 {
		t.Fatalf("%s: %d arrivals, want 1", log, n)
	}
}

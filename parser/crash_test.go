package parser

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestTornByACrash: what a crash leaves is no anomaly, and hides nothing that stands behind it.
func TestTornByACrash(t *testing.T) {
	const (
		start = "2026-11-23 02:00:00 exim 4.96 daemon started: pid=1234, -q30m, listening for SMTP on port 25 (IPv6 and IPv4)"
		zoned = "2026-11-23 02:00:00.123 +0100 [1234] exim 4.99.1 daemon started: pid=1234, no queue runs"
		half  = head0 + "a@b H=(x) [192.0.2."
		next  = head0 + "c@d U=c P=local S=5"
	)
	zeros := strings.Repeat("\x00", 300)
	for _, test := range []struct{ name, line, want string }{
		{"zeros before an arrival", zeros + next, "c@d"},
		{"half an arrival, zeros, an arrival", half + zeros + next, "torn c@d"},
		{"zeros, half an arrival, zeros, an arrival", zeros + half + zeros + next, "torn c@d"},
		{"half an arrival, zeros, a start", half + zeros + start, "torn"},
		{"half an arrival and a start", half + start, "torn"},
		{"with a zone", half + zoned, "torn"},
		{"half another line and an arrival", "2026-11-23 01:53:50 Start que" + zeros + next, "c@d"},
		{"no stamp behind zeros", half + zeros + "7] P=esmtp S=5", "a@b"},
		{"a HELO that names a start", head0 + "a@b H=(" + start + ") [192.0.2.7] P=esmtp S=x", "unreadable"},
		{"a HELO behind a start", half + "2026-11-23 02:00:00 exim 4.96 daemon started: pid=1) [1.2.3.4] P=esmtp S=x",
			"unreadable"},
		{"no start", half + "2026-11-23 02:00:00 exim daemon started: pid=1", "unreadable"},
	} {
		var got []string
		r := NewReader(time.UTC, at0, func(e *Entry) {
			switch {
			case e.Kind == Reception:
				got = append(got, string(e.Arrival.EnvelopeSender))
			case e.Kind == Malformed && e.Torn:
				got = append(got, "torn")
			case e.Kind == Malformed:
				got = append(got, "unreadable")
			default:
				got = append(got, fmt.Sprint(e.Kind))
			}
		})
		r.Line(Place{"mainlog", 1}, []byte(test.line))
		r.Flush()
		if g := strings.Join(got, " "); g != test.want {
			t.Errorf("%s: %s, want %s", test.name, g, test.want)
		}
	}
}

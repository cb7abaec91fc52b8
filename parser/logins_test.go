package parser

import (
	"fmt"
	"strings"
	"testing"
)

// TestLineNamesEveryLogin: a line with several readings names the login of each.
func TestLineNamesEveryLogin(t *testing.T) {
	const peer = "a@b H=(h) [192.0.2.7] "
	for _, test := range []struct{ name, line, id, logins string }{
		{"HELO", "a@b H=(x) [9.9.9.9] P=esmtpa A=l:victim S=1 for v@x (y) [192.0.2.7] P=esmtpa A=l:bob S=5", "bob",
			"[victim]"},
		{"HELO that names the same",
			"a@b H=(x) [9.9.9.9] P=esmtpa A=l:bob S=1 for v@x (y) [192.0.2.7] P=esmtpa A=l:bob S=5", "bob", "[]"},
		{"MAIL AUTH= with a peer", peer + "P=esmtpa A=l:bob:x) [9.9.9.9] P=esmtpa A=l:boss S=5", "boss", "[bob]"},
		{"MAIL AUTH= with a peer and no login", peer + "P=esmtpa A=l:bob:x) [9.9.9.9] P=esmtp S=5", "", "[bob]"},
		{"MAIL AUTH= with a quote and a peer", peer + "P=esmtpa A=l:bob:x\"y) [9.9.9.9] P=esmtpa A=l:boss S=5",
			"boss", "[bob]"},
		{"MAIL AUTH= with a size and a peer", peer + "P=esmtpa A=l:bob:x S=1 for y) [9.9.9.9] P=esmtpa A=l:boss S=5",
			"boss", "[bob]"},
		{"MAIL AUTH= behind a certificate", peer + "P=esmtpsa X=c DN=\"CN=a\" A=l:bob:x\" A=l:boss S=5", "boss",
			"[bob]"},
		{"MAIL AUTH= behind a certificate, paired", peer + "P=esmtpsa X=c DN=\"CN=a\" A=l:bob:\"x\" A=l:boss S=5",
			"boss", "[bob]"},
		{"MAIL AUTH= behind an ident", peer + "U=u P=esmtpa A=l:bob:x P=esmtpa A=l:boss S=5", "boss", "[bob]"},
		{"MAIL AUTH= with two peers",
			peer + "P=esmtpa A=l:bob:x) [9.9.9.9] P=esmtpa A=l:boss:x) [9.9.9.8] P=esmtpa A=l:chief S=5", "chief",
			"[boss bob]"},
		{"ident", peer + "U=x P=esmtpa A=l:victim S=1 for z P=esmtp S=338", "", "[victim]"},
		{"two idents", peer + "U=x P=esmtpa A=l:v P=esmtpa A=l:w P=esmtp S=338", "", "[w v]"},
		{"two entries in one", peer + "P=esmtpa A=l:bob S=5 T=\"x\" for y 2026-11-23 01:53:50 x \"y", "", "[bob]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, _ := readOne(t, head0+test.line)
			if got := fmt.Sprintf("%s", a.Logins); string(a.AuthenticatedID) != test.id || got != test.logins ||
				!a.Suspicious {
				t.Errorf("login %q, or %s, suspicious %v, want %q, or %s", a.AuthenticatedID, got, a.Suspicious,
					test.id, test.logins)
			}
		})
	}
}

// TestLoginsAreBounded also holds that nothing is allocated for them.
func TestLoginsAreBounded(t *testing.T) {
	var line strings.Builder
	line.WriteString(head0 + "a@b H=(h")
	for i := range 3 * maxLogins {
		fmt.Fprintf(&line, ") [9.9.9.9] P=esmtpa A=l:user%d:x", i)
	}
	line.WriteString(" S=5")
	a, _ := readOne(t, line.String())
	if len(a.Logins) != maxLogins || !a.Suspicious {
		t.Errorf("%d logins, suspicious %v, want %d", len(a.Logins), a.Suspicious, maxLogins)
	}
	r := NewReader(quickReference.Location(), quickReference, func(*Entry) {})
	text := []byte(line.String())
	if n := testing.AllocsPerRun(20, func() { r.Line(Place{}, text) }); n > 0 {
		t.Errorf("%.0f allocations, want none", n)
	}
}

// TestUnsuspiciousLinesNameOneLogin: what an honest client can have written into a line doesn't look like a second
// login.
func TestUnsuspiciousLinesNameOneLogin(t *testing.T) {
	for _, auth := range []string{"l:bob", "l:user name S=5", "l:bob:orig@lab.test", "l:bob:x", "tls:\"Phil P\"",
		"l:LAB\\bob"} {
		a, _ := readOne(t,
			head0+"a@b H=(h) [192.0.2.7] P=esmtpsa X=c DN=\"CN=\"a\", O=b c\" A="+auth+" S=5 T=\"s A=l:x S=1\" for x@y")
		if a.Suspicious || a.Logins != nil || !strings.HasPrefix(auth,
			string(a.Authenticator)+":"+string(a.AuthenticatedID)) {
			t.Errorf("A=%s: suspicious %v, login %q, or %q", auth, a.Suspicious, a.AuthenticatedID, a.Logins)
		}
	}
}

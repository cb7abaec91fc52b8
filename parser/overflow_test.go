package parser

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cutByExim writes an entry as Exim does from 4.98 on (log.c): the items are cut to fit the mark, what doesn't fit
// behind them is left out, and `<trunc>` stands over the end if that was recipients.
func cutByExim(items, received string, recipients []string) string {
	const room = maxEntry - 3 // bytes: of a buffer of maxEntry-2, with a NUL
	line := items
	if len(line) > room {
		line = line[:room-len(overflowMark)-1] + overflowMark
	}
	fits := true
	add := func(s string) {
		n := min(len(s), room-len(line))
		line, fits = line+s[:n], fits && n == len(s)
	}
	if received != "" {
		add(" from <" + received + ">")
	}
	if fits = true; recipients != nil {
		add(" for")
		for _, r := range recipients {
			add(" " + r)
		}
		if !fits {
			line = line[:len(line)-len(truncMark)] + truncMark
		}
	}
	return line
}

// A selection is what log_selector adds to an entry.
type selection struct {
	name, head, behindPeer, ident, behindP, message, received string
	recipients                                                []string
}

var selections = []selection{
	{name: "default", head: head0},
	{name: "subject", head: head0, message: ` T="hello \"there\" S=1"`},
	{name: "from", head: head0, ident: " U=root", received: "bob@b.example"},
	{name: "for", head: head0, ident: " U=root", message: ` T="hello"`, recipients: []string{"c@lab.test",
		`"a for b"@lab.test`}},
	{name: "from and for", head: head0, ident: " U=a b", received: `"a b"@b.example`,
		recipients: []string{`"a <b> S=1"@lab.test`, "c@lab.test", "d@lab.test"}},
	{name: "all", head: "2026-11-23 01:53:50.123 +0000 [25872] 1xXS36-000000006jI-12Ul <= ",
		behindPeer: ":4455 I=[198.51.100.1]:587", ident: " U=root Ci=25872",
		behindP:  " L*- X=TLS1.3:AES:256* CV=no DN=\"C=UK,CN=x y\"",
		message:  ` M8S=0 DMARC=none RT=0.043s id="x y"@b.example T="hello \"there\""`,
		received: "bob@b.example", recipients: []string{"c@lab.test", `"a for b"@lab.test`}},
}

// TestEntryCutAnywhere: whatever the length of a HELO leaves of an entry, what is told of it is true.
func TestEntryCutAnywhere(t *testing.T) {
	for _, s := range selections {
		for n := 7600; n <= 8200; n++ {
			items := fmt.Sprintf("%sbob@b.example H=(%s) [192.0.2.7]%s%s P=esmtpsa%s A=plain:bob@lab.test S=5821%s",
				s.head, strings.Repeat("h", n), s.behindPeer, s.ident, s.behindP, s.message)
			line := cutByExim(items, s.received, s.recipients)
			s.check(t, fmt.Sprintf("%s, a HELO of %d", s.name, n), line)
			const stamp = len("2026-11-23 01:53:50 ")
			if n%8 == 0 && s.head == head0 { // syslog_timestamp = false
				s.check(t, fmt.Sprintf("%s, a HELO of %d, syslog", s.name, n),
					"Nov 23 01:53:50 mx exim[4711]: "+line[stamp:])
			}
		}
	}
}

// check reads a line that says the truth of an arrival of bob, as far as it isn't cut.
func (s selection) check(t *testing.T, name, line string) {
	t.Helper()
	a, _ := readOne(t, line)
	for _, item := range []struct {
		name, want, inLine string
		got                []byte
	}{
		{"sender", "bob@b.example", " <= ", a.EnvelopeSender},
		{"peer", "192.0.2.7", " [192.0.2.7]" + s.behindPeer + " ", a.HostAddress},
		{"ident", strings.TrimSuffix(strings.TrimPrefix(s.ident, " U="), " Ci=25872"), s.ident + " P=esmtpsa ",
			a.Ident},
		{"protocol", "esmtpsa", " P=esmtpsa ", a.Protocol},
		{"login", "bob@lab.test", " A=plain:bob@lab.test S=5821 ", a.AuthenticatedID},
		{"from", s.received, " from <" + s.received + "> ", a.ReceivedSender},
		{"subject", `hello "there"`, ` T="hello \"there\"" `, a.Subject},
	} {
		if strings.Contains(line, item.inLine) && string(item.got) != item.want || item.got != nil &&
			!strings.HasPrefix(item.want+` S=1`, string(item.got)) {
			t.Errorf("%s: the %s is %q, want %q, in …%q", name, item.name, item.got, item.want, line[len(line)-150:])
		}
	}
	for _, id := range append(a.Logins, a.AuthenticatedID) {
		if len(id) > 0 && string(id) != "bob@lab.test" {
			t.Errorf("%s: %q is named, in …%q", name, id, line[len(line)-150:])
		}
	}
	if a.Size != 5821 && (a.Size != -1 || strings.Contains(line, " S=5821 ")) {
		t.Errorf("%s: %d bytes, want 5821 or none", name, a.Size)
	}
	if !a.Overflowed || a.RecipientCount > len(s.recipients) {
		t.Errorf("%s: overflowed %v, %d recipients, want at most %d", name, a.Overflowed, a.RecipientCount,
			len(s.recipients))
	}
}

// TestEntriesThatEximCut are the forms that a cut leaves, with a HELO that fills the buffer.
func TestEntriesThatEximCut(t *testing.T) {
	const peer, login = ") [192.0.2.7]", " A=plain:bob S=5"
	for _, test := range []struct{ before, end, want string }{
		{"a@b H=(", overflowMark, "a@b suspicious overflowed"},
		{"a@b H=(", "**** log string overfl<trunc>", "a@b suspicious overflowed"},
		{"a@b H=(", ") [192.0.2.**** log<trunc>", "a@b suspicious overflowed"},
		{"a@b DS H=h.lab (", peer + overflowMark, "a@b suspicious overflowed"},
		{"a@b H=(", peer + " " + overflowMark, "a@b ip=192.0.2.7 suspicious overflowed"},
		{"a@b H=(", peer + " U=a " + overflowMark, "a@b ip=192.0.2.7 suspicious overflowed"},
		{"a@b H=(", peer + " U=a P=esmtpa" + login + " id=x" + overflowMark + " ",
			"a@b ip=192.0.2.7 U=a P=esmtpa auth=plain id=bob S=5 suspicious overflowed"},
		{"a@b H=(", peer + " P=esmtpa A=plain:bob S****<trunc>", "a@b ip=192.0.2.7 P=esmtpa suspicious overflowed"},
		{"a@b H=(", peer + " P=esmtpa A=plain:bob@l*<trunc>", "a@b ip=192.0.2.7 P=esmtpa suspicious overflowed"},
		{"a@b H=(", peer + " P=esmtpa" + login + " T=\"a b x=**** lo",
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob S=5 suspicious overflowed"},
		{"a@b H=(", peer + " P=esmtpa A=plain:bob S=12<trunc>", "a@b ip=192.0.2.7 P=esmtpa overflowed"},
		{"a@b H=(", peer + " P=esmtpa" + login + " fo<trunc>",
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob S=5 overflowed"},
		{"a@b H=(", peer + " P=esmtpa" + login + " for<trunc>",
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob S=5 overflowed"},
		{"a@b H=(", peer + " P=esmtpa" + login + " for <trunc>",
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob S=5 overflowed"},
		{"a@b H=(", peer + " P=esmtpa" + login + " from <c@d",
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob S=5 overflowed"},
		{"a@b H=(", peer + " P=esmtpa" + login + " from <\"c S=7 d<trunc>",
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob S=5 overflowed"},
		{"a@b H=(", peer + " P=esmtpa" + login + ` from <"c\" S=7 d<trunc>`,
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob S=5 overflowed"},
		{"a@b H=(", peer + " P=esmtpa" + login + ` id=x\ y****<trunc>`,
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob S=5 suspicious overflowed"},
		{"a@b H=(", peer + " P=esmtpa" + login + " for c x=**** lo<trunc>",
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob S=5 suspicious overflowed"},
		{"a@b H=(", peer + " P=esmtpa A=plain:bob:x\" S=5 fo<trunc>",
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob:x\" S=5 overflowed"},
		{"a@b H=(", peer + ` P=esmtp S=5 from <"c) [9.9.9.9] P=esmtpa A=l:victim S=1 fo<trunc>`,
			"a@b ip=9.9.9.9 P=esmtpa auth=l id=victim S=1 suspicious overflowed"},
		{"a@b H=(", peer + ` P=esmtp S=5 from <"c) [9.9.9.9] P=esmtpa A=l:victim S=1 x=`,
			"a@b ip=9.9.9.9 P=esmtpa auth=l id=victim S=1 suspicious overflowed"},
		{"a@b H=(x) [9.9.9.9] P=esmtpa A=l:victim S=1 for y (", peer + " P=esmtpa A=plain:bob S=12<trunc>",
			"a@b ip=9.9.9.9 P=esmtpa auth=l id=victim S=1 for 5 suspicious overflowed logins=[bob]"},
		{"a@b H=(", peer + " P=esmtpa L.****<trunc>", "a@b ip=192.0.2.7 P=esmtpa suspicious overflowed"},
		{"a@b H=(", peer + " P=esmtpa" + login + " from <c@d> for \"a for <trunc>",
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob from=c@d S=5 for 1 overflowed"},
		{"a@b H=(**** log string overflowed log buffer **** ", peer + " P=esmtpa" + login,
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob S=5 overflowed"},
		{"a@b H=(", " " + overflowMark + " " + peer + " P=esmtpa" + login,
			"a@b ip=192.0.2.7 P=esmtpa auth=plain id=bob S=5 overflowed"},
		{`"a`, overflowMark, " suspicious overflowed"},
		{`a`, "****<trunc>", " suspicious overflowed"},
	} {
		fill := strings.Repeat("h", maxEntry-3-len(head0+test.before+test.end))
		got := entries(head0 + test.before + fill + test.end)
		for i := range got {
			_, helo, found := strings.Cut(got[i], " helo=")
			if _, rest, ok := strings.Cut(helo, " ip="); found && ok {
				got[i] = strings.Replace(got[i], " helo="+strings.TrimSuffix(helo, " ip="+rest), "", 1)
			}
		}
		checkEntries(t, got, []string{"1 arrival " + strings.Replace(test.want, " overflowed", " overflowed cut", 1)})
	}
}

// TestShortLinesAreNotCut: a client can write the marks into its HELO.
func TestShortLinesAreNotCut(t *testing.T) {
	for _, helo := range []string{overflowMark, "x **** log str", "<trunc>", "**** log<trunc>"} {
		a, _ := readOne(t, head0+"a@b H=("+helo+") [192.0.2.7] P=esmtpa A=plain:bob S=5 for x@y")
		if a.IsOdd() || a.Cut || string(a.AuthenticatedID) != "bob" || a.RecipientCount != 1 {
			t.Errorf("HELO %s: odd %v, cut %v, login %q", helo, a.IsOdd(), a.Cut, a.AuthenticatedID)
		}
		got := entries(head0 + "a@b H=(" + helo)
		if len(got) != 1 || !strings.HasPrefix(got[0], "1 malformed") {
			t.Errorf("HELO %s alone gives %q, want a malformed line", helo, got)
		}
	}
}

// TestCutRecipientsAreOrdinary: only the list of recipients didn't fit.
func TestCutRecipientsAreOrdinary(t *testing.T) {
	var many []string
	for i := range 700 {
		many = append(many, fmt.Sprintf("\"user %d\"@lab.test", i))
	}
	for n := range 40 {
		line := cutByExim(head0+"a@b H=(h"+strings.Repeat("h", n)+") [192.0.2.7] P=esmtpa A=plain:bob S=5 T=\"s\"",
			"", many)
		a, got := readOne(t, line)
		if a.IsOdd() || !a.Cut || string(a.AuthenticatedID) != "bob" || a.RecipientCount != len(got) || len(got) < 300 {
			t.Fatalf("a HELO of %d: odd %v, cut %v, login %q, %d recipients, counted %d", n+1, a.IsOdd(), a.Cut,
				a.AuthenticatedID, len(got), a.RecipientCount)
		}
	}
}

const cases = "../../shared/cases"

// TestCases reads logs that evade and entries that a real Exim cut.
func TestCases(t *testing.T) {
	if _, err := os.Stat(cases); err != nil {
		t.Skip("the cases stand beside the project only where it is developed")
	}
	names, _ := filepath.Glob(cases + "/input/overflow-*.log")
	for _, name := range append(names, cases+"/evasion/overflow-499-mark.log",
		cases+"/evasion/overflow-499-mark-cut.log") {
		log := readCase(t, name)
		for i, e := range log {
			a := e.Arrival
			if e.Kind != Reception || !a.Overflowed || len(a.EnvelopeSender) == 0 {
				t.Errorf("%s:%d is kind %d, sender %q, overflowed %v", name, i+1, e.Kind, a.EnvelopeSender,
					a.Overflowed)
			}
			if id := string(a.AuthenticatedID); id != "" && id != "bob@lab.test" || a.Logins != nil {
				t.Errorf("%s:%d is charged to %q, or %q", name, i+1, id, a.Logins)
			}
		}
	}
	for name, want := range map[string][2]string{"cut-and-two-readings": {"alice@lab.test", "bob"},
		"mail-auth-parameter": {"boss@corp.test", "alice@lab.test"}} {
		log := readCase(t, cases+"/evasion/"+name+".log")
		for i, e := range log {
			if a := e.Arrival; e.Kind != Reception || !a.Suspicious || string(a.AuthenticatedID) != want[0] ||
				fmt.Sprintf("%s", a.Logins) != "["+want[1]+"]" {
				t.Errorf("%s:%d: suspicious %v, login %q, or %q, want %q", name, i+1, a.Suspicious,
					a.AuthenticatedID, a.Logins, want)
			}
		}
		if len(log) != 30 {
			t.Errorf("%s: %d arrivals, want 30", name, len(log))
		}
	}
}

// readCase gives what is told of a log, in which each line is an arrival.
func readCase(t *testing.T, name string) []Entry {
	t.Helper()
	log, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	all := told(log, true)
	if n := bytes.Count(log, []byte("\n")); len(all) != n {
		t.Errorf("%s: %d entries, want %d", name, len(all), n)
	}
	return all
}

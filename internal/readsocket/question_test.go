package readsocket

import (
	"strings"
	"testing"

	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParse(t *testing.T) {
	sender := func(values ...string) (terms []Term) {
		for _, v := range values {
			terms = append(terms, Term{Key: window.Sender, Value: v})
		}
		return terms
	}
	for _, test := range []struct {
		line  string
		count bool
		terms []Term // nil: not understood
	}{
		{"alice@lab.test", false, sender("alice@lab.test")},
		{"alice@lab.test\r", false, sender("alice@lab.test")},
		{"", false, sender("")},
		{"<>", false, sender("<>")},
		{`""`, false, sender("")},
		{"sender=", false, sender("")},
		{`sender=""`, false, sender("")},
		{`"alice@lab.test"`, false, sender("alice@lab.test")},
		{`sender="alice@lab.test"`, false, sender("alice@lab.test")},
		{"sender=alice@lab.test host=192.0.2.1 auth=alice", false,
			[]Term{{Key: window.Sender, Value: "alice@lab.test"}, {Key: window.Host, Value: "192.0.2.1"},
				{Key: window.Auth, Value: "alice"}}},
		{` host=192.0.2.1  "a b" `, false, []Term{{Key: window.Host, Value: "192.0.2.1"},
			{Key: window.Sender, Value: "a b"}}},
		{`subject="Your \"parcel\" \\o/ \n\r"`, false, []Term{{Key: window.Subject,
			Value: "Your \"parcel\" \\o/ \n\r"}}},
		{"bounce=alice=example.org@lists.test", false, sender("bounce=alice=example.org@lists.test")},
		{"helo=pc", false, sender("helo=pc")},
		{"Sender=x", false, sender("Sender=x")},
		{`"a b"@lab.test`, false, sender(`"a b"@lab.test`)},
		{`"a\"b c"@lab.test`, false, sender(`"a\"b c"@lab.test`)},
		{`"`, false, sender(`"`)},
		{`al"ice@lab.test`, false, sender(`al"ice@lab.test`)},
		{"count sender=alice@lab.test", true, sender("alice@lab.test")},
		{"count alice@lab.test", true, sender("alice@lab.test")},
		{"count ", true, sender("")},
		{"count", false, sender("count")},
		{"counting x", false, sender("counting", "x")},
		{`sender="alice`, false, nil},
		{`sender="alice"@lab.test`, false, nil},
		{`sender="alice\`, false, nil},
		{`count sender="alice`, true, nil},
		{`host=1 "a"b`, false, nil},
	} {
		q, err := Parse(test.line, window.Sender)
		if (err != nil) != (test.terms == nil) || q.Count != test.count {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", test.line, q, err, test.terms)
		}
		if diff := cmp.Diff(test.terms, q.Terms, cmpopts.IgnoreFields(Term{}, "Bare")); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", test.line, diff)
		}
	}
}

func TestQuote(t *testing.T) {
	for value, want := range map[string]string{
		"": `""`, "a_b-c.9": "a_b-c.9", "alice@lab.test": `"alice@lab.test"`, "a b": `"a b"`, `\"`: `"\\\""`,
		"a\r\n": `"a\r\n"`, "Grüße": `"Grüße"`,
	} {
		if got := Quote(value); got != want {
			t.Errorf("Quote(%q) = %s, want %s", value, got, want)
		}
	}
}

// FuzzParse: what is quoted comes back, wherever it stands; what is understood is the same when it is written out;
// and every answer is one line that Exim can use.
func FuzzParse(f *testing.F) {
	for _, line := range []string{"alice@lab.test", `count sender="a b" host=::1`, `"a b"@lab.test`, "=\x00\\\"",
		`subject="\n`} {
		f.Add(line, int64(7))
	}
	f.Fuzz(func(t *testing.T, line string, n int64) {
		if q, err := Parse(`auth=x subject=`+Quote(line)+" user="+Quote(line), window.Sender); err != nil ||
			!cmp.Equal(q.Terms, []Term{{Key: window.Auth, Value: "x"}, {Key: window.Subject, Value: line},
				{Key: window.User, Value: line}}) {
			t.Fatalf("%q, quoted, is read as %+v, %v", line, q, err)
		}
		q, err := Parse(line, window.Host)
		if answer := q.text(n, n > 0); (answer == "yes" || answer == "no") == q.Count ||
			strings.ContainsAny(answer, "\r\n ") || answer == "" {
			t.Fatalf("%q is answered %q", line, answer)
		}
		if err != nil {
			return
		}
		var items []string
		if q.Count {
			items = append(items, "count")
		}
		for _, term := range q.Terms {
			items = append(items, term.Key.String()+"="+Quote(term.Value))
		}
		if again, err := Parse(strings.Join(items, " "), window.User); err != nil ||
			!cmp.Equal(again, q, cmpopts.IgnoreFields(Term{}, "Bare")) {
			t.Fatalf("%q is %+v, and written out %+v, %v", line, q, again, err)
		}
	})
}

// TestBare: whether a key was named.
func TestBare(t *testing.T) {
	for line, want := range map[string]bool{
		"": true, "alice": true, `"a b"`: true, `"a b"@lab.test`: true, "helo=pc": true, "count alice": true,
		"sender=alice": false, `auth="a b"`: false,
	} {
		if q, err := Parse(line, window.Account); err != nil || q.Terms[0].Bare != want {
			t.Errorf("Parse(%q) = %+v, %v, want bare %t", line, q, err, want)
		}
	}
}

package config

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"exiwatch/window"
)

// matches tells what a pattern, as [count] ignore has it, says of one value.
func matches(t *testing.T, pattern string, value []byte) bool {
	t.Helper()
	p, err := ParsePattern(pattern)
	if err != nil {
		t.Fatalf("ParsePattern(%q): %v", pattern, err)
	}
	var a window.Arrival
	a.Values[p.Key] = value
	return p.Match(&a)
}

func TestPattern(t *testing.T) {
	for _, test := range []struct {
		pattern, value string
		want           bool
	}{
		{"sender:alice@lab.test", "alice@lab.test", true},
		{"sender:alice@lab.test", "alice@lab.test.example.org", false},
		{"sender:alice@lab.test", "malice@lab.test", false},
		{"sender:ALICE@Lab.test", "alice@lab.TEST", true},
		{"sender:*@lists.lab.test", "news@lists.lab.test", true},
		{"sender:*@lists.lab.test", "@lists.lab.test", true},
		{"sender:*@lists.lab.test", "news@lists-lab.test", false},
		{"sender:*@lists.lab.test", "news@lists.lab.test.example.org", false},
		{"sender:<>", "<>", true},
		{"sender:?*@x", "a@x", true},
		{"sender:?*@x", "@x", false},
		{"sender:", "", true},
		{"sender:", "a", false},
		{"sender:*", "", true},
		{"sender:**", "a\nb", true},
		{"sender:a*b*c", "aXbXbXc", true},
		{"sender:a*b*c", "aXbXbX", false},
		{"sender:a*?", "a", false},
		{"sender:*a", "aaaa", true},
		{"sender:*ab", "aaab", true},
		{"sender:[a]", "a", false},
		{"sender:[a]", "[A]", true},
		{`sender:a\*`, `a\b`, true},
		{"subject:Re: *", "RE: Lunch", true},
		{"subject:Re: *", "Re:", false},
		{"subject:*:*", "a: b", true},
		{"subject:Gr*e", "Grüße", true},
		{"user:root", "root", true},

		{"host:192.0.2.7", "192.0.2.7", true},
		{"host:192.0.2.7", "192.0.2.70", false},
		{"host:192.0.2.7", "::ffff:192.0.2.7", true},
		{"host:192.0.2.7/24", "192.0.2.255", true},
		{"host:192.0.2.0/24", "192.0.3.0", false},
		{"host:192.0.2.0/24", "::ffff:192.0.2.9", true},
		{"host:0.0.0.0/0", "2001:db8::1", false},
		{"host:0.0.0.0/0", "255.255.255.255", true},
		{"host:::/0", "192.0.2.7", false},
		{"host:2001:db8::/32", "2001:DB8:1::5", true},
		{"host:2001:db8::/32", "2001:db9::5", false},
		{"host:2001:db8:0:0:0:0:0:1", "2001:db8::1", true},
		{"host:fe80::/10", "fe80::1%eth0", true},
		{"host:fe80::1", "fe80::1%eth0", true},
		{"host:192.0.2.*", "192.0.2.9", true},
		{"host:192.0.2.*", "192.0.20.9", false},
		{"host:10.0.0.0/8", "10.0.0.0.evil.example", false},
		{"host:10.0.0.0/8", "", false},
		{"network:192.0.2.0/24", "192.0.2.0/24", true},
		{"network:192.0.0.0/16", "192.0.2.0/24", true},
		{"network:192.0.2.*", "192.0.2.0/24", true},
		{"network:2001:db8::/32", "2001:db8:1:2::/64", true},
	} {
		if got := matches(t, test.pattern, []byte(test.value)); got != test.want {
			t.Errorf("%q matches %q = %t, want %t", test.pattern, test.value, got, test.want)
		}
	}
}

// TestPatternOfAMissingValue: an arrival without the key is one that no pattern describes.
func TestPatternOfAMissingValue(t *testing.T) {
	for _, pattern := range []string{"user:*", "subject:", "host:0.0.0.0/0", "host:*", "sender:*"} {
		if matches(t, pattern, nil) {
			t.Errorf("%q matches an arrival without the value", pattern)
		}
	}
}

func TestWrongPattern(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                    "expected KEY:PATTERN",
		"alice@lab.test":      "expected KEY:PATTERN",
		"scripts:/srv/*":      `unknown key "scripts"; did you mean "script"?`,
		"script:/srv/*":       "script is only known when an arrival is counted",
		"cpuser:shop":         "cpuser is only known when an arrival is counted",
		" sender:x":           `unknown key " sender"; did you mean "sender"?`,
		"host:":               "expected an address, a network",
		"host:192.0.2":        "expected an address, a network",
		"host:192.0.2.0/33":   "expected an address, a network",
		"host:192.0.2.*/24":   "expected an address, a network",
		"host:mail.lab.test":  "expected an address, a network",
		"network:192.0.2.0/x": "expected an address, a network",
	} {
		if _, err := ParsePattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParsePattern(%q) = %v, want an error with %q", pattern, err, want)
		}
	}
}

// TestGlobOnHostileSubject: many stars on a long subject that nearly fits take no time that anybody would notice. A
// glob that tried every way would outlive the machine.
func TestGlobOnHostileSubject(t *testing.T) {
	subject := bytes.Repeat([]byte("ab"), 16<<10)
	pattern := "subject:" + strings.Repeat("*ab*a*b", 200) + "*c"
	start := time.Now()
	if matches(t, pattern, subject) {
		t.Error("a pattern that ends in c matches a subject without any")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("matching took %v", took)
	}
	if !matches(t, pattern, append(subject, 'c')) {
		t.Error("a pattern that ends in c doesn't match a subject that does")
	}
}

// TestGlobAgainstRecursion compares with the plain definition on all short strings.
func TestGlobAgainstRecursion(t *testing.T) {
	var words []string
	for _, alphabet := range []string{"ab", "a*?"} {
		word := []string{""}
		for from := 0; len(word[len(word)-1]) < 6; from++ {
			for _, c := range alphabet {
				word = append(word, word[from]+string(c))
			}
		}
		words = append(words, word...)
	}
	n := 0
	for _, pattern := range words {
		for _, s := range words {
			if strings.ContainsAny(s, "*?") {
				continue
			}
			n++
			if got, want := glob(pattern, []byte(s)), plainGlob(pattern, s); got != want {
				t.Fatalf("glob(%q, %q) = %t, want %t", pattern, s, got, want)
			}
		}
	}
	if n < 10_000 {
		t.Errorf("only %d pairs were compared", n)
	}
}

func plainGlob(pattern, s string) bool {
	switch {
	case pattern == "":
		return s == ""
	case pattern[0] == '*':
		return plainGlob(pattern[1:], s) || s != "" && plainGlob(pattern, s[1:])
	}
	return s != "" && (pattern[0] == '?' || pattern[0] == s[0]) && plainGlob(pattern[1:], s[1:])
}

func TestClass(t *testing.T) {
	for _, test := range []struct {
		class, address string
		want           bool
	}{
		{"192.0.2.0/24", "192.0.2.7", true},
		{"192.0.2.99/24", "192.0.2.7", true},
		{"192.0.2.0/24", "192.0.3.7", false},
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.8", false},
		{"192.0.2.0/24", "::ffff:192.0.2.7", true},
		{"2001:db8::/32", "2001:db8::25", true},
		{"2001:db8::25", "2001:DB8:0::25", true},
		{"fe80::/10", "fe80::1%eth0", true},
		{"::/0", "192.0.2.7", false},
		{"192.0.2.0/24", "mail.lab.test", false},
		{"192.0.2.0/24", "", false},
		{"all", "192.0.2.7", false}, // a name is no network: who asks Contains means one
	} {
		class, err := ParseClass(test.class)
		if err != nil {
			t.Fatalf("ParseClass(%q): %v", test.class, err)
		}
		if got := class.Contains([]byte(test.address)); got != test.want {
			t.Errorf("%s contains %q = %t, want %t", test.class, test.address, got, test.want)
		}
		if class.Contains(nil) {
			t.Errorf("%s contains a host that isn't there", test.class)
		}
	}
}

func TestParseClass(t *testing.T) {
	for _, name := range []string{"authenticated", "local", "loopback", "relayed", "forwarded", "bounces", "all"} {
		if class, err := ParseClass(name); err != nil || class.Name != name || class.Prefix.IsValid() {
			t.Errorf("ParseClass(%q) = %+v, %v, want the name", name, class, err)
		}
	}
	for _, name := range []string{"", "Local", "remote", "local ", "192.0.2.0/33", "192.0.2", "192.0.2.*",
		"mail.lab.test"} {
		if class, err := ParseClass(name); err == nil ||
			!strings.Contains(err.Error(), `"authenticated", "local", "loopback", "relayed", "forwarded", "bounces", "all"`) {
			t.Errorf("ParseClass(%q) = %+v, %v, want an error that names the classes", name, class, err)
		}
	}
}

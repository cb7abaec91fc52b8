package mailer

import (
	"regexp"
	"strings"
	"testing"
)

var key = []byte("a key of the tests")

func TestMessageIDRoundTrip(t *testing.T) {
	for _, id := range []string{"a4e83815f770972dad06", "0", strings.Repeat("f", 64)} {
		for _, event := range []string{"opened", "grew", "ended", "grew2"} {
			for _, host := range []string{"mx.lab.test", "localhost", "192.0.2.1"} {
				for _, key := range [][]byte{nil, key, make([]byte, 100)} {
					plain := MessageID(id, event, host, key)
					for _, s := range []string{plain, "<" + plain + ">"} {
						gotID, gotEvent, mac, ok := ParseMessageID([]byte(s))
						if gotID != id || gotEvent != event || !ok || !Genuine(id, event, mac, key) {
							t.Errorf("ParseMessageID(%q) = %q, %q, %q, %v", s, gotID, gotEvent, mac, ok)
						}
					}
				}
			}
		}
	}
}

// The MACs come from: printf abc.opened | openssl dgst -sha256 -hmac KEY
func TestMessageIDIsKeyed(t *testing.T) {
	for key, want := range map[string]string{
		"":       "exiwatch.abc.opened.b7b70be576a851f53788@mx",
		"secret": "exiwatch.abc.opened.3615b471318958652851@mx",
	} {
		if got := MessageID("abc", "opened", "mx", []byte(key)); got != want {
			t.Errorf("with key %q: %s, want %s", key, got, want)
		}
	}
	longest := MessageID(strings.Repeat("f", 64), "e"+strings.Repeat("0", 15), strings.Repeat("a", maxDomain), key)
	if len(longest) != 365 {
		t.Errorf("the longest has %d bytes", len(longest))
	}
}

func TestForgedMAC(t *testing.T) {
	mac := messageMAC("abc", "opened", key)
	for _, test := range []struct {
		id, event, mac string
		key            []byte
	}{
		{"abd", "opened", mac, key}, {"abc", "ended", mac, key}, {"abc", "opened", mac, nil},
		{"abc", "opened", mac, []byte("another key")},
		{"abc", "opened", "", key}, {"abc", "opened", mac[:19], key}, {"abc", "opened", mac + "0", key},
		{"abc", "opened", strings.Repeat("0", 20), key},
		{"abc", "opened", strings.ToUpper(mac), key}, {"abc.opened", "", mac, key},
	} {
		if Genuine(test.id, test.event, test.mac, test.key) {
			t.Errorf("%+v is genuine", test)
		}
	}
}

func TestForgedMessageIDs(t *testing.T) {
	const mac = ".0123456789abcdef0123"
	for _, s := range []string{
		"", "<>", "exiwatch", "exiwatch..opened" + mac + "@mx", "exiwatch.abc." + mac + "@mx", "exiwatch.abc" + mac +
			"@mx", "exiwatch.abc.opened" + mac,
		"exiwatch.abc.opened@mx", "exiwatch.abc.opened.@mx", "exiwatch.abc.opened" + mac + "4@mx",
		"exiwatch.abc.opened" + mac[:20] + "@mx",
		"exiwatch.abc.opened" + strings.ToUpper(mac) + "@mx", "exiwatch.abc.opened" + mac + mac + "@mx",
		"exiwatch.abc.opened" + mac + "@",
		"<exiwatch.abc.opened" + mac + "@mx", "exiwatch.abc.opened" + mac + "@mx>", "<<exiwatch.abc.opened" + mac +
			"@mx>>",
		" exiwatch.abc.opened" + mac + "@mx", "exiwatch.abc.opened" + mac + "@mx ", "exiwatch.abc.opened" + mac +
			"@mx\n",
		"exiwatch.../../x.opened" + mac + "@mx", "exiwatch.abc.opened.more" + mac + "@mx", "exiwatch.abc.opened" +
			mac + "@a@b",
		"xexiwatch.abc.opened" + mac + "@mx", "Exiwatch.abc.opened" + mac + "@mx", "exiwatch.abc.OPENED" + mac + "@mx",
		"exiwatch.a\xff.opened" + mac + "@mx", "exiwatch.abc.opened" + mac + "@mx..lab", "exiwatch.abc.opened" + mac +
			"@-mx",
		"exiwatch." + strings.Repeat("a", 65) + ".opened" + mac + "@mx", "exiwatch.abc.opened" + mac + "@" +
			strings.Repeat("a", 254),
	} {
		if id, event, mac, ok := ParseMessageID([]byte(s)); ok || id != "" || event != "" || mac != "" {
			t.Errorf("ParseMessageID(%q) = %q, %q, %q, %v", s, id, event, mac, ok)
		}
	}
}

func FuzzParseMessageID(f *testing.F) {
	shape := regexp.MustCompile(`^[0-9a-f]{20}$`)
	f.Add(MessageID("abc", "opened", "mx.lab.test", key), []byte("another key"))
	f.Add("<"+MessageID("abc", "opened", "mx.lab.test", nil)+">", []byte(nil))
	f.Fuzz(func(t *testing.T, s string, key []byte) {
		id, event, mac, ok := ParseMessageID([]byte(s))
		if !ok {
			return
		}
		_, host, _ := strings.Cut(strings.Trim(s, "<>"), "@")
		if plain := "exiwatch." + id + "." + event + "." + mac + "@" + host; s != plain && s != "<"+plain+">" {
			t.Errorf("ParseMessageID(%q) = %q, %q, %q", s, id, event, mac)
		}
		ours := MessageID(id, event, host, key)
		if _, _, mac, ok := ParseMessageID([]byte(ours)); !ok || !shape.MatchString(mac) ||
			!Genuine(id, event, mac, key) {
			t.Errorf("MessageID(%q, %q, %q) = %q", id, event, host, ours)
		}
		if Genuine(id, event, mac, key) != (ours == strings.Trim(s, "<>")) {
			t.Errorf("%q is taken for genuine, or isn't, and we write %q", s, ours)
		}
	})
}

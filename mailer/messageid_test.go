package mailer

import (
	"strings"
	"testing"
)

func TestMessageIDRoundTrip(t *testing.T) {
	for _, id := range []string{"a4e83815f770972dad06", "0", strings.Repeat("f", 64)} {
		for _, event := range []string{"opened", "grew", "ended", "grew2"} {
			for _, host := range []string{"mx.lab.test", "localhost", "192.0.2.1"} {
				plain := MessageID(id, event, host)
				for _, s := range []string{plain, "<" + plain + ">"} {
					if gotID, gotEvent, ok := ParseMessageID([]byte(s)); gotID != id || gotEvent != event || !ok {
						t.Errorf("ParseMessageID(%q) = %q, %q, %v", s, gotID, gotEvent, ok)
					}
				}
			}
		}
	}
}

func TestForgedMessageIDs(t *testing.T) {
	for _, s := range []string{
		"", "<>", "exiwatch", "exiwatch..opened@mx", "exiwatch.abc.@mx", "exiwatch.abc@mx", "exiwatch.abc.opened", "exiwatch.abc.opened@",
		"<exiwatch.abc.opened@mx", "exiwatch.abc.opened@mx>", "<<exiwatch.abc.opened@mx>>", " exiwatch.abc.opened@mx", "exiwatch.abc.opened@mx ",
		"exiwatch.abc.opened@mx\n", "exiwatch.../../x.opened@mx", "exiwatch.abc.opened.more@mx", "exiwatch.abc.opened@a@b", "xexiwatch.abc.opened@mx",
		"Exiwatch.abc.opened@mx", "exiwatch.abc.OPENED@mx", "exiwatch.a\xff.opened@mx", "exiwatch.abc.opened@mx..lab", "exiwatch.abc.opened@-mx",
		"exiwatch." + strings.Repeat("a", 65) + ".opened@mx", "exiwatch.abc.opened@" + strings.Repeat("a", 254),
	} {
		if id, event, ok := ParseMessageID([]byte(s)); ok || id != "" || event != "" {
			t.Errorf("ParseMessageID(%q) = %q, %q, %v", s, id, event, ok)
		}
	}
}

func FuzzParseMessageID(f *testing.F) {
	f.Add("exiwatch.abc.opened@mx.lab.test")
	f.Fuzz(func(t *testing.T, s string) {
		id, event, ok := ParseMessageID([]byte(s))
		if !ok {
			return
		}
		_, host, _ := strings.Cut(strings.Trim(s, "<>"), "@")
		if want := MessageID(id, event, host); s != want && s != "<"+want+">" {
			t.Errorf("ParseMessageID(%q) = %q, %q", s, id, event)
		}
	})
}

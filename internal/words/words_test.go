package words

import (
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Number(0), "0"}, {Number(999), "999"}, {Number(1000), "1,000"}, {Number(-1234567), "-1,234,567"},
		{Number(-100), "-100"},
		{Size(1), "1 byte"}, {Size(999), "999 bytes"}, {Size(1200), "1.2 kB"}, {Size(1000), "1 kB"},
		{Size(9949), "9.9 kB"}, {Size(9950), "10 kB"}, {Size(999_499), "999 kB"}, {Size(999_600), "1 MB"},
		{Size(1 << 62), "4.6 EB"}, {Size(120_000_000), "120 MB"},
		{Amount(2048, "bytes"), "2 kB"}, {Amount(2048, "messages"), "2,048"},
		{Plural(1, "message"), "1 message"}, {Plural(2000, "address"), "2,000 addresses"},
		{Plain(2000, "day"), "2000 days"},
		{Noun(2, "anomaly"), "anomalies"}, {Noun(1, "anomaly"), "anomaly"}, {Noun(0, "log entry"), "log entries"},
		{Measured("anomalies", 1), "1 anomaly"}, {Measured("senders", 2), "2 envelope senders"},
		{Window(90 * time.Minute), "90 minutes"},
		{Key("auth"), "authenticated id"}, {Heading("auth"), "Authenticated ids"}, {Key("gadget"), "gadget"},
		{Percent(0, 7), "0%"}, {Percent(1, 0), "0%"}, {Percent(1, 1000), "<1%"}, {Percent(5, 1000), "1%"},
		{Percent(1, 3), "33%"}, {Percent(2, 3), "67%"}, {Percent(999, 1000), "99%"}, {Percent(7, 7), "100%"},
		{Percent(1<<61, 1<<62), "50%"},
		{Span(time.Second), "1 second"}, {Span(90 * time.Second), "1 minute"}, {Span(3 * time.Hour), "3 hours"},
		{Span(72 * time.Hour), "3 days"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	keys := []string{"sender", "sender_domain", "host", "to", "cc", "password_file"}
	for name, want := range map[string]string{
		"sendr": "sender", "sedner": "sender", "Sender": "sender", "hosts": "host", "password": "password_file",
		"bcc": "cc", "ot": "to", "script": "", "x": "", "": "", "sender": "sender",
	} {
		if got := Closest(name, keys); got != want {
			t.Errorf("Closest(%q) = %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"hots": `did you mean "host"?`, "x": "expected one of to, host"} {
		if got := Suggest(name, []string{"to", "host"}); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", name, got, want)
		}
	}
}

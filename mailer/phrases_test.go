package mailer

import (
	"testing"
	"time"

	"exiwatch/window"
)

func TestMeasuresInWords(t *testing.T) {
	for _, test := range []struct {
		key, measure string
		n            int64
		want         string
	}{
		{"account", "messages", 21, "sent 21 messages"}, {"account", "recipients", 1, "wrote to 1 recipient"},
		{"account", "bytes", 1_200_000, "sent 1.2 MB"},
		{"account", "hosts", 41, "sent from 41 hosts"}, {"account", "networks", 12, "sent from 12 networks"},
		{"account", "senders", 12, "used 12 envelope senders"},
		{"account", "subjects", 30, "used 30 subjects"}, {"account", "addresses", 600, "wrote to 600 addresses"},
		{"account", "addresses", 1, "wrote to 1 address"},
		{"account", "gadgets", 2, "sent 2 gadgets"},
		{"subject", "messages", 21, "appeared on 21 messages"}, {"topic", "recipients", 30, "went to 30 recipients"},
		{"subject", "bytes", 999, "filled 999 bytes"},
		{"topic", "hosts", 41, "came from 41 hosts"}, {"topic", "networks", 2, "came from 2 networks"},
		{"subject", "senders", 41, "came from 41 envelope senders"},
		{"topic", "subjects", 41, "stood for 41 subjects"}, {"subject", "addresses", 41, "went to 41 addresses"},
	} {
		i := Item{Key: test.key, Measure: test.measure, Count: test.n, Limit: 2 * test.n}
		if got := i.deed(); got != test.want {
			t.Errorf("%s, %d %s: %q, want %q", test.key, test.n, test.measure, got, test.want)
		}
	}
	if got := (Item{Key: "account", Measure: "bytes", Count: 1_000_000_020,
		Limit: 1_000_000_000}).deed(); got != "sent over 1 GB" {
		t.Errorf("a little more than the limit: %q", got)
	}
}

func TestUsual(t *testing.T) {
	since := time.Date(2026, 11, 1, 6, 25, 0, 0, cet)
	for _, test := range []struct {
		rule  string
		limit int64
		most  int64
		since time.Time
		want  string // "" for nothing
	}{
		{"account 20/5m", 20, 7, since, "Before, since 2026-11-01 06:25, it never sent more than 7 in 5 minutes."},
		{"account 20/5m", 20, 20, since, "Before, since 2026-11-01 06:25, it never sent more than 20 in 5 minutes."},
		{"account 20/5m", 20, 4100, since, "Before, since 2026-11-01 06:25, it sent as many as 4100 in 5 minutes."},
		{"account 20/5m", 5000, 4100, since,
			"Before, since 2026-11-01 06:25, it never sent more than 4100 in 5 minutes."},
		{"account 20/5m", 20, 0, since, "Before, since 2026-11-01 06:25, it didn't stand out."},
		{"account bytes 1000000/1h", 1_000_000, 2000, since,
			"Before, since 2026-11-01 06:25, it never sent more than 2 kB in 1 hour."},
		{"sender recipients 100/1d", 100, 30, since,
			"Before, since 2026-11-01 06:25, it never wrote to more than 30 in 1 day."},
		{"topic 100/1d", 100, 30, since, "Before, since 2026-11-01 06:25, it never appeared on more than 30 in 1 day."},
		{"account 20/5m", 20, 7, time.Time{}, ""},
	} {
		r, err := window.ParseRule(test.rule)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if s := usualVolume(r, test.limit, test.most, test.since); s != nil {
			got = s[0].String()
		}
		if got != test.want {
			t.Errorf("%s, %d: %q, want %q", test.rule, test.most, got, test.want)
		}
	}
}

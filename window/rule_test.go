package window

import (
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestParseRule(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Rule
	}{
		{"sender 20/5m", Rule{Key: Sender, Limit: 20, Window: 5 * time.Minute}},
		{" account  recipients 500/1h ", Rule{Key: Account, Count: Recipients, Limit: 500, Window: time.Hour}},
		{"topic bytes 1000000/7d", Rule{Key: Topic, Count: Bytes, Limit: 1e6, Window: 7 * 24 * time.Hour}},
		{"host messages 1/1m30s", Rule{Key: Host, Limit: 1, Window: 90 * time.Second}},
	} {
		tt.want.Name = strings.TrimSpace(tt.text)
		if got, err := ParseRule(tt.text); err != nil || !gocmp.Equal(got, tt.want) {
			t.Errorf("ParseRule(%q) = %+v, %v, want %+v", tt.text, got, err, tt.want)
		}
	}
}

func TestParseRuleErrorNamesWhatIsWrong(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "KEY [MEASURE] LIMIT/WINDOW"},
		{"sender", "KEY [MEASURE] LIMIT/WINDOW"},
		{"sender messages 20/5m 1", "KEY [MEASURE] LIMIT/WINDOW"},
		{"from 20/5m", "sender, sender_domain, auth, user, host, network, account, account_domain, subject, topic"},
		{"sender mails 20/5m", "messages, recipients, bytes"},
		{"sender 20", "LIMIT/WINDOW"},
		{"sender x/5m", `limit "x"`},
		{"sender 0/5m", "limit 0"},
		{"sender -1/5m", "limit -1"},
		{"sender 9223372036854775808/5m", "limit"},
		{"sender 20/5", `window "5"`},
		{"sender 20/d", `window "d"`},
		{"sender 20/-1d", `window "-1d"`},
		{"sender 20/99999d", `window "99999d"`},
		{"sender 20/32d", "10s to 31d"},
		{"sender 20/9s", "10s to 31d"},
		{"sender 20/10.5s", "whole seconds"},
	} {
		if _, err := ParseRule(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseRule(%q): error %v, want one with %q", tt.text, err, tt.want)
		}
	}
}

func TestRuleString(t *testing.T) {
	for _, tt := range []struct {
		window time.Duration
		want   string
	}{
		{10 * time.Second, "auth bytes 7/10s"},
		{90 * time.Second, "auth bytes 7/90s"},
		{90 * time.Minute, "auth bytes 7/90m"},
		{23 * time.Hour, "auth bytes 7/23h"},
		{24 * time.Hour, "auth bytes 7/1d"},
	} {
		r := Rule{Key: Auth, Count: Bytes, Limit: 7, Window: tt.window}
		if got := r.String(); got != tt.want {
			t.Errorf("String of a window of %v = %q, want %q", tt.window, got, tt.want)
		}
	}
}

func TestNewRefusesRules(t *testing.T) {
	good := Rule{Key: Sender, Limit: 1, Window: time.Minute}
	for _, tt := range []struct {
		name   string
		change func(*Rule)
	}{
		{"unknown key", func(r *Rule) { r.Key = NumKeys }},
		{"unknown measure", func(r *Rule) { r.Count = numMeasures }},
		{"no limit", func(r *Rule) { r.Limit = 0 }},
		{"no window", func(r *Rule) { r.Window = 0 }},
		{"the same under another name", func(r *Rule) { r.Name = "other" }},
	} {
		bad := good
		tt.change(&bad)
		if _, err := New([]Rule{good, bad}); err == nil {
			t.Errorf("New with %s: no error", tt.name)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"sender 20/5m", "account recipients 500/1h", "topic bytes 1/7d", "host 3/1h1m1s",
		"auth +5/86400s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRule(s)
		if err != nil {
			return
		}
		again, err := ParseRule(r.String())
		if r.Name = r.String(); err != nil || !gocmp.Equal(again, r) {
			t.Errorf("ParseRule(%q) = %+v, but its String %q reads %+v, %v", s, r, r.String(), again, err)
		}
	})
}

package mailer

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseVia(t *testing.T) {
	for via, want := range map[string]Transport{
		"sendmail":                    &Sendmail{},
		"sendmail:/usr/lib/sendmail":  &Sendmail{Path: "/usr/lib/sendmail"},
		"smtp://mx.lab.test":          &SMTP{Address: "mx.lab.test:25"},
		"smtp://mx.lab.test:587/":     &SMTP{Address: "mx.lab.test:587"},
		"smtps://mx.lab.test":         &SMTP{Address: "mx.lab.test:465", Implicit: true},
		"smtp://127.0.0.1:2525":       &SMTP{Address: "127.0.0.1:2525"},
		"smtp://[::1]":                &SMTP{Address: "[::1]:25"},
		"smtps://[2001:db8::1]:10465": &SMTP{Address: "[2001:db8::1]:10465", Implicit: true},
	} {
		got, err := ParseTransport(via)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(SMTP{})); err != nil || diff != "" {
			t.Errorf("ParseVia(%q): %v\n%s", via, err, diff)
		}
	}
	for _, via := range []string{
		"", "mail", "Sendmail", "sendmail:", "sendmail:bin/sendmail", "sendmail:/a\nb", "smtp:", "smtp://",
		"smtp://:25", "smtp://mx:0", "smtp://mx:70000",
		"smtp://mx:x", "smtp://user:secret@mx", "smtp://mx/path", "http://mx", "mx:25", "smtp://a b", "smtp://mx\r\n",
		"smtp://[::1", "smtp://-x",
	} {
		if got, err := ParseTransport(via); err == nil {
			t.Errorf("ParseVia(%q) = %+v", via, got)
		}
	}
}

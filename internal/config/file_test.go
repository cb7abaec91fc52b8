package config

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/mailer/transport"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// whole has every key.
const whole = `
log   = ["/var/log/exim4/mainlog", "/var/log/other/main-%D"]
state = "/srv/exiwatch"
timezone = "Europe/Berlin"
cycled_to = ["/var/log/old"]
wait_for_file = "90m"

[count]
only   = ["authenticated", "bounces", "192.0.2.7/24"]
ignore = ["sender:*@lists.lab.test", "user:mailnull"]
local_domains = ["Lab.Test", "example.org"]

[[rule]]
name = "bulk sender"
key  = "auth"
count = "recipients"
limit = 500
window = "1h30m"

[[rule]]
key = "topic"
limit = 100
window = "7d"

[mail]
to = ["director@lab.test"]
cc = ["postmaster@lab.test", "root"]
from = "exiwatch@mx.lab.test"
subject = "Abuse"
via = "smtp://mail.lab.test"
user = "exiwatch"
password_file = "PASSWORD"
tls = "required"
max_per_hour = 3
subjects = "hashed"

[metrics]
listen = "192.0.2.1:9"
`

func TestEveryKey(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret word \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Parse("c.toml", []byte(strings.Replace(whole, "PASSWORD", password, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Zone.String(); got != "Europe/Berlin" {
		t.Errorf("Zone = %s, want Europe/Berlin", got)
	}
	var only, ignore []string
	for _, class := range c.Scopes[""].Only {
		only = append(only, class.Name+"|"+class.Prefix.String())
	}
	for _, p := range c.Scopes[""].Ignore {
		ignore = append(ignore, p.Key.String()+"|"+p.glob)
	}
	for _, list := range []struct{ name, got, want string }{
		{"Count.Only", strings.Join(only, " "), "authenticated|invalid Prefix bounces|invalid Prefix |192.0.2.0/24"},
		{"Count.Ignore", strings.Join(ignore, " "), "sender|*@lists.lab.test user|mailnull"},
	} {
		if list.got != list.want {
			t.Errorf("%s = %s, want %s", list.name, list.got, list.want)
		}
	}
	if domains := c.Scopes[""].LocalDomains; !slices.Equal(domains, []string{"lab.test", "example.org"}) {
		t.Errorf("local domains = %q", domains)
	}
	want := Config{
		Log:         []string{"/var/log/exim4/mainlog", "/var/log/other/main-%D"},
		CycledTo:    []string{"/var/log/old"},
		WaitForFile: 90 * time.Minute,
		State:       "/srv/exiwatch",
		Rules: []window.Rule{
			{Name: "bulk sender", Key: window.Auth, Count: window.Recipients, Limit: 500, Window: 90 * time.Minute},
			{Key: window.Topic, Limit: 100, Window: 7 * 24 * time.Hour},
		},
		Mail: Mail{
			To: []string{"director@lab.test"}, Cc: []string{"postmaster@lab.test", "root"},
			From: "exiwatch@mx.lab.test", Subject: "Abuse",
			Transport: &transport.SMTP{Address: "mail.lab.test:25", User: "exiwatch", Password: "secret word ",
				TLS: "required"},
			MaxPerHour: 3, Subjects: "hashed",
		},
		Metrics: netip.MustParseAddrPort("192.0.2.1:9"),
		Secrets: []string{password},
	}
	ignored := []cmp.Option{cmpopts.IgnoreFields(Config{}, "Zone", "Scopes"), cmpopts.IgnoreUnexported(transport.SMTP{}),
		cmpopts.EquateComparable(netip.AddrPort{})}
	if diff := cmp.Diff(want, c, ignored...); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestDefaults(t *testing.T) {
	c := Default()
	want := []window.Rule{
		{Name: "bulk sender", Key: window.Account, Count: window.Messages, Limit: 20, Window: 5 * time.Minute},
		{Name: "many recipients", Key: window.Account, Count: window.Recipients, Limit: 500, Window: time.Hour},
		{Name: "log integrity", Key: window.Log, Count: window.Anomalies, Limit: 5, Window: time.Hour},
	}
	if diff := cmp.Diff(want, c.Rules); diff != "" {
		t.Errorf("Rules (-want +got):\n%s", diff)
	}
	if !slices.Equal(c.Mail.To, []string{"root"}) || c.Mail.Cc != nil || c.Mail.From != "" || c.Mail.Subject != "" {
		t.Errorf("Mail = %+v, want root alone", c.Mail)
	}
	if s, ok := c.Mail.Transport.(*transport.Sendmail); !ok || s.Path != "" {
		t.Errorf("Transport = %#v, want sendmail", c.Mail.Transport)
	}
	if c.State != DefaultState || c.Log != nil || c.Zone != time.Local {
		t.Errorf("State, Log, Zone = %q, %q, %v, want %q, none, the machine's", c.State, c.Log, c.Zone, DefaultState)
	}
	usual := Count{
		Only:      []Class{{Name: "authenticated"}, {Name: "local"}, {Name: "loopback"}, {Name: "relayed"}},
		EximUsers: []string{"Debian-exim", "exim", "mailnull", "mail", "eximuser"},
	}
	if diff := cmp.Diff(usual, c.Scopes[""], cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("Count (-want +got):\n%s", diff)
	}
}

// TestOmittedKeysOfARule: what a rule doesn't say it has from the default one.
func TestOmittedKeysOfARule(t *testing.T) {
	for text, want := range map[string]string{
		`key = "sender"`:                      "sender 20/5m",
		`limit = 3`:                           "account 3/5m",
		`window = "1h"`:                       "account 20/1h",
		`count = "bytes"`:                     "account bytes 20/5m",
		`key = "network"` + "\nlimit = 1":     "network 1/5m",
		`window = "10s"` + "\n" + `limit = 1`: "account 1/10s",
		`window = "31d"`:                      "account 20/31d",
	} {
		c, err := Parse("c.toml", []byte("[[rule]]\n"+text))
		if err != nil || len(c.Rules) != 1 || c.Rules[0].String() != want {
			t.Errorf("Parse(%q) = %v, %v, want %s", text, c.Rules, err, want)
		}
	}
}

func TestLogs(t *testing.T) {
	for text, want := range map[string][]string{
		``:                         nil,
		`log = "/a/mainlog"`:       {"/a/mainlog"},
		`log = ["/a", "/b/%D"]`:    {"/a", "/b/%D"},
		"log = [\n '/a', # one\n]": {"/a"},
	} {
		c, err := Parse("c.toml", []byte(text))
		if err != nil || !slices.Equal(c.Log, want) {
			t.Errorf("Parse(%q) = %q, %v, want %q", text, c.Log, err, want)
		}
	}
}

func TestVia(t *testing.T) {
	for via, want := range map[string]transport.Transport{
		"":                      &transport.Sendmail{},
		"sendmail":              &transport.Sendmail{},
		"sendmail:/opt/s/msmtp": &transport.Sendmail{Path: "/opt/s/msmtp"},
		"smtp://mail.lab.test":  &transport.SMTP{Address: "mail.lab.test:25"},
		"smtp://[2001:db8::1]":  &transport.SMTP{Address: "[2001:db8::1]:25"},
		"smtps://127.0.0.1:466": &transport.SMTP{Address: "127.0.0.1:466", Implicit: true},
	} {
		c, err := Parse("c.toml", []byte("[mail]\nvia = '"+via+"'"))
		if err != nil {
			t.Errorf("Parse(via %q): %v", via, err)
		} else if diff := cmp.Diff(want, c.Mail.Transport, cmpopts.IgnoreUnexported(transport.SMTP{})); diff != "" {
			t.Errorf("Parse(via %q) (-want +got):\n%s", via, diff)
		}
	}
}

// TestPasswordFile: an editor's line end is no part of a password, a blank is.
func TestPasswordFile(t *testing.T) {
	for written, want := range map[string]string{
		"secret": "secret", "secret\n": "secret", "secret\r\n": "secret", " se cret \n": " se cret ", "": "",
		"two\nlines\n": "two\nlines",
	} {
		name := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(name, []byte(written), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Parse("c.toml", []byte("[mail]\nvia = 'smtps://h'\nuser = 'u'\npassword_file = '"+name+"'"))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Mail.Transport.(*transport.SMTP).Password; got != want {
			t.Errorf("password of a file with %q = %q, want %q", written, got, want)
		}
	}
}

func TestReadNamesTheFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "exiwatch.toml")
	if _, err := Read(name); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("Read of a missing file = %v, want an error with its name", err)
	}
	if err := os.WriteFile(name, []byte("# nothing\r\nnothing = 1\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(name); err == nil || err.Error() != name+`:2:1: unknown key "nothing"` {
		t.Errorf("Read = %v, want %s:2:1: unknown key", err, name)
	}
	if _, err := Read(filepath.Dir(name)); err == nil {
		t.Error("Read of a folder: no error")
	}
}

// TestInterfaceExample: what INTERFACE.md shows of the keys that there are is a configuration.
func TestInterfaceExample(t *testing.T) {
	c, err := Parse("c.toml", []byte(`
log   = "/var/log/exim4/mainlog"
state = "/var/lib/exiwatch"
timezone = "Europe/Berlin"
[count]
only   = ["authenticated", "local", "192.0.2.0/24"]
ignore = ["sender:*@lists.lab.test", "user:mailnull"]
local_domains = ["lab.test"]
[[rule]]
name = "bulk sender"
key  = "account"
count = "messages"
limit = 20
window = "5m"
[mail]
to = ["director@lab.test"]
cc = []
from = "exiwatch@mx.lab.test"
subject = "Mail Abuse Alert"
via = "sendmail"
`))
	if err != nil || c.Rules[0].String() != defaultRules[0].String() {
		t.Errorf("Parse = %v, %v, want the default rule", c.Rules, err)
	}
}

// TestSecretsAreKnown: the files that nobody else should be able to read.
func TestSecretsAreKnown(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		"":                                   nil,
		"[hook]\ncommand = ['/bin/true']":    nil,
		"[webhook]\nurl = 'https://a.test/'": {"c.toml"},
		"[webhook]\nurl = 'https://a.test/'\ntoken_file = '" + secret + "'":       {secret, "c.toml"},
		"[mail]\nvia = 'smtps://h'\nuser = 'u'\npassword_file = '" + secret + "'": {secret},
	} {
		c, err := Parse("c.toml", []byte(text))
		if err != nil || !slices.Equal(c.Secrets, want) {
			t.Errorf("Parse(%q) gives the secrets %q, %v: want %q", text, c.Secrets, err, want)
		}
	}
}

// TestTooManyLogs: each takes memory and its place in the checkpoint.
func TestTooManyLogs(t *testing.T) {
	var names []string
	for i := range maxLogs + 1 {
		names = append(names, fmt.Sprintf("'/%d'", i))
	}
	for n, refused := range map[int]bool{maxLogs: false, maxLogs + 1: true} {
		if _, err := Parse("c.toml", []byte("log = ["+strings.Join(names[:n], ",")+"]")); (err != nil) != refused {
			t.Errorf("%d logs: %v", n, err)
		}
	}
}

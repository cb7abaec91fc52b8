package config

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
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
		Only:      []Class{{Name: "authenticated"}, {Name: "local"}, {Name: "loopback"}},
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

// TestWrongConfiguration: each error says where the mistake is and what.
func TestWrongConfiguration(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"limt = 20", `1:1: unknown key "limt"; did you mean "rule.limit"?`},
		{"\n\n  statte = 'x'", `3:3: unknown key "statte"; did you mean "state"?`},
		{"[[rule]]\nlimit = 3\nwindw = '5m'", `3:1: unknown key "rule.windw"; did you mean "rule.window"?`},
		{"[[rule]]\nkey = 'user'\n[[rule]]\nkye = 'auth'", `4:1: unknown key "rule.kye"; did you mean "rule.key"?`},
		{"[mail]\nbcc = []", `2:1: unknown key "mail.bcc"; did you mean "mail.cc"?`},
		{"mail.password = ''", `1:1: unknown key "mail.password"; did you mean "mail.password_file"?`},
		{"to = []", `1:1: unknown key "to"; did you mean "mail.to"?`},
		{"[cuont]\nonly = []", `1:2: unknown key "cuont"; did you mean "count"?`},
		{"\"a\\u001bb\" = 1", `1:1: unknown key "a\x1bb"`},
		{"one = 1\n[[rule]]\nseven = 2\n[mail]\nthree = 3", `1:1: unknown key "one"
c.toml:3:1: unknown key "rule.seven"
c.toml:5:1: unknown key "mail.three"`},

		{"state = 5", `1:9: state = 5: expected the path of a folder, in quotes`},
		{"[[rule]]\nlimit = 'twenty'", `2:9: rule.limit = 'twenty': expected a whole number of 1 or more`},
		{"[[rule]]\nlimit = 2.5", `2:9: rule.limit = 2.5: expected a whole number of 1 or more`},
		{"[[rule]]\nlimit = [20]", `2:9: rule.limit = [20]: expected a whole number of 1 or more`},
		{"rule = [{limit = 1}, {limit = 'x'}]", `1:31: rule.limit = 'x': expected a whole number of 1 or more`},
		{"[[rule]]\nlimit = 99999999999999999999", `2:9: the number is too large`},
		{"[[rule]]\nwindow = 300", `2:10: rule.window = 300: expected a duration of whole seconds from "10s" to `},
		{"[mail]\nto = 'root'", `2:6: mail.to = 'root': expected a list of addresses, such as ["root", `},
		{"mail = 5", `1:8: mail = 5: expected a table that begins with [mail]`},
		{"[[mail]]\nto = []", `1:3: mail: expected a table that begins with [mail]`},
		{"[count]\nonly = 'local'", `2:8: count.only = 'local': expected a list that is not empty, such as [`},
		{"[count]\nonly = ['local',\n 5]", `3:2: count.only = 5: expected "authenticated", "local", "loopback", `},
		{"log = 5", `1:7: log = 5: expected a path, a glob, "journal" or "-", or a list of these`},
		{"log = ['/a', 5]", `1:14: log = 5: expected a path, a glob or "journal", in quotes`},
		{"log = [['/a']]", `1:7: log: expected a path, a glob or "journal", in quotes`},

		{"state = 'a'\nstate = 'b'", `2:1: key state is already defined`},
		{"[mail]\nto = []\n[mail]\ncc = []", `3:2: table mail already exists`},
		{"state = ", `1:8: expected value`},
		{"state = 'a", `1:10: unterminated`},
		{"[[rule]\n", `1:7: expected ']]'`},
		{"[[rule]]\nkey = sender", `2:7: expected a text in quotes, such as "5m", a number, a date or a list`},
		{"[[rule]]\nkey = topic", `2:7: expected a text in quotes, such as "5m"`},
		{"[[rule]]\nwindow = 5m", `2:11: expected a text in quotes, such as "5m"`},

		{"cycled_to = ['old']", `1:14: cycled_to = 'old': expected the absolute path of a folder, in quotes`},
		{"cycled_to = ['/a', '/a']", `1:20: cycled_to = '/a': named twice`},
		{"wait_for_file = '0s'", `1:17: wait_for_file = '0s': expected a duration such as "1h"`},
		{"wait_for_file = 'a day'", `1:17: wait_for_file = 'a day': expected a duration`},
		{"timezone = 'Mars/Base'", `1:12: timezone = 'Mars/Base': expected a name of the tz database, such as `},
		{"timezone = '../../etc/passwd'", `1:12: timezone = '../../etc/passwd': expected a name`},
		{"charset = 'latin-99'", `1:11: charset = 'latin-99': expected a name that web and mail use, such as `},
		{"[[rule]]\nlimit = -1", `2:9: rule.limit = -1: expected a whole number of 1 or more`},
		{"[[rule]]\nkey = 'folder'", `2:7: rule.key = 'folder': expected one of sender, sender_domain, auth, `},
		{"[[rule]]\nkey = 'cpuser'\ncount = 'anomalies'", `1:3: rule "cpuser anomalies 20/5m": anomalies of cpuser: `},
		{"[count]\nignore = ['script:/srv/*']", `2:11: count.ignore = 'script:/srv/*': script is only known when`},
		{"[[rule]]\nkey = 'Sender'", `2:7: rule.key = 'Sender': did you mean "sender"?`},
		{"[[rule]]\ncount = 'mails'", `2:9: rule.count = 'mails': expected one of messages, recipients, bytes, `},
		{"[[rule]]\n[[rule]]\nname = 'third'\nwindow = '5 minutes'",
			`4:10: rule.window = '5 minutes': expected a duration`},
		{"[[rule]]\nwindow = '9s'", `2:10: rule.window = '9s': expected a duration of whole seconds from "10s"`},
		{"[[rule]]\nwindow = '32d'", `2:10: rule.window = '32d': expected a duration`},
		{"[[rule]]\nwindow = '10.5s'", `2:10: rule.window = '10.5s': expected a duration of whole seconds`},
		{"[[rule]]\nname = 'a'\n[[rule]]\nname = 'b'\nlimit = 20\n[[rule]]\nlimit = 7",
			`3:3: rule "b": the same as rule "a"`},
		{"[count]\nonly = ['local', 'remote']", `2:18: count.only = 'remote': expected "authenticated", "local", `},
		{"[count]\nignore = ['lists']", `2:11: count.ignore = 'lists': expected KEY:PATTERN, such as "sender:*@`},
		{"[count]\nignore = ['sendr:x']",
			`2:11: count.ignore = 'sendr:x': unknown key "sendr"; did you mean "sender"?`},
		{"[count]\nignore = ['host:10.0.0.0/33']", `2:11: count.ignore = 'host:10.0.0.0/33': expected an address, `},
		{"[mail]\nto = ['admin @lab.test']", `2:7: mail.to = 'admin @lab.test': expected an address such as "admin`},
		{"[mail]\ncc = ['root', 'a@']", `2:15: mail.cc = 'a@': expected an address such as "admin`},
		{"[mail]\nfrom = 'a@b@c'", `2:8: mail.from = 'a@b@c': expected an address such as "exiwatch@example.com"`},
		{"[mail]\nsubject = \"a\\u0007\"", `2:11: mail.subject = "a\u0007": expected at most 60 printable char`},
		{"[mail]\nvia = 'mail.lab.test'", `2:7: mail.via = 'mail.lab.test': expected "smtp://HOST[:PORT]", "smtps`},
		{"[mail]\nvia = 'smtp://u:p@mail.lab.test'", `2:7: mail.via: expected no user and no password here: `},
		{"[mail]\nvia = 'smtp://h:smtp'", `2:7: mail.via = 'smtp://h:smtp': expected "smtp://HOST[:PORT]"`},
		{"[mail]\nuser = 'x'", `2:8: mail.user = 'x': needs via = "smtp://HOST" or "smtps://HOST"`},
		{"[mail]\ntls = 'off'\nvia = 'sendmail'", `2:7: mail.tls = 'off': needs via = "smtp://HOST"`},
		{"[mail]\nvia = 'smtp://h'\ntls = 'on'", `3:7: mail.tls = 'on': expected "off", "opportunistic" or `},
		{"[mail]\nvia = 'smtp://h'\nuser = 'x'\ntls = 'off'", `4:7: mail.tls = 'off': expected "required": a pass`},
		{"[mail]\nvia = 'smtp://h'\nuser = 'x'\npassword_file = '/nonexistent/p'",
			`4:17: mail.password_file = '/nonexistent/p': cannot be read: no such file or directory`},
		{"[socket]\nkey = 'folder'", `2:7: socket.key = 'folder': expected one of sender, `},
		{"[socket]\npath = 'sender.sock'", `2:8: socket.path = 'sender.sock': expected an absolute path`},
		{"[socket]\nmode = 'rw'", `2:8: socket.mode = 'rw': expected permissions in quotes, such as "0660"`},
		{"[socket]\nmode = '01777'", `2:8: socket.mode = '01777': expected permissions`},
		{"[socket]\nmode = 660", `2:8: socket.mode = 660: expected permissions in quotes`},
		{"[socket]\ngroup = 'no such group'", `2:9: socket.group = 'no such group': there is no such group`},
		{"[socket]\nowner = 'no such user'", `2:9: socket.owner = 'no such user': there is no such user`},
		{"[socket]\nlisten = '0.0.0.0:2525'", `2:10: socket.listen = '0.0.0.0:2525': expected a loopback address`},
		{"[socket]\nlisten = '127.0.0.1'", `2:10: socket.listen = '127.0.0.1': expected a loopback address`},
		{"[socket]\nport = 1", `2:1: unknown key "socket.port"`},
		{"[summary]\nevery = 'month'", `2:9: summary.every = 'month': expected "day" or "week"`},
		{"[summary]\nat = '24:00'", `2:6: summary.at = '24:00': expected a time of the day such as "07:00"`},
		{"[summary]\nat = 7", `2:6: summary.at = 7: expected a time of the day`},
		{"[summary]\nto = ['a b']", `2:7: summary.to = 'a b': expected a mail address`},
		{"[summary]\non = 'monday'", `2:1: unknown key "summary.on"`},
		{"log = '-'\n[summary]", `2:2: [summary] needs a log that can be read again`},
	} {
		c, err := Parse("c.toml", []byte(test.text))
		if err == nil {
			t.Errorf("Parse(%q) = %+v, want an error like %s", test.text, c, test.want)
		} else if !strings.HasPrefix(err.Error(), "c.toml:"+test.want) {
			t.Errorf("Parse(%q) = %s, want c.toml:%s", test.text, err, test.want)
		}
	}
}

// TestErrorsAreForAdministrators: a value of a wrong kind is told by its key and place, not in the words of Go.
func TestErrorsAreForAdministrators(t *testing.T) {
	for _, key := range keys(reflect.TypeFor[file](), "") {
		table, last := key[:strings.LastIndexByte(key, '.')+1], key[strings.LastIndexByte(key, '.')+1:]
		header := ""
		if table != "" {
			header = "[" + strings.TrimSuffix(table, ".") + "]"
		}
		if strings.HasPrefix(header, "[rule") || header == "[notify]" || header == "[route]" {
			header = "[" + header + "]"
		}
		for _, value := range []string{"true", "{a = 1}", "[[1]]"} {
			if value == "true" && isBool(key) {
				value = "1"
			}
			if key == "rule.except.until" {
				value += "\nmatch = 'a'\nlimit = 30"
			}
			_, err := Parse("c.toml", fmt.Appendf(nil, "%s\n%s = %s", header, last, value))
			at := fmt.Sprintf("c.toml:2:%d: %s", len(last)+4, key)
			if strings.HasPrefix(value, "[[") && (strings.HasPrefix(table, "rule") || table == "notify." || table == "route.") {
				at = "c.toml:" // the reader doesn't say where a list in a list is
			}
			if err == nil || !strings.HasPrefix(err.Error(), at) ||
				!strings.Contains(err.Error(), "expected "+expected[key]) &&
					!strings.Contains(err.Error(), "expected "+expected[key+"[]"]) ||
				regexp.MustCompile(`TOML|struct|decode|int64|config\.|\bmail:|strconv|parse`).MatchString(err.Error()) {
				t.Errorf("%s = %s: %v", key, value, err)
			}
		}
	}
}

func isBool(key string) bool { return key == "route.only" || key == "route.go_on" }

// TestErrorsKeepSecrets: a value that lets its reader in isn't shown.
func TestErrorsKeepSecrets(t *testing.T) {
	for _, text := range []string{"[webhook]\nurl = 'ftp://hooks.test/Zx81'", "[mail]\nvia = 'smtp://u:Zx81@h'",
		"[webhook]\nurl = ['https://hooks.test/Zx81']", "[[notify]]\nurl = 'telegram://Zx81@telegram?chats=1'",
		"[[notify]]\nurl = ['ntfy://hooks.test/Zx81']"} {
		if _, err := Parse("c.toml", []byte(text)); err == nil || strings.Contains(err.Error(), "Zx81") {
			t.Errorf("%q: %v", text, err)
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

package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

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

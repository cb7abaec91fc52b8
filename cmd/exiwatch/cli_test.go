package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// shopLog has submissions, logins and cPanel's lines.
const shopLog = `2026-11-23 10:00:00 cwd=/home/ann/public_html/shop 3 args: /usr/sbin/sendmail -t -i
2026-11-23 10:00:00 1xV001-000001-01 Sender identification U=ann D=ann.example S=ann
2026-11-23 10:00:00 1xV001-000001-01 <= ann@ann.example U=ann P=local S=400 T="Order 1" for a@example.org b@example.org
2026-11-23 10:00:00 cwd=/var/spool/exim4 3 args: /usr/sbin/exim4 -Mc 1xV001-000001-01
2026-11-23 10:00:01 cwd=/home/ann/public_html/shop 3 args: /usr/sbin/sendmail -t -i
2026-11-23 10:00:01 1xV002-000002-02 Sender identification U=ann D=ann.example S=ann
2026-11-23 10:00:01 1xV002-000002-02 <= ann@ann.example U=ann P=local S=400 T="Order 2" for a@example.org
2026-11-23 10:00:02 cwd=/home/bob/my site 3 args: /usr/sbin/sendmail -t -i
2026-11-23 10:00:02 1xV003-000003-03 Sender identification U=bob D=bob.example S=bob
2026-11-23 10:00:02 1xV003-000003-03 <= bob@bob.example U=bob P=local S=700 T="Order 2" for c@example.org
2026-11-23 10:00:03 1xV004-000004-04 Sender identification U=bob D=bob.example S=bob
2026-11-23 10:00:03 1xV004-000004-04 <= bob@bob.example H=(pc) [192.0.2.7] P=esmtpa A=dovecot_login:bob@bob.example S=300 T="Lunch" for d@example.org
2026-11-23 10:00:04 1xV005-000005-05 Sender identification U=bob D=bob.example S=bob
2026-11-23 10:00:04 1xV005-000005-05 <= bob@bob.example H=(pc) [192.0.2.8] P=esmtpa A=dovecot_login:bob@bob.example S=300 T="Lunch" for d@example.org
2026-11-23 10:00:05 1xV006-000006-06 <= eve@Example.COM H=mx.example.com [198.51.100.9] P=esmtp S=9000 T="Offer" for ann@ann.example
`

// top prints the ranking of shopLog.
func top(t *testing.T, args ...string) string {
	t.Helper()
	out, stderr, status := exiwatch(t, shopLog, append([]string{"top"}, append(args, "-")...)...)
	if status != exitDone || stderr != "" {
		t.Fatalf("top %q: status %d: %s", args, status, stderr)
	}
	return out
}

func TestTop(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"account", "2 bob@bob.example|2 ann|1 bob|1 <eve@example.com>"},
		{"sender", "3 bob@bob.example|2 ann@ann.example|1 eve@example.com"},
		{"account_domain", "2 bob.example|1 <example.com>"},
		{"sender_domain", "3 bob.example|2 ann.example|1 example.com"},
		{"auth", "2 bob@bob.example"},
		{"user", "2 ann|1 bob"},
		{"host", "1 198.51.100.9|1 192.0.2.8|1 192.0.2.7"},
		{"network", "2 192.0.2.0/24|1 198.51.100.0/24"},
		{"subject", "2 Order 2|2 Lunch|1 Order 1|1 Offer"},
		{"script", "2 /home/ann/public_html/shop|1 /home/bob/my site"},
		{"cpuser", "3 bob|2 ann"},
		{"message",
			"1 1xV006-000006-06|1 1xV005-000005-05|1 1xV004-000004-04|1 1xV003-000003-03|1 1xV002-000002-02|1 1xV001-000001-01"},

		{"sender --count messages", "3 bob@bob.example|2 ann@ann.example|1 eve@example.com"},
		{"sender --count recipients", "3 bob@bob.example|3 ann@ann.example|1 eve@example.com"},
		{"sender --count bytes", "9000 eve@example.com|1300 bob@bob.example|800 ann@ann.example"},
		{"sender --count hosts", "2 bob@bob.example|1 eve@example.com|0 ann@ann.example"},
		{"sender --count networks", "1 eve@example.com|1 bob@bob.example|0 ann@ann.example"},
		{"account --count senders", "1 bob@bob.example|1 bob|1 ann|1 <eve@example.com>"},
		{"sender --count subjects", "2 bob@bob.example|2 ann@ann.example|1 eve@example.com"},
		{"sender --count addresses", "2 bob@bob.example|2 ann@ann.example|1 eve@example.com"},
		{"cpuser --count bytes", "1300 bob|800 ann"},
		{"cpuser --count hosts", "2 bob|0 ann"},

		{"sender -n 1", "3 bob@bob.example"},
		{"message -n 2", "1 1xV006-000006-06|1 1xV005-000005-05"},
		{"message --rows 0 --sender ann*", "1 1xV002-000002-02|1 1xV001-000001-01"},
	} {
		var want strings.Builder
		for row := range strings.SplitSeq(test.want, "|") {
			count, value, _ := strings.Cut(row, " ")
			want.WriteString(strings.Repeat(" ", 7-len(count)) + count + " " + value + "\n")
		}
		if diff := cmp.Diff(want.String(), top(t, strings.Fields(test.args)...)); diff != "" {
			t.Errorf("top %s (-want +got):\n%s", test.args, diff)
		}
	}
}

// TestFilters: any of one flag's patterns will do, but something of each flag must.
func TestFilters(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string // message ids, by their last digit
	}{
		{nil, "123456"},
		{[]string{"--sender", "ann@*"}, "12"},
		{[]string{"--sender", "ann@*", "--sender", "EVE@example.com"}, "126"},
		{[]string{"--sender", "bob@*", "--host", "192.0.2.0/25"}, "45"},
		{[]string{"--sender", "bob@*", "--host", "192.0.2.8", "--host", "198.51.100.9"}, "5"},
		{[]string{"--host", "192.0.2.*"}, "45"},
		{[]string{"--host", "0.0.0.0/0"}, "456"},
		{[]string{"--user", "*"}, "123"},
		{[]string{"--auth", "bob*"}, "45"},
		{[]string{"--account", "bob*"}, "345"},
		{[]string{"--subject", "order ?"}, "123"},
		{[]string{"--subject", "order ?", "--user", "bob"}, "3"},
		{[]string{"--subject", "Order"}, ""},
		{[]string{"--since", "2026-11-23 10:00:02"}, "3456"},
		{[]string{"--until", "2026-11-23 10:00:02"}, "12"},
		{[]string{"--since", "2026-11-23 10:00:01", "--until", "2026-11-23 10:00:02"}, "2"},
		{[]string{"--since", "2026-11-23T11:00:03+01:00"}, "456"},
		{[]string{"--since", "2026-11-24"}, ""},
		{[]string{"--timezone", "Europe/Berlin", "--since", "2026-11-23T09:00:03Z"}, "456"},
	} {
		args := append([]string{"arrivals", "--timezone", "UTC"}, test.args...)
		out, stderr, status := exiwatch(t, shopLog, append(args, "-")...)
		if status != exitDone || (stderr == "") != (test.want != "") {
			t.Fatalf("%q: status %d: %s", args, status, stderr)
		}
		got := ""
		for _, a := range objects(t, out) {
			id := a["message_id"].(string)
			got += id[len(id)-1:]
		}
		if got != test.want {
			t.Errorf("%q: arrivals %q, want %q", args, got, test.want)
		}
	}
}

func TestArrivalsRows(t *testing.T) {
	for rows, want := range map[string]int{"0": 6, "1": 1, "6": 6, "100": 6} {
		out, _, status := exiwatch(t, shopLog, "arrivals", "-n", rows, "-")
		if got := len(objects(t, out)); status != exitDone || got != want {
			t.Errorf("arrivals -n %s: %d lines, want %d", rows, got, want)
		}
	}
}

// TestExitCodes: 0 done, 1 failure, 2 usage, and on stderr what is wrong and what helps.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	empty, shop := file("empty", ""), file("shop", shopLog)
	wrong := file("wrong.toml", "limt = 3\n[mail]\nbcc = []\n")
	cut := file("cut.gz", zipped(t, shopLog)[:100])
	const usage = "exiwatch: hint: exiwatch help, or exiwatch COMMAND --help\n"
	for _, test := range []struct {
		args   []string
		status int
		stderr []string
	}{
		{[]string{"replay", empty}, exitDone, []string{"exiwatch: note: " + empty + " is empty\n"}},
		{[]string{"arrivals", empty}, exitDone, []string{empty + " is empty"}},
		{[]string{"top", "account", empty}, exitDone, []string{empty + " is empty"}},
		{[]string{"version"}, exitDone, nil},
		{[]string{"help"}, exitDone, nil},
		{[]string{"help", "config"}, exitDone, nil},
		{[]string{"help", "keys"}, exitDone, nil},
		{[]string{"completion", "bash"}, exitDone, nil},
		{nil, exitDone, nil},

		{[]string{"replay", dir + "/none"}, exitFailure,
			[]string{"error: reading " + dir + "/none: ", "no such file", "hint: exim -bP log_file_path"}},
		{[]string{"replay", shop, dir + "/none"}, exitFailure, []string{dir + "/none"}},
		{[]string{"replay", dir}, exitFailure, []string{dir, "is a folder"}},
		{[]string{"top", "account", cut}, exitFailure, []string{cut, "unexpected EOF"}},
		{[]string{"replay", "--config", dir + "/none", shop}, exitFailure, []string{dir + "/none", "no such file"}},
		{[]string{"replay", "--config", wrong, shop}, exitFailure, []string{
			"exiwatch: error: " + wrong + `:1:1: unknown key "limt"; did you mean "rule.limit"?` + "\n", "exiwatch: error: " + wrong +
				`:3:1: unknown key "mail.bcc"; did you mean "mail.cc"?` + "\n",
			"exiwatch: hint: exiwatch help config lists the keys\n",
		}},
		{[]string{"run", "--config", wrong}, exitFailure, []string{wrong + ":1:1: ", "exiwatch: hint: "}},

		{[]string{"bogus"}, exitUsage, []string{`unknown command "bogus"; expected one of alerts, arrivals, `, usage}},
		{[]string{"replay", "--bogus"}, exitUsage, []string{`unknown flag "--bogus"` + "\n", usage}},
		{[]string{"rnu"}, exitUsage, []string{`unknown command "rnu"; did you mean "run"?`, usage}},
		{[]string{"help", "bogus"}, exitUsage, []string{`unknown command "bogus"; expected one of alerts, arrivals, `, usage}},
		{[]string{"help", "except", "ad"}, exitUsage, []string{`unknown command "except ad"; did you mean "add"?`, usage}},
		{[]string{"config", "chek"}, exitUsage, []string{`unknown command "config chek"; did you mean "check"?`, usage}},
		{[]string{"completion", "bsh"}, exitUsage, []string{`unknown command "completion bsh"; did you mean "bash"?`, usage}},
		{[]string{"completion", "bash", "x"}, exitUsage, []string{`bash takes no arguments; unexpected "x"`, usage}},
		{[]string{"help", "completion", "bsh"}, exitUsage, []string{`"completion bsh"; did you mean "bash"?`, usage}},
		{[]string{"help", "confg"}, exitUsage, []string{`unknown command "confg"; did you mean "config"?`, usage}},
		{[]string{"replay", "--sincs", "1d"}, exitUsage,
			[]string{`unknown flag "--sincs"; did you mean "--since"?`, usage}},
		{[]string{"top", "sendr"}, exitUsage, []string{`unknown key "sendr"; did you mean "sender"?`, usage}},
		{[]string{"query", "sendr=x", "--socket", dir + "/none"}, exitUsage,
			[]string{`unknown key "sendr"; did you mean "sender"?`, usage}},
		{[]string{"live", "--key", "sendr"}, exitUsage,
			[]string{`--key "sendr": unknown key; did you mean "sender"?`, usage}},
		{[]string{"live", "--window", "5"}, exitUsage, []string{`--window "5": expected a duration`, usage}},
		{[]string{"replay", "-n", "x", shop}, exitUsage, []string{`--rows "x": expected a whole number of 0 or more`, usage}},
		{[]string{"replay", "--sender"}, exitUsage, []string{"needs an argument", usage}},
		{[]string{"top"}, exitUsage, []string{"top needs a KEY: sender, ", usage}},
		{[]string{"top", "nokey", shop}, exitUsage, []string{`unknown key "nokey"; expected one of sender, `, usage}},
		{[]string{"top", "account", "--count", "mails", shop}, exitUsage,
			[]string{`--count "mails": expected one of messages, `, usage}},
		{[]string{"top", "script", "--count", "hosts", shop}, exitUsage, []string{"script", "hosts", usage}},
		{[]string{"top", "account", "--host", "mail.lab.test", shop}, exitUsage, []string{`--host "mail.lab.test": expected an address`, usage}},
		{[]string{"top", "account", "--since", "yesterday", shop}, exitUsage,
			[]string{`--since "yesterday": expected a time`, usage}},
		{[]string{"top", "account", "--until", "2026-02-30", shop}, exitUsage,
			[]string{`--until "2026-02-30": expected a time`, usage}},
		{[]string{"top", "account", "--timezone", "Mars", shop}, exitUsage, []string{`--timezone "Mars": expected a name of the tz database`, usage}},
		{[]string{"replay", "--rule", "sender", shop}, exitUsage, []string{`--rule "sender": expected KEY`, usage}},
		{[]string{"replay", "--rule", "sender 20/5s", shop}, exitUsage, []string{`--rule "sender 20/5s": expected KEY`, "10s to 31d", usage}},
		{[]string{"replay", "--rule", "sender 0/5m", shop}, exitUsage, []string{`--rule "sender 0/5m": `, "1 or more", usage}},
		{[]string{"replay", "--rule", "folder 20/5m", shop}, exitUsage, []string{`--rule "folder 20/5m": unknown key "folder"; expected one of `, usage}},
		{[]string{"replay", "--rule", "sender recipient 20/5m", shop}, exitUsage,
			[]string{`unknown count "recipient"; did you mean "recipients"?`, usage}},
		{[]string{"replay", "--alerts-per-week", "2", shop}, exitUsage,
			[]string{"--alerts-per-week needs --suggest", usage}},
		{[]string{"top", "account", "--json", "--csv", shop}, exitUsage, []string{"expected --json or --csv, not both", usage}},
		{[]string{"arrivals", "--json", "--csv", shop}, exitUsage, []string{"expected --json or --csv, not both", usage}},
		{[]string{"replay", "--json", "--csv", shop}, exitUsage, []string{"expected --json or --csv, not both", usage}},
		{[]string{"replay", "--suggest", "--csv", shop}, exitUsage, []string{"it can't be used with --suggest, --html", usage}},
		{[]string{"replay", "--html", "-", "--csv", shop}, exitUsage, []string{"it can't be used with --suggest, --html", usage}},
		{[]string{"replay", "--summary", "--csv", shop}, exitUsage, []string{"it can't be used with --suggest, --html", usage}},
		{[]string{"replay", "--suggest", "--alerts-per-week", "-1", shop}, exitUsage,
			[]string{"expected a number from 0 to 1000000", usage}},
		{[]string{"replay", "--suggest", "--alerts-per-week", "NaN", shop}, exitUsage,
			[]string{"expected a number from 0 to 1000000", usage}},
		{[]string{"replay", "--suggest", "--alerts-per-week", "1e7", shop}, exitUsage,
			[]string{"expected a number from 0 to 1000000", usage}},
		{[]string{"top", "script", "--sender", "ann*", shop}, exitUsage, []string{"only --since and --until", usage}},
		{[]string{"demo", "x"}, exitUsage, []string{`"x"`, usage}},
		{[]string{"run", "x"}, exitUsage, []string{`"x"`, usage}},
		{[]string{"version", "x"}, exitUsage, []string{`"x"`, usage}},
	} {
		_, stderr, status := exiwatch(t, "", test.args...)
		if status != test.status {
			t.Errorf("exiwatch %q: status %d, want %d: %s", test.args, status, test.status, stderr)
		}
		if len(test.stderr) == 0 && stderr != "" {
			t.Errorf("exiwatch %q says %q", test.args, stderr)
		} else if status != exitDone && !strings.HasPrefix(stderr, "exiwatch: error: ") {
			t.Errorf("exiwatch %q says %q", test.args, stderr)
		}
		for _, want := range test.stderr {
			if !strings.Contains(stderr, want) {
				t.Errorf("exiwatch %q says %q, want %q", test.args, stderr, want)
			}
		}
	}
}

// TestHelpOfEachCommand: the flags of INTERFACE.md are told.
func TestHelpOfEachCommand(t *testing.T) {
	common := "--config --since --until --timezone --json --csv -n --sender --account --auth --user --host --subject"
	for command, flags := range map[string]string{
		"replay": common + " --rule --suggest --alerts-per-week", "top": common + " --count", "arrivals": common,
		"run":   "--config --from-start",
		"check": "--json --send-test --config", "demo": "--help", "version": "--help", "completion": "bash zsh fish",
		"query": "--config --socket",
		"route": "--config",
	} {
		for _, args := range [][]string{{command, "--help"}, {"help", command}, {command, "-h"}} {
			out, stderr, status := exiwatch(t, "", args...)
			if status != exitDone || stderr != "" {
				t.Errorf("exiwatch %q: status %d: %s", args, status, stderr)
			}
			for flag := range strings.FieldsSeq(flags) {
				if !strings.Contains(out, flag) {
					t.Errorf("exiwatch %q doesn't tell of %s", args, flag)
				}
			}
			if !strings.Contains(out, "exiwatch "+command) {
				t.Errorf("exiwatch %q doesn't show its usage", args)
			}
		}
	}
	out, _, _ := exiwatch(t, "", "--help")
	for _, want := range []string{"run ", "replay ", "top ", "arrivals ", "query ", "demo ", "version ", "config ",
		"keys ", "readsocket "} {
		if !strings.Contains(out, "\n  "+want) && !strings.Contains(out, "\n  exiwatch "+want) {
			t.Errorf("--help doesn't list %s", want)
		}
	}
	out, _, _ = exiwatch(t, "", "help", "keys")
	for _, key := range topKeys() {
		if !strings.Contains(out, "\n  "+key+" ") {
			t.Errorf("help keys doesn't explain %s", key)
		}
	}
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestInputs: a log is the same as a file, through a pipe and compressed.
func TestInputs(t *testing.T) {
	dir := t.TempDir()
	plain, gz := filepath.Join(dir, "mainlog"), filepath.Join(dir, "looks-plain")
	if err := os.WriteFile(plain, []byte(shopLog), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gz, []byte(zipped(t, shopLog)), 0o600); err != nil {
		t.Fatal(err)
	}
	want := top(t, "account")
	for name, run := range map[string]struct{ stdin, arg string }{
		"a file": {"", plain}, "compressed": {"", gz}, "compressed stdin": {zipped(t, shopLog), "-"},
		"without its last LF": {strings.TrimSuffix(shopLog, "\n"), "-"},
	} {
		if got, stderr, status := exiwatch(t, run.stdin, "top", "account", run.arg); got != want || status != exitDone {
			t.Errorf("%s: status %d: %s%s, want %s", name, status, stderr, got, want)
		}
	}
	garbage := make([]byte, 100<<10)
	for i := range garbage {
		garbage[i] = byte(i * i >> 5)
	}
	if out, stderr, status := exiwatch(t, string(garbage), "arrivals", "-"); out != "" || status != exitFailure ||
		!strings.Contains(stderr, "binary") {
		t.Errorf("arrivals of garbage: status %d: %q%q", status, out, stderr)
	}
	if out, _, _ := exiwatch(t, string(garbage), "replay", "-"); !strings.HasPrefix(out, "0 arrivals in ") {
		t.Errorf("replay of garbage = %q", out)
	}
}

// TestConfiguredLog: without a FILE the configured logs are read, with what they were cycled to.
func TestConfiguredLog(t *testing.T) {
	dir := t.TempDir()
	half := strings.Index(shopLog, "2026-11-23 10:00:02")
	for name, text := range map[string]string{"mainlog": shopLog[half:], "mainlog.1": "",
		"mainlog.2.gz": zipped(t, shopLog[:half]), "mainlog-shop": shopLog, "config": "log = '" + dir + "/mainlog'"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, stderr, status := exiwatch(t, "", "top", "account", "--config", filepath.Join(dir, "config"))
	if status != exitDone || out != top(t, "account") {
		t.Errorf("top without a FILE: status %d: %s%s", status, stderr, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte("log = '"+dir+"/rejectlog'"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, status = exiwatch(t, "", "top", "account", "--config", filepath.Join(dir, "config"))
	if status != exitFailure || !strings.Contains(stderr, dir+"/rejectlog") ||
		!strings.Contains(stderr, "exiwatch: hint: ") {
		t.Errorf("top of a configured log that isn't there: status %d: %s", status, stderr)
	}
}

// TestRulesOfTheCommandLine stand in place of the configured ones.
func TestRulesOfTheCommandLine(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, []byte("[[rule]]\nname = 'configured'\nlimit = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "configured=ann configured=bob@bob.example"},
		{[]string{"--rule", "sender 2/1m"}, "sender 2/1m=bob@bob.example"},
		{[]string{"--rule", "subject 1/1m", "--rule", "account recipients 2/1m"},
			"account recipients 2/1m=ann subject 1/1m=Order 2 subject 1/1m=Lunch"},
		{[]string{"--rule", "sender 2/1m", "--sender", "ann*"}, ""},
	} {
		out, stderr, status := exiwatch(t, shopLog, append(append([]string{"replay", "--json", "--config", config},
			test.args...), "-")...)
		if status != exitDone {
			t.Fatalf("replay %q: status %d: %s", test.args, status, stderr)
		}
		var document struct {
			Alerts []struct{ Rule, Value string }
		}
		if err := json.Unmarshal([]byte(out), &document); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range document.Alerts {
			got = append(got, a.Rule+"="+a.Value)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("replay %q: alerts %q, want %q", test.args, got, test.want)
		}
	}
}

// TestJSONOfEachCommand is JSON and nothing else, and its rows are bounded.
func TestJSONOfEachCommand(t *testing.T) {
	for _, test := range []struct {
		args []string
		rows int
	}{{[]string{"top", "message", "--json"}, 6}, {[]string{"top", "message", "--json", "-n", "2"}, 2},
		{[]string{"top", "auth", "--json", "--sender", "nobody"}, 0}} {
		out, _, _ := exiwatch(t, shopLog, append(test.args, "-")...)
		var rows []struct {
			Value                       string
			Messages, Recipients, Bytes int64
		}
		if err := json.Unmarshal([]byte(out), &rows); err != nil || rows == nil || len(rows) != test.rows {
			t.Errorf("%q: %d rows, %v, want %d:\n%s", test.args, len(rows), err, test.rows, out)
		}
	}
	out, _, _ := exiwatch(t, shopLog, "replay", "--json", "-n", "1", "-")
	var document map[string]any
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		t.Fatal(err)
	}
	for _, field := range strings.Fields("lines bytes arrivals malformed malformed_lines overflowed suspicious recipients size first last selectors_missing top alerts") {
		if value, ok := document[field]; !ok || value == nil {
			t.Errorf("replay --json has no %s", field)
		}
	}
	for key, rows := range document["top"].(map[string]any) {
		if len(rows.([]any)) > 1 {
			t.Errorf("replay --json -n 1 has %d rows of %s", len(rows.([]any)), key)
		}
	}
}

// hostileLine has in every item what a terminal would obey.
const hostileLine = "2026-11-23 10:00:00 1xV001-000001-01 <= \"\x1b[2J\u202e\"@x\x1b1m.test H=(\x1b]0;owned\x07) [192.0.2.7] P=esmtpa A=plain:ev\x1b[5m\u2066il@x\x1b[1m.test S=1 " +
	"T=\"\\033[2J\\r\\n\\302\\233\\342\\200\\256\\000\\377\"\n" +
	"2026-11-23 10:00:01 cwd=/tmp/\x1b[31m\rx 3 args: /usr/sbin/sendmail -t\n" +
	"2026-11-23 10:00:01 1xV002-000002-02 Sender identification U=\x1b[31mann D=x\n" +
	"2026-11-23 10:00:01 1xV002-000002-02 <= ann@x U=\x1b[31mann P=local S=1\n" +
	"2026-11-23 10:00:02 1xV003-000003-03 <= bob@x \x1b[2J\r nonsense\n"

// TestHostileValuesOnATerminal: nothing that somebody wrote into the log, or called a file, comes out raw.
func TestHostileValuesOnATerminal(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "main\x1b[2Jlog\u202e")
	if err := os.WriteFile(name, []byte(strings.Repeat(hostileLine, 3)), 0o600); err != nil {
		t.Fatal(err)
	}
	commands := [][]string{
		{"replay", "--rule", "account 2/1m", "--rule", "subject 1/1m", "--rule", "sender 1/1m", name},
		{"replay", "--json", "--rule", "account 1/1m", name},
		{"replay", "--suggest", "--rule", "account 2/1m", "--rule", "subject 1/1m", "--rule", "sender 1/1m", "--rule",
			"topic 1/1m", name},
		{"arrivals", name}, {"replay", dir + "/\x1b[2J\u202e"}, {"top", "\x1b[2J", name}, {"\x1b[2J"},
		{"replay", "--\x1b[2J"},
		{"replay", "--rule", "\x1b[2J 1/1m", name}, {"replay", "--since", "\x1b[2J"},
		{"replay", "--config", dir + "/\x1b[2J"}, {"replay", "--timezone", "\x1b"},
	}
	for _, key := range topKeys() {
		commands = append(commands, []string{"top", key, name})
	}
	for _, args := range commands {
		stdout, stderr, _ := exiwatch(t, "", args...)
		isJSON := args[0] == "arrivals" || len(args) > 1 && args[1] == "--json"
		if stdout+stderr == "" {
			t.Errorf("exiwatch %q says nothing", args)
		}
		if i := strings.IndexFunc(strings.ReplaceAll(stderr, "\n", ""),
			func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("exiwatch %q: raw characters on stderr: %q", args, stderr)
		}
		if i := strings.IndexFunc(strings.ReplaceAll(stdout, "\n", ""),
			func(r rune) bool { return !isJSON && !unicode.IsPrint(r) || unicode.IsControl(r) && r < 0x80 }); i >= 0 {
			t.Errorf("exiwatch %q: raw characters on stdout: %q", args, stdout)
		}
	}
	out, _, _ := exiwatch(t, "", "top", "cpuser", name)
	if want := "      3 \\x1b[31mann\n"; out != want {
		t.Errorf("top cpuser = %q, want %q", out, want)
	}
}

// TestDemo shows one mail, and that replay says the same.
func TestDemo(t *testing.T) {
	t.Parallel()
	var out syncBuffer
	var errs bytes.Buffer
	if status := run(t.Context(), []string{"demo"}, strings.NewReader(""), &out, &errs); status != exitDone ||
		errs.Len() > 0 {
		t.Fatalf("status %d: %s", status, &errs)
	}
	if n := strings.Count(out.String(), "a mail has come"); n != 1 {
		t.Errorf("%d mails were shown, want 1", n)
	}
	for _, want := range []string{"Subject: Mail Abuse Alert: alice@lab.test sent 21 messages in 5m (limit 20)\n",
		"mainlog was just cycled", "lists the same 1, by id:"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the demo lacks %q:\n%s", want, out.String())
		}
	}
}

// TestDemoInterrupted ends at once.
func TestDemoInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs syncBuffer
	if status := run(ctx, []string{"demo"}, strings.NewReader(""), &out, &errs); status != exitFailure {
		t.Errorf("status %d, want %d", status, exitFailure)
	}
}

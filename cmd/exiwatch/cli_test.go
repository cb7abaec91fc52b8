package main

import (
	"bytes"
	"compress/gzip"
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

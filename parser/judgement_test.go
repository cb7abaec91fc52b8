package parser

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const judgedArrival = `1sABCD-00000000001-0001 <= alice@example.org H=pc [198.51.100.7] P=esmtpsa A=plain:alice S=900 T="Hello"`

// judgeLines reads lines in one call of Lines, and one by one, which must come to the same.
func judgeLines(t *testing.T, text string) Judgement {
	t.Helper()
	r := NewReader(time.UTC, time.Now(), func(*Entry) {})
	r.Lines(Place{File: "log", Line: 1}, []byte(text))
	j := r.Judgement()
	single := NewReader(time.UTC, time.Now(), func(*Entry) {})
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		single.Line(Place{File: "log", Line: int64(i + 1)}, []byte(line))
	}
	if one := single.Judgement(); one != j {
		t.Errorf("line by line %q is judged %+v, want %+v", text, one, j)
	}
	return j
}

// TestJudgedLines: each kind of line, behind an entry.
func TestJudgedLines(t *testing.T) {
	const stamp = "2024-05-01 10:00:00 "
	for _, test := range []struct {
		text string
		want string // a letter for each line that isn't empty: entry, strange, foreign, other
	}{
		{stamp + judgedArrival, "e"},
		{stamp + "[12] 1sABCD-00000000001-0001 Completed", "e"},
		{stamp + "H=(x) [192.0.2.1] rejected RCPT <a@b.test>: no", "e"},
		{stamp + "exim 4.96 daemon started: pid=1, -q30m, listening for SMTP on port 25 (IPv4)", "e"},
		{stamp + "cwd=/home/a b 3 args: /usr/sbin/exim -t -i", "e"},
		{stamp + "Exim configuration error in line 1 of /etc/exim.conf:\n  main option \"x\" unknown\n", "ee"},
		{"exim-1  | " + stamp +
			"Warning: purging the environment.\nexim-1  |  Suggested action: use keep_environment.", "ee"},
		{stamp + "X-Sender=a@b.example " + judgedArrival, "e"},
		{stamp + "H=(" + judgedArrival + ") [192.0.2.1] rejected EHLO", "e"},
		{stamp + "cwd=/home/a\nb 3 args: /usr/sbin/exim -t -i", "ee"},
		{stamp + "cwd=/home/a 3 args: /usr/sbin/exim -t -i\noops", "eo"},
		{stamp + "CEST " + judgedArrival, "e"},
		{stamp + "mx1 exim: " + judgedArrival, "s"},
		{stamp + "| [12] " + judgedArrival, "s"},
		{"    " + stamp + judgedArrival, "s"},
		{"17|" + stamp + judgedArrival, "s"},
		{`{"log":"` + stamp + `1sABCD-00000000001-0001 Completed\n"}`, "e"},
		{`{"log_text":"` + stamp + `1sABCD-00000000001-0001 Completed\n"}`, "s"},
		{"\xff\xfe" + stamp + "Start queue run: pid=1", "s"},
		{`{"level":"info","msg":"started"}`, "o"},
		{`{` + "\n" + `  "a": 1` + "\n}", "ooo"},
		{"May  1 10:00:00 mx1 postfix/smtpd[7]: connect from unknown[192.0.2.1]", "f"},
		{"May  1 10:00:00 mx1 mta[7]: " + judgedArrival, "e"},
		{"May  1 10:00:00 mx1 mta[7]: Start queue run: pid=1", "e"},
		{"May  1 10:00:00 mx1 exim4[7]: whatever", "e"},
		{"\n\r\n\x00\x00\n", ""},
	} {
		j := judgeLines(t, stamp+"1sABCC-00000000001-0001 Completed\n"+test.text+"\n")
		got := strings.Repeat("e", int(j.Entries-1)) + strings.Repeat("s", int(j.Strange)) +
			strings.Repeat("f", int(j.Foreign)) + strings.Repeat("o", int(j.Others))
		if got != test.want || !j.Exim {
			t.Errorf("%q is judged %q, want %q: %+v", test.text, got, test.want, j)
		}
	}
}

// TestLogsWithoutMessages: a quiet host's log may hold nothing but what Exim says without a message id.
func TestLogsWithoutMessages(t *testing.T) {
	for _, text := range []string{
		"plain authenticator failed for (User) [203.0.113.77]: 535 Incorrect authentication data (set_id=admin)",
		"dovecot_login authenticator deferred for x.test [203.0.113.77]: 435 Unable to authenticate at present",
		"Start 'slow' queue run: pid=4711",
		"SIGHUP received: re-exec daemon",
		"socket bind() to port 25 for address (any IPv4) failed: Address already in use: waiting 30s before trying again",
		"Warning: No server certificate defined; will use a selfsigned one.",
		"DNS list lookup defer (probably timeout) for 1.113.0.203.zen.example.org: assumed not in list",
		"no host name found for IP address 203.0.113.77",
	} {
		if j := judgeLines(t, "2024-05-01 10:00:00 "+text+"\n"); !j.Exim || j.Entries != 1 {
			t.Errorf("%q is judged %+v", text, j)
		}
	}
	for _, text := range []string{
		"authenticator failed for x", "the authenticator was failed for x", "Warning: low disk", "socket closed",
	} {
		if j := judgeLines(t, "2024-05-01 10:00:00 "+text+"\n"); j.Exim {
			t.Errorf("%q is taken for Exim's", text)
		}
	}
}

// TestFirstsAreShown: the first line of each kind has its place, and no more of its text than can be shown.
func TestFirstsAreShown(t *testing.T) {
	j := judgeLines(t, "2024-05-01 10:00:00 status installed\n"+strings.Repeat("x", 300)+"\ny\n"+
		"May  1 10:00:00 mx1 dovecot: imap\nMay  1 10:00:00 mx1 sshd[2]: x\n>"+judgedArrival+"\n")
	if j.Exim || j.FirstEntry.Line != 1 || j.FirstOther.Line != 2 || len(j.FirstOther.Text) != maxSample ||
		j.FirstForeign.Line != 4 || j.FirstForeign.Tag != "dovecot" || j.FirstStrange.Line != 6 {
		t.Errorf("the firsts are %+v", j)
	}
	if first, ok := j.First(); !ok || first.Line != 2 || first.File != "log" {
		t.Errorf("the first that wasn't understood is %+v", first)
	}
	if first, ok := new(Judgement).First(); ok {
		t.Errorf("of nothing the first is %+v", first)
	}
}

// TestJudgedInParts: a log that is read in parts, each from its first line on, is judged as in one piece.
func TestJudgedInParts(t *testing.T) {
	log := strings.Repeat("2024-05-01 10:00:00 "+judgedArrival+"\nfoo\n\nMay  1 10:00:00 mx1 sshd[2]: x\n>"+judgedArrival+
		"\n", 3)
	want := judgeLines(t, log)
	lines := strings.SplitAfter(log, "\n")
	for cut := range lines {
		var whole Judgement
		r := NewReader(time.UTC, time.Now(), func(*Entry) {})
		before := int64(0)
		for _, part := range [][]string{lines[:cut], lines[cut:]} {
			r.Restart()
			n := r.Lines(Place{File: "log", Line: 1}, []byte(strings.Join(part, "")))
			j := r.Judgement()
			whole.Join(&j, before)
			before += n
		}
		if whole != want {
			t.Errorf("cut before line %d: %+v, want %+v", cut+1, whole, want)
		}
	}
}

// TestEximsLogsAreUnderstood: of what Exim has logged, nothing is strange or another's.
func TestEximsLogsAreUnderstood(t *testing.T) {
	names, err := filepath.Glob("../fixtures/logs/*.log")
	if err != nil || len(names) < 5 {
		t.Fatalf("%d logs, %v", len(names), err)
	}
	corpora, _ := filepath.Glob("../../shared/corpora/live-exim-4.96/*.log")
	for _, name := range append(names, corpora...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r := NewReader(time.UTC, time.Now(), func(*Entry) {})
		n := r.Lines(Place{Line: 1}, text)
		j := r.Judgement()
		if empty := int64(bytes.Count(append([]byte{'\n'}, text...), []byte("\n\n"))); !j.Exim || j.Entries != n-empty {
			t.Errorf("%s: of %d lines, %d empty, are %+v", name, n, empty, j)
		}
	}
}

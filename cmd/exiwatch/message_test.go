package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"exiwatch/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

const deliveriesLog = "../../fixtures/deliveries/default.log"

// TestMessage compares the histories of messages that a real Exim handled, and one made by hand.
func TestMessage(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
	}{
		{"delivered", []string{"1xY6Hg-000837-2m", deliveriesLog}},
		{"bounced", []string{"1xY6Hg-00083K-2u", deliveriesLog}},
		{"bounce", []string{"1xY6Hg-00083O-2x", deliveriesLog}},
		{"deferred", []string{"1xY6Hg-00083m-3D", deliveriesLog}},
		{"quoted", []string{"1xY6Hh-00084E-0K", deliveriesLog}},
		{"bounced.json", []string{"1xY6Hg-00083K-2u", "--json", deliveriesLog}},
		{"days", []string{"1xY6Hg-00000008380-002m", "testdata/message/days.log"}},
		{"days.json", []string{"--json", "1xY6Hg-00000008380-002m", "testdata/message/days.log"}},
	} {
		out, stderr, status := exiwatch(t, "", append([]string{"message", "--config", "/dev/null", "--timezone", "UTC"}, test.args...)...)
		if status != exitDone || stderr != "" {
			t.Errorf("%s: status %d: %s", test.name, status, stderr)
		}
		path := filepath.Join("testdata/message", test.name+".golden")
		if *update {
			testkit.Must(t, os.WriteFile(path, []byte(out), 0o644))
		}
		if diff := cmp.Diff(read(t, path), out); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// TestMessageInConfiguredLogs: without a file it reads the main log with its rotated files, compressed or not.
func TestMessageInConfiguredLogs(t *testing.T) {
	const arrived, done = "2026-11-29 10:00:00 1xXbd0-000001-01 <= ann@lab.test U=ann P=local S=300\n",
		"2026-11-30 10:00:00 1xXbd0-000001-01 Completed\n"
	log := testkit.Write(t, "mainlog", done)
	writeFile(t, log+".1", "2026-11-29 22:00:00 1xXbd0-000001-01 == bob@x.test R=r T=t defer (-44): later\n")
	writeFile(t, log+".2.gz", testkit.Gzip(t, arrived))
	config := testkit.Write(t, "exiwatch.toml", "log = '"+log+"'\ntimezone = 'UTC'\n")
	const want = `2026-11-29 10:00:00 +0000  received from ann@lab.test
                           local user ann, protocol local, 300 bytes
2026-11-29 22:00:00 +0000  deferred for bob@x.test
                           router r, transport t
                           reason: later
2026-11-30 10:00:00 +0000  completed, 24 hours after its arrival
`
	out, stderr, status := exiwatch(t, "", "message", "1xXbd0-000001-01", "--config", config)
	if diff := cmp.Diff(want, out); diff != "" || stderr != "" || status != exitDone {
		t.Errorf("status %d, %q (-want +got):\n%s", status, stderr, diff)
	}
	out, _, _ = exiwatch(t, arrived+done, "message", "1xXbd0-000001-01", "-", "--config", config)
	if strings.Count(out, "\n") != 3 {
		t.Errorf("the standard input has\n%s", out)
	}
	out, _, _ = exiwatch(t, "", "message", "1xXbd0-000001-01", "--until", "2026-11-29 23:00", "--config", config)
	if !strings.HasSuffix(out, "\nStill in the queue at 2026-11-29 23:00:00 +0000, the end of what was read\n") {
		t.Errorf("until an hour before midnight it says\n%s", out)
	}
}

// TestMessageNotFound: it says which files were read, and which times they cover.
func TestMessageNotFound(t *testing.T) {
	empty := testkit.Write(t, "empty", "")
	_, stderr, status := exiwatch(t, "", "message", "1xY6Hg-00zzzz-2m", "--timezone", "UTC", deliveriesLog, empty)
	want := "exiwatch: note: " + deliveriesLog + ": 2026-11-30 18:39:28 +0000 to 2026-11-30 18:39:29 +0000\n" +
		"exiwatch: note: " + empty + ": no line begins with a time\n" +
		"exiwatch: error: no line of message 1xY6Hg-00zzzz-2m in 2 files\n" +
		"exiwatch: hint: by its id, it arrived at 2026-11-30 18:39:28 +0000: name the FILE that has that time\n"
	if diff := cmp.Diff(want, stderr); diff != "" || status != exitFailure {
		t.Errorf("status %d (-want +got):\n%s", status, diff)
	}
	const asked = "1xY6Hg-00083C-2p" // other lines name it
	_, stderr, status = exiwatch(t, "2026-11-30 18:39:28 1xY6Hg-00083G-2r <= <> R="+asked+" U=exim P=local S=1\n", "message", asked, "-")
	if status != exitFailure || !strings.Contains(stderr, "no line of message "+asked+" in 1 file\n") {
		t.Errorf("status %d: %s", status, stderr)
	}
	for _, args := range [][]string{{}, {"1xY6Hg-00083C"}, {"1xY6Hg-00083C-2p4"}, {"1xY6Hg-00083C-2p "}, {""},
		{asked, "1xY6Hg-00083G-2r"}, {deliveriesLog, asked}} {
		if _, stderr, status := exiwatch(t, "", append([]string{"message"}, args...)...); status != exitUsage {
			t.Errorf("message %q: status %d: %s", args, status, stderr)
		}
	}
}

// TestHostileMessage: nothing that somebody wrote into the log comes out raw.
func TestHostileMessage(t *testing.T) {
	for _, id := range []string{"1xV001-000001-01", "1xV002-000002-02", "1xV003-000003-03"} {
		log := hostileLine + "2026-11-23 10:00:03 " + id + " ** \"\x1b[2J\u202e\"@x R=r T=t H=\x1b[31m [192.0.2.1]: 550 \x1b]0;no\x07\n" +
			"2026-11-23 10:00:03 " + id + " => a@x R=r T=t H=x [192.0.2.1] C=\"250 \u009b31m\"\n" +
			"2026-11-23 10:00:04 " + id + " anything \x1b[2J\r\u202e\n"
		for _, flag := range []string{"--json", "--json=false"} {
			out, stderr, status := exiwatch(t, log, "message", id, flag, "-")
			if i := strings.IndexFunc(strings.ReplaceAll(out+stderr, "\n", ""), func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 ||
				status != exitDone || !strings.Contains(out, "anything") {
				t.Errorf("%s %s: status %d: %q", id, flag, status, out+stderr)
			}
			if flag == "--json" && !json.Valid([]byte(out)) {
				t.Errorf("%s: no JSON: %q", id, out)
			}
		}
	}
}

// TestMessageInBrokenLogs: what could be read is told, and what could not is an error.
func TestMessageInBrokenLogs(t *testing.T) {
	text := strings.Repeat("2026-11-29 10:00:00 1xXbd0-000001-01 <= ann@lab.test U=ann P=local S=300\n", 3000)
	cut := testkit.Write(t, "cut.gz", testkit.Gzip(t, text)[:120])
	missing := cut + ".none"
	for id, want := range map[string]string{"1xXbd0-000001-01": "received from ann@lab.test", "1xXbd0-000001-02": ""} {
		out, stderr, status := exiwatch(t, text, "message", id, "-", cut, missing)
		if status != exitFailure || !strings.Contains(out, want) || !strings.Contains(stderr, missing+": no such file") ||
			!strings.Contains(stderr, cut) || strings.Contains(stderr, "no line of message") != (want == "") {
			t.Errorf("message %s: status %d: %.300s\n%s", id, status, out, stderr)
		}
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// bouncedBurst is a burst of six messages: two servers name a block list, one refuses with a hostile text, one defers,
// one takes the message, and one message stays in the queue. The alert has ended when the log ends.
func bouncedBurst() string {
	var log strings.Builder
	for i := range 6 {
		log.WriteString(summaryLine("2026-11-28 10:00:00", "eve@lab.test", "Win a prize", i))
	}
	for i, line := range []string{
		"** a@one.test R=r T=t H=mx.one.test [203.0.113.1]: SMTP error from remote mail server after RCPT TO:<a@one.test>: " +
			"554 5.7.1 blocked using zen.spamhaus.org",
		"** a@two.test R=r T=t H=mx.two.test [203.0.113.2]: SMTP error from remote mail server after RCPT TO:<a@two.test>: " +
			"554 5.7.1 blocked using zen.spamhaus.org",
		"** a@evil.test R=r T=t H=mx.evil.test [203.0.113.3]: =cmd()<b>\x1b[2J</bdi>\u202e",
		"== a@four.test R=r T=t defer (-44) H=mx.four.test [203.0.113.4]: SMTP error from remote mail server after RCPT " +
			"TO:<a@four.test>: 451 4.7.1 Greylisted",
		"=> a@five.test R=r T=t H=mx.five.test [203.0.113.5] C=\"250 OK\"",
	} {
		fmt.Fprintf(&log, "2026-11-28 10:00:01 1xV%03d-000000-01 %s\n", i, line)
		if !strings.HasPrefix(line, "==") {
			fmt.Fprintf(&log, "2026-11-28 10:00:01 1xV%03d-000000-01 Completed\n", i)
		}
	}
	return log.String() + summaryLine("2026-11-28 11:00:00", "bob@lab.test", "Hello", 90)
}

// withoutDeliveries is a log without its delivery lines.
func withoutDeliveries(log string) (rest string) {
	for line := range strings.Lines(log) {
		if strings.Contains(line, " <= ") {
			rest += line
		}
	}
	return rest
}

const outcomeWords = "Recipients: 1 delivered, 3 refused, 1 deferred. Still in the queue: 2 messages."

// TestSummaryTellsOutcome: of each incident, and of no time behind the day. Where the log doesn't say, nothing.
func TestSummaryTellsOutcome(t *testing.T) {
	burst := bouncedBurst()
	got := strings.Join(strings.Fields(summarized(t, "UTC", burst, "--summary=2026-11-28")), " ")
	for _, want := range []string{outcomeWords + " Spamhaus refuses this host: more than one server says so.",
		`2 refused or deferred: "554 5.7.1 blocked using zen.spamhaus.org" by mx.two.test, mx.one.test`,
		`"=cmd()<b> [#</bdi>" by mx.evil.test`} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %q:\n%s", want, got)
		}
	}
	later := burst + "2026-11-29 00:00:01 1xV005-000000-01 ** a@six.test: no\n2026-11-29 00:00:01 1xV005-000000-01 Completed\n" +
		summaryLine("2026-11-29 00:00:02", "bob@lab.test", "Hello", 91)
	if again := strings.Join(strings.Fields(summarized(t, "UTC", later, "--summary=2026-11-28")), " "); again != got {
		t.Errorf("the next day changes it:\n%s\nwant\n%s", again, got)
	}
	var said struct {
		Incidents []struct {
			Delivered, Refused, Deferred, Queued int64
			Refusals                             []struct{ Hosts []string }
			BlockLists                           []string `json:"block_lists"`
		}
	}
	if err := json.Unmarshal([]byte(summarized(t, "UTC", burst, "--summary=2026-11-28", "--json")), &said); err != nil {
		t.Fatal(err)
	}
	if n := said.Incidents[0]; n.Delivered != 1 || n.Refused != 3 || n.Deferred != 1 || n.Queued != 2 ||
		len(n.Refusals) != 3 || len(n.Refusals[0].Hosts) != 2 || strings.Join(n.BlockLists, " ") != "Spamhaus" {
		t.Errorf("JSON says %+v", n)
	}
	if got := summarized(t, "UTC", withoutDeliveries(burst), "--summary=2026-11-28"); strings.Contains(got, "Recipients:") ||
		!strings.Contains(got, "eve@lab.test") {
		t.Errorf("a log without delivery lines makes\n%s", got)
	}
}

// TestReplayCSVTellsOutcome: no text of a server is a formula.
func TestReplayCSVTellsOutcome(t *testing.T) {
	run := func(log string) map[string]string {
		out, stderr, status := exiwatch(t, log, "replay", "--rule", "account 3/5m", "--csv", "--timezone", "UTC", "-")
		if status != exitDone || stderr != "" {
			t.Fatalf("status %d: %s", status, stderr)
		}
		_, rows := records(t, out)
		if len(rows) != 1 {
			t.Fatalf("%d rows, want 1:\n%s", len(rows), out)
		}
		return rows[0]
	}
	row := run(bouncedBurst())
	for column, want := range map[string]string{"delivered": "1", "refused": "3", "deferred": "1", "queued": "2",
		"refusal_1": "554 5.7.1 blocked using zen.spamhaus.org", "refusal_2": "451 4.7.1 Greylisted",
		"refusal_3": "'=cmd()<b> [#</bdi>", "block_lists": "Spamhaus"} {
		if row[column] != want {
			t.Errorf("%s is %q, want %q", column, row[column], want)
		}
	}
	row = run(withoutDeliveries(bouncedBurst()))
	if row["queued"] != "0" || row["refusal_1"] != "" || row["block_lists"] != "" {
		t.Errorf("without delivery lines it is %q", row)
	}
}

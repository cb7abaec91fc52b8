package mailer

import (
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
	"exiwatch/window"
)

// dayOf is a summary of a day with an attack in it, whose subjects are hostile.
func dayOf() *SummaryMail {
	s := &SummaryMail{ID: "20261025", Days: "2026-10-25", News: "1284 messages, 1 incident",
		Verdict: "Summary for 2026-10-25: 1284 messages to 3120 recipients, 48 MB, by 23 accounts.",
		Facts:   []string{"Compared: on average 410 messages a day, 6 days before."},
		From:    time.Date(2026, 10, 25, 0, 0, 0, 0, time.FixedZone("", 7200)),
		Hours:   []int64{3, 1, 0, 0, 2, 4, 9, 31, 52, 60, 48, 41, 33, 47, 52, 49, 40, 22, 14, 431, 299, 21, 12, 9, 4},
		Sections: []SummarySection{
			{Title: "Gaps in the log"},
			{Title: "Incidents", Lines: []SummaryLine{{Key: "auth", Value: "eve@lab.test",
				Words: ": at most 412 in 5 minutes, limit 20 messages (account 20/5m), since 2026-10-25 18:02:11, " +
					"ended 2026-10-25 19:40:02", Outcome: dayOutcome()},
				{Key: "host", Value: "10.1.2.30", Words: ": at most 21 messages in 5 minutes, limit 20 (host 20/5m), " +
					"since 2026-10-25 19:02:11, still open at the end of this time"}}},
			{Title: "Closest to a limit without crossing it", Lines: []SummaryLine{{Key: "topic", Value: "invoice #",
				Words: ": 18 messages of 20 (one subject)"}}},
			{Title: "Top accounts", Lines: []SummaryLine{
				{Count: 730, Key: "account", Value: "eve@lab.test", Topic: "Win <b>#</b> \u202eevil \"now\"", TopicMessages: 728},
				{Count: 12, Key: "account", Value: "<x>" + strings.Repeat("y", 300), Topic: "", TopicMessages: 2},
				{Count: 1, Key: "account", Value: "bob"}}},
			{Title: "Counted by no rule: 40 messages", Lines: []SummaryLine{
				{Count: 40, Words: "relayed or incoming, 192.0.2.0/24"}}},
		},
	}
	return s
}

// dayOutcome is what became of the attack. Two of the texts are hostile.
func dayOutcome() Outcome {
	return Outcome{
		Fates:      window.Fates{Known: true, Delivered: 1380, Refused: 1234, Deferred: 25, Queued: 12},
		BlockLists: []string{"Spamhaus"},
		Reasons: []Reason{
			{window.Refusal{Text: answers[0].text, Hosts: []string{answers[0].host}, Recipients: 1190}, 0},
			{window.Refusal{Text: `550 <b>no</b>", by mx.evil.test` + "\x1b[2J\u202e", Hosts: []string{"mx1.lab.test",
				"</bdi><b>mx2", "mx3.lab.test"}, Recipients: 40}, 2},
			{window.Refusal{Text: "Unrouteable address", Recipients: 4}, 0},
		},
		Others: 2, Recipients: 1259,
	}
}

func daily(t testing.TB, c Composer) []Message {
	m, err := c.Summary(dayOf(), now)
	testkit.Must(t, err)
	quiet := &SummaryMail{ID: "2026W43", Days: "2026-10-19 to 2026-10-25", Quiet: true, News: "3 messages, no incident",
		Verdict: "Nothing to report for 2026-10-19 to 2026-10-25: 3 messages by 1 account, no incident."}
	n, err := c.Summary(quiet, now)
	testkit.Must(t, err)
	return []Message{m, n}
}

// TestSummaryHidesSubjects: topics, and values that are subjects.
func TestSummaryHidesSubjects(t *testing.T) {
	for subjects, want := range map[string]string{SubjectsHashed: "728 × #", SubjectsNone: "a topic: 18"} {
		c := director
		c.Subjects = subjects
		m, err := c.Summary(dayOf(), now)
		testkit.Must(t, err)
		l := read(t, m.Data)
		for _, part := range []string{l.text, l.html} {
			if strings.Contains(part, "Win") || strings.Contains(part, "invoice") {
				t.Errorf("with %s it shows a subject:\n%s", subjects, part)
			}
		}
		if !strings.Contains(l.text, want) {
			t.Errorf("with %s it lacks %q:\n%s", subjects, want, l.text)
		}
	}
}

// TestSummaryText is the mail's own, and one line if there is nothing to say.
func TestSummaryText(t *testing.T) {
	all := daily(t, director)
	if got := read(t, all[0].Data).text; !strings.HasPrefix(got, dayOf().Text()) {
		t.Errorf("the mail says\n%s\nand the terminal\n%s", got, dayOf().Text())
	}
	quiet := SummaryMail{Verdict: "Nothing " + strings.Repeat("x ", 90), Quiet: true}
	if got := quiet.Text(); got != quiet.Verdict+"\n" {
		t.Errorf("nothing to say is %q", got)
	}
}

package mailer

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"exiwatch/window"
)

// baseSubject is what RFC 5256, 2.1, compares of a subject.
func baseSubject(s string) string {
	leader := regexp.MustCompile(`(?i)^(\[[^\[\]]*\]\s*)*(re|fwd?)\s*(\[[^\[\]]*\])?:\s*`)
	blob := regexp.MustCompile(`^\[[^\[\]]*\]\s*`)
	for {
		was := s
		s = leader.ReplaceAllString(strings.TrimSpace(s), "")
		if rest := blob.ReplaceAllString(s, ""); rest != "" {
			s = rest
		}
		if s == was {
			return s
		}
	}
}

func TestMailsOfAnAlertAreOneThread(t *testing.T) {
	mails := thread(t, director)
	first := read(t, mails[0].Data)
	var events, subjects []string
	for i, m := range mails {
		l := read(t, m.Data)
		events = append(events, m.Event+" "+l.header.Get("X-Exiwatch-Event"))
		subjects = append(subjects, l.subject(t))
		want := first.header.Get("Message-Id")
		if i == 0 {
			want = ""
		}
		if a, b := l.header.Get("In-Reply-To"), l.header.Get("References"); a != want || b != want {
			t.Errorf("%s: In-Reply-To %s, References %s; want %s", m.Event, a, b, want)
		}
		if got, want := baseSubject(l.subject(t)), baseSubject(first.subject(t)); got != want {
			t.Errorf("%s: its subject counts as %q, want %q", m.Event, got, want)
		}
		if got, want := l.header.Get("Thread-Topic"), first.subject(t); got != want {
			t.Errorf("%s: Thread-Topic %q, want %q", m.Event, got, want)
		}
		if topic, subject := strings.Index(string(m.Data), "\nThread-Topic:"),
			strings.Index(string(m.Data), "\nSubject:"); topic < 0 || topic > subject {
			t.Errorf("%s: Thread-Topic doesn't stand before the Subject", m.Event)
		}
		if m.ID != mails[0].ID || l.header.Get("X-Exiwatch-Alert") != m.ID {
			t.Errorf("%s is about %s, %s", m.Event, m.ID, l.header.Get("X-Exiwatch-Alert"))
		}
	}
	if want := []string{"opened opened", "grew2 grew", "grew5 grew", "ended ended"}; !slices.Equal(events, want) {
		t.Errorf("events %q, want %q", events, want)
	}
	const headline = "Mail Abuse Alert: alice@lab.test sent 21 messages in 5m (limit 20)"
	want := []string{
		headline, "Re: [2 times the limit: 40 messages in 5m] " + headline,
		"Re: [5 times the limit: 100 messages in 5m] " + headline,
		"Re: [ended: 130 messages in 4m18s] " + headline,
	}
	if !slices.Equal(subjects, want) {
		t.Errorf("subjects %q, want %q", subjects, want)
	}
}

// TestMailsOfAnIncidentAreOneThread: three rules that one account crosses make one thread, by headers and by subjects.
func TestMailsOfAnIncidentAreOneThread(t *testing.T) {
	mails := threeRules(t, director)
	first := read(t, mails[0].Data)
	var notes []string
	for i, m := range mails {
		l := read(t, m.Data)
		want := first.header.Get("Message-Id")
		if i == 0 {
			want = ""
		}
		if a, b := l.header.Get("In-Reply-To"), l.header.Get("References"); a != want || b != want {
			t.Errorf("mail %d: In-Reply-To %s, References %s; want %s", i, a, b, want)
		}
		if got, want := baseSubject(l.subject(t)), baseSubject(first.subject(t)); got != want {
			t.Errorf("mail %d: its subject counts as %q, want %q", i, got, want)
		}
		if got := l.header.Get("X-Exiwatch-Incident"); got != mails[0].ID {
			t.Errorf("mail %d is of incident %s, want %s", i, got, mails[0].ID)
		}
		if !slices.Contains(m.Alerts, mails[0].ID) {
			t.Errorf("mail %d waits for none of %s", i, mails[0].ID)
		}
		notes = append(notes, strings.TrimSuffix(l.subject(t), first.subject(t)))
	}
	want := []string{"", "Re: [also sent 41 messages in 5m (limit 40)] ",
		"Re: [also wrote to 122 recipients in 1h (limit 120)] ", "Re: [ended: 70 messages in 2m18s] "}
	if !slices.Equal(notes, want) {
		t.Errorf("notes %q, want %q", notes, want)
	}
}

// TestOneArrivalOverTwoLimits: what one arrival opened is one mail, and what comes later of either belongs to it.
func TestOneArrivalOverTwoLimits(t *testing.T) {
	l := begin(t, director, "account 20/5m", "sender 20/5m")
	for range 21 {
		l.arrive(at0, from("alice@lab.test", "192.0.2.7", "192.0.2.0/24", "pc-1", "Win"))
	}
	if len(l.mails) != 1 {
		t.Fatalf("%d mails, want 1", len(l.mails))
	}
	opened := read(t, l.mails[0].Data)
	alerts := opened.header["X-Exiwatch-Alert"]
	if len(alerts) != 2 || alerts[0] != l.mails[0].ID {
		t.Errorf("alerts %q of mail %s", alerts, l.mails[0].ID)
	}
	if want := "Also over another limit. The envelope sender alice@lab.test sent 21 messages in 5 minutes. The limit is 20."; !strings.Contains(oneLine(opened.text), want) {
		t.Errorf("no %q in %s", want, opened.text)
	}
	other := &window.Alert{ID: alerts[1], Incident: &window.Incident{ID: alerts[0]},
		Rule: window.Rule{Key: window.Sender, Limit: 20, Window: 300e9}, Value: "alice@lab.test", Times: 2}
	m, err := director.Grew(other, now)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, m.Data).header.Get("References"); got != opened.header.Get("Message-Id") {
		t.Errorf("a mail about the other goes on with %s, want %s", got, opened.header.Get("Message-Id"))
	}
}

func TestEventsAreNames(t *testing.T) {
	a := &window.Alert{ID: "abc", Rule: window.Rule{Limit: 1, Window: 300e9}, Value: "x", Times: 1_000_000_000}
	m, err := director.Grew(a, now)
	if err != nil || m.Event != "grew1000000000" {
		t.Errorf("event %q (%v)", m.Event, err)
	}
	if m, err = director.Digest([]Item{NewItem(a, m.Event)}, now); err != nil || m.Event != "dgrew1000000000" {
		t.Errorf("event %q (%v)", m.Event, err)
	}
	if _, err := director.Opened(nil, now); err == nil {
		t.Error("there is a mail about nothing")
	}
}

package mailer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/window"
)

// secretive are all the mails about an alert of a rule, of arrivals with subjects that no mail has a word of by itself.
func secretive(t *testing.T, c Composer, rule string) []Message {
	l := begin(t, c, rule)
	for i := range 25 {
		v := from("alice@lab.test", "192.0.2.7", "192.0.2.0/24", "pc-1", "Zebra quagga")
		if rule[:5] == "topic" || i%3 == 0 {
			v[window.Subject] = fmt.Sprintf("Zebra %d okapi", i)
		}
		l.arrive(at0.Add(time.Duration(i)*time.Second), v)
	}
	l.pass(at0.Add(time.Hour))
	a, err := window.ParseRule(rule)
	if err != nil || len(l.mails) != 4 {
		t.Fatalf("%d mails (%v)", len(l.mails), err)
	}
	alert := &window.Alert{ID: "abc", Rule: a, Value: "Zebra okapi"}
	if a.Key == window.Account {
		alert.Value = "alice@lab.test"
	}
	items := []Item{NewItem(alert, "opened"), NewItem(alert, "ended")}
	for i := range items {
		items[i].Subject, items[i].Subjects = "Zebra quagga", true
	}
	l.take(c.Digest(items, now))
	return l.mails
}

func TestSubjectsAreNotTold(t *testing.T) {
	for _, subjects := range []string{SubjectsHashed, SubjectsNone} {
		c := director
		c.Subjects = subjects
		for _, rule := range []string{"account 3/5m", "subject 3/5m", "topic 3/5m"} {
			for _, m := range secretive(t, c, rule) {
				l := read(t, m.Data)
				for _, part := range []string{string(m.Data), l.text, l.html, l.subject(t)} {
					for _, word := range []string{"zebra", "quagga", "okapi"} {
						if strings.Contains(strings.ToLower(part), word) {
							t.Errorf("%s, %s: %s tells %q: %s", subjects, rule, m.Event, word, part)
						}
					}
				}
			}
		}
	}
}

func TestHashedSubjectsCanBeTold(t *testing.T) {
	c := director
	c.Subjects = SubjectsHashed
	one, other := c.redacted("Order 1001 for you").String(), c.redacted("Invoice").String()
	if one == other || one != c.redacted("Re: order 77 for YOU").String() {
		t.Errorf("hashes %s and %s", one, other)
	}
	for _, rule := range []string{"account 3/5m", "topic 3/5m"} {
		for _, m := range secretive(t, c, rule) {
			if l := read(t, m.Data); !strings.Contains(l.text, "#") {
				t.Errorf("%s: no hash in %s", rule, l.text)
			}
		}
	}
	c.Key = []byte("another")
	if one == c.redacted("Order 1001 for you").String() {
		t.Error("the hash doesn't depend on the key")
	}
}

func TestUnknownDiscretionIsRefused(t *testing.T) {
	for _, subjects := range []string{"", SubjectsFull, SubjectsHashed, SubjectsNone, "some"} {
		c := director
		c.Subjects = subjects
		if err := c.Check(); (err != nil) != (subjects == "some") {
			t.Errorf("%q: %v", subjects, err)
		}
	}
}

// TestSubjectRulesNeedNoSubject reads what a mail says when it may not name what it is about.
func TestSubjectRulesNeedNoSubject(t *testing.T) {
	c := director
	c.Subjects = SubjectsNone
	l := read(t, secretive(t, c, "subject 3/5m")[0].Data)
	if got, want := l.subject(t), "Mail Abuse Alert: a subject appeared on 4 messages in 5m (limit 3)"; got != want {
		t.Errorf("the subject is %q, want %q", got, want)
	}
	lines := strings.Split(l.text, "\n")
	if want := "A subject appeared on 4 messages in 5 minutes. The limit is 3."; !slices.Contains(lines, want) {
		t.Errorf("no %q in %s", want, l.text)
	}
	if want := "  The configuration hides subjects."; !slices.Contains(lines, want) {
		t.Errorf("no %q in %s", want, l.text)
	}
}

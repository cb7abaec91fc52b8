package window

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTopics(t *testing.T) {
	l := newLog(t, "sender 5/1m")
	var alert *Alert
	for _, subject := range []string{"Order 1001", "RE: order 1002", "hello", "Order 1003", "Order 1003",
		"fw: Order 7"} {
		a := l.arrival(at(0), "alice")
		a.Values[Subject], a.Values[Topic] = []byte(subject), FoldSubject([]byte(subject), nil)
		if opened := l.count(a); opened != nil {
			alert = opened[0]
		}
	}
	want := []TopicCount{
		{ValueCount{"order #", 5, 10, 5000}, "Order 1003", 4, false},
		{ValueCount{"hello", 1, 2, 1000}, "hello", 1, false},
	}
	if diff := cmp.Diff(want, alert.Topics(0)); diff != "" {
		t.Error(diff)
	}
	if rows := alert.Topics(1); len(rows) != 1 {
		t.Errorf("%d rows, want 1", len(rows))
	}
}

// Subjects beyond those that an alert tells apart still count for their topics.
func TestTopicsOfMoreSubjectsThanAreToldApart(t *testing.T) {
	l := newLog(t, "sender 1/1m")
	for i := range maxDistinct + 100 {
		a := l.arrival(at(0), "alice")
		a.Values[Subject] = fmt.Appendf(nil, "Parcel %d", i)
		a.Values[Topic] = FoldSubject(a.Values[Subject], nil)
		l.count(a)
	}
	row := l.counters.Open()[0].Topics(0)[0]
	if row.Messages != maxDistinct+100 || row.Subjects != maxDistinct || !row.More {
		t.Errorf("%+v, want all messages and more than %d subjects", row, maxDistinct)
	}
}

func TestDomainsOfRecipients(t *testing.T) {
	l := newLog(t, "sender 1/1m")
	for range 2 {
		a := l.arrival(at(0), "alice")
		a.Values[RecipientDomain] = []byte("lab.test\nexample.org")
		l.count(a)
	}
	want := []ValueCount{{"lab.test", 2, 4, 2000}, {"example.org", 2, 4, 2000}}
	if diff := cmp.Diff(want, l.counters.Open()[0].Top(RecipientDomain, 0)); diff != "" {
		t.Error(diff)
	}
}

// TestTopicOnlyWhereItIsNeeded: an alert that makes the topics itself says the same as one that got them.
func TestTopicOnlyWhereItIsNeeded(t *testing.T) {
	var alerts [2]*Alert
	for given := range alerts {
		l := newLog(t, "sender 3/1m")
		for _, subject := range []string{"Invoice 1", "Re: invoice 22", "", "Hello", "Invoice 3"} {
			a := l.arrival(at(0), "alice")
			a.Values[Subject] = []byte(subject)
			if given == 1 {
				a.Values[Topic] = FoldSubject([]byte(subject), []byte{})
			}
			l.count(a)
		}
		alerts[given] = l.counters.Open()[0]
	}
	made, want := alerts[0].Topics(0), alerts[1].Topics(0)
	if diff := cmp.Diff(want, made); diff != "" || len(made) != 3 {
		t.Errorf("topics given and made: %s", diff)
	}
	for _, key := range []string{"sender", "topic"} {
		if got := newLog(t, key+" 1/1m").counters.Counts(Topic); got != (key == "topic") {
			t.Errorf("rules on %s need topics: %t", key, got)
		}
	}
}

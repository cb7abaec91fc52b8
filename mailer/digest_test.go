package mailer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// account is an item of the rule account 20/5m.
func account(n int, event string, messages int64) Item {
	i := Item{
		ID: fmt.Sprintf("%020x", n), Event: event, Rule: "account 20/5m", Key: "account",
		Measure: "messages", Window: 5 * time.Minute, Limit: 20,
		Value: fmt.Sprintf("user%d@lab.test", n), Count: 21, Peak: 100, Messages: messages, Recipients: 2 * messages,
		Opened: at0.Add(time.Minute), First: at0, Last: at0.Add(2 * time.Minute), Subject: "Win", Subjects: true,
	}
	if event != "opened" {
		i.Times = 5
	}
	return i.WithIncident()
}

func TestDigestLeavesNothingOut(t *testing.T) {
	for _, n := range []int{1, 2, 300, 3000} {
		var items []Item
		for i := range n {
			items = append(items, account(i, "opened", int64(21+i*i%1009)))
		}
		m, err := director.Digest(items, now)
		if err != nil {
			t.Fatal(err)
		}
		l := read(t, m.Data)
		var ids []string
		for _, i := range items {
			ids = append(ids, i.ID)
		}
		if got := strings.Fields(strings.Join(l.header["X-Exiwatch-Alert"], " ")); !slices.Equal(got, ids) {
			t.Errorf("%d items: the header has %d ids", n, len(got))
		}
		for line := range bytes.Lines(m.Data) {
			if len(line) > 100 {
				t.Errorf("a line of %d bytes: %.100s", len(line), line)
			}
		}
		rows := regexp.MustCompile(`(?m)^ +(\d+)  \S+ sent 21 messages in 5m \(limit 20\)$`).FindAllStringSubmatch(l.text, -1)
		if html := strings.Count(l.html, "sent 21 messages in 5m (limit 20)"); len(rows) != n || html != n {
			t.Errorf("%d items: %d rows, and %d in HTML", n, len(rows), html)
		}
		if !slices.IsSortedFunc(rows, func(a, b []string) int {
			x, _ := strconv.Atoi(a[1])
			y,
				_ := strconv.Atoi(b[1])
			return y - x
		}) {
			t.Errorf("%d items: the largest doesn't come first", n)
		}
	}
}

func TestDigestIsNamedAfterItsFirst(t *testing.T) {
	items := []Item{account(1, "grew5", 30), account(2, "opened", 500), account(3, "ended", 40)}
	m, err := director.Digest(items, now)
	if err != nil {
		t.Fatal(err)
	}
	l := read(t, m.Data)
	if m.ID != items[0].ID || m.Event != "dgrew5" || l.header.Get("X-Exiwatch-Event") != "digest" {
		t.Errorf("it is %s %s, %s", m.ID, m.Event, l.header.Get("X-Exiwatch-Event"))
	}
	if got, want := l.header["X-Exiwatch-Alert"], []string{items[0].ID + " " + items[1].ID + " " + items[2].ID}; !slices.Equal(got, want) {
		t.Errorf("alerts %q, want %q", got, want)
	}
	if got, want := l.header.Get("Message-Id"), "<"+MessageID(items[0].ID, "dgrew5", director.Host,
		key)+">"; got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
	if got, want := l.subject(t),
		"Mail Abuse Alert: 3 incidents, 1 new, 1 updated and 1 ended; most by user2@lab.test (500 messages)"; got != want {
		t.Errorf("the subject is %q, want %q", got, want)
	}
}

// TestItemsSurviveJSON: a digest of items that were kept is that of the items themselves.
func TestItemsSurviveJSON(t *testing.T) {
	items := []Item{
		NewItem(crossing(t, "account 20/5m", campaign), "opened"),
		NewItem(crossing(t, "subject bytes 100/5m", hostile), "grew2"),
		NewItem(crossing(t, "host recipients 20/5m", hostile), "ended"),
	}
	text, err := json.Marshal(items)
	if err != nil {
		t.Fatal(err)
	}
	var kept []Item
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	want, err := director.Digest(items, now)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := director.Digest(kept, now); err != nil || !bytes.Equal(got.Data, want.Data) {
		t.Errorf("another digest (%v)", err)
	}
	if len(text) > 3*2000 {
		t.Errorf("%d bytes of JSON", len(text))
	}
}

// TestDigestOfOneIncident goes on with the incident's thread, unless it begins it.
func TestDigestOfOneIncident(t *testing.T) {
	const headline = "Mail Abuse Alert: user1@lab.test sent 21 messages in 5m (limit 20)"
	for _, test := range []struct {
		items   []Item
		subject string
		event   string
	}{
		{[]Item{account(1, "opened", 30)}, headline, "dopened"},
		{[]Item{account(1, "opened", 30), account(1, "grew5", 130), account(1, "ended", 131)}, headline, "dended"},
		{[]Item{account(1, "grew5", 130)},
			"Re: [grew to 5 times its limit: 100 messages in 5m (limit 20)] " + headline, "dgrew5"},
		{[]Item{account(1, "grew5", 130), account(1, "ended", 131)},
			"Re: [ended: at most 100 messages in 5m (limit 20)] " + headline, "dended"},
	} {
		item := test.items[0]
		for _, later := range test.items[1:] {
			item = item.Then(later)
		}
		m, err := director.Digest([]Item{item}, now)
		if err != nil {
			t.Fatal(err)
		}
		l, parent := read(t, m.Data), ""
		if strings.HasPrefix(test.subject, "Re:") {
			parent = "<" + MessageID(item.ID, "opened", director.Host, key) + ">"
		}
		if got := l.subject(t); got != test.subject || m.Event != test.event || l.header.Get("References") != parent {
			t.Errorf("%s: %q on %q, want %q on %q", m.Event, got, l.header.Get("References"), test.subject, parent)
		}
		if strings.Join(l.header["X-Exiwatch-Incident"], " ") != item.ID {
			t.Errorf("incidents %q, want %s", l.header["X-Exiwatch-Incident"], item.ID)
		}
	}
}

// TestThen: of an incident the latest state remains, and every alert.
func TestThen(t *testing.T) {
	second := account(2, "opened", 50)
	second.Incident, second.New = account(1, "opened", 1).Incident, false
	item := account(1, "opened", 30).Then(account(1, "grew5", 130)).Then(second).Then(account(1, "ended", 140))
	if !item.New || !item.Over || item.Messages != 140 || !slices.Equal(item.alerts(), []string{second.ID, item.ID}) {
		t.Errorf("%+v, want the last state of both alerts, and that it is new", item)
	}
}

func TestDigestOfNothing(t *testing.T) {
	if _, err := director.Digest(nil, now); err == nil {
		t.Error("there is one")
	}
	bad := account(1, "opened", 30)
	bad.ID = "a\r\nb"
	if _, err := director.Digest([]Item{account(2, "opened", 30), bad}, now); err == nil {
		t.Errorf("id %q is taken", bad.ID)
	}
}

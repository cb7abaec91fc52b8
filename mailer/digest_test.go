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
	return Item{
		ID: fmt.Sprintf("%020x", n), Event: event, Times: 5, Rule: "account 20/5m", Key: "account",
		Measure: "messages", Window: 5 * time.Minute, Limit: 20,
		Value: fmt.Sprintf("user%d@lab.test", n), Count: 21, Peak: 100, Messages: messages, Recipients: 2 * messages,
		Opened: at0.Add(time.Minute), First: at0, Last: at0.Add(2 * time.Minute), Subject: "Win", Subjects: true,
	}
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
	items := []Item{account(1, "grew5", 30), account(2, "opened", 500), account(1, "ended", 40)}
	m, err := director.Digest(items, now)
	if err != nil {
		t.Fatal(err)
	}
	l := read(t, m.Data)
	if m.ID != items[0].ID || m.Event != "dgrew5" || l.header.Get("X-Exiwatch-Event") != "digest" {
		t.Errorf("it is %s %s, %s", m.ID, m.Event, l.header.Get("X-Exiwatch-Event"))
	}
	if got, want := l.header["X-Exiwatch-Alert"], []string{items[0].ID + " " + items[1].ID}; !slices.Equal(got, want) {
		t.Errorf("alerts %q, want %q", got, want)
	}
	if got, want := l.header.Get("Message-Id"), "<"+MessageID(items[0].ID, "dgrew5", director.Host,
		key)+">"; got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
	if got, want := l.subject(t),
		"Mail Abuse Alert: 2 alerts, 1 opened, 1 grew and 1 ended; most by user2@lab.test (500 messages)"; got != want {
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

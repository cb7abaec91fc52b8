package mailer

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWithdrawnIsInTheThread: it answers the mail that told of the alert, and a digest of it does, too.
func TestWithdrawnIsInTheThread(t *testing.T) {
	mails := fleet(t, director)
	opened, told := read(t, mails[0].Data), read(t, mails[1].Data)
	if got, want := told.header.Get("References"), opened.header.Get("Message-Id"); got != want || want == "" {
		t.Errorf("References %s, want %s", got, want)
	}
	if mails[1].Name() != mails[0].ID+".withdrawn" || told.header.Get("X-Exiwatch-Event") != "withdrawn" {
		t.Errorf("it is %s, event %q", mails[1].Name(), told.header.Get("X-Exiwatch-Event"))
	}
	if got := baseSubject(told.subject(t)); got != opened.subject(t) {
		t.Errorf("its subject counts as %q, want %q", got, opened.subject(t))
	}
	id, event, mac, ok := ParseMessageID([]byte(told.header.Get("Message-Id")))
	if !ok || event != "withdrawn" || !Genuine(id, event, mac, key) {
		t.Errorf("its Message-ID is %s", told.header.Get("Message-Id"))
	}
}

// TestWithdrawnItems: in a digest and in a short text, before and after the incident was told.
func TestWithdrawnItems(t *testing.T) {
	item := NewItem(fleetAlert(t), withdrawn)
	item.Fleet = FleetMark{Late: []string{"mx3", "ev\x1bil"}}
	kept, err := json.Marshal(item)
	if err == nil {
		err = json.Unmarshal(kept, &item)
	}
	if err != nil || item.Validate() != nil {
		t.Fatal(err, item.Validate())
	}
	other := item
	other.Fleet = FleetMark{Instead: "0123456789abcdef0123"}
	for _, test := range []struct {
		item  Item
		short string
	}{
		{item, `mx.lab.test: alice@lab.test withdrawn: not over the limit of 20 in 5m. ` +
			`Lines of mx3 and ev\x1bil came late.`},
		{other, `mx.lab.test: alice@lab.test withdrawn: it began differently. Lines came late.`},
	} {
		if got := string(director.Short(test.item).Data); got != test.short {
			t.Errorf("short: %s, want %s", got, test.short)
		}
	}
	held := NewItem(fleetAlert(t), "opened").Then(item) // nobody was told that it opened
	m, err := director.Digest([]Item{held, account(2, "opened", 30)}, now)
	if err != nil {
		t.Fatal(err)
	}
	l := read(t, m.Data)
	for _, want := range []string{"2 incidents in one mail", ": 1 new and 1 withdrawn.",
		`alice@lab.test withdrawn: not over the limit of 20 in 5m`, `Lines of mx3 and ev\x1bil came late; since 03:12:40`} {
		if !strings.Contains(oneLine(l.text), want) {
			t.Errorf("no %q in %s", want, l.text)
		}
	}
	item.Fleet.Instead = "a\r\nb"
	if item.Validate() == nil {
		t.Error("the id of another alert with a line end is valid")
	}
}

func TestLateLines(t *testing.T) {
	for want, late := range map[string][]string{
		"Lines": nil, "Lines of a": {"a"}, "Lines of a and b": {"a", "b"}, "Lines of a, b and c": {"a", "b", "c"},
		"Lines of a, b, c, d and e":               {"a", "b", "c", "d", "e"},
		"Lines of a, b, c, d, e and 2 more hosts": {"a", "b", "c", "d", "e", "f", "g"},
		"Lines of a, b, c, d, e and 1 more host":  {"a", "b", "c", "d", "e", "f"},
	} {
		if got := (FleetMark{Late: late}).lateLines().String(); got != want {
			t.Errorf("late %q: %q, want %q", late, got, want)
		}
	}
}

// TestWithdrawnNotice says why, and only then.
func TestWithdrawnNotice(t *testing.T) {
	c, a := director, fleetAlert(t)
	c.Fleet = FleetMark{Late: slices.Repeat([]string{"mx3"}, 20), Instead: "0123456789abcdef0123"}
	for _, event := range []string{"opened", withdrawn} {
		data, err := c.Notice(a, event)
		if err != nil {
			t.Fatal(err)
		}
		var n struct {
			Event      string
			Withdrawal *noticeWithdrawal
		}
		if err := json.Unmarshal(data, &n); err != nil {
			t.Fatal(err)
		}
		want := &noticeWithdrawal{slices.Repeat([]string{"mx3"}, 10), c.Fleet.Instead}
		if event != withdrawn {
			want = nil
		}
		if diff := cmp.Diff(want, n.Withdrawal); diff != "" || n.Event != event {
			t.Errorf("%s: %s\n%s", event, data, diff)
		}
	}
}

// TestOverWhenWithdrawn: the incident is over with its last alert.
func TestOverWhenWithdrawn(t *testing.T) {
	a := fleetAlert(t)
	for _, closes := range []bool{false, true} {
		a.Closes = closes
		if i := NewItem(a, withdrawn); i.Over != closes {
			t.Errorf("closes %v: over %v", closes, i.Over)
		}
	}
	if _, err := director.Withdrawn(a, time.Time{}); err != nil {
		t.Error(err)
	}
}

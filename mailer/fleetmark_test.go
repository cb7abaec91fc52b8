package mailer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

// TestLogHostsAreNamed: of a fleet's alert, also if it is one host; the ten with the most messages.
func TestLogHostsAreNamed(t *testing.T) {
	of := func(hosts int) *window.Alert {
		return crossingFleet(t, "account 40/5m", func(i int, a *window.Arrival) {
			campaign(i, a)
			if hosts > 0 {
				a.Values[window.LogHost] = fmt.Appendf(nil, "mx%02d", i%hosts)
			}
		})
	}
	for hosts, want := range map[int]string{
		0: "", 1: " 41 100%  mx00", 2: " 21  51%  mx00\n     20  49%  mx01", 12: "and 2 more",
	} {
		a := of(hosts)
		m, err := director.Opened([]*window.Alert{a}, now)
		if err != nil {
			t.Fatal(err)
		}
		text := read(t, m.Data).text
		_, section, found := strings.Cut(text, "\nHosts that logged them:\n")
		if found != (hosts > 0) || !strings.Contains(section, want) {
			t.Errorf("%d hosts: no %q in %s", hosts, want, text)
		}
		_, n := noticeOf(t, a, "opened", "")
		if len(n.Alert.LogHosts) != min(hosts, 10) || n.Alert.Distinct["log_hosts"] != hosts {
			t.Errorf("%d hosts: the notice has %v, %v", hosts, n.Alert.LogHosts, n.Alert.Distinct)
		}
	}
	if data, _ := noticeOf(t, of(0), "opened", ""); strings.Contains(string(data), "log_host") {
		t.Errorf("without a fleet: %s", data)
	}
}

// TestNamesOfWhatIsToldAlone: an opening keeps its name, which the thread's mails refer to.
func TestNamesOfWhatIsToldAlone(t *testing.T) {
	c, a := director, fleetAlert(t)
	item := NewItem(a, "ended")
	for host, want := range map[string]string{"": "", "mx1": "a"} {
		mark := FleetMark{Alone: host}
		c.Fleet, item.Fleet = mark, mark
		opened, err := c.Opened([]*window.Alert{a}, now)
		testkit.Must(t, err)
		ended, err := c.Ended(a, now)
		testkit.Must(t, err)
		digest, err := c.Digest([]Item{item}, now)
		testkit.Must(t, err)
		short, err := c.ShortDigest([]Item{item})
		testkit.Must(t, err)
		got := []string{opened.Event, ended.Event, digest.Event, short.Event, c.Short(item).Event}
		if diff := cmp.Diff([]string{"opened", want + "ended", "d" + want + "ended", "d" + want + "ended",
			want + "ended"}, got); diff != "" {
			t.Error(diff)
		}
		if want := a.ID + "." + digest.Event; DigestName([]Item{item}) != want {
			t.Errorf("a digest's name is %s, want %s", DigestName([]Item{item}), want)
		}
		if event := FleetEvent(EventOf(digest.Event)); event != "ended" {
			t.Errorf("%s is about the event %s", digest.Event, event)
		}
	}
}

// TestAloneIsSaid: in words, in a digest, in short and in a notice.
func TestAloneIsSaid(t *testing.T) {
	a := fleetAlert(t)
	c := director
	for since, want := range map[time.Time]string{
		{}: "Counted by mx1 alone: the fleet's engine does not answer. Other hosts' messages are not in these counts.",
		at0.UTC(): "Counted by mx1 alone: the fleet's engine has not answered since 03:12. " +
			"Other hosts' messages are not in these counts.",
		at0.Add(-24 * time.Hour): "has not answered since 2026-11-01 03:12. Other",
	} {
		c.Fleet = FleetMark{Alone: "mx1", Since: since}
		m, err := c.Opened([]*window.Alert{a}, now)
		if err != nil {
			t.Fatal(err)
		}
		if text := oneLine(read(t, m.Data).text); !strings.Contains(text, want) {
			t.Errorf("since %s: no %q in %s", since, want, text)
		}
		data, err := c.Notice(a, "opened")
		if err != nil {
			t.Fatal(err)
		}
		var n notice
		if err := json.Unmarshal(data, &n); err != nil {
			t.Fatal(err)
		}
		said := &noticeAlone{Host: "mx1"}
		if !since.IsZero() {
			said.Since = since.Format(time.RFC3339)
		}
		if diff := cmp.Diff(said, n.Alone); diff != "" {
			t.Error(diff)
		}
	}
	item := NewItem(a, "opened")
	item.Fleet = FleetMark{Alone: "mx 1"}
	if got := string(director.Short(item).Data); !strings.Contains(got, `(limit 20); counted by "mx 1" alone; most`) {
		t.Errorf("short: %s", got)
	}
	m, err := director.Digest([]Item{item}, now)
	if err != nil {
		t.Fatal(err)
	}
	if text := oneLine(read(t, m.Data).text); !strings.Contains(text, `, counted by "mx 1" alone`) {
		t.Errorf("digest: %s", text)
	}
}

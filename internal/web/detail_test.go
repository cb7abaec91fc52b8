package web

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"exiwatch/window"
)

// TestChartIsWhatTheRuleCounted: at each moment the highest count of the rule's window, as counting anew at every
// second gives it.
func TestChartIsWhatTheRuleCounted(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	rules := []window.Rule{
		{Name: "a", Key: window.Account, Limit: 20, Window: 5 * time.Minute},
		{Name: "b", Key: window.Account, Count: window.Bytes, Limit: 20, Window: 17 * time.Second},
		{Name: "c", Key: window.Account, Count: window.Hosts, Limit: 3, Window: 10 * time.Minute},
	}
	b := NewArrivalBuffer()
	type one struct {
		at    int64
		bytes int64
		host  string
	}
	var all []one
	begin, end := noon.Unix()-2*3600-900, noon.Unix()
	for at := begin; at <= end; at += random.Int64N(90) {
		o := one{at, random.Int64N(50), fmt.Sprint("h", random.IntN(5))}
		a := sent(time.Unix(at, 0), "alice", "Hi")
		a.Bytes, a.Values[window.Host] = o.bytes, []byte(o.host)
		a.Outside = 0b10
		b.Add(a, at, 0, true)
		all = append(all, o)
		b.Add(sent(time.Unix(at, 0), "bob", "Hi"), at, 0, true)
		b.Add(a, at, 0, false) // nobody's rule counts it
	}
	n := &Snapshot{Arrivals: b.Snapshot(), Second: end, Rules: rules, Scopes: []int{0, 0, 0}}
	for i, rule := range rules {
		c, of := n.countSeries([]window.Usage{{Rule: i, Value: "alice", Limit: rule.Limit}})
		if of.Name != rule.Name || c.Limit != rule.Limit {
			t.Fatalf("it is the chart of %s, limit %d", of.Name, c.Limit)
		}
		step, length := int64(c.Step/time.Second), int64(rule.Window/time.Second)
		for span, got := range c.Series[0].Values {
			var want int64
			from := c.From.Unix() + int64(span)*step
			for at := from; at < from+step; at++ {
				var sum int64
				hosts := make(map[string]bool)
				for _, o := range all {
					if o.at <= at && at < o.at+length {
						hosts[o.host] = true
						switch rule.Count {
						case window.Messages:
							sum++
						case window.Bytes:
							sum += o.bytes
						default:
							sum = int64(len(hosts))
						}
					}
				}
				want = max(want, sum)
			}
			if got != want {
				t.Errorf("rule %s: %d at %v, want %d", rule.Name, got, time.Unix(from, 0).UTC(), want)
			}
		}
	}
	outside := &Snapshot{Arrivals: b.Snapshot(), Second: end, Rules: rules[:1], Scopes: []int{1}}
	if c, _ := outside.countSeries([]window.Usage{{Value: "alice"}}); c.Series[0].Total() != 0 {
		t.Error("arrivals that a rule doesn't count are in its chart")
	}
}

// TestWhoKnowsOneValueOnly, whichever key it is of.
func TestWhoKnowsOneValueOnly(t *testing.T) {
	b := NewArrivalBuffer()
	for i := range 60 {
		at := noon.Add(time.Duration(i) * time.Second)
		b.Add(sent(at, "alice", fmt.Sprintf("Your parcel %d", i)), at.Unix(), 0, true)
		b.Add(sent(at, "bob", "Lunch?"), at.Unix(), 0, true)
	}
	n := &Snapshot{Arrivals: b.Snapshot(), Second: noon.Unix() + 60}
	for _, test := range []struct {
		key      window.Key
		value    string
		messages int64
		topics   int
	}{
		{window.Account, "alice", 60, 1}, {window.Sender, "bob@lab.test", 60, 1}, {window.Host, "192.0.2.1", 120, 2},
		{window.SenderDomain, "lab.test", 120, 2}, {window.Topic, "your parcel #", 60, 0},
		{window.Account, "nobody", 0, 0},
	} {
		w := n.detail(test.key, test.value, nil, nil)
		if w.Messages != test.messages || len(w.Arrivals) != int(min(test.messages, maxArrivals)) ||
			w.Recipients != 2*test.messages {
			t.Errorf("%v %s: %d messages, %d shown", test.key, test.value, w.Messages, len(w.Arrivals))
		}
		for _, g := range w.Groups {
			if g.Key == window.Topic && len(g.Rows) != test.topics {
				t.Errorf("%v %s: topics %v", test.key, test.value, g.Rows)
			}
			if g.Key == window.RecipientDomain && len(g.Rows) != 2 {
				t.Errorf("%v %s: domains %v", test.key, test.value, g.Rows)
			}
			if g.Key == test.key {
				t.Errorf("%v %s: it is in its own groups", test.key, test.value)
			}
		}
	}
}

// TestWaitingIsNotFine: while a file of the log can't be read, neither page says that all is well.
func TestWaitingIsNotFine(t *testing.T) {
	n := &Snapshot{Arrivals: NewArrivalBuffer().Snapshot(), At: noon,
		Logs: []LogStatus{{Path: "/mainlog", Read: true, Waits: "open <b>: no", Since: noon}}}
	if f := newOverview(n, nil); f.Level != "unsure" || f.Title != "The log can't be read" {
		t.Errorf("the overview is %q, %q", f.Level, f.Title)
	}
	for _, body := range []any{newOverview(n, nil), &health{Snapshot: n, Checked: noon}} {
		var html bytes.Buffer
		if err := templates.ExecuteTemplate(&html, "main", &page{At: noon, Body: body}); err != nil {
			t.Fatal(err)
		}
		text := html.String()
		if strings.Contains(text, "Everything works") || strings.Contains(text, "Nobody is sending") {
			t.Errorf("all is well:\n%s", text)
		}
		if _, ok := body.(*health); ok && !strings.Contains(text, "open &lt;b&gt;: no") {
			t.Errorf("the page of %T doesn't say why:\n%s", body, text)
		}
	}
	n.Logs[0].Waits = ""
	if f := newOverview(n, nil); f.Level != "good" {
		t.Errorf("when it is over, the overview is %q, %q", f.Level, f.Title)
	}
}

package live

import (
	"testing"
	"testing/synctest"
	"time"

	"exiwatch/window"
)

// TestScreens are what people see.
func TestScreens(t *testing.T) {
	for _, test := range []struct {
		name          string
		width, height int
		colour        bool
		keys          []string
	}{
		{"ranking-60x20", 60, 20, false, nil},
		{"hosts-1h-60x20", 60, 20, false, []string{"4", "h"}},
		{"account-60x20", 60, 20, false, []string{"enter", "down", "down"}},
		{"help-60x20", 60, 20, false, []string{"?"}},
		{"except-60x20", 60, 20, false, []string{"a"}},
		{"ranking-200x50", 200, 50, false, nil},
		{"ranking-80x24", 80, 24, false, nil},
		{"ranking-80x24-colour", 80, 24, true, nil},
		{"ranking-120x40", 120, 40, false, []string{"down"}},
		{"hosts-1h-80x24", 80, 24, false, []string{"4", "h"}},
		{"account-80x24", 80, 24, false, []string{"enter"}},
		{"account-120x40", 120, 40, false, []string{"enter"}},
		{"host-80x24", 80, 24, false, []string{"tab", "tab", "tab", "tab", "enter"}},
		{"help-80x24", 80, 24, false, []string{"?"}},
		{"small-60x15", 60, 15, false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, test.colour)
			b.outbreak()
			b.size(test.width, test.height)
			b.press(test.keys...)
			b.golden(test.name)
			if test.height >= minHeight {
				checkScreen(t, b, test.name)
			}
		})
	}
}

// TestScreensOfAFleet are those that differ.
func TestScreensOfAFleet(t *testing.T) {
	for name, keys := range map[string][]string{
		"fleet-account-80x24": {"enter"}, "fleet-loghosts-80x24": {"shift+tab"},
		"fleet-loghost-80x24": {"shift+tab", "enter"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newFleetBench(t)
			b.outbreak()
			b.size(80, 24)
			b.press(keys...)
			b.golden(name)
			checkScreen(t, b, name)
		})
	}
	b := newFleetBench(t)
	b.outbreak()
	b.size(120, 40)
	b.press("shift+tab", "/", "m", "x", "2", "enter")
	b.sees("filter mx2", "1-1 of 1")
	b.press("a")
	b.sees("An exception is for an account")
}

// TestEveryKey: what each key does is seen.
func TestEveryKey(t *testing.T) {
	b := newBench(t, false)
	b.outbreak()
	b.size(80, 24)
	b.sees("accounts in 5m by messages, limit 20 messages", "▲>", "×2", "mallory@lab.test", "1-9 of 9",
		"1 open incident", "quiet for 3m")
	for _, test := range []struct {
		key  string
		sees []string
	}{
		{"s", []string{"by recipients", "no limit", "RCPTS"}},
		{"shift+s", []string{"by messages", "MSGS"}},
		{"b", []string{"by bytes", "BYTES"}},
		{"h", []string{"by hosts", "HOSTS"}},
		{"4", []string{"in 1h by hosts, limit 3 hosts"}},
		{"l", []string{"by last", "LAST"}},
		{"n", []string{"by name", "ACCOUNT", "> "}},
		{"r", []string{"by recipients"}},
		{"m", []string{"by messages"}},
		{"w", []string{"in 1d"}},
		{"w", []string{"in 1m"}},
		{"shift+w", []string{"in 1d"}},
		{"1", []string{"in 1m"}},
		{"3", []string{"in 15m"}},
		{"5", []string{"in 1d"}},
		{"2", []string{"in 5m"}},
		{"tab", []string{"envelope senders in 5m", "no limit"}},
		{"shift+tab", []string{"accounts in 5m", "limit 20"}},
		{"shift+tab", []string{"account domains in 5m", "no counted message arrived"}},
		{"tab", []string{"accounts in 5m"}},
		{"a", []string{"except mallory@lab.test, limit: 200█"}},
		{"esc", []string{"accounts in 5m", "space freeze"}},
		{"?", []string{"PgUp PgDn", "any key goes back"}},
		{"x", []string{"accounts in 5m"}},
		{"space", []string{"FROZEN at 14:06:58"}},
		{"space", []string{"14:06:58  quiet for 3m  0 arrivals/min"}},
		{"enter", []string{"account mallory@lab.test", "Topics", "Your parcel 418 is waiting (59 subjects)", "Hosts",
			"203.0.113.", "Envelope senders", "HELO names", "client.lab.test",
			"Recipient domains", "example.net", "▲ 59 messages in 5m",
			"2 alerts since 14:05:08, stolen password: 59 messages, peak 9, limit 3 hosts"}},
		{"end", []string{"Your parcel 320 is waiting", "1xVMyU-"}},
		{"home", []string{"account mallory@lab.test"}},
		{"pgdown", []string{"account mallory@lab.test", "1xVMyU-"}},
		{"w", []string{"in 15m"}},
		{"esc", []string{"accounts in 15m"}},
		{"2", []string{"1-9 of 9"}},
		{"/", []string{"filter: █"}},
		{"r", []string{"filter: r█", "1-6 of 6"}},
		{"a", []string{"filter: ra█", "1-2 of 2"}},
		{"backspace", []string{"filter: r█"}},
		{"enter", []string{"filter r", "1-6 of 6"}},
		{"esc", []string{"1-9 of 9"}},
		{"/", []string{"filter: █"}},
		{"*", []string{"filter: *█"}},
		{"q", []string{"no value matches the filter", "filter: *q█"}},
		{"esc", []string{"1-9 of 9"}},
	} {
		b.press(test.key)
		b.sees(test.sees...)
		if t.Failed() {
			t.Fatalf("after %s", test.key)
		}
	}
	if b.press("q"); !b.left {
		t.Error("q doesn't quit")
	}
	b.left = false
	if b.press("ctrl+c"); !b.left {
		t.Error("Ctrl+C doesn't quit")
	}
}

// TestCursorStaysWithItsValue: who was chosen stays chosen though others overtake him; but the top of the ranking
// stays the top.
func TestCursorStaysWithItsValue(t *testing.T) {
	b := newBench(t, false)
	b.outbreak()
	b.size(80, 24)
	b.press("end")
	chosen := b.model.query.value
	if b.model.query.index != 8 || chosen == "" {
		t.Fatalf("End leads to %d, %q", b.model.query.index, chosen)
	}
	for n := range 100 {
		b.arrive(newArrival(start.Add(7*time.Minute), 1000+n, chosen, "192.0.2.1", "x"))
		b.arrive(newArrival(start.Add(7*time.Minute), 2000+n, "zoe@lab.test", "192.0.2.1", "x"))
		b.arrive(newArrival(start.Add(7*time.Minute), 3000+n, "zoe@lab.test", "192.0.2.1", "x"))
	}
	b.tell(updated{})
	if b.model.query.value != chosen || b.model.query.index != 1 {
		t.Errorf("the cursor is on %q, row %d, want %q, row 1", b.model.query.value, b.model.query.index, chosen)
	}
	b.press("home")
	if got := b.model.query.value; got != "zoe@lab.test" {
		t.Fatalf("Home leads to %q", got)
	}
	for n := range 400 {
		b.arrive(newArrival(start.Add(7*time.Minute), 4000+n, chosen, "192.0.2.1", "x"))
	}
	b.tell(updated{})
	if b.model.query.value != chosen || b.model.query.index != 0 {
		t.Errorf("at the top the cursor is on %q, row %d, want %q", b.model.query.value, b.model.query.index,
			chosen)
	}
}

// TestScrolling through more values than fit.
func TestScrolling(t *testing.T) {
	b := newBench(t, false)
	for n := range 95 {
		b.arrive(newArrival(start, n, string(rune('a'+n/10))+string(rune('0'+n%10)), "192.0.2.1", "x"))
	}
	b.size(80, 24)
	b.sees("1-20 of 95")
	for _, test := range []struct{ key, cursor, sees string }{
		{"pgdown", "c0", "2-21 of 95"}, {"pgdown", "e0", "22-41 of 95"}, {"up", "d9", "22-41 of 95"},
		{"pgup", "b9", "20-39 of 95"},
		{"end", "j4", "76-95 of 95"}, {"down", "j4", "76-95 of 95"}, {"home", "a0", "1-20 of 95"},
		{"k", "a0", "1-20 of 95"},
		{"j", "a1", "1-20 of 95"}, {"G", "j4", "76-95 of 95"}, {"g", "a0", "1-20 of 95"},
	} {
		b.press(test.key)
		b.sees(test.sees)
		if b.model.query.value != test.cursor {
			t.Errorf("%s leads to %s, want %s", test.key, b.model.query.value, test.cursor)
		}
	}
}

// TestFrozen: nothing moves, whatever is asked, until it is thawed.
func TestFrozen(t *testing.T) {
	b := newBench(t, false)
	b.outbreak()
	b.size(80, 24)
	b.press("space")
	before := b.plain()
	for n := range 50 {
		b.arrive(newArrival(start.Add(7*time.Minute), 1000+n, "zoe@lab.test", "192.0.2.1", "x"))
	}
	b.tell(updated{})
	if b.plain() != before {
		t.Errorf("it moves:\n%s", b.plain())
	}
	b.press("r", "m")
	if b.misses("zoe@lab.test"); b.plain() != before {
		t.Errorf("after another question and back it is\n%s\nand was\n%s", b.plain(), before)
	}
	b.press("space")
	b.sees("zoe@lab.test")
}

// TestPast: while the log's past is read it says how far that is, and how far a log is behind.
func TestPast(t *testing.T) {
	b := newBench(t, false)
	b.atEnd, b.share = false, 0
	b.size(80, 24)
	b.sees("no arrival yet", "  0%")
	b.outbreak()
	b.share = 0.42
	b.tell(updated{})
	b.sees("[████████▍           ]  42%", "mallory@lab.test")
	b.share = 1
	b.tell(updated{})
	b.sees("3m behind")
	b.atEnd = true
	b.tell(updated{})
	b.sees("quiet for 3m")
	b.tell(problem("no such \x1b[31mfile"))
	b.sees(`! no such \x1b[31mfile`)
}

// TestPace: without a key, nothing is asked more often than twice a second, than answering bears, or than something
// is read.
func TestPace(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{0: pace, time.Millisecond: pace,
		80 * time.Millisecond: 800 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, false)
			b.size(80, 24)
			const quiet = time.Hour
			b.model.wait = func() bool { time.Sleep(quiet); return true } // fake time: synctest
			b.model.waiting = false
			begun := time.Now()
			_, cmd := b.model.Update(answered{&answer{took: took, query: b.model.query}})
			if _, read := cmd().(updated); !read || time.Since(begun) != want+quiet {
				t.Errorf("after an answer that took %v the next question comes %v after something was read, want %v",
					took, time.Since(begun)-quiet, want)
			}
			if _, cmd := b.model.Update(answered{&answer{query: b.model.query}}); cmd != nil {
				t.Error("it waits twice for something to be read")
			}
		})
	}
}

// TestProblemsPass: a problem is told until something has been read well after it.
func TestProblemsPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false)
		b.size(80, 24)
		b.tell(problem("no permission"))
		b.model.Update(answered{&answer{at: time.Now(), query: b.model.query}})
		b.sees("! no permission")
		time.Sleep(2 * problemShown) // fake time: synctest
		b.sees("! no permission")
		b.model.Update(answered{&answer{at: time.Now(), query: b.model.query}})
		b.misses("no permission")
	})
}

// TestMissing: it is said when the buffer doesn't hold the whole window.
func TestMissing(t *testing.T) {
	b := newBench(t, false)
	b.engine.buffer.maxRows = 100
	b.outbreak()
	b.size(80, 24)
	b.sees("data from 14:04:40 on")
	b.press("1")
	b.misses("data from")
}

// TestWithoutSubjects: what is to be done is said.
func TestWithoutSubjects(t *testing.T) {
	b := newBench(t, false)
	a := newArrival(start, 1, "alice", "192.0.2.1", "")
	a.Values[window.Subject], a.Values[window.Topic] = nil, nil
	b.arrive(a)
	b.size(80, 24)
	b.press("enter")
	b.sees("add +subject to Exim's log_selector")
}

// TestFilters: a part of a value in any case, a glob, a network.
func TestFilters(t *testing.T) {
	for _, test := range []struct {
		key    window.Key
		filter string
		value  string
		want   bool
	}{
		{window.Account, "", "alice@lab.test", true},
		{window.Account, "ICE@", "alice@lab.test", true},
		{window.Account, "ice", "bob", false},
		{window.Account, "a*t", "alice@lab.test", true},
		{window.Account, "b*t", "alice@lab.test", false},
		{window.Account, "?lice@lab.test", "alice@lab.test", true},
		{window.Host, "2.0/2", "192.0.2.0/24", true},
		{window.Host, "203.0.113", "203.0.113.7", true},
		{window.Host, "203.0.113.7", "203.0.113.7", true},
		{window.Host, "203.0.113.7", "203.0.113.77", true},
		{window.Host, "203.0.113.0/28", "203.0.113.7", true},
		{window.Host, "203.0.113.0/28", "203.0.113.77", false},
		{window.Network, "203.0.0.0/16", "203.0.113.0/24", true},
		{window.Subject, "a/b", "x a/b y", true},
	} {
		q := query{key: test.key, filter: test.filter}
		if got := q.wanted()(test.value); got != test.want {
			t.Errorf("filter %q of %s lets %q through: %t, want %t", test.filter, test.key, test.value, got, test.want)
		}
	}
}

// TestSilenced: the account's page says who holds its updates, and the silence is looked up for open incidents alone.
func TestSilenced(t *testing.T) {
	b := newBench(t, false)
	b.engine.silences = func() func(*window.Incident) string {
		return func(i *window.Incident) string { return "silenced until 2030 by \x1bjoe: " + i.Value }
	}
	b.outbreak()
	b.size(120, 40)
	b.press("enter")
	b.sees(`updates are held: silenced until 2030 by`)
	b.sees("joe: mallory@lab.test")
	b.misses("\x1bjoe")
}

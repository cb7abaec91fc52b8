package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// An abusedHost writes the log of a host on which accounts are abused, and keeps what was injected.
type abusedHost struct {
	random *rand.Rand
	start  time.Time
	days   int
	lines  []string
	bursts []injected
}

// An injected is a burst of abuse.
type injected struct {
	account  string
	from, to time.Time
}

// arrival adds a line: of a login from an address, or of a local user if there is none.
func (h *abusedHost) arrival(at time.Time, account, address, subject string) {
	id := fmt.Sprintf("1x%04d-%06d-%02d", len(h.lines)/1000000, len(h.lines)%1000000, 0)
	from := fmt.Sprintf("U=%s P=local", account)
	if address != "" {
		from = fmt.Sprintf("H=(pc) [%s] P=esmtpsa A=login:%s", address, account)
	}
	h.lines = append(h.lines, fmt.Sprintf("%s %s <= %s@lab.example %s S=900 T=%q for someone@else.example\n",
		at.Format(time.DateTime), id, account, from, subject))
}

// series adds n arrivals, spread over a time, from one or more networks.
func (h *abusedHost) series(at time.Time, span time.Duration, n int, account string, networks int,
	subject func() string) {
	for i := range n {
		address := ""
		if networks > 0 {
			address = fmt.Sprintf("198.%d.%d.7", 18+networks/200, (i%networks)%250)
			if networks == 1 {
				address = fmt.Sprintf("10.1.%d.9", len(account)+int(account[len(account)-1]))
			}
		}
		h.arrival(at.Add(span*time.Duration(i)/time.Duration(n)), account, address, subject())
	}
}

// abuse adds a burst on a day.
func (h *abusedHost) abuse(day int, span time.Duration, n int, account string, networks int, subject func() string) {
	at := h.at(day, 60*h.random.IntN(22)+17)
	h.series(at, span, n, account, networks, subject)
	h.bursts = append(h.bursts, injected{account, at, at.Add(span)})
}

// at is a minute of a day, and some seconds.
func (h *abusedHost) at(day, minute int) time.Time {
	midnight := h.start.AddDate(0, 0, day)
	return midnight.Add(time.Duration(60*minute+h.random.IntN(60)) * time.Second)
}

// people adds what some accounts send in office hours: a few messages a day each, and now and then some at once.
func (h *abusedHost) people(n int, perDay float64, networks int) {
	for day := range h.days {
		weekday := h.start.AddDate(0, 0, day).Weekday()
		if weekday == time.Saturday || weekday == time.Sunday {
			continue
		}
		for i := range n {
			account := fmt.Sprintf("user%d", i)
			for range int(h.random.ExpFloat64() * perDay) {
				h.series(h.at(day, 480+h.random.IntN(600)), 1, 1, account, networks, h.anySubject)
			}
			if h.random.IntN(60) == 0 {
				h.series(h.at(day, 480+h.random.IntN(500)), 4*time.Minute, 3+h.random.IntN(6), account, networks,
					same("Minutes of our meeting"))
			}
		}
	}
}

func (h *abusedHost) anySubject() string {
	words := []string{"invoice", "meeting", "offer", "report", "lunch", "question", "order", "travel", "draft", "photos"}
	return fmt.Sprintf("%s %s %s", words[h.random.IntN(10)], words[h.random.IntN(10)], words[h.random.IntN(10)])
}

func same(subject string) func() string { return func() string { return subject } }

// daily adds what an account sends at the same time each day, or on each nth one.
func (h *abusedHost) daily(each, minute, n int, span time.Duration, account string, networks int, subject string) {
	for day := 0; day < h.days; day += each {
		h.series(h.at(day, minute), span, n, account, networks, same(fmt.Sprintf("%s %d", subject, day)))
	}
}

// log is the log, in the order of time.
func (h *abusedHost) log() string {
	slices.SortStableFunc(h.lines, func(a, b string) int { return strings.Compare(a[:19], b[:19]) })
	return strings.Join(h.lines, "")
}

// abusedHosts are hosts with known abuse: a company, a hosting machine, a university, and one with three accounts.
func abusedHosts(seed uint64, start time.Time) map[string]*abusedHost {
	host := func() *abusedHost {
		return &abusedHost{random: rand.New(rand.NewPCG(seed, 17)), start: start, days: 28}
	}
	company := host()
	company.people(40, 5, 1)
	company.daily(7, 600, 400, 10*time.Minute, "newsletter", 1, "News of week")
	company.daily(1, 5, 30, time.Minute, "root", 0, "Cron <root@mx> backup")
	company.abuse(9, 10*time.Minute, 300, "user3", 60, same("Your parcel is waiting"))
	company.abuse(10, 40*time.Minute, 400, "user11", 90, same("Invoice overdue"))
	company.abuse(20, 5*time.Minute, 90, "user20", 1, same("Verify your mailbox now"))

	hosting := host()
	hosting.people(150, 2, 0)
	for i := range 6 {
		hosting.daily(1, 120+i*10, 60, 6*time.Minute, fmt.Sprintf("list%d", i), 0, "Digest")
	}
	hosting.abuse(5, 3*time.Hour, 900, "user77", 0, same("Hot singles near you"))
	hosting.abuse(12, 30*time.Minute, 500, "freshly", 0, same("Win a prize"))
	hosting.abuse(13, 20*time.Minute, 300, "user140", 0, hosting.anySubject)
	hosting.abuse(21, 26*time.Hour, 9000, "user9", 0, same("Cheap pills"))

	university := host()
	university.people(1500, 2, 1)
	university.daily(1, 420, 250, 5*time.Minute, "announce", 1, "Announcements")
	university.daily(2, 430, 120, 5*time.Minute, "library", 1, "Your loans")
	for i, day := range []int{4, 8, 8, 9, 15, 16, 23} {
		university.abuse(day, time.Duration(5+20*i)*time.Minute, 120*(i+1), fmt.Sprintf("user%d", 100*i+7), 30*i+8,
			same(fmt.Sprintf("Payment number %d failed", i)))
	}

	small := host() // abuse and a list have a large part of its daily peaks
	small.days = 8
	small.people(3, 4, 1)
	small.daily(7, 500, 150, 5*time.Minute, "news", 1, "Our news of day")
	small.abuse(2, 4*time.Minute, 60, "user1", 1, same("Your account is locked"))
	small.abuse(6, 50*time.Minute, 300, "user0", 1, small.anySubject)
	return map[string]*abusedHost{"company": company, "hosting": hosting, "university": university, "small": small}
}

// TestKnownAbuse: limits from logs with known abuse open an alert of each of these bursts, and at most one other a week
// for each rule; and so they do in the four weeks that follow, of which they knew nothing.
func TestKnownAbuse(t *testing.T) {
	const weeks = 4
	start := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	next := abusedHosts(2, start.AddDate(0, 0, 7*weeks))
	for name, host := range abusedHosts(1, start) {
		log, later := filepath.Join(dir, name), filepath.Join(dir, name+".later")
		writeFile(t, log, host.log())
		writeFile(t, later, next[name].log())
		file, text := suggestTOML(t, "--timezone", "UTC", "--rule", "account 20/5m", "--rule", "account 100/1h",
			"--rule", "account 500/1d", log)
		t.Logf("%s, of %d lines:\n%s", name, len(host.lines), text)
		for log, host := range map[string]*abusedHost{log: host, later: next[name]} {
			missed, others := host.compare(t, "--timezone", "UTC", "--config", file, log)
			if len(missed) > 0 {
				t.Errorf("%s: no alert of %v", log, missed)
			}
			for rule, n := range others {
				t.Logf("%s, %s: %d other alerts in %d weeks", log, rule, n, weeks)
				if n > weeks {
					t.Errorf("%s: rule %q opens %d alerts of others in %d weeks", log, rule, n, weeks)
				}
			}
		}
	}
}

// compare replays and gives the bursts that open no alert of the first rule, and how many alerts each rule opens else.
func (h *abusedHost) compare(t *testing.T, args ...string) (missed []injected, others map[string]int) {
	t.Helper()
	out, stderr, status := exiwatch(t, "", append([]string{"replay", "--json"}, args...)...)
	if status != exitDone {
		t.Fatalf("status %d: %s", status, stderr)
	}
	var document struct {
		Alerts []struct {
			Rule, Value string
			Opened      time.Time
		}
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		t.Fatal(err)
	}
	missed, others = slices.Clone(h.bursts), map[string]int{}
	for _, a := range document.Alerts {
		of := func(b injected) bool {
			return a.Value == b.account && !a.Opened.Before(b.from) && a.Opened.Before(b.to.Add(24*time.Hour))
		}
		if !slices.ContainsFunc(h.bursts, of) {
			others[a.Rule]++
			t.Logf("%s of %s at %v", a.Rule, a.Value, a.Opened)
		} else if strings.HasSuffix(a.Rule, "5m") {
			missed = slices.DeleteFunc(missed, of)
		}
	}
	return missed, others
}

package mailer

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/window"
)

// A tale is a log that the counters read, and the mails that come of it.
type logStory struct {
	t        testing.TB
	composer Composer
	counters *window.Counters
	n        int // arrivals
	mails    []Message
	nature   window.Nature // of what is counted next, instead of that of its anomaly
}

func begin(t testing.TB, c Composer, rules ...string) *logStory {
	t.Helper()
	return beginExcept(t, c, nil, rules...)
}

// beginExcept gives the first rule exceptions.
func beginExcept(t testing.TB, c Composer, except []window.Exception, rules ...string) *logStory {
	t.Helper()
	var parsed []window.Rule
	for i, text := range rules {
		r, err := window.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			r.Name, r.Except = "bulk sender", except
		}
		parsed = append(parsed, r)
	}
	counters, err := window.New(parsed)
	if err != nil {
		t.Fatal(err)
	}
	return &logStory{t: t, composer: c, counters: counters}
}

// natures are those of arrivals with an anomaly.
var natures = map[string]window.Nature{
	Overflowed: window.Odd, TwoReadings: window.Doubtful, MayBeForged: window.Doubtful,
	Lost: window.Stray, Forged: window.Stray, Unreadable: window.Stray,
}

type values map[window.Key]string

// arrive counts an arrival, and composes the mails that are due.
func (l *logStory) arrive(at time.Time, v values) {
	l.t.Helper()
	opened, grown := l.count(at, v)
	for len(opened) > 0 {
		same := opened[:1]
		for len(same) < len(opened) && opened[len(same)].Incident == opened[0].Incident {
			same = opened[:len(same)+1]
		}
		l.take(l.composer.Opened(same, at.Add(81*time.Second)))
		opened = opened[len(same):]
	}
	for _, a := range grown {
		l.take(l.composer.Grew(a, at.Add(2*time.Second)))
	}
}

func (l *logStory) count(at time.Time, v values) (opened, grown []*window.Alert) {
	a := window.Arrival{At: at, MessageID: fmt.Appendf(nil, "1w%04d-00000000ABC-1xYZ", l.n), Recipients: 2, Bytes: 3000}
	l.n++
	for k, value := range v {
		a.Values[k] = []byte(value)
	}
	if s, ok := v[window.Subject]; ok {
		a.Values[window.Topic] = window.FoldSubject([]byte(s), make([]byte, 0, 100))
	}
	a.Nature = cmp.Or(l.nature, natures[v[window.Anomaly]])
	return l.counters.Count(&a)
}

// pass lets the log's time go on.
func (l *logStory) pass(to time.Time) {
	for _, a := range l.counters.Advance(to) {
		if a.Closes {
			l.take(l.composer.Ended(a, to))
		}
	}
}

func (l *logStory) take(m Message, err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
	l.mails = append(l.mails, m)
}

// from is what an authenticated client's message has.
func from(account, host, network, helo, subject string) values {
	return values{
		window.Account: account, window.Auth: account, window.Sender: account, window.SenderDomain: "lab.test",
		window.Host: host, window.Network: network, window.Helo: helo, window.Protocol: "esmtpsa",
		window.Subject: subject, window.RecipientDomain: "gmail.example",
	}
}

// burst is one login's one topic, from one machine, over two limits at once.
func burst(t testing.TB, c Composer) []Message {
	l := begin(t, c, "account 20/5m", "sender 24/1h")
	for i := range 4 {
		l.arrive(at0.Add(time.Duration(i-9)*time.Minute),
			from("alice@lab.test", "198.51.100.4", "198.51.100.0/24", "office", "Minutes of the meeting"))
	}
	l.arrive(at0, from("bob@lab.test", "198.51.100.4", "198.51.100.0/24", "office", "Lunch?"))
	for i := range 30 {
		l.arrive(at0.Add(time.Duration(i)*3*time.Second),
			from("alice@lab.test", "192.0.2.7", "192.0.2.0/24", "pc-1",
				fmt.Sprintf("Ihr Gewinn Nr. %d: 10.000 € für Jörg", 4000+7*i)))
	}
	return l.mails
}

// networks is a stolen password in the hands of many machines.
func networks(t testing.TB, c Composer) []Message {
	l := begin(t, c, "auth networks 39/1h")
	for i := range 40 {
		host := fmt.Sprintf("203.0.%d.%d", i, 7+i%90)
		v := from("carol@lab.test", host, fmt.Sprintf("203.0.%d.0/24", i), fmt.Sprintf("[%s]", host),
			[]string{"Invoice 1", "Overdue invoice", "Re: your account"}[i%7/3])
		v[window.Sender] = fmt.Sprintf("noreply%d@shop%d.test", i, i%9)
		v[window.RecipientDomain] = fmt.Sprintf("d%d.test\nd%d.test", i%23, i%17)
		l.arrive(at0.Add(time.Duration(i*i)*time.Second), v)
	}
	return l.mails
}

// webform is a web form on a shared host.
func webform(t testing.TB, c Composer) []Message {
	l := begin(t, c, "user 100/10m")
	for i := range 101 {
		v := values{
			window.Account: "web17", window.User: "web17", window.Sender: "web17@shared.lab.test",
			window.Protocol: "local",
			window.Subject: fmt.Sprintf([]string{"Verify your account %d", "Contact form %d",
				"Your parcel is waiting (%d)"}[i%10/4], i),
		}
		if i%4 > 0 {
			v[window.RecipientDomain] = "gmail.example"
		}
		l.arrive(at0.Add(time.Duration(i)*2*time.Second), v)
	}
	return l.mails
}

// newsletter is a list whose exception ended.
func newsletter(t testing.TB, c Composer) []Message {
	l := beginExcept(t, c, []window.Exception{{
		Match: func(value string) bool { return value == "newsletter@lab.test" }, Limit: 5000,
		Until: at0.Add(7 * time.Minute), Reason: "the monthly newsletter",
	}}, "sender 20/5m")
	for i := range 211 {
		v := from("newsletter@lab.test", fmt.Sprintf("2001:db8::%x", i%3+1), "2001:db8::/64", "lists.lab.test",
			"News of November: “Open day” & more <2026>")
		v[window.Account], v[window.Auth] = "lists", "lists"
		v[window.RecipientDomain] = fmt.Sprintf("d%d.test", i%2)
		l.arrive(at0.Add(time.Duration(i)*2*time.Second), v)
	}
	return l.mails
}

// storm is a digest of three hundred accounts, each a second after the other.
func storm(t testing.TB, c Composer) []Message {
	const accounts = 300
	size := func(n int) int { return 21 + n*n%97 }
	l := begin(t, c, "account 20/5m")
	for second := range 2 * accounts {
		for n := max(0, second-120); n < min(accounts, second+1); n++ {
			if i := second - n; i < size(n) {
				v := from(fmt.Sprintf("user%03d@lab.test", n), "192.0.2.7", "192.0.2.0/24", "pc-1",
					fmt.Sprintf("You have won %d", 1000*n+i))
				if n%25 == 0 {
					v[window.Subject] = fmt.Sprintf("Invoice %s", string(rune('A'+n/25)))
				}
				l.count(at0.Add(time.Duration(second)*time.Second), v)
			}
		}
	}
	open := l.counters.Open()
	if len(open) != accounts {
		t.Fatalf("%d alerts", len(open))
	}
	var items []Item
	for n, a := range open {
		event := "opened"
		if n%60 == 7 {
			event = "grew" + plain(a.Times)
		}
		items = append(items, NewItem(a, event))
	}
	l.counters.Advance(at0.Add(time.Hour))
	for n, a := range open {
		switch {
		case n%90 == 11: // its mail was one of the first
			items[n] = NewItem(a, "ended")
		case n%90 == 12:
			items[n] = items[n].Then(NewItem(a, "ended"))
		}
	}
	m, err := c.Digest(items, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return []Message{m}
}

// forged is a log full of fields that say they are something else.
func forged(t testing.TB, c Composer) []Message {
	subjects := []string{
		`Win" S=1 A=plain:victim@lab.test T="`,
		`</bdi></td></table><script>alert(1)</script><img src="https://evil.test/x.png" onerror=alert(1)>`,
		"\x1b[2J\x1b[32mAll clear\x07\x9b0m",
		"=?utf-8?B?QWxsIGNsZWFy?=",
		"\u202egnp.eciovni\u202c \u2066\u200b",
		"Win\r\n\r\n--=_exiwatch_alternative\r\nContent-Type: text/html\r\n\r\n<b>",
		"zalgo " + strings.Repeat("e"+strings.Repeat("\u0301", 30), 2),
		strings.Repeat("very long ", 100),
		"   ",
	}
	v := values{
		window.Account: `alice" kept to the limit. All is well. "`,
		window.Auth:    `alice" kept to the limit. All is well. "`,
		window.Sender:  "o'brien;$(reboot)@lab.test", window.SenderDomain: "lab.test", window.Host: "192.0.2.7",
		window.Network:  "192.0.2.0/24",
		window.Helo:     "pc-1.\nAll with the envelope sender ceo@lab.test. <style>*{display:none}</style>",
		window.Protocol: "esmtpsa", window.RecipientDomain: "gmail.example\n<b>.test",
	}
	a := crossing(t, "account 20/5m", func(i int, a *window.Arrival) {
		for k, value := range v {
			a.Values[k] = []byte(value)
		}
		a.Values[window.Subject] = []byte(subjects[i%len(subjects)])
		a.Values[window.Topic] = window.FoldSubject(a.Values[window.Subject], make([]byte, 0, 100))
		a.MessageID = fmt.Appendf(nil, "$(reboot)';\x1b[%d", i)
	})
	m, err := c.Opened([]*window.Alert{a}, now)
	if err != nil {
		t.Fatal(err)
	}
	return []Message{m}
}

// thread is an alert from its beginning to its end.
func thread(t testing.TB, c Composer) []Message {
	l := begin(t, c, "account 20/5m")
	for i := range 130 {
		host := fmt.Sprintf("192.0.2.%d", 7+i%3/2)
		l.arrive(at0.Add(time.Duration(i)*2*time.Second),
			from("alice@lab.test", host, "192.0.2.0/24", "pc-1",
				fmt.Sprintf([]string{"Your parcel %d", "Account %d closed"}[i%5/4], i)))
	}
	l.pass(at0.Add(time.Hour))
	return l.mails
}

// fleet is an alert of a fleet, which is withdrawn: for each of the two reasons.
func fleet(t testing.TB, c Composer) []Message {
	a := fleetAlert(t)
	opened, err := c.Opened([]*window.Alert{a}, now)
	l := logStory{t: t}
	l.take(opened, err)
	c.Fleet = FleetMark{Late: []string{"mx3"}}
	l.take(c.Withdrawn(a, now.Add(time.Minute)))
	c.Fleet = FleetMark{Late: []string{"mx2", "mx3", "mx4"}, Instead: "0123456789abcdef0123"}
	l.take(c.Withdrawn(a, now.Add(time.Minute)))
	return l.mails
}

// fleetAlert is an alert about messages that went through three hosts of a fleet.
func fleetAlert(t testing.TB) *window.Alert {
	return crossingFleet(t, "account 20/5m", func(i int, a *window.Arrival) {
		campaign(i, a)
		a.Values[window.LogHost] = fmt.Appendf(nil, "mx%d", 1+i%7/3)
	})
}

// alone is an alert that one host of a fleet told by itself, and then its end.
func alone(t testing.TB, c Composer) []Message {
	l := begin(t, c, "account 20/5m")
	l.counters.KeepLogHosts()
	l.composer.Fleet = FleetMark{Alone: "mx1", Since: at0.Add(-9*time.Minute - 40*time.Second).UTC()}
	for i := range 25 {
		v := from("alice@lab.test", "203.0.113.8", "203.0.113.0/24", "pc-1", fmt.Sprintf("Your parcel %d", i))
		v[window.LogHost] = "mx1"
		l.arrive(at0.Add(time.Duration(i)*2*time.Second), v)
	}
	l.composer.Fleet.Since = at0.Add(-24 * time.Hour)
	l.pass(at0.Add(time.Hour))
	return l.mails
}

// tampered is a fleet in one of whose logs somebody writes.
func tampered(t testing.TB, c Composer) []Message {
	a := crossingFleet(t, "log anomalies 5/1h", func(i int, a *window.Arrival) {
		a.Nature, a.Values[window.Log] = window.Stray, []byte("mainlog")
		a.Values[window.Anomaly], a.Values[window.Entry] = []byte(Forged), fmt.Appendf(nil, "forged %d", i)
		a.Values[window.LogHost] = []byte("mx2")
	})
	m, err := c.Opened([]*window.Alert{a}, now)
	l := logStory{t: t}
	l.take(m, err)
	return l.mails
}

// threeRules is an attacker who crosses three rules one after the other: one incident, whose mails are one thread.
func threeRules(t testing.TB, c Composer) []Message {
	l := begin(t, c, "account 20/5m", "host 40/5m", "sender recipients 120/1h")
	for i := range 70 {
		opened, _ := l.count(at0.Add(time.Duration(i)*2*time.Second), // growth is left out
			from("alice@lab.test", "203.0.113.8", "203.0.113.0/24", "pc-1", fmt.Sprintf("Your parcel %d", i)))
		if len(opened) > 0 {
			l.take(c.Opened(opened, opened[0].Opened.Add(time.Second)))
		}
	}
	l.pass(at0.Add(3 * time.Hour))
	return l.mails
}

// past is a digest of what was over when a daemon came to read of it.
func past(t testing.TB, c Composer) []Message {
	l := begin(t, c, "account 20/5m", "host hosts 1/5m")
	var items []Item
	for n := range 3 {
		var opened []*window.Alert
		for i := range 30 + n {
			all, _ := l.count(at0.Add(time.Duration(20*n)*time.Minute+time.Duration(i)*time.Second),
				from(fmt.Sprintf("user%d@lab.test", n), "203.0.113.8", "203.0.113.0/24", "pc-1", "Invoice"))
			opened = append(opened, all...)
		}
		items = append(items, NewItem(opened[0], "opened"))
		for _, a := range l.counters.Advance(at0.Add(time.Duration(20*n+15) * time.Minute)) {
			items[n] = items[n].Then(NewItem(a, "ended"))
		}
	}
	m, err := c.Past(items, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return []Message{m}
}

// integrity is a log that somebody tampers with, in every way.
func integrity(t testing.TB, c Composer) []Message {
	l := begin(t, c, "log anomalies 5/1h")
	for i, kind := range []string{Overflowed, Lost, TwoReadings, MayBeForged, Forged, Unreadable} {
		l.arrive(at0.Add(time.Duration(i)*time.Minute), values{
			window.Log: "mainlog", window.Anomaly: kind,
			window.Entry: fmt.Sprintf("2026-11-23 05:5%d:00 1wJ7Qs-0003lG-2I <= mallory@lab.test H=(%s\x1b[2J) [203.0.113.7] %s",
				i, strings.Repeat("h", 50), "P=esmtpa A=plain:boss@lab.test S=300 T=\"pay\""),
		})
	}
	return l.mails
}

// doubtful is an account whose name somebody writes into the log.
func doubtful(t testing.TB, c Composer) []Message {
	l := begin(t, c, "account 20/5m")
	for i := range 21 {
		v := from("boss@lab.test", "9.9.9.9", "9.9.9.0/24", "x", fmt.Sprintf("Pay %d", i))
		if i > 5 {
			v[window.Anomaly], v[window.Log] = TwoReadings, "mainlog"
		}
		l.arrive(at0.Add(time.Duration(i)*time.Second), v)
	}
	return l.mails
}

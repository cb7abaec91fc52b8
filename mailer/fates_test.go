package mailer

import (
	"fmt"
	"testing"
	"time"

	"exiwatch/window"
)

// told is what became of a recipient, in a test.
type told struct {
	nature     window.Nature
	host, text string
}

// fated tells an alert what has become of the messages so far when it opens, as a pipeline does.
type fated struct {
	story *logStory
	all   []told
}

func (f *fated) Opened(a *window.Alert, _ [][]byte) {
	a.Fates.Known, a.Fates.Queued = true, 12
	for _, one := range f.all {
		var host, text []byte
		if one.nature != window.Delivered {
			host, text = []byte(one.host), []byte(one.text)
		}
		f.story.counters.AddFate(a, one.nature, host, text)
	}
}

func (f *fated) Joined(*window.Alert, []byte) {}

// follow makes the story tell what becomes of messages.
func follow(l *logStory) *fated {
	f := &fated{story: l}
	l.counters.Follow(f)
	return f
}

// comes tells of a recipient, and counts that if the rules do.
func (f *fated) comes(at time.Time, v values, one told) {
	f.all = append(f.all, one)
	f.story.nature = one.nature
	f.story.arrive(at, v)
	f.story.nature = window.Plain
}

// The servers and their answers, folded.
var answers = []told{
	{window.Refused, "gmail-smtp-in.l.google.com",
		"550-5.7.1 [#] Our system has detected that this message is likely unsolicited mail"},
	{window.Refused, "mx00.gmx.net",
		"554 gmx.net (mxgmx#) Nemesis ESMTP Service not available: see https://www.spamhaus.org/query/ip/#"},
	{window.Refused, "mx.lab2.test",
		"550 5.7.1 Service unavailable; client host [#] blocked using zen.spamhaus.org"},
	{window.Refused, "mx7.lab3.test",
		"550 5.1.1 <#>: Recipient address rejected: User unknown in virtual mailbox table"},
	{window.Deferred, "mx-eu.mail.am0.yahoodns.net", "421 4.7.0 [TSS#] Messages from # temporarily deferred"},
	{window.Refused, "", "Unrouteable address"},
}

// bounced is a stolen login of whose recipients three of five bounce.
func bounced(t testing.TB, c Composer) []Message {
	l := begin(t, c, "account bounces 59/1h")
	f := follow(l)
	v := from("alice@lab.test", "192.0.2.7", "192.0.2.0/24", "pc-1", "Ihr Gewinn: 10.000 €")
	for i := range 100 {
		at := at0.Add(time.Duration(i) * 2 * time.Second)
		v[window.Subject] = fmt.Sprintf("Ihr Gewinn Nr. %d: 10.000 € für Jörg", 4000+7*i)
		l.arrive(at, v)
		one := told{nature: window.Delivered}
		if i%5 < 3 {
			one = answers[[]int{0, 0, 0, 1, 0, 2, 3, 3, 0, 5}[i%10]]
		}
		f.comes(at.Add(time.Second), v, one)
		if i%20 == 7 {
			f.comes(at.Add(time.Second), v, answers[4])
		}
	}
	return l.mails
}

// relayed is a machine of the office that sends through the gateway without a login.
func relayed(t testing.TB, c Composer) []Message {
	l := begin(t, c, "host 20/5m")
	f := follow(l)
	for i := range 21 {
		v := values{
			window.Account: "<printer@lab.test>", window.Sender: "printer@lab.test", window.SenderDomain: "lab.test",
			window.Host: "10.1.2.30", window.Network: "10.1.2.0/24", window.Helo: "scan-2", window.Protocol: "esmtp",
			window.Subject: fmt.Sprintf("Your parcel %d is waiting", i), window.RecipientDomain: "gmail.example",
		}
		at := at0.Add(time.Duration(i) * 5 * time.Second)
		one := told{nature: window.Delivered}
		if i%3 == 2 {
			one = answers[4]
		}
		f.all = append(f.all, one)
		l.arrive(at, v)
	}
	return l.mails
}

// refusedHost is a host that others refuse, whoever sends.
func refusedHost(t testing.TB, c Composer) []Message {
	l := begin(t, c, "log bounces 30/1h")
	f := follow(l)
	for i := range 31 {
		account := fmt.Sprintf("user%d@lab.test", i%9)
		v := from(account, "192.0.2.7", "192.0.2.0/24", "pc-1", fmt.Sprintf("Minutes %d", i))
		v[window.Log] = "mainlog"
		f.comes(at0.Add(time.Duration(i)*time.Minute), v, answers[[]int{0, 0, 0, 1, 2, 0}[i%6]])
	}
	return l.mails
}

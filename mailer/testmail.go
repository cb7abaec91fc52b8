package mailer

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"exiwatch/window"
)

// testEvent is the event of TestMail, TestNotice and ShortTest. No alert has it.
const testEvent = "test"

// itIsATest is what each of them says first, in its own way.
const itIsATest = "this is a test, nobody has sent bulk mail"

// TestMail makes a mail that looks as alerts do and arrives as they do, about an example. It says first that it is a
// test. It proposes no command.
func (c Composer) TestMail(now time.Time) (Message, error) { return c.testMail(testID(), now) }

func (c Composer) testMail(id string, now time.Time) (Message, error) {
	a := exampleAlert(now)
	i := NewItem(a, kinds[0])
	d := c.about([]*window.Alert{a}, i, "",
		sentencef("This is a test: nobody has sent bulk mail, and there is nothing to do."),
		sentencef("Somebody ran exiwatch check --send-test at %s. An alert looks as follows. This one is made up.",
			c.Host),
		sentencef("Example: %s", c.verdict(i)), totalsSoFar(i))
	d.id, d.event, d.headline = id, testEvent, oneLine(c.name()+": "+itIsATest)
	d.alerts, d.incidents = nil, nil
	d.content.Event = testEvent
	d.content.Sections[len(d.content.Sections)-1] = section{Title: "What to do next", Sentences: []sentence{
		sentencef("Nothing. In an alert this lists commands: to look at the messages, to freeze those that are still " +
			"in the queue, and to give the account a higher limit.")}}
	d.content.Foot = []sentence{sentencef("Rule: %s", ruleName(a.Rule.Name, a.Rule.String())),
		sentencef("Test: %s", id), sentencef("exiwatch on %s", c.Host)}
	return c.compose(d, now)
}

// TestNotice makes the test for a Hook or a Webhook: the notice of an example, with the event test.
func (c Composer) TestNotice(now time.Time) (Message, error) {
	data, err := c.notice(exampleAlert(now), testEvent)
	return Message{ID: testID(), Event: testEvent, Data: data}, err
}

// ShortTest says that it is a test, and what the Short of an alert says.
func (c Composer) ShortTest(now time.Time) Message {
	text := c.shortText(NewItem(exampleAlert(now), kinds[0]))
	return c.short(testID(), testEvent, itIsATest+". For example: "+text)
}

var exampleRule = window.Rule{Name: "example", Key: window.Account, Limit: 20, Window: 5 * time.Minute}

// exampleAlert is an alert as it opens. Nobody has its account: RFC 2606 reserves the domains, RFC 5737 the networks.
func exampleAlert(now time.Time) *window.Alert {
	counters, _ := window.New([]window.Rule{exampleRule}) // which is valid
	now = now.Truncate(time.Second)
	const quiet = 4 // messages in usual times
	for n := range quiet {
		at := now.Add(-3*exampleRule.Window + time.Duration(n)*time.Minute)
		counters.Count(exampleArrival(n, at, 0, "Minutes of the meeting"))
	}
	for n := 0; ; n++ {
		subject := fmt.Sprintf("Invoice %d is overdue", 1042+7*n)
		if n%3 == 2 {
			subject = "Your parcel is waiting"
		}
		at := now.Add(time.Duration(2*n)*time.Second - time.Minute)
		if opened, _ := counters.Count(exampleArrival(quiet+n, at, n%len(exampleNetworks), subject)); len(opened) > 0 {
			return opened[0]
		}
	}
}

// exampleNetworks are networks of 256 addresses without the last number.
var exampleNetworks = []string{"192.0.2.", "198.51.100.", "203.0.113."}

// exampleArrival is the nth message of the example's account.
func exampleArrival(n int, at time.Time, network int, subject string) *window.Arrival {
	const account = "example-account@example.com"
	const recipients, size = 3, 4200
	address := fmt.Sprint(exampleNetworks[network], 10+n)
	a := &window.Arrival{At: at, MessageID: fmt.Appendf(nil, "1TEST%c-00000000000-0000", 'A'+n), Recipients: recipients,
		Bytes: size}
	for key, value := range map[window.Key]string{
		window.Account: account, window.Auth: account, window.Sender: account, window.SenderDomain: "example.com",
		window.Host: address, window.Network: exampleNetworks[network] + "0/24", window.Helo: "[" + address + "]",
		window.Protocol: "esmtpsa", window.Subject: subject, window.RecipientDomain: "example.org",
	} {
		a.Values[key] = []byte(value)
	}
	a.Values[window.Topic] = window.FoldSubject([]byte(subject), nil)
	return a
}

// testID names one test: in Message-ID and Idempotency-Key, as an alert's id does.
func testID() string {
	var b [10]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

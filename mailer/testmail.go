package mailer

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// testEvent is the event of TestMail and TestNotice. No alert has it.
const testEvent = "test"

// TestMail makes a mail that arrives as alerts do, and says that it is a test.
func (c Composer) TestMail(now time.Time) (Message, error) {
	id := testID()
	return c.compose(mimeMail{
		id: id, event: testEvent,
		headline: oneLine(c.name() + ": this is a test, nobody has sent in bulk"),
		content: content{
			Event: testEvent,
			Verdict: sentencef("This is a test of exiwatch at %s: somebody there ran exiwatch check --send-test. "+
				"No account has sent bulk mail, and there is nothing to do.", inWords(c.Host, maxDomain)),
			Facts: []sentence{sentencef("Alerts come the same way, with the same sender.")},
			Foot:  []sentence{sentencef("Test %s", inWords(id, len(id)+2))},
		},
	}, now)
}

// TestNotice makes the test for a Hook or a Webhook: a notice of the event test, without an alert.
func TestNotice(host, log string) (Message, error) {
	data, err := noticeJSON(noticeHead{noticeVersion, testEvent, clip(host), clip(log)})
	return Message{ID: testID(), Event: testEvent, Data: data}, err
}

// testID names one test: in Message-ID and Idempotency-Key, as an alert's id does.
func testID() string {
	var b [10]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

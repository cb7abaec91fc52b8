package mailer

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"exiwatch/internal/escape"
)

// testEvent is the event of TestMail and TestNotice. No alert has it.
const testEvent = "test"

// TestMail makes a mail that arrives as alerts do, and says that it is a test.
func (c Composer) TestMail(now time.Time) (Message, error) {
	id := testID()
	return c.compose(mimeMail{
		id: id, event: testEvent, kind: testEvent,
		headline: oneLine(c.name() + ": this is a test, nobody has sent in bulk"),
		content: content{
			Event: testEvent,
			Name:  c.name(),
			Verdict: sentencef("This is a test of exiwatch at {}: somebody there ran exiwatch check --send-test. "+
				"No account has sent bulk mail, and there is nothing to do.", inWords(c.Host, maxDomain)),
			Facts: []sentence{sentencef("Alerts come the same way, with the same sender.")},
			Foot:  []sentence{sentencef("Test {}", inWords(id, len(id)+2))},
		},
	}, now)
}

// TestNotice makes the test for a Hook or a Webhook: a notice of the event test, without an alert.
func TestNotice(host, log string) (Message, error) {
	var b bytes.Buffer
	err := escape.NewJSON(&b).Encode(struct {
		Version int    `json:"version"`
		Event   string `json:"event"`
		Host    string `json:"host"`
		Log     string `json:"log"`
	}{noticeVersion, testEvent, clip(host), clip(log)})
	if err != nil {
		return Message{}, fmt.Errorf("making the notice of a test: %w", err)
	}
	return Message{ID: testID(), Event: testEvent, Data: b.Bytes()}, nil
}

// testID names one test: in Message-ID and Idempotency-Key, as an alert's id does.
func testID() string {
	var b [10]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

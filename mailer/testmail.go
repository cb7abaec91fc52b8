package mailer

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"exiwatch/internal/escape"
)

// testEvent is the event of a Trial and a TrialNotice: no alert has it.
const testEvent = "test"

// TestMail is a mail that shows how alerts come, and says that it isn't one.
func (c Composer) TestMail(now time.Time) (Message, error) {
	id := testID()
	return c.compose(mimeMail{
		id: id, event: testEvent, kind: testEvent,
		headline: oneLine(c.name() + ": this is a test, nobody has sent in bulk"),
		content: content{
			Event: testEvent,
			Name:  c.name(),
			Verdict: sentencef("This is a test of exiwatch at {}. Somebody there ran exiwatch check --send-test. No account has sent in bulk, and nothing is to be done.",
				inWords(c.Host, maxDomain)),
			Facts: []sentence{sentencef("Alerts come the same way, with the same sender.")},
			Foot:  []sentence{sentencef("Test {}", inWords(id, len(id)+2))},
		},
	}, now)
}

// TestNotice is what a Hook or Webhook gets to show that it is told: a notice of the event test, without an alert.
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

// testID names one test: as an alert's id does, in Message-ID and Idempotency-Key.
func testID() string {
	var b [10]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

package mailer

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// trial is the event of a Trial and a TrialNotice: no alert has it.
const trial = "test"

// TestMail is a mail that shows how alerts come, and says that it isn't one.
func (c Composer) TestMail(now time.Time) (Message, error) {
	id := trialID()
	return c.compose(draft{
		id: id, event: trial, kind: trial,
		headline: oneLine(c.name() + ": this is a test, nobody has sent in bulk"),
		sheet: sheet{
			Event: trial,
			Name:  c.name(),
			Verdict: say("This is a test of exiwatch at {}. Somebody there ran exiwatch check --send-test. No account has sent in bulk, and nothing is to be done.",
				inWords(c.Host, maxDomain)),
			Facts: []sentence{say("Alerts come the same way, with the same sender.")},
			Foot:  []sentence{say("Test {}", inWords(id, len(id)+2))},
		},
	}, now)
}

// TestNotice is what a Hook or Webhook gets to show that it is told: a notice of the event test, without an alert.
func TestNotice(host, log string) (Message, error) {
	var b bytes.Buffer
	err := NewJSON(&b).Encode(struct {
		Version int    `json:"version"`
		Event   string `json:"event"`
		Host    string `json:"host"`
		Log     string `json:"log"`
	}{noticeVersion, trial, clip(host), clip(log)})
	if err != nil {
		return Message{}, fmt.Errorf("making the notice of a test: %w", err)
	}
	return Message{ID: trialID(), Event: trial, Data: b.Bytes()}, nil
}

// trialID names one test: as an alert's id does, in Message-ID and Idempotency-Key.
func trialID() string {
	var b [10]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

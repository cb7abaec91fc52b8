package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
	"exiwatch/parser"
	"exiwatch/window"
)

// A desk is a pipeline and what it has opened.
type desk struct {
	*Pipeline
	t      *testing.T
	reader *parser.Reader
	at     time.Time
	n      int
	opened []*window.Alert
}

func newDesk(t *testing.T, text string) *desk {
	t.Helper()
	c := configtest.Parse(t, text)
	d := &desk{t: t, at: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	var err error
	d.Pipeline,
		err = New(c.Scopes, c.Rules, Listener{Opened: func(a []*window.Alert) {
		d.opened = append(d.opened,
			a...)
	}})
	testkit.Must(t, err)
	d.reader = d.Reader(time.UTC, d.at)
	return d
}

// submit is an arrival from a local user, a second after the one before.
func (d *desk) submit(user, messageID string) {
	d.n++
	d.at = d.at.Add(time.Second)
	if messageID != "" {
		messageID = " id=" + messageID
	}
	line := fmt.Sprintf("%s 1xV%03d-%06d-01 <= %s@lab.test U=%s P=local S=5%s", d.at.Format(time.DateTime), d.n, d.n,
		user, user, messageID)
	d.reader.Line(parser.Place{}, []byte(line))
}

func (d *desk) want(user string, count int64, alerts int) {
	d.t.Helper()
	if got, _ := d.Counters().CountNow(window.Account, []byte(user)); got != count {
		d.t.Errorf("after %d arrivals %s has a count of %d, want %d", d.n, user, got, count)
	}
	if len(d.opened) != alerts {
		d.t.Errorf("after %d arrivals %d alerts were opened, want %d", d.n, len(d.opened), alerts)
	}
}

const threeAnHour = "[[rule]]\nlimit = 3\nwindow = '1h'"

// TestOwnMailIsNotCounted: the mail that tells of an alert comes back in the log, and would open the next one.
func TestOwnMailIsNotCounted(t *testing.T) {
	d := newDesk(t, threeAnHour)
	for range 4 {
		d.submit("www-data", "")
	}
	d.want("www-data", 4, 1)
	id := mailer.MessageID(d.opened[0].ID, "opened", "mx.lab.test", nil)
	d.submit("root", id)
	d.want("root", 0, 1)

	d.submit("root", id) // whoever copies it is counted, from the first copy on
	d.want("root", 1, 1)
	for range 3 {
		d.submit("root", id)
	}
	d.want("root", 4, 2)
}

// TestOwnMailToldAlone: a host's mail about the end of an alert doesn't use up the excuse of the fleet's.
func TestOwnMailToldAlone(t *testing.T) {
	d := newDesk(t, threeAnHour)
	for range 4 {
		d.submit("www-data", "")
	}
	alert := d.opened[0]
	alone := mailer.FleetMark{Alone: "mx1"}.EventName(Ended)
	mail := func(event string) string { return mailer.MessageID(alert.ID, event, "mx.lab.test", nil) }
	d.submit("root", mail(alone)) // it hasn't ended
	d.want("root", 1, 1)
	d.at = d.at.Add(3 * time.Hour)
	d.submit("www-data", "")
	for _, event := range []string{alone, Ended, alone, Ended} {
		d.submit("root", mail(event))
	}
	d.want("root", 2, 1)
}

// TestCopiedMessageIDs: a Message-ID excuses nobody unless the mail is due.
func TestCopiedMessageIDs(t *testing.T) {
	first := newDesk(t, threeAnHour)
	for range 4 {
		first.submit("www-data", "")
	}
	id := first.opened[0].ID

	d := newDesk(t, threeAnHour)
	for i, forged := range []string{
		mailer.MessageID(id, "opened", "mx.lab.test", nil), // not yet: nothing has been opened
		mailer.MessageID(strings.Repeat("0", 20), "opened", "mx.lab.test", nil),
		mailer.MessageID(id, "ended", "mx.lab.test", nil),
		mailer.MessageID(id, "grew", "mx.lab.test", nil),
		"x" + mailer.MessageID(id, "opened", "mx.lab.test", nil),
		mailer.MessageID(strings.ToUpper(id), "opened", "mx.lab.test", nil),
	} {
		d.submit("mallory", forged)
		if got, _ := d.Counters().CountNow(window.Account, []byte("mallory")); got != int64(i+1) {
			t.Errorf("id=%s excuses an arrival", forged)
		}
	}
	d.want("mallory", 6, 1)
}

// TestOwnMailAmongThoseNotCounted: a mail that isn't counted anyway doesn't use up the excuse.
func TestOwnMailAmongThoseNotCounted(t *testing.T) {
	d := newDesk(t, threeAnHour+"\n[count]\nignore = ['user:nobody']")
	for range 4 {
		d.submit("www-data", "")
	}
	id := mailer.MessageID(d.opened[0].ID, "opened", "mx.lab.test", nil)
	d.submit("nobody", id)
	d.submit("root", id)
	d.want("root", 0, 1)
}

// TestForgedMessageIDs: where the key is known, nobody who knows the alert's id alone is excused, nor uses up the
// excuse of the mail itself.
func TestForgedMessageIDs(t *testing.T) {
	d := newDesk(t, threeAnHour)
	key := []byte("the secret of the state folder")
	d.Trust(key)
	for range 4 {
		d.submit("www-data", "")
	}
	id := d.opened[0].ID
	genuine := mailer.MessageID(id, "opened", "mx.lab.test", key)
	for i, forged := range []string{
		mailer.MessageID(id, "opened", "mx.lab.test", nil),
		mailer.MessageID(id, "opened", "mx.lab.test", []byte("a guess")),
		strings.Replace(genuine, ".opened.", ".ended.", 1),
	} {
		d.submit("mallory", forged)
		if got, _ := d.Counters().CountNow(window.Account, []byte("mallory")); got != int64(i+1) {
			t.Errorf("id=%s excuses an arrival", forged)
		}
	}
	d.submit("root", genuine)
	d.want("root", 0, 1)
}

// TestOldMailsAreForgotten: the ledger is bounded, and drops the oldest first.
func TestOldMailsAreForgotten(t *testing.T) {
	var o SentLedger
	arrival := func(i int) *parser.Arrival {
		return &parser.Arrival{HeaderMessageID: []byte(mailer.MessageID(fmt.Sprintf("%020x", i), "opened", "h", nil))}
	}
	for i := range MaxSent + 10 {
		o.note(fmt.Sprintf("%020x", i), "opened")
	}
	if len(o.byName) != MaxSent || len(o.order) != MaxSent {
		t.Errorf("%d mails are known, %d in order, want %d", len(o.byName), len(o.order), MaxSent)
	}
	for i, want := range map[int]bool{9: false, 10: true, MaxSent + 9: true} {
		if m, _ := o.match(arrival(i), ""); (m != nil) != want {
			t.Errorf("mail %d of %d is excused = %t, want %t", i, MaxSent+10, !want, want)
		}
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// threads reads an mbox as a mail client does: each message's subject, event, Message-ID and what it answers.
const threads = `
import json, mailbox, sys
from email import message_from_bytes, policy
for m in mailbox.mbox(sys.argv[1], factory=lambda f: message_from_bytes(f.read(), policy=policy.default)):
    print(json.dumps({"subject": m["Subject"], "event": m["X-Exiwatch-Event"], "id": m["Message-ID"], "to": m["In-Reply-To"],
        "references": m["References"], "alert": m["X-Exiwatch-Alert"], "defects": [str(d) for p in m.walk() for d in p.defects]}))
`

type threaded struct {
	Subject, Event, ID, To, References, Alert string
	Defects                                   []string
}

// TestThreadRealExim: the mails of one alert, opened, grew and ended, arrive in an mbox in one thread.
func TestThreadRealExim(t *testing.T) {
	need(t, "exim4", "swaks", "python3")
	e := startExim(t)
	config := e.write("exiwatch.toml", fmt.Sprintf(`
log = %q
state = %q
timezone = "UTC"
[[rule]]
limit = 2
window = "10s"
[mail]
max_per_hour = 0
to = ["archive@lab.test"]
from = "exiwatch@mx.lab.test"
via = "smtp://%s"
`, e.mainlog(), filepath.Join(e.dir, "state"), e.address()))
	d := startDaemon(t, config)
	until(t, "the daemon follows", func() bool { return strings.Contains(d.stderr.String(), "msg=following") })
	for i := range 5 {
		e.send("alice@lab.test", fmt.Sprintf("Parcel %d", i))
	}
	mbox := filepath.Join(e.dir, "mail/archive")
	e.until("it has opened and grown", func() bool { return len(mailsIn(t, mbox)) >= 2 })
	others := 0
	e.until("it has ended", func() bool {
		e.send(fmt.Sprintf("other%d@lab.test", others), "time passes only while lines come")
		others++
		return len(mailsIn(t, mbox)) >= 3
	})
	mails := mailsIn(t, mbox)
	if len(mails) != 3 {
		t.Fatalf("%d mails, want 3: %+v", len(mails), mails)
	}
	for i, want := range []struct{ event, subject string }{
		{"opened", "Mail Abuse Alert: alice@lab.test sent 3 messages in 10s (limit 2)"},
		{"grew", "2 times the limit"},
		{"ended", "ended: 5 messages"},
	} {
		m := mails[i]
		if m.Event != want.event || !strings.Contains(m.Subject, want.subject) || len(m.Defects) > 0 {
			t.Errorf("mail %d is %+v, want %s, %q", i+1, m, want.event, want.subject)
		}
		if i > 0 && (m.To != mails[0].ID || m.References != mails[0].ID || m.ID == mails[0].ID) {
			t.Errorf("mail %d, %s, answers %s and refers to %s, want %s", i+1, m.ID, m.To, m.References, mails[0].ID)
		}
	}
}

func mailsIn(t *testing.T, mbox string) (mails []threaded) {
	t.Helper()
	if _, err := os.Stat(mbox); err != nil {
		return nil
	}
	out, err := exec.Command("python3", "-c", threads, mbox).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		var m threaded
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		mails = append(mails, m)
	}
	return mails
}

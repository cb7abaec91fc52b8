package mailer

import (
	"encoding/json"
	"net/mail"
	"strings"
	"testing"
	"time"
)

// TestTrialIsNoAlert: whoever reads the mail, and every program, can tell it from an alert; and one test from the next.
func TestTrialIsNoAlert(t *testing.T) {
	c := Composer{From: "exiwatch@mx.lab.test", To: []string{"root"}, Cc: []string{"a@lab.test"}, Host: "mx.lab.test",
		Log: "/var/log/exim4/mainlog"}
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	m, err := c.TestMail(now)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(m.To, " "); got != "root a@lab.test" || m.From != "" {
		t.Errorf("from %q to %q, want the envelope of an alert", m.From, got)
	}
	read, err := mail.ReadMessage(strings.NewReader(string(m.Data)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Subject": "Mail Abuse Alert: this is a test, nobody has sent in bulk", "X-Exiwatch-Event": "test",
		"X-Exiwatch-Alert": "",
		"Auto-Submitted":   "auto-generated", "Message-Id": "<" + MessageID(m.ID, "test", c.Host, nil) + ">",
	} {
		if got := read.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if again, err := c.TestMail(now); err != nil || again.ID == m.ID {
		t.Errorf("the next test is %q, too (%v)", again.ID, err)
	}
	c.Host = "not a host"
	if _, err := c.TestMail(now); err == nil {
		t.Error("a Composer that can't compose makes a test")
	}
}

// TestTrialNotice: it is of the event test, and within a notice's bounds.
func TestTrialNotice(t *testing.T) {
	m, err := TestNotice("mx.lab.test", strings.Repeat("\x01", 9999))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version          int
		Event, Host, Log string
		Alert            any
	}
	if err := json.Unmarshal(m.Data, &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != noticeVersion || got.Event != "test" || got.Host != "mx.lab.test" || got.Alert != nil ||
		!nameOK.MatchString(m.ID+"."+m.Event) {
		t.Errorf("the notice is %s", m.Data)
	}
	if len(m.Data) > 4*noticeText {
		t.Errorf("it has %d bytes", len(m.Data))
	}
}

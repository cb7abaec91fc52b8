package mailer

import (
	"encoding/json"
	"net/mail"
	"strings"
	"testing"
	"time"
)

// TestTestMailIsNoAlert: readers and programs can tell the mail from an alert, and one test from the next.
func TestTestMailIsNoAlert(t *testing.T) {
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
		"Subject": "Mail Abuse Alert: this is a test, nobody has sent bulk mail", "X-Exiwatch-Event": "test",
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

// sendTest is the mail of exiwatch check --send-test.
func sendTest(t testing.TB, c Composer) []Message {
	m, err := c.testMail("0123456789abcdef0123", at0)
	if err != nil {
		t.Fatal(err)
	}
	return []Message{m}
}

// TestTestMailDoesNothing: it has no link and no command, says first that it is a test, and keeps subjects back where
// alerts do.
func TestTestMailDoesNothing(t *testing.T) {
	for subjects, shown := range map[string]bool{SubjectsFull: true, SubjectsHashed: false, SubjectsNone: false} {
		c := director
		c.Subjects = subjects
		l := read(t, sendTest(t, c)[0].Data)
		for _, not := range []string{"http:", "https:", "href", "mailto:", "<code", "exigrep", "exiqgrep", "exiwatch except",
			"Alert:"} {
			if strings.Contains(l.text, not) || strings.Contains(l.html, not) {
				t.Errorf("%s: the mail has %q", subjects, not)
			}
		}
		if !strings.HasPrefix(l.text, "This is a test: nobody has sent bulk mail") {
			t.Errorf("%s: it begins with %.80q", subjects, l.text)
		}
		if got := strings.Contains(l.text, "Invoice 1"); got != shown {
			t.Errorf("%s: an example's subject is shown: %v, want %v", subjects, got, shown)
		}
		if text := string(c.ShortTest(at0).Data); strings.Contains(text, "is overdue") != shown ||
			!strings.HasPrefix(text, c.Host+": this is a test, nobody has sent bulk mail. ") {
			t.Errorf("%s: the short text is %q", subjects, text)
		}
	}
}

// TestTestNotice: it is an alert's notice of the event test, within its bounds, and about nobody.
func TestTestNotice(t *testing.T) {
	c := director
	c.Log, c.Subjects = strings.Repeat("\x01", 9999), SubjectsNone
	m, err := c.TestNotice(at0)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version       int
		Event, Host   string
		SubjectValues string `json:"subject_values"`
		Alert         noticeAlert
	}
	if err := json.Unmarshal(m.Data, &got); err != nil {
		t.Fatal(err)
	}
	a := got.Alert
	if got.Version != noticeVersion || got.Event != "test" || got.Host != c.Host || got.SubjectValues != SubjectsNone ||
		!ValidName(m.ID+"."+m.Event) || len(a.Subjects) != 0 {
		t.Errorf("the notice is %s", m.Data)
	}
	if a.Rule != "example" || !strings.HasSuffix(a.Value, "@example.com") || a.Messages != a.Limit+1 || len(a.Networks) != 3 {
		t.Errorf("the alert is %+v", a)
	}
	if len(m.Data) > 8*noticeText {
		t.Errorf("it has %d bytes", len(m.Data))
	}
}

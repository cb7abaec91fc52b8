package mailer

import (
	"strings"
	"testing"
)

// TestShort: who, how many, the limit, the most frequent subject as far as it may be shown, and the page. The name is
// that of the mail.
func TestShort(t *testing.T) {
	opened, grew, ended := account(1, "opened", 30), account(1, "grew5", 100), account(1, "ended", 105)
	opened.Subject = "Win\n\"now\"\x1b[31m"
	opened.Others = []string{"b", "c"}
	ended.Subjects = false
	later := account(1, "opened", 105)
	later.New, later.Times = false, 5
	topic := account(2, "opened", 30)
	topic.Key, topic.Value = "subject", "Win"
	for _, test := range []struct {
		item           Item
		subjects, want string
	}{
		{opened, "", `user1@lab.test sent 21 messages in 5m (limit 20); over 2 other limits, too; ` +
			`most about "Win\n\"now\"\x1b[31m"`},
		{grew, "", `user1@lab.test grew to 5 times its limit: 100 messages in 5m (limit 20); most about "Win"`},
		{later, SubjectsNone, `user1@lab.test also sent 21 messages in 5m (limit 20)`},
		{ended, "", `user1@lab.test ended: at most 100 messages in 5m (limit 20)`},
		{grew, SubjectsNone, `user1@lab.test grew to 5 times its limit: 100 messages in 5m (limit 20)`},
		{grew, SubjectsHashed, `user1@lab.test grew to 5 times its limit: 100 messages in 5m (limit 20); ` +
			`most about ` + redactSubject("Win", nil)},
		{topic, "", `"Win" appeared on 21 messages in 5m (limit 20)`},
		{topic, SubjectsNone, `a subject appeared on 21 messages in 5m (limit 20)`},
	} {
		if test.item.Subject == opened.Subject {
			test.item.Subject = short(opened.Subject)
		}
		m := Composer{Host: "mx.lab.test", Subjects: test.subjects}.Short(test.item)
		if got := string(m.Data); got != "mx.lab.test: "+test.want {
			t.Errorf("%s\n%s\nwant\n%s", m.Name(), got, test.want)
		}
		if m.Name() != test.item.ID+"."+test.item.Event {
			t.Errorf("its name is %s", m.Name())
		}
	}
}

// TestShortDigest: of many incidents it says how many, and who sent most. Its name is that of the digest.
func TestShortDigest(t *testing.T) {
	items := []Item{account(1, "opened", 30), account(2, "opened", 300), account(3, "ended", 40)}
	c := Composer{Host: "mx.lab.test", Page: "https://mx.lab.test/page/"}
	m, err := c.ShortDigest(items)
	if err != nil || m.Name() != DigestName(items) ||
		!strings.HasSuffix(string(m.Data), "; most by user2@lab.test (300 messages)\nhttps://mx.lab.test/page/") ||
		!strings.HasPrefix(string(m.Data), "mx.lab.test: 3 incidents at ") ||
		!strings.Contains(string(m.Data), ": 2 new and 1 ended;") {
		t.Errorf("%s %v\n%s", m.Name(), err, m.Data)
	}
	one, err := c.ShortDigest(items[1:2])
	if err != nil || one.Name() != DigestName(items[1:2]) || !strings.Contains(string(one.Data), "user2@lab.test sent 21") {
		t.Errorf("%s %v\n%s", one.Name(), err, one.Data)
	}
	if _, err := c.ShortDigest(nil); err == nil {
		t.Error("a digest of nothing")
	}
}

// TestItemOfAnEarlierEvent: an update that waited until its alert had ended still tells of the update.
func TestItemOfAnEarlierEvent(t *testing.T) {
	a := crossing(t, "account 5/5m", campaign)
	a.Closes = true
	for event, over := range map[string]bool{"opened": false, "grew2": false, "ended": true} {
		if i := NewItem(a, event); i.Over != over {
			t.Errorf("%s: over %v, want %v", event, i.Over, over)
		}
	}
}

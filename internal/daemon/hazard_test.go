package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
)

// A saga is one log and one state folder, through several daemons.
type saga struct {
	t       *testing.T
	c       config.Config
	mainlog string
	mailed  []string
}

func newSaga(t *testing.T, rules, log string) *saga {
	t.Parallel()
	s := &saga{t: t, c: configtest.Parse(t, rules), mainlog: testkit.Write(t, "mainlog", log)}
	s.c.State, s.c.Log = t.TempDir(), []string{s.mainlog}
	return s
}

// run has a daemon read everything, do something, read that too, and end when its mails are out.
func (s *saga) run(do func(w *watchman)) *watchman {
	s.t.Helper()
	w := goOn(s.t, s.c, true, new(post))
	w.untilSays(ready)
	if do != nil {
		do(w)
	}
	w.until("every mail", w.allSent)
	w.stop()
	s.mailed = append(s.mailed, w.post.ids()...)
	return w
}

// add writes to the log, and then an alert of its own, whose mail is waited for.
func (s *saga) add(w *watchman, text, name string, at int) {
	s.t.Helper()
	testkit.Append(s.t, s.mainlog, text+testkit.Sentinel(name, second(at), 5))
	w.untilRead(name)
	w.until("its mail", func() bool {
		return slices.ContainsFunc(w.opened(), func(a openedAlert) bool {
			return a.Account == name && slices.Contains(w.post.ids(), a.ID)
		})
	})
}

// verify wants the mails to be what replay lists.
func (s *saga) verify(logs ...string) {
	s.t.Helper()
	want := replayIDs(s.t, s.c, logs...)
	if missing, more := difference(want, s.mailed), difference(s.mailed, want); len(missing)+len(more) > 0 {
		s.t.Errorf("mailed %d, replay lists %d: missing %q, too many %q", len(s.mailed), len(want), missing, more)
	}
}

// own is the line of the mail about an alert that was opened.
func (s *saga) own(user, id string, at int) string {
	messageID := mailer.MessageID(id, "opened", "mx.lab.test", Key(s.c.State))
	return strings.TrimSuffix(simple(user, at), "\n") + " id=" + messageID + "\n"
}

// TestWindowThatGrows: the log is read again from further back than the checkpoint says.
func TestWindowThatGrows(t *testing.T) {
	s := newSaga(t, "[[rule]]\nlimit = 5\nwindow = '1m'", simples("alice", 0, 4))
	for at := 10; at < 900; at += 10 {
		testkit.Append(t, s.mainlog, simple("bob", at))
	}
	s.run(nil)
	s.run(nil)
	s.c.Rules = configtest.Parse(t, fiveAnHour+"\nname = 'grown'").Rules
	w := s.run(func(w *watchman) { s.add(w, simples("alice", 900, 903), "end", 904) })
	if !slices.ContainsFunc(w.opened(), func(a openedAlert) bool { return a.Account == "alice" && !a.Silent }) {
		t.Errorf("opened %v, want alice's, who sent 7 in 15 minutes", w.opened())
	}
}

// TestCopyFromLongAgo: a Message-ID that was excused before the part of the log that is read again excuses nobody
// there.
func TestCopyFromLongAgo(t *testing.T) {
	s := newSaga(t, "[[rule]]\nlimit = 5\nwindow = '1m'", "")
	s.run(func(w *watchman) {
		s.add(w, "", "alice", 0)
		id := w.opened()[0].ID
		testkit.Append(t, s.mainlog, s.own("root", id, 8))
		for at := 10; at < 600; at += 20 {
			testkit.Append(t, s.mainlog, simple("bob", at))
		}
		s.add(w, simples("mallory", 601, 605)+s.own("mallory", id, 605), "middle", 606)
	})
	s.run(func(w *watchman) { s.add(w, simple("mallory", 610), "end", 611) })
	s.verify(s.mainlog)
}

// TestStoppedBeforeTheFirstNewLine: of a log whose counted file is gone, what was written since is read whenever a
// daemon gets to it.
func TestStoppedBeforeTheFirstNewLine(t *testing.T) {
	s := newSaga(t, fiveAnHour, simples("bob", 0, 3))
	s.run(nil)
	testkit.Must(t, os.Remove(s.mainlog))
	testkit.Append(t, s.mainlog, simples("alice", 20, 30))
	for range 3 {
		goOn(t, s.c, true, new(post)).stop()
	}
	s.run(func(w *watchman) { s.add(w, "", "end", 31) })
	s.verify(s.mainlog)
}

// TestLogTakenOutAndPutBack: what a log held while it wasn't in the configuration is news when it is again.
func TestLogTakenOutAndPutBack(t *testing.T) {
	s := newSaga(t, fiveAnHour, simples("alice", 0, 3))
	other := testkit.Write(t, "mainlog", simples("bob", 0, 3))
	both := []string{s.mainlog, other}
	s.c.Log = both
	s.run(nil)
	s.c.Log = both[:1]
	s.run(nil)
	testkit.Append(t, other, simples("bob", 5, 10))
	s.c.Log = both
	s.run(nil)
	s.verify(other)
}

// TestEvidenceInWhatIsReadAgain: a mail that the log shows, and whose mark could not be made, isn't sent again.
func TestEvidenceInWhatIsReadAgain(t *testing.T) {
	s := newSaga(t, fiveAnHour, "")
	var id string
	s.run(func(w *watchman) {
		s.add(w, "", "alice", 0)
		id = w.opened()[0].ID
		s.add(w, s.own("root", id, 10), "end", 31)
	})
	waiting := filepath.Join(s.c.State, "spool/waiting", id+".opened.eml")
	testkit.Must(t, os.Remove(filepath.Join(s.c.State, "spool/sent", id+".opened")))
	entry := fmt.Sprintf(`{"id":%q,"event":"opened","from":"","to":["root"],"put":%q,"seq":1}`, id,
		time.Now().Format(time.RFC3339))
	testkit.Must(t, os.WriteFile(waiting, []byte(entry+"\nSubject: x\r\n\r\n"), 0o600))
	s.run(nil)
	s.verify(s.mainlog)
}

// TestStoppedWithinAnEntry: SIGTERM leaves a checkpoint though the last entry isn't finished, and the next daemon has
// the whole of it.
func TestStoppedWithinAnEntry(t *testing.T) {
	s := newSaga(t, fiveAnHour, "")
	s.run(func(w *watchman) {
		s.add(w, "", "alice", 0)
		testkit.Append(t, s.mainlog, simples("bob", 1, 6)+"2026-11-23 10:00:07 1xV999-000001-01 <= \"bo\n")
	})
	c, err := (&state{dir: s.c.State}).load()
	testkit.Must(t, err)
	testkit.Append(t, s.mainlog, "b\"@lab.test U=bob P=local S=5\n")
	s.run(func(w *watchman) { s.add(w, "", "end", 8) })
	s.verify(s.mainlog)
	if len(c.Logs) != 1 || len(c.Logs[s.mainlog].Alerts) != 1 {
		t.Errorf("checkpoint = %+v, want alice's alert in it", c.Logs[s.mainlog])
	}
}

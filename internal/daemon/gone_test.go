package daemon

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
)

// TestPastIsGone: where the log doesn't reach back over the windows the daemon says from when counts are complete.
func TestPastIsGone(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	c.Zone = time.UTC
	c.State = t.TempDir()
	mainlog := filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{mainlog}
	testkit.Append(t, mainlog+".1", simples("alice", 0, 3))
	testkit.Append(t, mainlog, simples("bob", 60, 70))
	w := goOn(t, c, false, new(post))
	w.untilSays(ready)
	if !w.says(`"complete":"2026-11-23T11:00:00Z"`) {
		t.Error("the first start doesn't warn")
	}
	w.stop()
	testkit.Must(t, os.Remove(mainlog+".1"))
	w = goOn(t, c, false, new(post))
	w.untilSays(ready)
	if !w.says(`"complete":"2026-11-23T11:01:00Z"`) {
		t.Error("the second start doesn't warn")
	}
}

// TestFileThatWasCountedIsGone: what is there since is told, and the daemon says that lines may be missing.
func TestFileThatWasCountedIsGone(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	c.State = t.TempDir()
	mainlog := testkit.Write(t, "mainlog", simples("alice", 0, 10))
	c.Log = []string{mainlog}
	w := goOn(t, c, false, new(post))
	w.untilSays(ready)
	w.stop()
	testkit.Must(t, os.Remove(mainlog))
	testkit.Append(t, mainlog, simples("bob", 20, 26)+simples("alice", 26, 40))
	w = goOn(t, c, false, new(post))
	w.untilRead("bob")
	w.until("its mail", func() bool { return len(w.post.ids()) == 1 })
	if got := w.opened(); len(got) != 1 {
		t.Errorf("%d alerts were opened, want that of bob: alice's is still open", len(got))
	}
	if !w.says("the file that was counted last is gone") {
		t.Error("it isn't said that the file is gone")
	}
}

// TestFileThatWasCountedHasAnotherName: it isn't one of the log's files any more, but it is read on, and then the log.
// Nothing of what was logged while no daemon ran is taken for what had been counted.
func TestFileThatWasCountedHasAnotherName(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, "[[rule]]\nlimit = 5\nwindow = '1m'")
	c.State = t.TempDir()
	mainlog := testkit.Write(t, "mainlog", simples("alice", 0, 3))
	c.Log = []string{mainlog}
	w := goOn(t, c, true, new(post))
	w.untilSays(ready)
	w.stop()
	aside := filepath.Join(filepath.Dir(mainlog), "put-aside")
	testkit.Must(t, os.Rename(mainlog, aside))
	testkit.Append(t, aside, simples("bob", 10, 20))
	testkit.Append(t, mainlog, simples("carol", 300, 310)+simples("dave", 600, 610))
	w = goOn(t, c, true, new(post))
	w.untilRead("dave")
	w.until("three mails", func() bool { return len(w.post.ids()) == 3 })
	w.stop()
	want := replayIDs(t, c, aside, mainlog)
	var got []string
	for _, a := range w.opened() {
		got = append(got, a.ID)
	}
	if !slices.Equal(got, want) || len(want) != 3 {
		t.Errorf("opened %q, replay lists %q", got, want)
	}
}

// TestLineAddedWhileDown: a line that comes late, to a cycled file that has been counted, takes somebody over the
// limit. Replay says so, and so does the next daemon.
func TestLineAddedWhileDown(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	c.State = t.TempDir()
	mainlog := testkit.Write(t, "mainlog", simples("alice", 0, 5))
	c.Log = []string{mainlog}
	w := goOn(t, c, true, new(post))
	w.untilSays(ready)
	testkit.Must(t, os.Rename(mainlog, mainlog+".1"))
	testkit.Append(t, mainlog, testkit.Sentinel("next", second(10), 5))
	w.until("its mail", func() bool { return len(w.post.ids()) == 1 })
	w.stop()
	testkit.Append(t, mainlog+".1", simple("alice", 6))
	w = goOn(t, c, true, new(post))
	w.untilRead("alice")
	w.until("its mail", func() bool { return len(w.post.ids()) == 1 })
	w.stop()
	want := replayIDs(t, c, mainlog+".1", mainlog)
	if got := w.post.ids(); !slices.Contains(want, got[0]) || len(want) != 2 {
		t.Errorf("mailed %q, replay lists %q", got, want)
	}
	w = goOn(t, c, true, new(post))
	w.untilSays(ready)
	w.stop()
	if len(w.opened()) > 0 {
		t.Errorf("told once more: %v", w.opened())
	}
}

package daemon

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/journal"
	"exiwatch/internal/journaltest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/internal/testkit"
	"exiwatch/window"
)

func journalConfig(t *testing.T, window string) config.Config {
	return configtest.Parse(t, fmt.Sprintf("log = \"journal\"\n[[rule]]\nkey = \"account\"\nlimit = 20\nwindow = %q\n",
		window))
}

// replayJournal gives the ids of the alerts of a replay of the journal, and checks that one of its export says the
// same.
func replayJournal(t *testing.T, c config.Config) []string {
	t.Helper()
	l, _ := journal.Of("journal")
	read := func(s replay.Source) (ids []string) {
		p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{Opened: func(alerts []*window.Alert) {
			for _, a := range alerts {
				ids = append(ids, a.ID)
			}
		}})
		testkit.Must(t, err)
		_, err = replay.Run(t.Context(), p, []replay.Source{s}, c.Zone, time.Now(), nil)
		testkit.Must(t, err)
		slices.Sort(ids)
		return ids
	}
	ids := read(replay.Source{Name: "journal", Open: func() (io.ReadCloser, error) { return l.Open(t.Context()) }})
	file := filepath.Join(t.TempDir(), "journal.json")
	text, err := exec.Command("journalctl", "-o", "json").Output()
	testkit.Must(t, err)
	testkit.Must(t, os.WriteFile(file, text, 0o600))
	if again := read(replay.Source{Name: file}); !slices.Equal(again, ids) {
		t.Errorf("a replay of journalctl -o json: %q, of the journal: %q", again, ids)
	}
	return ids
}

// TestJournalAsReplayed: a daemon from the start mails what a replay of the journal lists, of what is there and of
// what comes.
func TestJournalAsReplayed(t *testing.T) {
	j := journaltest.New(t)
	j.Install()
	j.Append("a", journaltest.Exim(testkit.Sentinel("alice", journaltest.Day, 20))...)
	c, p := journalConfig(t, "5m"), &post{}
	w := start(t, c, true, p)
	w.untilRead("alice")
	j.Append("a", journaltest.Exim(testkit.Sentinel("bob", journaltest.Day.Add(time.Minute), 20))...)
	w.untilRead("bob")
	j.Append("b", journaltest.Exim(testkit.Sentinel("carol", journaltest.Day.Add(2*time.Minute), 20))...)
	w.untilRead("carol")
	w.until("three mails", func() bool { return len(p.ids()) == 3 })
	if got, want := p.ids(), replayJournal(t, c); !slices.Equal(got, want) {
		t.Errorf("mailed %q, a replay lists %q", got, want)
	}
}

// TestJournalIsTakenUp: a daemon goes on where another one has ended, also within a window that had begun before, and
// alerts on what came meanwhile, once.
func TestJournalIsTakenUp(t *testing.T) {
	j := journaltest.New(t)
	j.Install()
	c, p := journalConfig(t, "5m"), &post{}
	c.State = t.TempDir()
	j.Append("a", journaltest.Exim(testkit.Sentinel("alice", journaltest.Day, 20))...)
	w := goOn(t, c, true, p)
	w.untilRead("alice")
	w.until("a mail", func() bool { return len(p.ids()) == 1 })
	lines := strings.SplitAfter(testkit.Sentinel("bob", journaltest.Day.Add(time.Minute), 20), "\n")
	j.Append("a", journaltest.Exim(strings.Join(lines[:10], ""))...)
	w.until("ten more lines", func() bool { return w.daemonArrivals() == 31 })
	w.stop()

	j.Append("a", journaltest.Exim(strings.Join(lines[10:], ""))...)
	w = goOn(t, c, false, p)
	w.untilRead("bob")
	j.Append("c", journaltest.Exim(testkit.Sentinel("carol", journaltest.Day.Add(2*time.Minute), 20))...)
	w.untilRead("carol")
	w.until("three mails", func() bool { return len(p.ids()) == 3 })
	w.stop()
	if got, want := p.ids(), replayJournal(t, c); !slices.Equal(got, want) {
		t.Errorf("mailed %q, a replay lists %q", got, want)
	}

	w = goOn(t, c, false, p)
	j.Append("c", journaltest.Exim(testkit.Sentinel("dora", journaltest.Day.Add(3*time.Minute), 20))...)
	w.untilRead("dora")
	w.until("four mails", func() bool { return len(p.ids()) == 4 })
	if got, want := p.ids(), replayJournal(t, c); !slices.Equal(got, want) {
		t.Errorf("after a second restart: mailed %q, a replay lists %q", got, want)
	}
}

// TestJournalsPastIsSilent: what a first start finds isn't mailed, but counts.
func TestJournalsPastIsSilent(t *testing.T) {
	j := journaltest.New(t)
	j.Install()
	lines := strings.SplitAfter(testkit.Sentinel("bob", journaltest.Day.Add(time.Minute), 20), "\n")
	j.Append("a", journaltest.Exim(testkit.Sentinel("alice", journaltest.Day, 20))...)
	j.Append("a", journaltest.Exim(strings.Join(lines[:20], ""))...)
	p := &post{}
	w := start(t, journalConfig(t, "1h"), false, p)
	w.until("the past", func() bool { return len(w.opened()) == 1 })
	j.Append("a", journaltest.Exim(strings.Join(lines[20:], ""))...)
	w.untilRead("bob")
	w.until("a mail", func() bool { return len(p.ids()) == 1 })
	if all := w.opened(); len(all) != 2 || !all[0].Silent || all[0].Account != "alice" || all[1].Silent {
		t.Errorf("opened %+v, want alice silently, and bob", all)
	}
}

// TestVacuumedJournal: where the entry is gone that was counted last, the next one is read, and that is said.
func TestVacuumedJournal(t *testing.T) {
	j := journaltest.New(t)
	j.Install()
	c, p := journalConfig(t, "5m"), &post{}
	c.State = t.TempDir()
	j.Append("a", journaltest.Exim(testkit.Sentinel("alice", journaltest.Day, 20))...)
	w := goOn(t, c, true, p)
	w.untilRead("alice")
	w.until("a mail", func() bool { return len(p.ids()) == 1 })
	w.stop()
	testkit.Must(t, os.Remove(filepath.Join(j.Dir, "a.journal")))
	j.Append("b", journaltest.Exim(testkit.Sentinel("bob", journaltest.Day.Add(time.Minute), 20))...)
	w = goOn(t, c, false, p)
	w.untilRead("bob")
	w.until("a second mail", func() bool { return len(p.ids()) == 2 })
	if !w.says("the journal no longer holds the entry that was counted last") {
		t.Error("the daemon didn't say that entries are gone")
	}
}

// TestPiecesInTheJournal: what Exim has cut for syslog is joined, though two processes wrote at the same time.
func TestPiecesInTheJournal(t *testing.T) {
	j := journaltest.New(t)
	j.Install()
	piece := func(i, pid, n int, text string) journaltest.Record {
		return journaltest.Record{At: journaltest.Day.Add(time.Duration(i) * time.Second), Identifier: "exim", PID: pid,
			Message: fmt.Sprintf("[%d/2] %s", n, text)}
	}
	var all []journaltest.Record
	for i := range 21 {
		stamp := journaltest.Day.Add(time.Duration(i) * time.Second).Format(time.DateTime)
		one := fmt.Sprintf("%s 1xVaaa-%06d-%02d <= a@lab.test ", stamp, i, i)
		two := fmt.Sprintf("%s 1xVbbb-%06d-%02d <= b@lab.test ", stamp, i, i)
		all = append(all, piece(i, 100+i, 1, one), piece(i, 200+i, 1, two),
			piece(i, 100+i, 2, "U=alice P=local S=5"), piece(i, 200+i, 2, "U=bob P=local S=5"))
	}
	j.Append("a", all...)
	c, p := journalConfig(t, "5m"), &post{}
	w := start(t, c, true, p)
	w.untilRead("alice")
	w.untilRead("bob")
	w.until("two mails", func() bool { return len(p.ids()) == 2 })
	if got, want := p.ids(), replayJournal(t, c); !slices.Equal(got, want) {
		t.Errorf("mailed %q, a replay lists %q", got, want)
	}
}

// TestStandardInput: it is read to its end, alerts are mailed, Run ends, and nothing of it is in the checkpoint.
func TestStandardInput(t *testing.T) {
	c, p := configtest.Parse(t, "log = \"-\"\n"), &post{}
	c.State = t.TempDir()
	text := testkit.Sentinel("alice", journaltest.Day, 20)
	w := goOn(t, c, false, p, func(d *Daemon) { d.Stdin = strings.NewReader(text) })
	w.until("the end", func() bool {
		select {
		case err := <-w.over:
			w.over <- err
			return true
		default:
			return false
		}
	})
	w.stop()
	file := filepath.Join(t.TempDir(), "mainlog")
	testkit.Must(t, os.WriteFile(file, []byte(text), 0o600))
	if got, want := p.ids(), replayIDs(t, c, file); !slices.Equal(got, want) || len(got) != 1 {
		t.Errorf("mailed %q, a replay lists %q", got, want)
	}
	s := &state{dir: c.State}
	if saved, err := s.load(); err != nil || len(saved.Logs) != 0 {
		t.Errorf("the checkpoint has %v, %v, want no log", saved.Logs, err)
	}
}

// TestStandardInputThatWaits: what was written is counted though more may come, and nobody waits for that at the end.
func TestStandardInputThatWaits(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	p := &post{}
	c := configtest.Parse(t, "log = \"-\"\n")
	c.State = t.TempDir()
	w := goOn(t, c, false, p, func(d *Daemon) { d.Stdin = in })
	_, err := io.WriteString(out, testkit.Sentinel("alice", journaltest.Day, 20))
	testkit.Must(t, err)
	w.until("a mail", func() bool { return len(p.ids()) == 1 })
	w.stop()
}

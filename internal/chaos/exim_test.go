package chaos

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/testkit"
	"exiwatch/tailer"
)

// An eximChaos is a run with a real Exim: it writes the log, takes the daemon's mails and delivers them, while a real
// program cycles the log about every second and the daemon is killed now and then.
type eximChaos struct {
	*eximHost
	config string
	keeper *keeper

	// cycling is held by who cycles in a way that destroys lines: copytruncate those that come between the copy and
	// the truncation, exicyclog those between its two mv. They are in no file, so that replay can't count them,
	// though the daemon may have read them. Whoever submits a message, or kills, holds it for reading.
	cycling sync.RWMutex
	bursts  sync.WaitGroup
}

const logrotateConfiguration = " {\n daily\n missingok\n rotate 300\n compress\n delaycompress\n notifempty\n %s\n}\n"

// TestChaosRealExim: an Exim for each way to cycle.
func TestChaosRealExim(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes patience")
	}
	need(t, "exim4", "logrotate", "exicyclog", "gzip")
	for _, test := range []struct {
		name  string
		loses bool // lines that are written meanwhile
		cycle func(*eximChaos)
	}{
		{"logrotate", false, func(e *eximChaos) { e.logrotate("nocreate") }},
		{"logrotate, copytruncate", true, func(e *eximChaos) { e.logrotate("copytruncate") }},
		{"exicyclog", true, (*eximChaos).exicyclog},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := newEximChaos(t)
			e.run(func() {
				if test.loses {
					e.cycling.Lock()
					defer e.cycling.Unlock()
				}
				test.cycle(e)
			})
			e.judge()
		})
	}
}

func newEximChaos(t *testing.T) *eximChaos {
	e := &eximChaos{eximHost: startExim(t)}
	// All comes from 127.0.0.1 and counts, so that the daemon's own mails would if it didn't know them.
	e.config = e.write("exiwatch.toml", fmt.Sprintf(`
log = %q
state = %q
timezone = "UTC"
[count]
only = ["all"]
[[rule]]
limit = 5
window = "10s"
[[rule]]
key = "sender"
count = "recipients"
limit = 9
window = "20s"
[[rule]]
key = "host"
limit = 50
window = "10s"
[mail]
max_per_hour = 0
to = ["postmaster@lab.test"]
from = "exiwatch@mx.lab.test"
via = "smtp://%s"
`, e.mainlog(), filepath.Join(e.dir, "state"), e.address()))
	journal := newJournal(t, filepath.Join(e.dir, "journal"))
	t.Cleanup(journal.close)
	e.keeper = newKeeper(t, filepath.Join(e.dir, "stderr"), new(sync.Mutex), journal.note, raced, "run", "--config",
		e.config, "--from-start")
	return e
}

// run has three senders at work while the log is cycled and the daemon killed, and then has everything read and mailed.
func (e *eximChaos) run(cycle func()) {
	e.settle("first@lab.test")
	end := time.Now().Add(time.Duration(*seconds) * time.Second)
	for sender := range 3 {
		e.bursts.Go(func() { e.send(sender, end) })
	}
	r := rand.New(rand.NewPCG(*seed, 4))
	for time.Now().Before(end) {
		time.Sleep(time.Duration(600+r.IntN(600)) * time.Millisecond) // the pace of cycling
		cycle()
		if *kills > 0 && r.IntN(2) == 0 {
			e.kill(time.Duration(r.IntN(400))*time.Millisecond, time.Duration(r.IntN(600))*time.Millisecond)
		}
	}
	e.bursts.Wait()
	e.settle("last@lab.test")
	e.untilQuiet()
	e.keeper.retire()
}

// settle has the daemon read everything so far.
func (e *eximChaos) settle(account string) {
	e.keeper.start()
	e.keeper.wait()
	e.burst(account, 6)
	until(e.t, "the mail about "+account, func() bool {
		return slices.ContainsFunc(e.mails(), func(m letter) bool {
			return bytes.Contains(m.text, []byte(account+" sent "))
		})
	})
}

// kill orders the daemon's death after a pause and the next one's start after another.
func (e *eximChaos) kill(before, after time.Duration) {
	e.keeper.orders <- func() {
		time.Sleep(before) // the moment of the kill
		e.cycling.RLock()
		e.keeper.end(syscall.SIGKILL)
		e.cycling.RUnlock()
		time.Sleep(after) // how long no daemon runs
		e.keeper.ensure()
	}
}

func (e *eximChaos) logrotate(how string) {
	conf := e.write("logrotate.conf", e.mainlog()+fmt.Sprintf(logrotateConfiguration, how))
	e.do("logrotate", "--force", "--state", filepath.Join(e.dir, "logrotate.state"), conf)
}

// exicyclog keeps all files of a run, and no more, as it goes through all their names.
func (e *eximChaos) exicyclog() {
	e.do("exicyclog", "-k", strconv.Itoa(min(*seconds, 99)), "-l", filepath.Join(e.dir, "log/%slog"))
}

func (e *eximChaos) do(program string, args ...string) {
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		e.t.Errorf("%s: %v\n%s", program, err, out)
	}
}

// mails are those that Exim has delivered.
func (e *eximChaos) mails() []letter {
	names, _ := filepath.Glob(filepath.Join(e.dir, "mail", "q*"))
	var letters []letter
	for _, name := range names {
		text, err := os.ReadFile(name)
		testkit.Must(e.t, err)
		info, err := os.Stat(name)
		testkit.Must(e.t, err)
		l, err := read(text)
		if err != nil {
			continue // it is being written
		}
		l.at = info.ModTime()
		letters = append(letters, l)
	}
	return letters
}

// untilQuiet waits until no mail waits and none comes for a while.
func (e *eximChaos) untilQuiet() {
	n, since := -1, time.Now()
	until(e.t, "quiet", func() bool {
		waiting, _ := filepath.Glob(filepath.Join(e.dir, "state/spool/waiting/*.eml"))
		if now := len(e.mails()) + len(waiting)<<20; now != n {
			n, since = now, time.Now()
		}
		return len(waiting) == 0 && time.Since(since) > quietTime
	})
}

// idOf is the message id that Exim gave a mail.
var idOf = regexp.MustCompile(`(?m)^\tid (\S+)`)

// known leaves out each mail that came again later and whose own arrival was in a line that cycling destroyed: the
// daemon was killed before it heard that the mail was taken, and could know it from nowhere.
func (e *eximChaos) known(mails []letter) []letter {
	var logs []byte
	for _, path := range e.logs() {
		f, err := tailer.Open(path)
		testkit.Must(e.t, err)
		text, err := io.ReadAll(f)
		testkit.Must(e.t, errors.Join(err, f.Close()))
		logs = append(logs, text...)
	}
	later := make(map[string]int)
	for _, m := range mails {
		later[m.messageID]++
	}
	return slices.DeleteFunc(mails, func(m letter) bool {
		id := idOf.FindSubmatch(m.text)
		if later[m.messageID]--; later[m.messageID] == 0 || id == nil ||
			bytes.Contains(logs, slices.Concat(id[1], []byte(" <= "))) {
			return false
		}
		e.t.Logf("%s was mailed again, as its line was destroyed: %s", m.messageID, id[1])
		return true
	})
}

func (e *eximChaos) judge() {
	want := replay(e.t, e.config, filepath.Join(e.dir, "replay.json"), e.logs())
	mails := e.known(e.mails())
	e.t.Logf("%d files, %d alerts, %d mails, %d kills", len(e.logs()), len(want), len(mails), e.keeper.killed())
	compare(e.t, want, mails, func(listed) string { return e.dir })
	if len(want) < 5 {
		e.t.Errorf("%d alerts are too few to tell anything", len(want))
	}
	checkStderr(e.t, filepath.Join(e.dir, "stderr"))
}

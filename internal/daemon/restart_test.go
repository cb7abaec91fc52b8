package daemon

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
)

// says tells whether the daemon has logged a text.
func (w *watchman) says(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Contains(w.log.String(), text)
}

func (w *watchman) untilSays(text string) {
	w.t.Helper()
	w.until("the daemon says "+text, func() bool { return w.says(text) })
}

const ready = "the logs are read to their ends"

// compress puts a gzip in the place of a file.
func compress(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	testkit.Must(t, err)
	f, err := os.Create(name + ".gz")
	testkit.Must(t, err)
	z := gzip.NewWriter(f)
	_, err = z.Write(text)
	testkit.Must(t, errors.Join(err, z.Close(), f.Close(), os.Remove(name)))
}

// TestRestartsSayWhatReplaySays is the one invariant across restarts: the daemon ends at random places, also in the
// middle of alerts, while the log goes on and is cycled, compressed and truncated.
func TestRestartsSayWhatReplaySays(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			restartInTraffic(t, fiveRules, seed, func(lines []string) []string { return lines },
				func(files []string) []string { return files })
		})
	}
}

// TestRestartsBetweenJoinedLines: the daemon also ends between a call and its arrival, and between an arrival and the
// line that names its user.
func TestRestartsBetweenJoinedLines(t *testing.T) {
	const rules = fiveRules + "[[rule]]\nkey = 'script'\nlimit = 3\nwindow = '2m'\n" +
		"[[rule]]\nkey = 'cpuser'\nlimit = 3\nwindow = '1m'\n"
	for seed := range uint64(2) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			restartInTraffic(t, rules, seed, func(lines []string) []string { return testkit.Joinable(seed, lines) },
				func(files []string) []string { return files })
		})
	}
}

func restartInTraffic(t *testing.T, rules string, seed uint64, rewritten func(lines []string) []string,
	together func(files []string) []string) {
	c := configtest.Parse(t, rules)
	c.State = t.TempDir()
	lines, end := testkit.Traffic(seed, 2000)
	lines = rewritten(lines)
	r := rand.New(rand.NewPCG(seed, 99))
	dir, mainlog := t.TempDir(), filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{mainlog}
	testkit.Append(t, mainlog, "")
	var all []string // copies of the cycled files
	var mailed []string
	w := goOn(t, c, true, new(post))
	w.untilSays(ready)
	w.stop()
	for next := 0; next < len(lines); {
		w := goOn(t, c, true, new(post))
		for range 1 + r.IntN(3) {
			n := min(next+1+r.IntN(150), len(lines))
			for ; next < n; next++ {
				testkit.Append(t, mainlog, lines[next])
			}
			if r.IntN(3) == 0 {
				w.untilSays(ready)
			}
		}
		w.stop()
		mailed = append(mailed, w.post.events()...)
		for range r.IntN(3) {
			text, err := os.ReadFile(mainlog)
			testkit.Must(t, err)
			if len(text) > 0 {
				all = append(all, filepath.Join(dir, fmt.Sprintf("%03d", len(all))))
				testkit.Must(t, os.WriteFile(all[len(all)-1], text, 0o600))
			}
			shift(t, mainlog, len(all))
			if r.IntN(2) == 0 {
				testkit.Must(t, os.Rename(mainlog, mainlog+".1"))
			} else {
				testkit.Must(t, os.WriteFile(mainlog+".1", text, 0o600))
				testkit.Must(t, os.Truncate(mainlog, 0))
			}
			if r.IntN(2) == 0 {
				compress(t, mainlog+".1")
			}
			for n := min(next+1+r.IntN(40), len(lines)); next < n; next++ { // while the daemon is down
				testkit.Append(t, mainlog, lines[next])
			}
			testkit.Append(t, mainlog, "")
		}
	}
	testkit.Append(t, mainlog, testkit.Sentinel("end", end, sentinelLimit))
	w = goOn(t, c, true, new(post))
	w.untilRead("end")
	want := replayEvents(t, c, together(append(all, mainlog))...)
	w.until("every mail that waits", w.allSent)
	w.stop()
	mailed = append(mailed, w.post.events()...)
	for _, event := range []string{pipeline.Opened, "grew2", pipeline.Ended} {
		if n := len(slices.DeleteFunc(slices.Clone(want),
			func(name string) bool { return !strings.HasSuffix(name, event) })); n < 20 {
			t.Errorf("%d events %s are too few to tell anything", n, event)
		}
	}
	if missing, more := difference(want, mailed), difference(mailed, want); len(missing)+len(more) > 0 {
		twice := slices.DeleteFunc(slices.Clone(more), func(name string) bool { return !slices.Contains(want, name) })
		t.Errorf("mailed %d events, replay lists %d: missing %q, too many %q, of these twice %q", len(mailed), len(want),
			missing, more, twice)
	}
}

// difference gives what a has more often than b.
func difference(a, b []string) (more []string) {
	left := make(map[string]int)
	for _, s := range b {
		left[s]++
	}
	for _, s := range a {
		if left[s]--; left[s] < 0 {
			more = append(more, s)
		}
	}
	return more
}

// shift moves mainlog.1 to mainlog.2 and so on.
func shift(t *testing.T, mainlog string, n int) {
	t.Helper()
	for ; n > 0; n-- {
		for _, cut := range []string{"", ".gz"} {
			err := os.Rename(fmt.Sprintf("%s.%d%s", mainlog, n, cut), fmt.Sprintf("%s.%d%s", mainlog, n+1, cut))
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	}
}

// TestOpenAlertGoesOn: an alert that is open when the daemon ends is not told again by the next one, ends when it
// would have, and the same account can then open another.
func TestOpenAlertGoesOn(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, "[[rule]]\nlimit = 5\nwindow = '1m'")
	c.State = t.TempDir()
	mainlog := testkit.Write(t, "mainlog", simples("alice", 0, 10))
	c.Log = []string{mainlog}
	w := goOn(t, c, true, new(post))
	w.untilRead("alice")
	w.until("its mail", func() bool { return len(w.post.ids()) == 1 })
	w.stop()

	w = goOn(t, c, true, new(post))
	testkit.Append(t, mainlog, simples("alice", 10, 20)+simple("bob", 400))
	w.until("the end of the alert", func() bool { return w.says(`"msg":"alert ended"`) })
	if !w.says(`"messages":20`) {
		t.Error("the alert doesn't have the 20 messages from before and after the restart")
	}
	testkit.Append(t, mainlog, simples("alice", 500, 510))
	w.untilRead("alice")
	w.until("its mail", func() bool { return len(w.post.ids()) == 1 })
	w.stop()
	if got := w.opened(); len(got) != 1 {
		t.Errorf("after the restart %d alerts were opened, want that of 10:08:25 alone", len(got))
	}
}

// TestFirstStartCountsCycledFiles: silently, as far back as the windows reach.
func TestFirstStartCountsCycledFiles(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	mainlog := filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{mainlog}
	testkit.Append(t, mainlog+".2", simples("carol", 0, 5))
	compress(t, mainlog+".2")
	testkit.Append(t, mainlog+".1", simples("alice", 10, 14))
	testkit.Append(t, mainlog, simples("alice", 14, 15))
	w := start(t, c, false, new(post))
	w.untilSays(ready)
	testkit.Append(t, mainlog, simple("alice", 20)+simple("carol", 21))
	w.untilRead("alice")
	w.untilRead("carol")
	w.until("two mails", func() bool { return len(w.post.ids()) == 2 })
}

// TestRuleThatIsNew: what was open under it before is no news.
func TestRuleThatIsNew(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	c.State = t.TempDir()
	mainlog := testkit.Write(t, "mainlog", simples("alice", 0, 4))
	c.Log = []string{mainlog}
	w := goOn(t, c, true, new(post))
	w.untilSays(ready)
	w.stop()
	c.Rules = configtest.Parse(t, "[[rule]]\nlimit = 3\nwindow = '1h'").Rules
	w = goOn(t, c, true, new(post))
	w.untilSays(ready)
	testkit.Append(t, mainlog, simples("alice", 5, 6)+simples("bob", 6, 10))
	w.untilRead("bob")
	w.stop()
	if got := w.opened(); len(got) != 2 || !got[0].Silent || got[0].Account != "alice" || got[1].Silent {
		t.Errorf("opened %v, want alice silently, and bob", got)
	}
}

// TestMailsWithoutCheckpointAreMadeAgain: what was spooled behind the last checkpoint was never sent; the log makes
// it again.
func TestMailsWithoutCheckpointAreMadeAgain(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	c.State = t.TempDir()
	mainlog := testkit.Write(t, "mainlog", "")
	c.Log = []string{mainlog}
	w := goOn(t, c, true, new(post))
	w.untilSays(ready)
	w.stop()
	checkpoint, err := os.ReadFile(filepath.Join(c.State, checkpointFile))
	testkit.Must(t, err)
	w = goOn(t, c, true, &post{hangs: true})
	testkit.Append(t, mainlog, simples("alice", 0, 6))
	w.untilRead("alice")
	w.stop()
	testkit.Must(t, os.WriteFile(filepath.Join(c.State, checkpointFile), checkpoint, 0o600))
	w = goOn(t, c, true, new(post))
	w.untilRead("alice")
	w.until("its mail", func() bool { return len(w.post.ids()) == 1 })
}

// TestBrokenCheckpoint is put aside, and said, with what may be missing and how to find it.
func TestBrokenCheckpoint(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"half": `{"version":1,"lo`, "of no version": `{}`, "empty": ""} {
		c := configtest.Parse(t, fiveAnHour)
		c.State = t.TempDir()
		testkit.Must(t, os.WriteFile(filepath.Join(c.State, checkpointFile), []byte(text), 0o600))
		c.Log = []string{testkit.Write(t, "mainlog", simples("alice", 0, 10))}
		w := goOn(t, c, false, new(post))
		w.untilSays(ready)
		w.until("a checkpoint", func() bool {
			var found checkpoint
			b, err := os.ReadFile(filepath.Join(c.State, checkpointFile))
			return err == nil && json.Unmarshal(b, &found) == nil && found.Version == checkpointVersion &&
				len(found.Logs) == 1
		})
		lost, ok := Lost(c.State)
		since := "exiwatch replay --since " + lost.Written.UTC().Format(time.RFC3339)
		if !ok || !w.says("the checkpoint is lost") || !w.says(since) || !w.says("rm "+lost.Path) {
			t.Errorf("%s: %+v, %v; or it isn't said", name, lost, ok)
		}
		w.stop()
	}
}

// TestSecondDaemonIsRefused: it says who has the state folder.
func TestSecondDaemonIsRefused(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	c.State = t.TempDir()
	c.Log = []string{testkit.Write(t, "mainlog", "")}
	w := goOn(t, c, true, new(post))
	w.untilSays(ready)
	second := &Daemon{Config: c, Host: "mx.lab.test", Log: slog.New(slog.DiscardHandler)}
	err := second.Run(t.Context())
	if !errors.Is(err, ErrInUse) || !strings.HasSuffix(err.Error(), fmt.Sprintf("with pid %d", os.Getpid())) {
		t.Errorf("the second daemon: %v, want that it names the first's pid %d", err, os.Getpid())
	}
	w.stop()
	goOn(t, c, true, new(post)).untilSays(ready)
}

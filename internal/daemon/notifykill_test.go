package daemon

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
)

// talkerFolder in the environment makes the test binary a daemon with a [[notify]], which runs until it is killed.
const talkerFolder = "EXIWATCH_TEST_TALKER"

// A scribe is a service that appends the name of each text to a file, and answers a moment later.
type scribe struct{ file string }

func (s scribe) Send(ctx context.Context, m mailer.Message) error {
	if err := appendLine(s.file, m.Name()+"\n"); err != nil {
		return err
	}
	select {
	case <-time.After(5 * time.Millisecond):
	case <-ctx.Done():
	}
	return ctx.Err()
}

func (scribe) OneAtATime() {}

func talker(dir string) *Daemon {
	d := victimDaemon(dir, nil)
	d.Config.Mail.Transport = scribe{filepath.Join(dir, "mails")}
	d.Config.Notify = []config.Notify{{Name: "ops", Transport: scribe{filepath.Join(dir, "texts")},
		Events: []string{"opened", "grew", "ended"}, Subjects: mailer.SubjectsFull}}
	return d
}

func beTalker(dir string) error {
	err := talker(dir).Run(context.Background())
	return errors.Join(err, errors.New("the daemon has ended by itself"))
}

// TestNotifyWhoeverIsKilled: a channel is told of each mail at least once, and twice only of what was under way when
// its daemon was killed, at any moment.
func TestNotifyWhoeverIsKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mainlog := filepath.Join(dir, "mainlog")
	testkit.Append(t, mainlog, "")
	const kills = 12
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for round := range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), talkerFolder+"="+dir, "GORACE=atexit_sleep_ms=0")
		testkit.Must(t, cmd.Start())
		for i := range 3 {
			testkit.Append(t, mainlog, testkit.Sentinel(fmt.Sprintf("user%d-%d", round, i), second(7200*round+10*i),
				sentinelLimit))
			// It is killed at any moment of its work.
			time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
		}
		testkit.Must(t, cmd.Process.Kill())
		if err := cmd.Wait(); err == nil || strings.Contains(err.Error(), "exit status") {
			t.Fatalf("the daemon: %v, want that it was killed", err)
		}
	}
	last := goOn(t, talker(dir).Config, true, new(post), func(d *Daemon) {
		d.Config = talker(dir).Config
	})
	last.untilSays(ready)
	texts := func() []string {
		text, err := os.ReadFile(filepath.Join(dir, "texts"))
		testkit.Must(t, err)
		return strings.Fields(string(text))
	}
	last.until("everything is told", last.allSent, func() any { return len(texts()) })
	last.stop()
	want, got := replayEvents(t, last.daemon.Config, mainlog), texts()
	if lost := difference(want, got); len(want) < 3*kills || len(lost) > 0 {
		t.Errorf("of %d events %q are lost", len(want), lost)
	}
	twice := difference(got, want)
	if slices.Sort(twice); len(twice) > kills {
		t.Errorf("twice: %q; %d daemons were killed", twice, kills)
	}
	t.Logf("%d events, %d of them told twice", len(want), len(twice))
}

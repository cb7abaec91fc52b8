package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
)

// olderStates has a folder for each older version whose checkpoint or spool differed; its script says what is in it.
const olderStates = "../../fixtures/states"

// olderPrograms are commits whose programs have to go on from what this one leaves behind.
var olderPrograms = []string{"f701a2c", "640f5e3"}

const fiveAnHourBySender = "[[rule]]\nkey = \"sender\"\nlimit = 5\nwindow = \"1h\"\n"

// TestStatesOfOlderVersions: the daemon goes on from what each older version left behind. The mail that waits goes, the
// alert whose mail was sent grows under its id, and what was logged since is counted.
func TestStatesOfOlderVersions(t *testing.T) {
	t.Parallel()
	states, err := filepath.Glob(filepath.Join(olderStates, "*", "state"))
	testkit.Must(t, err)
	if len(states) < 7 {
		t.Fatalf("%d older states, want 7: %q", len(states), states)
	}
	for _, folder := range states {
		t.Run(filepath.Base(filepath.Dir(folder)), func(t *testing.T) {
			t.Parallel()
			c := olderState(t, folder)
			w := goOn(t, c, false, new(post))
			w.untilSays(ready)
			w.until("three mails", func() bool { return len(w.post.events()) >= 3 && w.daemon.outbox.spool.Len() == 0 })
			w.stop()
			var went []string
			for _, name := range w.post.events() {
				went = append(went, strings.TrimRight(name, "0123456789"))
			}
			wantOnceEach(t, c, went, 3)
		})
	}
}

// olderState makes a copy of a state folder, and of the log that belongs to it.
func olderState(t *testing.T, folder string) config.Config {
	t.Helper()
	c := configtest.Parse(t, fiveAnHourBySender)
	c.State = filepath.Join(t.TempDir(), "state")
	log, err := os.ReadFile(filepath.Join(folder, "../mainlog"))
	testkit.Must(t, err)
	mainlog := testkit.Write(t, "mainlog", string(log))
	c.Log = []string{mainlog}
	testkit.Must(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(folder, path)
		if err != nil || d.IsDir() {
			return errors.Join(err, os.MkdirAll(filepath.Join(c.State, name), 0o700))
		}
		text, err := os.ReadFile(path)
		text = []byte(strings.ReplaceAll(string(text), "@LOG@", mainlog))
		return errors.Join(err, os.WriteFile(filepath.Join(c.State, name), text, 0o600))
	}))
	return c
}

// wantOnceEach wants that n mails went, and with the one that was sent before them all that replay lists, once each.
func wantOnceEach(t *testing.T, c config.Config, went []string, n int) {
	t.Helper()
	want := replayEvents(t, c, c.Log...)
	if len(want) != n+1 || !strings.HasSuffix(want[0], ".opened") {
		t.Fatalf("replay lists %q", want)
	}
	var mailed []string
	for _, name := range want[1:] {
		mailed = append(mailed, strings.TrimRight(name, "0123456789")) // the mail of grew2 says that it grew
	}
	if slices.Sort(went); !slices.Equal(went, slices.Sorted(slices.Values(mailed))) {
		t.Errorf("mailed %q, want %q", went, mailed)
	}
	for _, name := range want {
		if _, err := os.Stat(filepath.Join(c.State, spoolDir, "sent", name)); err != nil {
			t.Errorf("the mark of %s: %v", name, err)
		}
	}
}

// TestOlderProgramGoesOn: so does the program from before from what this one leaves behind, and this one again after
// that.
func TestOlderProgramGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds another program")
	}
	t.Parallel()
	for _, commit := range olderPrograms {
		t.Run(commit, func(t *testing.T) {
			t.Parallel()
			testOlderProgram(t, olderProgram(t, commit))
		})
	}
}

func testOlderProgram(t *testing.T, older program) {
	c := configtest.Parse(t, fiveAnHourBySender)
	c.State = filepath.Join(t.TempDir(), "state")
	text, err := os.ReadFile(filepath.Join(olderStates, older.commit, "mainlog"))
	testkit.Must(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	mainlog := testkit.Write(t, "mainlog", strings.Join(lines[:7], ""))
	c.Log = []string{mainlog}

	w := goOn(t, c, true, new(post))
	w.until("alice's mail", func() bool { return len(w.post.ids()) == 1 && w.daemon.outbox.spool.Len() == 0 })
	w.stop()
	w = goOn(t, c, false, &post{refuses: true})
	w.untilSays(ready)
	testkit.Append(t, mainlog, strings.Join(lines[7:13], ""))
	w.untilSays("mail not sent yet")
	w.stop()
	testkit.Append(t, mainlog, strings.Join(lines[13:], ""))
	wantOnceEach(t, c, older.goesOn(c, 3), 3)

	w = goOn(t, c, false, new(post))
	w.untilSays(ready)
	w.stop()
	if events := w.post.events(); len(events) > 0 {
		t.Errorf("mailed again: %q", events)
	}
}

// A program is an executable of another version.
type program struct {
	t            *testing.T
	commit, path string
}

// olderProgram builds the program of a commit. Without the commit, as in a copy of the sources, there is none.
func olderProgram(t *testing.T, commit string) program {
	t.Helper()
	dir := t.TempDir()
	p := program{t, commit, filepath.Join(dir, "exiwatch")}
	if out, err := exec.Command("git", "cat-file", "-e", commit+"^{commit}").CombinedOutput(); err != nil {
		t.Skipf("no commit %s to build here: %v %s", commit, err, out)
	}
	script := fmt.Sprintf("git -C ../.. archive %s | tar -x -C %s && cd %[2]s && go build -o exiwatch ./cmd/exiwatch",
		commit, dir)
	if out, err := exec.Command("sh", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", commit, err, out)
	}
	return p
}

// goesOn runs the program until it has sent n mails, and gives which: alert id and event.
func (p program) goesOn(c config.Config, n int) (events []string) {
	p.t.Helper()
	dir := p.t.TempDir()
	sendmail := testkit.Write(p.t, "sendmail", fmt.Sprintf("#!/bin/sh\ncat >%s/$$.part && mv %[1]s/$$.part %[1]s/$$.eml\n",
		dir))
	testkit.Must(p.t, os.Chmod(sendmail, 0o700))
	file := testkit.Write(p.t, "exiwatch.toml", fmt.Sprintf("log = %q\nstate = %q\ntimezone = \"UTC\"\n%s[mail]\nvia = %q\n",
		c.Log[0], c.State, fiveAnHourBySender, "sendmail:"+sendmail))
	cmd := exec.Command(p.path, "run", "--config", file)
	said := new(strings.Builder)
	cmd.Stderr = said
	testkit.Must(p.t, cmd.Start())
	w := &watchman{t: p.t}
	p.t.Cleanup(func() { cmd.Process.Kill() })
	w.until("its mails", func() bool {
		waiting, _ := filepath.Glob(filepath.Join(c.State, "spool/waiting/*.eml"))
		sent, _ := filepath.Glob(filepath.Join(dir, "*.eml"))
		return len(sent) >= n && len(waiting) == 0
	})
	testkit.Must(p.t, cmd.Process.Signal(syscall.SIGTERM))
	if err := cmd.Wait(); err != nil {
		p.t.Errorf("%v\n%s", err, said)
	}
	mails, _ := filepath.Glob(filepath.Join(dir, "*.eml"))
	for _, name := range mails {
		f, err := os.Open(name)
		testkit.Must(p.t, err)
		m, err := mail.ReadMessage(f)
		testkit.Must(p.t, errors.Join(err, f.Close()))
		events = append(events, m.Header.Get("X-Exiwatch-Alert")+"."+m.Header.Get("X-Exiwatch-Event"))
	}
	return events
}

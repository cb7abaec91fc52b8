package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"exiwatch/internal/testkit"
	"exiwatch/mailer"
)

// The test program under other names: one that only root can kill, one that leaves its process group, and a user
// whose hook is the first.
func init() {
	dir, name := filepath.Split(os.Args[0])
	rest := func(err error) {
		if err == nil {
			err = os.WriteFile(dir+"pid", []byte(strconv.Itoa(os.Getpid())), 0o644)
		}
		if err == nil {
			time.Sleep(time.Minute) // it hangs until the test or Send kills it
		}
		os.Exit(9)
	}
	switch name {
	case "stubborn":
		rest(syscall.Setresuid(0, 0, 0))
	case "elsewhere":
		group, err := syscall.Getpgid(os.Getppid())
		rest(errors.Join(err, syscall.Setpgid(0, group)))
	case "user":
		begin := time.Now()
		err := Hook{Command: []string{dir + "stubborn"}, Timeout: ample}.Send(context.Background(), alertNotice)
		fmt.Print(time.Since(begin) < hardly, " ", err)
		os.Exit(0)
	}
}

// On a machine that does other things a program may take so long to begin, and what ends at once so long to end. What
// hangs in these tests does so for a minute.
const (
	ample  = 4 * time.Second
	hardly = 20 * time.Second
)

// alertNotice is what the tests tell hooks and webhooks.
var alertNotice = mailer.Message{ID: "abc", Event: "opened", Data: []byte(`{"version":1}` + "\n")}

// longestError bounds an error with what somebody said, each byte escaped as \x00.
const longestError = 4*maxStderr + 500

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// settled checks that an error is one that the spool tries again after a pause, whatever the log shows.
func settled(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || !IsTemporary(err) || IsUncertain(err) {
		t.Errorf("%s: %v, want a temporary error", what, err)
		return
	}
	if text := err.Error(); strings.ContainsFunc(text, unprintable) || len(text) > longestError {
		t.Errorf("%s: %d bytes, %.200q", what, len(text), text)
	}
}

func TestHookIsToldOnlyByItsInput(t *testing.T) {
	t.Setenv("EXIWATCH_SECRET", "x")
	dir := t.TempDir()
	path := testkit.Script(t, fmt.Sprintf(`cd %s
printf '%%s\n' "$@" >argv
cat >stdin
cp /proc/$$/environ environ
echo $$ >pid; cat /proc/$$/stat >stat
printf %%s "$OLDPWD" >cwd`, dir))
	m := alertNotice
	m.Data = []byte("{\"value\":\"\xff$(touch x)`touch y`\"}\n\x00")
	h := Hook{Command: []string{path, "", "$(touch x)", "a b", "; touch y", "-x"}}
	if err := h.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"argv": strings.Join(h.Command[1:], "\n") + "\n", "stdin": string(m.Data), "environ": hookPath + "\x00",
		"cwd": "/",
	} {
		if got, err := os.ReadFile(filepath.Join(dir, file)); string(got) != want || err != nil {
			t.Errorf("%s: %q, want %q (%v)", file, got, want, err)
		}
	}
	stat, _ := os.ReadFile(filepath.Join(dir, "stat"))
	if pid := strconv.Itoa(testkit.PidIn(t, filepath.Join(dir, "pid"))); strings.Fields(string(stat))[4] != pid {
		t.Errorf("process %s isn't in a group of its own: %s", pid, stat)
	}
}

func TestHookExits(t *testing.T) {
	for code, want := range map[int]string{
		1: "exit status 1: what", 64: "exit status 64: what", 75: "exit status 75: what", 255: "exit status 255: what",
		126: "exit status 126: it runs a program that isn't executable: what",
		127: "exit status 127: it runs a program that doesn't exist: what",
	} {
		path := testkit.Script(t,
			fmt.Sprintf(`cat >/dev/null; printf 'what\033[2J\nwent wrong\n'; yes | head -c 100000 >&2; exit %d`, code))
		err := Hook{Command: []string{path}}.Send(t.Context(), alertNotice)
		settled(t, want, err)
		if want = "hook " + path + ": " + want + `\x1b[2J went wrong y y`; err != nil &&
			!strings.HasPrefix(err.Error(), want) {
			t.Errorf("exit %d: %.200q, want %q", code, err, want)
		}
	}
	err := Hook{Command: []string{testkit.Script(t, "kill -SEGV $$")}}.Send(t.Context(), alertNotice)
	settled(t, "killed by a signal", err)
}

func TestHookThatCannotRun(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"plain": "#!/bin/sh\n", "interpreter": "#!/nowhere/sh\n",
		"nothing": "exit 0\n"} {
		mode := os.FileMode(0o700)
		if name == "plain" {
			mode = 0o600
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"missing": "program doesn't exist", "plain": "isn't executable", "interpreter": "interpreter in its first line",
		"nothing": "must name an interpreter", ".": "isn't executable",
	} {
		err := Hook{Command: []string{dir + "/" + name}}.Send(t.Context(), alertNotice)
		settled(t, name, err)
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestHookThatDoesNotRead(t *testing.T) {
	m := alertNotice
	m.Data = bytes.Repeat([]byte("x\n"), 4<<20)
	for _, body := range []string{"exit 0", "exec <&-; sleep 0.1; exit 0", "head -c 10 >/dev/null"} {
		if err := (Hook{Command: []string{testkit.Script(t, body)}}).Send(t.Context(), m); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestHookThatNeverStopsTalking(t *testing.T) {
	if err := (Hook{Command: []string{testkit.Script(t, "head -c 30000000 /dev/zero")}}).Send(t.Context(),
		alertNotice); err != nil {
		t.Error(err)
	}
	begin := time.Now()
	err := Hook{Command: []string{testkit.Script(t, "exec yes"), "yes"}, Timeout: 200 * time.Millisecond}.Send(t.Context(),
		alertNotice)
	settled(t, "yes", err)
	if took := time.Since(begin); err != nil && !strings.Contains(err.Error(), "it took longer than 200ms: y y y") ||
		took > hardly {
		t.Errorf("%.100v after %v", err, took)
	}
}

// TestHookThatHangs: what it has started is killed with it.
func TestHookThatHangs(t *testing.T) {
	for name, ctx := range map[string]func() (context.Context, context.CancelFunc){
		"timeout": func() (context.Context, context.CancelFunc) { return context.WithCancel(t.Context()) },
		"deadline": func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), ample)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			h := Hook{Command: []string{testkit.Script(t,
				fmt.Sprintf("sleep 60 & echo $! >%[1]s/child; echo $$ >%[1]s/pid; echo busy; wait", dir))}}
			want := "context deadline exceeded: busy"
			if name == "timeout" {
				h.Timeout, want = ample, "it took longer than 4s: busy"
			}
			begin := time.Now()
			ctx, cancel := ctx()
			defer cancel()
			err := h.Send(ctx, alertNotice)
			settled(t, name, err)
			if took := time.Since(begin); took < ample || took > hardly {
				t.Errorf("Send took %v", took)
			}
			if err != nil && !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
			testkit.UntilEnded(t, "the hook", testkit.PidIn(t, filepath.Join(dir, "pid")))
			testkit.UntilEnded(t, "its child", testkit.PidIn(t, filepath.Join(dir, "child")))
		})
	}
}

// TestHookLeavesAChild: who holds our pipes doesn't hold us up, and isn't killed for it.
func TestHookLeavesAChild(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want string
	}{
		"done":                  {"sleep 60 & echo $! >%s/child", ""},
		"failed":                {"sleep 60 & echo $! >%s/child; exit 3", "exit status 3"},
		"in a group of its own": {"setsid sleep 60 & echo $! >%s/child; sleep 60", "it took longer than 4s"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			h := Hook{Command: []string{testkit.Script(t, fmt.Sprintf(test.body, dir))}, Timeout: ample}
			t.Parallel() // not before: a program can't be run that another fork has open for writing
			begin := time.Now()
			err := h.Send(t.Context(), alertNotice)
			if took := time.Since(begin); took > hardly {
				t.Errorf("Send took %v", took)
			}
			if test.want == "" && err != nil || test.want != "" &&
				(err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, want %q", err, test.want)
			}
			child := testkit.PidIn(t, filepath.Join(dir, "child"))
			if !testkit.Runs(child) {
				t.Error("the child is gone")
			}
			syscall.Kill(child, syscall.SIGKILL)
		})
	}
}

// TestHookThatLeavesItsGroup: it is killed all the same.
func TestHookThatLeavesItsGroup(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err := errors.Join(err, os.Symlink(self, dir+"/elsewhere")); err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	begin := time.Now()
	err = Hook{Command: []string{dir + "/elsewhere"}, Timeout: ample}.Send(t.Context(), alertNotice)
	settled(t, "", err)
	if took := time.Since(begin); took > hardly {
		t.Errorf("Send took %v", took)
	}
	testkit.UntilEnded(t, "the hook", testkit.PidIn(t, dir+"/pid"))
}

// TestHookThatCannotBeKilled runs as a user what has become root's, as sudo does.
func TestHookThatCannotBeKilled(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can make a program that changes its user")
	}
	dir := t.TempDir()
	for d := dir; d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"stubborn": 0o755 | os.ModeSetuid, "user": 0o755} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, self, 0o755), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	t.Parallel()
	cmd := exec.Command(filepath.Join(dir, "user"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "exit status 9") {
		t.Skip("there are no setuid programs here")
	}
	if want := "true hook " + dir +
		"/stubborn: it took longer than 4s: it can't be killed and goes on running"; string(out) != want {
		t.Errorf("%q, want %q", out, want)
	}
	pid := testkit.PidIn(t, filepath.Join(dir, "pid"))
	if !testkit.Runs(pid) {
		t.Error("it could be killed")
	}
	syscall.Kill(pid, syscall.SIGKILL)
}

func TestHookSettings(t *testing.T) {
	for _, h := range []Hook{
		{}, {Command: []string{""}}, {Command: []string{"notify"}}, {Command: []string{"./notify"}},
		{Command: []string{"/bin/sh -c 'x'\n"}},
		{Command: []string{"/bin/true\x00x"}}, {Command: []string{"/bin/true", "a\x00b"}},
		{Command: []string{"/bin/true"}, Timeout: -1},
	} {
		if h.Check() == nil || h.Send(t.Context(), alertNotice) == nil {
			t.Errorf("%+q is taken", h.Command)
		}
	}
	if err := (Hook{Command: []string{"/bin/true", "", "a\nb"}}).Check(); err != nil {
		t.Error(err)
	}
}

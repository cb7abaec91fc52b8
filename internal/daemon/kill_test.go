package daemon

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
)

// In the environment these make the test binary a daemon that is going to be killed, and say whose alert it is to mail.
const (
	victimFolder  = "EXIWATCH_TEST_VICTIM"
	victimAccount = "EXIWATCH_TEST_ACCOUNT"
)

// writing are the system calls that change what is on the disk, as strace calls them.
var writing = []string{"fsync", "rename,renameat,renameat2", "unlink,unlinkat", "truncate,ftruncate"}

// deadly are calls at which a daemon must have been killed, for the test to tell anything.
var deadly = map[string]string{
	"the checkpoint isn't safe":           `fsync\(.*/state/\.checkpoint\.json`,
	"the checkpoint isn't in place":       `rename.*/state/checkpoint\.json`,
	"the place of the checkpoint isn't":   `fsync\(.*/state>`,
	"the mail isn't safe":                 `fsync\(.*/waiting/\.`,
	"the mail isn't in place":             `rename.*/waiting/ID\.opened\.eml"\)`,
	"the place of the mail isn't safe":    `fsync\(.*/spool/waiting>`,
	"the mail is accepted and not marked": `rename.*/spool/waiting/.*/spool/sent/`,
	"the mark of the mail isn't safe":     `fsync\(.*/spool/sent>`,
	"the mark of the mail isn't emptied":  `truncate.*/spool/sent/`,
	"a mail that isn't covered is there":  `unlink.*/spool/waiting/ID\.opened\.eml`,
}

// TestKilledBetweenAnyTwoWrites kills the daemon at each of the system calls by which it changes its state folder,
// while somebody goes over a limit: the next one must find a state that it can read, and no mail may be lost or come
// twice. The mail server is the Exim whose log is followed: it logs what it takes before it answers.
func TestKilledBetweenAnyTwoWrites(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes patience")
	}
	if _, err := exec.LookPath("strace"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Parallel()
	dir := t.TempDir()
	points, round := make(map[string]int), 0
	uncovered := 0 // the fsync before which a mail is spooled and no checkpoint covers it
	for i, call := range slices.Concat(writing, writing) {
		for n := 1; ; n++ {
			round++
			account := fmt.Sprintf("%d", round)
			testkit.Append(t, filepath.Join(dir, "mainlog"), testkit.Sentinel(account, second(60*round), sentinelLimit))
			if strings.HasPrefix(call, "unlink") {
				killVictim(t, dir, account, "fsync", uncovered)
			}
			var only []string
			if i >= len(writing) { // the sender's, which strace would count behind the other's
				ids := alertIDs(t, victimDaemon(dir, nil).Config, filepath.Join(dir, "mainlog"))
				sent := filepath.Join(dir, "state/spool/sent")
				only = []string{"-P", sent, "-P", filepath.Join(sent, ids[len(ids)-1]+".opened")}
			}
			at, killed := killVictim(t, dir, account, call, n, only...)
			if !killed {
				break
			}
			points[at]++
			if waiting, _ := filepath.Glob(filepath.Join(dir, "state/spool/waiting/*.eml")); len(waiting) > 0 &&
				strings.Contains(at, ".checkpoint.json") {
				uncovered = cmp.Or(uncovered, n)
			}
			if out, err := victim(dir, account).CombinedOutput(); err != nil {
				t.Fatalf("the daemon after the one that was killed at %s: %v\n%s", at, err, out)
			}
		}
	}
	for _, p := range slices.Sorted(maps.Keys(points)) {
		t.Logf("%d killed at %s", points[p], p)
	}
	t.Logf("%d killed", round-2*len(writing))
	for what, pattern := range deadly {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(points)), regexp.MustCompile(pattern).MatchString) {
			t.Errorf("no daemon was killed when %s", what)
		}
	}
	accepted, err := os.ReadFile(filepath.Join(dir, "accepted"))
	testkit.Must(t, err)
	mailed := strings.Fields(string(accepted))
	want := replayEvents(t, victimDaemon(dir, nil).Config, filepath.Join(dir, "mainlog"))
	if missing, more := difference(want, mailed), difference(mailed, want); len(want) < round ||
		len(missing)+len(more) > 0 {
		t.Errorf("%d events, replay lists %d; lost %q, double %q", len(mailed), len(want), missing, more)
	}
}

func victim(dir, account string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimFolder+"="+dir, victimAccount+"="+account, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// killVictim runs a daemon that is killed at its n-th call, by the count of the goroutine that counts or of the one
// that sends. It returns the call; killed is false if the daemon came through.
func killVictim(t *testing.T, dir, account, call string, n int, options ...string) (at string, killed bool) {
	t.Helper()
	trace := filepath.Join(dir, "trace")
	cmd := victim(dir, account)
	options = append(options, "-f", "-qq", "-y", "-s", "300", "-o", trace, "-e", "trace="+call, "-e",
		fmt.Sprintf("inject=%s:signal=KILL:when=%d", call, n), "--", cmd.Path)
	strace := exec.Command("strace", options...)
	strace.Env = cmd.Env
	out, err := strace.CombinedOutput()
	if err == nil {
		return "", false
	}
	text, err := os.ReadFile(trace)
	testkit.Must(t, err)
	unfinished := make(map[string]string) // by thread: strace breaks a line where another one begins
	for line := range strings.Lines(string(text)) {
		thread, call, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		call = strings.TrimSpace(call)
		if begun, ok := strings.CutSuffix(call, " <unfinished ...>"); ok {
			unfinished[thread] = begun + ")"
		} else if before, ok := strings.CutSuffix(call, "= ?"); ok {
			if strings.HasPrefix(call, "<...") {
				before = unfinished[thread]
			}
			return plain(dir, before), true
		}
	}
	t.Fatalf("the daemon ended, and not at a call:\n%s\n%s", out, text)
	return "", false
}

var variable = regexp.MustCompile(`(\.json|\.eml|\.key)\d+|[0-9a-f]{20}|AT_FDCWD<[^>]*>, |\(\d+`)

// plain gives a call without what differs each time.
func plain(dir, call string) string {
	return variable.ReplaceAllStringFunc(strings.TrimSpace(strings.ReplaceAll(call, dir, "")), func(s string) string {
		switch s[0] {
		case '.':
			return strings.TrimRight(s, "0123456789")
		case '(':
			return "("
		case 'A':
			return ""
		}
		return "ID"
	})
}

// beVictim is the daemon. It ends when the account's alert was mailed and no mail waits.
func beVictim(dir string) error {
	runtime.LockOSThread() // strace counts for each thread
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	account := os.Getenv(victimAccount)
	taken := &taker{dir: dir}
	taken.round, _ = strconv.Atoi(account)
	d := victimDaemon(dir, taken)
	d.writing = func() {
		runtime.LockOSThread()
		for range openingSyncs { // so that this thread's own ones are counted behind those of the other
			syncOnce(dir)
		}
	}
	go func() {
		for !taken.all(account) && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond) // until another goroutine has sent all
		}
		cancel()
	}()
	if err := d.Run(ctx); err != nil {
		return err
	}
	if !errors.Is(context.Cause(ctx), context.Canceled) {
		return errors.New("the alert was not mailed")
	}
	return nil
}

// openingSyncs is more often than the daemon calls fsync while it opens its state.
const openingSyncs = 6

func syncOnce(dir string) {
	f, err := os.Open(dir)
	if err != nil {
		panic(err)
	}
	f.Sync()
	f.Close()
}

func victimDaemon(dir string, taken *taker) *Daemon {
	c, err := config.Parse("test.toml", []byte(fiveAnHour+"\n[count]\nonly = ['all']"))
	if err != nil {
		panic(err)
	}
	c.Zone = time.UTC
	c.Mail.MaxPerHour = 0
	c.Log, c.State, c.Mail.Transport = []string{filepath.Join(dir, "mainlog")}, filepath.Join(dir, "state"), taken
	return &Daemon{Config: c, FromStart: true, Host: "mx.lab.test", Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
}

// A taker is the mail server: it notes what it takes in the file accepted, and in the log.
type taker struct {
	dir   string
	round int
}

func (k *taker) Send(_ context.Context, m mailer.Message) error {
	header, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		return err
	}
	id := strings.Trim(header.Header.Get("Message-Id"), "<>")
	return errors.Join(
		appendLine(filepath.Join(k.dir, "accepted"), m.ID+"."+m.Event+"\n"),
		appendLine(filepath.Join(k.dir, "accounts"), header.Header.Get("Subject")+"\n"),
		appendLine(filepath.Join(k.dir, "mainlog"),
			fmt.Sprintf("%s 1xMAIL-000000-00 <= <> U=root P=local S=999 id=%s\n",
				second(60*k.round).Format(time.DateTime), id)))
}

func appendLine(path, line string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, line)
	return errors.Join(err, f.Close())
}

// all tells whether the account's mail was taken and none waits.
func (k *taker) all(account string) bool {
	accounts, _ := os.ReadFile(filepath.Join(k.dir, "accounts"))
	waiting, err := filepath.Glob(filepath.Join(k.dir, "state/spool/waiting/*"))
	return err == nil && len(waiting) == 0 && bytes.Contains(accounts, []byte(": "+account+" "))
}

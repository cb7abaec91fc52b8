package check

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/config"
)

// asker is in the environment of a process that checks the configuration it names and prints the results.
const asker = "EXIWATCH_TEST_CHECK"

func TestMain(m *testing.M) {
	if file := os.Getenv(asker); file != "" {
		c, err := config.Read(file)
		s := Setup{File: file, Broken: err, Config: c, Host: "mx.lab.test", Now: time.Now(), Exim: fakeExim,
			FindLog: config.FindLog}
		json.NewEncoder(os.Stdout).Encode(slices.Collect(s.Run(context.Background())))
		return
	}
	os.Exit(m.Run())
}

// fakeExim answers as Debian's Exim does.
func fakeExim(_ context.Context, args ...string) (string, error) {
	if args[0] == "-bV" {
		return "Exim version 4.96 #2 built 27-May-2026 16:52:26\n", nil
	}
	return "exim_user = daemon\nexim_group = daemon\nlog_selector = +tls_peerdn\nlog_file_path = \n", nil
}

// now is the wall clock of the tests, one minute after the last line of a lab's log.
var now = time.Date(2026, 11, 23, 10, 5, 0, 0, time.UTC)

// arrivals is a log of n arrivals with all selectors that tell more; the last one is of 10:04:00.
func arrivals(n int) string {
	var b strings.Builder
	at := now.Add(-time.Minute)
	b.WriteString(at.Add(-time.Hour).Format(time.DateTime) +
		" exim 4.96 daemon started: pid=17, no queue runs, listening for SMTP on port 25\n")
	b.WriteString(at.Add(-time.Hour).Format(time.DateTime) + " cwd=/srv/www 3 args: /usr/sbin/sendmail -t -i\n")
	for i := range n {
		fmt.Fprintf(&b,
			"%s 1xV%03d-000001-01 <= ann@example.com H=(pc) [192.0.2.7] P=esmtpa A=plain:ann S=400 T=\"Order %d\" for bob@example.org\n",
			at.Format(time.DateTime), i, i)
	}
	return b.String()
}

// A lab is a folder with a log, and a Setup that passes every check.
type lab struct {
	t   *testing.T
	dir string
	Setup
}

// newLab gives a lab that other users can look into.
func newLab(t *testing.T, settings string) *lab {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "exiwatch-check-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	os.Chmod(dir, 0o755)
	l := &lab{t: t, dir: dir}
	l.write("sendmail", "#!/bin/sh\ncat >\"$0\".got\n", 0o755)
	l.log(arrivals(30))
	if err := os.Mkdir(l.path("state"), 0o700); err != nil {
		t.Fatal(err)
	}
	l.configure(settings)
	return l
}

// configure reads settings behind those of the lab itself.
func (l *lab) configure(settings string) {
	l.t.Helper()
	head := fmt.Sprintf("timezone = \"UTC\"\nlog = %q\nstate = %q\n", l.path("mainlog"), l.path("state"))
	if !strings.Contains(settings, "via = ") {
		settings += fmt.Sprintf("\n[mail]\nvia = \"sendmail:%s\"\n", l.path("sendmail"))
	}
	file := l.write("exiwatch.toml", head+settings, 0o644)
	l.Setup = Setup{File: file, Host: "mx.lab.test", Now: now, Exim: fakeExim}
	l.FindLog = func(context.Context) (string, error) { return l.path("mainlog"), nil }
	l.Config, l.Broken = config.Read(file)
}

// leftOut makes a checkpoint that names a gap.
func (l *lab) leftOut(path string, until time.Time) {
	l.t.Helper()
	l.write("state/checkpoint.json",
		fmt.Sprintf(`{"version":1,"gaps":[{"path":%q,"from":{"Offset":99},"since":%q,"until":%q}],"logs":{}}`,
			path, until.Add(-time.Hour).Format(time.RFC3339), until.Format(time.RFC3339)), 0o600)
}

func (l *lab) path(name string) string { return filepath.Join(l.dir, name) }

func (l *lab) write(name, text string, mode os.FileMode) string {
	l.t.Helper()
	path := l.path(name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		l.t.Fatal(err)
	}
	os.Chmod(path, mode) // whatever the umask, and the mode it had
	return path
}

// log writes the log anew; it was written to a minute ago.
func (l *lab) log(text string) {
	l.t.Helper()
	l.touch(l.write("mainlog", text, 0o644), now.Add(-time.Minute))
}

func (l *lab) touch(path string, at time.Time) {
	l.t.Helper()
	if err := os.Chtimes(path, at, at); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) run() []Result { return slices.Collect(l.Setup.Run(l.t.Context())) }

// want looks for a result.
func want(t *testing.T, all []Result, check string, status Status, text string) {
	t.Helper()
	for _, r := range all {
		if r.Check == check && r.Status == status && strings.Contains(r.Detail+"\n"+r.Hint, text) {
			if status != Pass && r.Hint == "" {
				t.Errorf("%s %s has no hint: %s", status, check, r.Detail)
			}
			return
		}
	}
	t.Errorf("no %s of %s says %q, but:\n%s", status, check, text, table(all, false))
}

func table(all []Result, colour bool) string {
	var b bytes.Buffer
	for _, r := range all {
		r.Print(&b, colour)
	}
	return b.String()
}

// asNobody checks the lab's configuration as a user who isn't root.
func (l *lab) asNobody() []Result {
	l.t.Helper()
	program, cmd := os.Args[0], new(exec.Cmd)
	if os.Getuid() == 0 {
		program = l.path("checker")
		copied(l.t, os.Args[0], program)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	cmd.Path, cmd.Args, cmd.Dir = program, []string{program}, "/"
	cmd.Env = []string{asker + "=" + l.File, "PATH=/usr/bin:/bin"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		l.t.Fatalf("%v: %s", err, &stderr)
	}
	var all []Result
	if err := json.Unmarshal(out, &all); err != nil {
		l.t.Fatal(err)
	}
	return all
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err == nil {
		_, err = io.Copy(out, in)
	}
	if err != nil {
		t.Fatal(err)
	}
	out.Close()
	os.Chmod(to, 0o755)
}

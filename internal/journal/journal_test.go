package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/journaltest"
	"exiwatch/tailer"
)

var began = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// entry is number i of a test: those of Exim have even numbers.
func entryOf(i int) journaltest.Record {
	at := began.Add(time.Duration(i) * time.Second)
	e := journaltest.Record{At: at, Identifier: "exim", Unit: "exim4.service", PID: 100 + i}
	if i%2 == 1 {
		e.Identifier, e.Unit = "sshd", "ssh.service"
	}
	e.Message = fmt.Sprintf("message %d.", i)
	return e
}

func entries(from, to int) (all []journaltest.Record) {
	for i := from; i < to; i++ {
		all = append(all, entryOf(i))
	}
	return all
}

// messages are the numbers of the messages in lines of JSON.
func messages(lines ...string) (numbers []string) {
	for _, line := range lines {
		_, rest, _ := strings.Cut(line, `"message `)
		number, _, _ := strings.Cut(rest, ".")
		numbers = append(numbers, number)
	}
	return numbers
}

func logIn(j *journaltest.Journal) MainLog { return MainLog{args: []string{"-D", j.Dir}} }

func read(t *testing.T, l MainLog) []string {
	t.Helper()
	r, err := l.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"journal": "", "journal:exim4": "exim4.service", "journal:exim4.service": "exim4.service",
		"journal:exim@2.service": "exim@2.service", "journal:a.scope": "a.scope",
	} {
		if l, ok, err := Parse(text); l.Unit != want || !ok || err != nil {
			t.Errorf("Parse(%q) = %+v, %v, %v, want unit %q", text, l, ok, err, want)
		}
	}
	for _, text := range []string{"journal:", "journal:a b", "journal:a/b", "journal:--vacuum=1=2",
		"journal:" + strings.Repeat("x", 256)} {
		if _, ok, err := Parse(text); !ok || err == nil {
			t.Errorf("Parse(%q) = %v, %v, want an error", text, ok, err)
		}
	}
	for _, text := range []string{"", "/var/log/journal", "journals", "./journal", "Journal"} {
		if _, ok, err := Parse(text); ok || err != nil {
			t.Errorf("Parse(%q) = %v, %v, want no journal", text, ok, err)
		}
	}
}

func TestCursor(t *testing.T) {
	const text = "s=f7c9ece18d524fb89665d16d3adbc445;i=4;b=cc6f5d2e5a5b4c5e8f6b6c2b2f6f8a11;m=2dcaa8;" +
		"t=64426088a6ec0;x=2423806f1698c825"
	at, ok := parseCursor(text)
	if want := "s=f7c9ece18d524fb89665d16d3adbc445;i=4;t=64426088a6ec0"; !ok || cursor(at) != want {
		t.Errorf("cursor(position(%q)) = %q, %v, want %q", text, cursor(at), ok, want)
	}
	for _, bad := range []string{"", "s=;i=4;t=1", "s=f7c9;i=4;t=1", strings.Replace(text, "i=4", "i=-4", 1),
		strings.Replace(text, "i=4", "i=7fffffffffffffff", 1), strings.Replace(text, "t=6", "t=g", 1),
		strings.Replace(text, "i=4;", "", 1)} {
		if at, ok := parseCursor(bad); ok {
			t.Errorf("position(%q) = %+v, want none", bad, at)
		}
	}
}

// TestWhichEntriesCount: those of programs whose names begin with exim, or of the unit, whatever they are called.
func TestWhichEntriesCount(t *testing.T) {
	j := journaltest.New(t)
	all := entries(0, 6)
	all[2].Identifier, all[4].Identifier = "exim4", "postfix/smtpd"
	j.Append("a", all...)
	l := logIn(j)
	if got := messages(read(t, l)...); !slices.Equal(got, []string{"0", "2"}) {
		t.Errorf("by identifier: %q, want 0 and 2", got)
	}
	l.Unit = "ssh.service"
	if got := messages(read(t, l)...); !slices.Equal(got, []string{"1", "3", "5"}) {
		t.Errorf("by unit: %q, want 1, 3 and 5", got)
	}
}

// TestPlaces: what is asked for a daemon's start.
func TestPlaces(t *testing.T) {
	j := journaltest.New(t)
	j.Append("a", entries(0, 6)...)
	j.Append("b", entries(6, 10)...) // with numbers of their own
	l, ctx := logIn(j), t.Context()
	first, ok, err := l.First(ctx, tailer.Position{})
	if err != nil || !ok || !Time(first).Equal(began) {
		t.Errorf("First = %v, %v, %v, want the entry of %v", Time(first), ok, err, began)
	}
	newest, ok, err := l.Newest(ctx, began)
	if err != nil || !ok || !Time(newest).Equal(entryOf(8).At) {
		t.Errorf("Newest = %v, %v, %v, want entry 8", Time(newest), ok, err)
	}
	if _, ok, err := l.Newest(ctx, entryOf(9).At); ok || err != nil {
		t.Errorf("Newest since the last entry = %v, %v, want none", ok, err)
	}
	end, ok, err := l.End(ctx)
	if err != nil || !ok || !Time(end).Equal(entryOf(9).At) {
		t.Errorf("End = %v, %v, %v, want entry 9", Time(end), ok, err)
	}
	for _, at := range []tailer.Position{first, newest, end} {
		if ok, err := l.Holds(ctx, at); !ok || err != nil {
			t.Errorf("Holds(%+v) = %v, %v, want true", at, ok, err)
		}
	}
	os.Remove(filepath.Join(j.Dir, "a.journal"))
	if ok, err := l.Holds(ctx, first); ok || err != nil {
		t.Errorf("Holds of what was vacuumed = %v, %v, want false", ok, err)
	}
	if at, ok, err := l.First(ctx, first); err != nil || !ok || !Time(at).Equal(entryOf(6).At) {
		t.Errorf("First behind what was vacuumed = %v, %v, %v, want entry 6", Time(at), ok, err)
	}
}

// TestNoJournal: what keeps the journal from being read is told apart.
func TestNoJournal(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   error
	}{
		"others' messages": {`echo 'Hint: You are currently not seeing messages from other users and the system.' >&2`, ErrAccess},
		"no access": {`echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1`,
			ErrAccess},
		"no files": {`echo 'No journal files were found.' >&2`, ErrEmpty},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "journalctl"), []byte("#!/bin/sh\n"+c.script+"\n"),
				0o755); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir)
			if err := (MainLog{}).Check(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("Check = %v, want %v", err, c.want)
			}
		})
	}
	t.Setenv("PATH", t.TempDir())
	if err := (MainLog{}).Check(t.Context()); !errors.Is(err, ErrNone) {
		t.Errorf("Check without journalctl = %v, want %v", err, ErrNone)
	}
}

// errDone ends a Follow.
var errDone = errors.New("done")

// TestFollowAcrossFiles: entries that are there, those that come, those of another file; and none twice by who goes on.
func TestFollowAcrossFiles(t *testing.T) {
	j := journaltest.New(t)
	j.Append("a", entries(0, 6)...)
	var lines []string
	var last tailer.Position
	more := func() { j.Append("a", entries(6, 9)...) }
	f := Follower{Log: logIn(j)}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	follow := func(until int) {
		t.Helper()
		err := f.Follow(ctx, func(l tailer.Line) error {
			lines, last = append(lines, string(l.Text)), l.End
			if len(lines) == until {
				return errDone
			}
			return nil
		}, func(end time.Time) error {
			if more != nil && !end.IsZero() {
				more()
				more = nil
			}
			return nil
		})
		if !errors.Is(err, errDone) {
			t.Fatalf("Follow = %v, having read %q", err, messages(lines...))
		}
	}
	follow(5)
	f.From = last
	more = func() { j.Append("b", entries(9, 13)...) }
	follow(7)
	if got, want := messages(lines...), []string{"0", "2", "4", "6", "8", "10", "12"}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}

// TestJournalctlEnds: it is started again, goes on, and that is told once.
func TestJournalctlEnds(t *testing.T) {
	j := journaltest.New(t)
	j.Append("a", entries(0, 2)...)
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\ncase \" $* \" in *' -f '*) echo ended by itself >&2; exit 3;; esac\nexec %s \"$@\"\n",
		"/usr/bin/journalctl")
	if err := os.WriteFile(filepath.Join(dir, "journalctl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	good := filepath.Join(dir, "good")
	if err := os.WriteFile(good, []byte("#!/bin/sh\nexec /usr/bin/journalctl \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	t.Setenv("PATH", dir+":"+path)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var problems []string
	f := Follower{Log: logIn(j), pause: time.Millisecond}
	f.Problem = func(err error) { problems = append(problems, err.Error()) }
	runs := 0
	err := f.Follow(ctx, func(tailer.Line) error { return errDone }, func(end time.Time) error {
		if runs++; runs == 3 {
			os.Rename(good, filepath.Join(dir, "journalctl"))
		}
		return nil
	})
	if !errors.Is(err, errDone) {
		t.Errorf("Follow = %v, want it to go on", err)
	}
	if len(problems) != 1 || !strings.Contains(problems[0], "ended by itself") {
		t.Errorf("problems: %q, want one", problems)
	}
}

// TestJournalIsPassedOn: messages of any bytes are handed over, huge ones left out.
func TestJournalIsPassedOn(t *testing.T) {
	j := journaltest.New(t)
	all := entries(0, 7)
	all[0].Message = "caf\xe9 message 0."
	all[2].Message = "two\nlines"
	all[4].Message = "long " + strings.Repeat("x", 8000)
	all[6].Message = "huge " + strings.Repeat("x", 2*tailer.MaxLine)
	j.Append("a", all...)
	lines := read(t, logIn(j))
	if len(lines) != 3 || !strings.Contains(lines[0], "[99,97,102,233,32") ||
		!strings.Contains(lines[1], `"two\nlines"`) ||
		len(lines[2]) < 8000 {
		t.Errorf("read %d lines: %.2000q", len(lines), lines)
	}
}

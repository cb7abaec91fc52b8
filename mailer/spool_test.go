package mailer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// mailOf is a mail about the alert id.
func mailOf(id string) Message {
	return Message{ID: id, Event: "opened", To: []string{"director@lab.test", "root"},
		Data: []byte("Subject: " + id + "\r\n\r\ntext\r\n")}
}

// open opens a spool as a process does whose checkpoint covers all of it, and whose log is read.
func open(t *testing.T, dir string) *Spool {
	t.Helper()
	s := crashed(t, dir)
	if n, err := s.DropUncommitted(s.Last()); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	s.ResolveUncertain(time.Now())
	return s
}

// crashed opens a spool that somebody left.
func crashed(t *testing.T, dir string) *Spool {
	t.Helper()
	s, err := OpenSpool(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put puts a mail, and commits it.
func put(t *testing.T, s *Spool, m Message) {
	t.Helper()
	provide(t, s, m)
	s.Commit(s.Last())
}

// provide puts a mail.
func provide(t *testing.T, s *Spool, m Message) {
	t.Helper()
	if added, err := s.Put(m); !added || err != nil {
		t.Fatalf("Put(%s) = %v, %v", m.ID, added, err)
	}
}

// files lists what is in a folder of the spool.
func files(t *testing.T, dir, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestPutTwice(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, mailOf("abc"))
	for _, s := range []*Spool{s, open(t, dir)} {
		if added, err := s.Put(mailOf("abc")); added || err != nil || s.Len() != 1 || !s.Has("abc", "opened") ||
			s.Delivered("abc", "opened") {
			t.Errorf("Put = %v, %v; %d wait", added, err, s.Len())
		}
	}
	ended := mailOf("abc")
	ended.Event = "ended"
	put(t, s, ended)
}

func TestSpoolIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "mail")
	s := open(t, dir)
	put(t, s, mailOf("abc"))
	for path, want := range map[string]os.FileMode{"": 0o700, "waiting": 0o700, "sent": 0o700, "refused": 0o700,
		"waiting/abc.opened.eml": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: %v, want %v (%v)", path, info.Mode(), want, err)
		}
	}
}

func TestHostileNamesAndAddressesAreRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for _, id := range []string{"", ".", "..", "../x", "a/b", "a.b", "a\x00", "a\n", strings.Repeat("a", 65), "ä"} {
		m := mailOf(id)
		if added, err := s.Put(m); added || err == nil {
			t.Errorf("id %q is taken", id)
		}
		m.ID, m.Event = "abc", id
		if added, err := s.Put(m); added || err == nil {
			t.Errorf("event %q is taken", id)
		}
		if s.Has(id, "opened") || s.Delivered(id, "opened") || s.Delivered("abc", id) {
			t.Errorf("id %q is known", id)
		}
	}
	for _, addr := range []string{"", "a b", "a\r\nRCPT TO:<x@evil.test>", "<a@lab.test>", "a@lab.test,b@lab.test",
		"a>@lab.test"} {
		m := mailOf("abc")
		m.To[0] = addr
		if added, err := s.Put(m); added || err == nil {
			t.Errorf("recipient %q is taken", addr)
		}
		m = mailOf("abc")
		if m.From = addr; addr == "" {
			m.Data = nil
		}
		if added, err := s.Put(m); added || err == nil {
			t.Errorf("sender %q with %d bytes is taken", addr, len(m.Data))
		}
	}
	if got := files(t, dir, waitingDir); got != nil {
		t.Errorf("there is %q", got)
	}
}

func TestPutThatFailedMayBeRepeated(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := os.RemoveAll(filepath.Join(dir, waitingDir)); err != nil { // fails for root too
		t.Fatal(err)
	}
	if added, err := s.Put(mailOf("abc")); added || err == nil || s.Len() != 0 {
		t.Errorf("Put = %v, %v", added, err)
	}
	if err := os.Mkdir(filepath.Join(dir, waitingDir), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, s, mailOf("abc"))
}

func TestCrashLeavesRubbish(t *testing.T) {
	dir := t.TempDir()
	put(t, open(t, dir), mailOf("abc"))
	whole, err := os.ReadFile(filepath.Join(dir, waitingDir, "abc.opened.eml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		".abd.opened.eml123": string(whole[:20]), // Put didn't return
		"abe.opened.eml":     string(whole),      // another mail's
		"abf.opened.eml":     string(whole[:20]),
		"ac0.opened.eml":     "",
		"ac1.opened.eml":     strings.Replace(string(whole), "director@lab.test", "-x y", 1),
		"notes.txt":          "by the admin",
	} {
		if err := os.WriteFile(filepath.Join(dir, waitingDir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir)
	if s.Len() != 1 || !s.Has("abc", "opened") {
		t.Errorf("%d wait", s.Len())
	}
	if got, want := files(t, dir, waitingDir), []string{"abc.opened.eml", "notes.txt"}; !slices.Equal(got, want) {
		t.Errorf("waiting/ has %q, want %q", got, want)
	}
	broken := []string{"abe.opened.broken", "abf.opened.broken", "ac0.opened.broken", "ac1.opened.broken"}
	if got := files(t, dir, refusedDir); !slices.Equal(got, broken) {
		t.Errorf("refused/ has %q, want %q", got, broken)
	}
	put(t, s, mailOf("abf")) // the alert is told after all
}

func TestFullSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		s.maxWaiting = 2
		put(t, s, mailOf("a"))
		put(t, s, mailOf("b"))
		last := s.Last()
		for range 2 {
			if added, err := s.Put(mailOf("c")); added || !errors.Is(err, ErrFull) || s.Len() != 2 ||
				s.Last() != last || s.Has("c", "opened") {
				t.Errorf("Put = %v, %v; %d wait", added, err, s.Len())
			}
		}
		if added, err := s.Put(mailOf("a")); added || err != nil { // is there
			t.Errorf("Put = %v, %v", added, err)
		}
		var sent []string
		_, stop := running(t, s, taking(&sent))
		synctest.Wait()
		put(t, s, mailOf("c"))
		synctest.Wait()
		stop()
		if !slices.Equal(sent, []string{"a", "b", "c"}) {
			t.Errorf("sent %q", sent)
		}
	})
}

func TestMoreWaitsThanMay(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for _, id := range []string{"a", "b", "c"} {
		provide(t, s, mailOf(id))
	}
	s = open(t, dir)
	s.maxWaiting = 2
	if _, err := s.Put(mailOf("d")); !errors.Is(err, ErrFull) || s.Len() != 3 {
		t.Errorf("%v, %d wait", err, s.Len())
	}
	if want := "the mail spool is full: 10000 mails wait"; ErrFull.Error() != want {
		t.Errorf("%q, want %q", ErrFull, want)
	}
}

func TestOldestRefusedMailsAreRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir)
		for path, content := range map[string]string{"refused/README": "by the admin", "waiting/z.opened.eml": "{"} {
			if err := os.WriteFile(filepath.Join(dir, path), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			old := time.Now().Add(-time.Hour)
			if err := os.Chtimes(filepath.Join(dir, path), old, old); err != nil {
				t.Fatal(err)
			}
		}
		s := open(t, dir)
		s.maxRefused = 2
		_, stop := running(t, s, func(context.Context, Message) error { return errNever })
		for i, want := range [][]string{
			{"README", "c.opened.eml", "z.opened.broken"}, {"README", "b.opened.eml", "c.opened.eml"},
			{"README", "a.opened.eml", "b.opened.eml"},
		} {
			id := []string{"c", "b", "a"}[i]
			put(t, s, mailOf(id))
			synctest.Wait()
			// The spool is in a bubble with a clock of its own, its files aren't.
			at := time.Now().Add(time.Duration(i) * time.Second)
			if err := os.Chtimes(filepath.Join(dir, refusedDir, id+".opened.eml"), at, at); err != nil {
				t.Error(err)
			}
			if got := files(t, dir, refusedDir); !slices.Equal(got, want) {
				t.Errorf("refused/ has %q, want %q", got, want)
			}
		}
		stop()
		s = open(t, dir)
		if s.refused != 2 || s.Has("c", "opened") || !s.Has("a", "opened") {
			t.Errorf("%d files in refused/", s.refused)
		}
		if s.maxRefused = 1; s.prune() != nil || s.refused != 1 || s.Has("b", "opened") {
			t.Errorf("%d files in refused/", s.refused)
		}
	})
}

func TestForget(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	old := time.Now().Add(-48 * time.Hour)
	for _, name := range []string{"abc.opened", "abd.opened", "README"} {
		path := filepath.Join(dir, sentDir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if name != "abd.opened" {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.PruneDelivered(time.Now().Add(-24 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, want := files(t, dir, sentDir), []string{"README", "abd.opened"}; !slices.Equal(got, want) {
		t.Errorf("sent/ has %q, want %q", got, want)
	}
	if s.Delivered("abc", "opened") || !s.Delivered("abd", "opened") {
		t.Error("Sent knows otherwise")
	}
}

// TestPlantedMail: what others could have put into the spool isn't sent, and nothing is read through a link.
func TestPlantedMail(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenSpool(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"0a", "0b", "0c", "0d"} {
		if _, err := s.Put(Message{ID: id, Event: "opened", From: "a@lab.test", To: []string{"b@lab.test"},
			Data: []byte("x\r\n")}); err != nil {
			t.Fatal(err)
		}
	}
	path := func(id string) string { return filepath.Join(dir, waitingDir, id+".opened.eml") }
	elsewhere := filepath.Join(t.TempDir(), "mail")
	for _, err := range []error{
		os.Rename(path("0a"), elsewhere), os.Symlink(elsewhere, path("0a")),
		os.Chmod(path("0b"), 0o666),
		os.Remove(path("0c")), syscall.Mkfifo(path("0c"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err = OpenSpool(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 1 || !s.Has("0d", "opened") {
		t.Errorf("%d mails wait, want the one that nobody else could write", s.Len())
	}
	for _, id := range []string{"0a", "0b", "0c"} {
		if _, err := os.Lstat(filepath.Join(dir, refusedDir, id+".opened.broken")); err != nil {
			t.Errorf("the planted mail isn't kept aside: %v", err)
		}
	}
}

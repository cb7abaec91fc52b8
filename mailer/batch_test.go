package mailer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// manyMails are so many, each of an alert of its own.
func manyMails(n int) (ms []Message) {
	for i := range n {
		ms = append(ms, mailOf(fmt.Sprintf("a%03d", i)))
	}
	return ms
}

// putAll puts mails that aren't there.
func putAll(t *testing.T, s *Spool, ms []Message) {
	t.Helper()
	if n, err := s.PutAll(ms); n != len(ms) || err != nil {
		t.Fatalf("PutAll = %d, %v, want %d", n, err, len(ms))
	}
}

// batches are the batch files in waiting/.
func batches(t *testing.T, dir string) []string {
	t.Helper()
	return slices.DeleteFunc(files(t, dir, waitingDir),
		func(name string) bool { return !strings.HasSuffix(name, batchSuffix) })
}

// TestBatchSurvivesCrash: a crash of the machine takes the files that weren't synced, or what was in them. The next
// process has every mail that waited, and none that was sent.
func TestBatchSurvivesCrash(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ms := manyMails(20)
	putAll(t, s, ms)
	s.Commit(s.Last())
	for _, m := range ms[:3] {
		if err := s.ConfirmDelivered(m.ID, m.Event); err != nil {
			t.Fatal(err)
		}
	}
	for i, m := range ms[3:13] {
		path := s.waitingPath(m.ID + "." + m.Event)
		var err error
		switch i % 3 {
		case 0:
			err = os.Remove(path)
		case 1:
			err = os.Truncate(path, 0)
		default:
			err = os.Truncate(path, 70)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, dir)
	if s.Len() != 17 || len(files(t, dir, refusedDir)) != 0 {
		t.Fatalf("%d mails wait, want 17; refused %v", s.Len(), files(t, dir, refusedDir))
	}
	for _, m := range ms[3:] {
		_, data, err := readFile(s.waitingPath(m.ID + "." + m.Event))
		if err != nil || string(data) != string(m.Data) {
			t.Errorf("%s: %q, %v", m.ID, data, err)
		}
	}
	if got := batches(t, dir); len(got) != 1 {
		t.Errorf("batches %v, want the one", got)
	}
	for _, m := range ms[3:] {
		if err := s.ConfirmDelivered(m.ID, m.Event); err != nil {
			t.Fatal(err)
		}
	}
	if got := files(t, dir, waitingDir); len(got) != 0 {
		t.Errorf("waiting/ has %v when nothing waits", got)
	}
}

// TestDropOfBatch: what no checkpoint covers isn't brought back, by whichever crash.
func TestDropOfBatch(t *testing.T) {
	for _, kept := range []int{0, 5} {
		dir := t.TempDir()
		s := open(t, dir)
		putAll(t, s, manyMails(20))
		s = crashed(t, dir)
		if n, err := s.DropUncommitted(int64(kept)); n != 20-kept || err != nil {
			t.Fatalf("Drop = %d, %v, want %d", n, err, 20-kept)
		}
		if s = open(t, dir); s.Len() != kept || len(batches(t, dir)) != 0 {
			t.Errorf("%d mails wait, want %d; batches %v", s.Len(), kept, batches(t, dir))
		}
	}
}

// TestPutAllTwice: a mail that is there, or twice in the row, is put once. A mail that can't be one ends it.
func TestPutAllTwice(t *testing.T) {
	s := open(t, t.TempDir())
	ms := manyMails(10)
	provide(t, s, ms[4])
	putAll(t, s, append(manyMails(10), ms...))
	if s.Len() != 10 || s.Last() != 10 {
		t.Errorf("%d mails wait, the last is number %d, want 10 and 10", s.Len(), s.Last())
	}
	bad := append(manyMails(15)[10:], Message{ID: "../x", Event: "opened", Data: []byte("x")})
	if n, err := s.PutAll(bad); n != 5 || err == nil || s.Len() != 15 {
		t.Errorf("PutAll = %d, %v with %d waiting, want 5 and an error", n, err, s.Len())
	}
}

// TestFullOfCommitted: the bound holds for mails that may go. Those that a checkpoint doesn't cover yet must not keep
// it from coming.
func TestFullOfCommitted(t *testing.T) {
	s := open(t, t.TempDir())
	s.maxWaiting = 10
	putAll(t, s, manyMails(25))
	s.Commit(s.Last())
	if n, err := s.PutAll(manyMails(30)[25:]); n != 0 || !errors.Is(err, ErrFull) {
		t.Errorf("PutAll = %d, %v, want ErrFull", n, err)
	}
}

// TestForgetGivesBatchesUp: mails that wait for long are kept each by itself.
func TestForgetGivesBatchesUp(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	putAll(t, s, manyMails(maxBatch+2))
	if got := batches(t, dir); len(got) != 2 {
		t.Fatalf("batches %v, want two", got)
	}
	if err := s.PruneDelivered(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got := batches(t, dir); len(got) != 0 {
		t.Errorf("batches %v, want none", got)
	}
	if s = open(t, dir); s.Len() != maxBatch+2 {
		t.Errorf("%d mails wait, want %d", s.Len(), maxBatch+2)
	}
}

// TestBrokenBatch: its mails have files of their own, and it is put aside and reported.
func TestBrokenBatch(t *testing.T) {
	dir := t.TempDir()
	putAll(t, open(t, dir), manyMails(3))
	path := filepath.Join(dir, waitingDir, batches(t, dir)[0])
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append([]byte("9"), data...), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	if s.Len() != 3 || len(s.news) != 1 || !strings.Contains(s.news[0].Err.Error(), path) {
		t.Errorf("%d mails wait, want 3; %+v", s.Len(), s.news)
	}
	if got := files(t, dir, refusedDir); len(got) != 1 || s.news[0].Kept != filepath.Join(dir, refusedDir, got[0]) {
		t.Errorf("refused/ has %v, %+v", got, s.news)
	}
}

// BenchmarkPut is the spooling of a storm, mail by mail and together.
func BenchmarkPut(b *testing.B) {
	for _, n := range []int{1, 16, maxBatch} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, err := OpenSpool(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			s.maxWaiting = b.N * n
			ms := make([]Message, n)
			for i := 0; b.Loop(); i++ {
				for j := range ms {
					ms[j] = mailOf(fmt.Sprintf("%dx%d", i, j))
					ms[j].Data = append(ms[j].Data, make([]byte, 12<<10)...)
				}
				if _, err := s.PutAll(ms); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/mail")
		})
	}
}

package mailer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// taking is a transport that takes everything, and notes the ids.
func taking(ids *[]string) transport {
	return func(_ context.Context, m Message) error { *ids = append(*ids, m.ID); return nil }
}

func TestMailGoesWhenACheckpointCoversIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		var sent []string
		_, stop := running(t, s, taking(&sent))
		defer stop()
		var seqs []int64
		for _, id := range []string{"c", "a", "b"} {
			provide(t, s, mailOf(id))
			seqs = append(seqs, s.Last())
		}
		for _, step := range []struct {
			commit int64
			want   string
		}{{0, ""}, {seqs[0], "c"}, {seqs[1], "ca"}, {seqs[0], "ca"}, {-1, "ca"}, {1 << 40, "cab"}} {
			s.Commit(step.commit)
			time.Sleep(2 * maxPause)
			synctest.Wait()
			if got := strings.Join(sent, ""); got != step.want {
				t.Errorf("after Commit(%d): sent %q, want %q", step.commit, got, step.want)
			}
		}
		provide(t, s, mailOf("d")) // was not covered by what covered more than there was
		time.Sleep(2 * maxPause)
		synctest.Wait()
		if len(sent) != 3 || s.Len() != 1 {
			t.Errorf("sent %q", sent)
		}
	})
}

func TestSequenceNumbersGoOn(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if s.Last() != 0 {
		t.Errorf("in a new spool: %d", s.Last())
	}
	last := int64(0)
	for _, id := range []string{"a", "b", "c"} {
		provide(t, s, mailOf(id))
		if s.Last() <= last {
			t.Errorf("%d after %d", s.Last(), last)
		}
		last = s.Last()
		if added, err := s.Put(mailOf(id)); added || err != nil || s.Last() != last {
			t.Errorf("put twice: %d after %d", s.Last(), last)
		}
	}
	for i, drop := range []int64{last, last - 1, 0, last + 100, 0} {
		s = crashed(t, dir)
		if _, err := s.DropUncommitted(drop); err != nil {
			t.Fatal(err)
		}
		last = max(last, drop)
		provide(t, s, mailOf(fmt.Sprint("x", i)))
		if s.Last() <= last {
			t.Errorf("after Drop(%d): %d, not more than %d", drop, s.Last(), last)
		}
		last = s.Last()
	}
}

func TestDropRemovesWhatNoCheckpointCovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		provide(t, s, mailOf("a"))
		provide(t, s, mailOf("b"))
		checkpoint := s.Last()
		provide(t, s, mailOf("c"))
		provide(t, s, mailOf("d"))

		s = crashed(t, dir)
		if n, err := s.DropUncommitted(checkpoint); n != 2 || err != nil || s.Has("c", "opened") || s.Len() != 2 {
			t.Errorf("Drop = %d, %v; %d wait", n, err, s.Len())
		}
		if got := files(t, dir, waitingDir); !slices.Equal(got, []string{"a.opened.eml", "b.opened.eml"}) {
			t.Errorf("waiting/ has %q", got)
		}
		var sent []string
		_, stop := running(t, s, taking(&sent))
		s.ResolveUncertain(time.Now())
		provide(t, s, mailOf("d")) // told again; c isn't
		synctest.Wait()
		if !slices.Equal(sent, []string{"a", "b"}) {
			t.Errorf("before the next checkpoint: sent %q", sent)
		}
		s.Commit(s.Last())
		synctest.Wait()
		stop()
		if !slices.Equal(sent, []string{"a", "b", "d"}) {
			t.Errorf("sent %q", sent)
		}
	})
}

func TestDropThatFails(t *testing.T) {
	dir := t.TempDir()
	provide(t, open(t, dir), mailOf("a"))
	s := crashed(t, dir)
	path := filepath.Join(dir, waitingDir, "a.opened.eml")
	// fails for root too
	if err := errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "x"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if n, err := s.DropUncommitted(0); n != 0 || err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Drop = %d, %v", n, err)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if n, err := s.DropUncommitted(0); n != 1 || err != nil { // somebody else removed it
		t.Errorf("Drop = %d, %v", n, err)
	}
}

func TestFoundMailWaitsForTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		for _, id := range []string{"a", "b", "c"} {
			provide(t, s, mailOf(id))
		}
		s = crashed(t, dir)
		if _, err := s.DropUncommitted(s.Last()); err != nil {
			t.Fatal(err)
		}
		var sent []string
		events, stop := running(t, s, taking(&sent))
		put(t, s, mailOf("d"))
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if !slices.Equal(sent, []string{"d"}) || s.Len() != 3 {
			t.Errorf("before Settle: sent %q, %d wait", sent, s.Len())
		}
		if err := s.ConfirmDelivered("b", "opened"); err != nil {
			t.Error(err)
		}
		s.ResolveUncertain(time.Now())
		synctest.Wait()
		stop()
		if !slices.Equal(sent, []string{"d", "a", "c"}) || s.Len() != 0 || !s.Delivered("b", "opened") {
			t.Errorf("sent %q", sent)
		}
		told := map[Result]int{}
		for _, ev := range events() {
			told[ev]++
		}
		for _, id := range []string{"a", "b", "c", "d"} {
			if told[Result{ID: id, Event: "opened", Sent: true}] != 1 {
				t.Errorf("events %+v", told)
			}
		}
	})
}

func TestMailOfThePreviousVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		provide(t, open(t, dir), mailOf("a"))
		e, data, err := readFile(filepath.Join(dir, waitingDir, "a.opened.eml"))
		if err != nil {
			t.Fatal(err)
		}
		line, err := json.Marshal(map[string]any{"id": e.ID, "event": e.Event, "from": e.From, "to": e.To,
			"put": e.Put})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, waitingDir, "a.opened.eml"), append(append(line, '\n'), data...),
			0o600); err != nil {
			t.Fatal(err)
		}
		s := crashed(t, dir)
		if n, err := s.DropUncommitted(0); n != 0 || err != nil {
			t.Errorf("Drop = %d, %v", n, err)
		}
		var sent []string
		_, stop := running(t, s, taking(&sent))
		synctest.Wait()
		early := len(sent)
		s.ResolveUncertain(time.Now())
		synctest.Wait()
		stop()
		if early != 0 || !slices.Equal(sent, []string{"a"}) {
			t.Errorf("sent %q, %d of them early", sent, early)
		}
	})
}

// TestConnectionThatBreaks: nobody knows whether the mail server took the mail, until the log has been read to its
// end. A mail server that has answered is tried again at once.
func TestConnectionThatBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		var answer error = &UncertainError{Err: errors.New("connection reset by peer")}
		var tries []string
		_, stop := running(t, s, func(_ context.Context,
			m Message) error {
			tries = append(tries, m.ID)
			return answer
		})
		time.Sleep(time.Second)
		put(t, s, mailOf("a"))
		put(t, s, mailOf("b"))
		synctest.Wait()
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(tries) != 2 {
			t.Errorf("before the log was read: %q", tries)
		}
		s.ConfirmDelivered("a", "opened")
		s.ResolveUncertain(time.Now().Add(-2 * time.Hour)) // that was before
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(tries) != 2 {
			t.Errorf("before the log was read as far: %q", tries)
		}
		answer = nil
		s.ResolveUncertain(time.Now())
		time.Sleep(time.Minute)
		stop()
		if !slices.Equal(tries, []string{"a", "b", "b"}) || s.Len() > 0 {
			t.Errorf("tried %q, want b once more", tries)
		}
	})
}

// lingering is a transport whose program goes on when nobody waits for it.
type lingering struct{ transport }

func (lingering) linger() time.Duration { return sendmailLinger }

// TestProgramThatGoesOn: sendmail is given time to have the mail logged that a former process gave it.
func TestProgramThatGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		put(t, open(t, dir), mailOf("a"))
		s := crashed(t, dir)
		s.DropUncommitted(s.Last())
		var sent []string
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx, lingering{taking(&sent)}, nil) }()
		for range 2 {
			time.Sleep(sendmailLinger - time.Second)
			synctest.Wait()
			if len(sent) > 0 {
				t.Error("sent before its time")
			}
			s.ResolveUncertain(time.Now())
		}
		synctest.Wait()
		cancel()
		<-done
		if len(sent) != 1 {
			t.Errorf("sent %q", sent)
		}
	})
}

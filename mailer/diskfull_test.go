package mailer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/smalldisk"
)

// takeRoom makes some files, and removes them when the returned function is called.
func takeRoom(t *testing.T, dir string) (free func()) {
	t.Helper()
	ballast := filepath.Join(dir, "ballast")
	if err := os.Mkdir(ballast, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if err := os.WriteFile(filepath.Join(ballast, fmt.Sprint(i)), make([]byte, 8<<10), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if err := os.RemoveAll(ballast); err != nil {
			t.Error(err)
		}
	}
}

// fillUp takes the room that is left, to the last byte.
func fillUp(t *testing.T, dir string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "ballast", "0"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4<<10))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func TestDiskFull(t *testing.T) {
	dir, mounted := smalldisk.Mount(t, "size=256k")
	if !mounted {
		return
	}
	fullDisk(t, dir)
}

func TestOutOfInodes(t *testing.T) {
	dir, mounted := smalldisk.Mount(t, "size=1m,nr_inodes=40")
	if !mounted {
		return
	}
	fullDisk(t, dir)
}

// fullDisk puts mails until there is no room, has them delivered, one of them to one recipient at a time, and puts
// the others when there is.
func fullDisk(t *testing.T, dir string) {
	s := open(t, dir)
	free := takeRoom(t, dir)
	put(t, s, mailOf("partly"))
	var fit int
	for _, err := s.Put(bulky(fit)); ; _, err = s.Put(bulky(fit)) {
		if err == nil {
			fit++
			continue
		}
		if !errors.Is(err, syscall.ENOSPC) || fit < 2 {
			t.Fatalf("after %d mails: %v", fit, err)
		}
		break
	}
	fillUp(t, dir)
	for range 2 {
		if added, err := s.Put(bulky(fit)); added || !errors.Is(err, syscall.ENOSPC) || s.Len() != 1+fit ||
			s.Last() != int64(1+fit) {
			t.Errorf("Put = %v, %v; %d wait", added, err, s.Len())
		}
	}
	if got := files(t, dir, waitingDir); len(got) != 1+fit || strings.Contains(strings.Join(got, " "), ".tmp") {
		t.Errorf("waiting/ has %q", got)
	}
	if s := crashed(t, dir); s.Len() != 1+fit || len(s.news) != 0 {
		t.Errorf("after a crash: %d wait, %+v", s.Len(), s.news)
	}

	sent := make(map[string]int) // by mail and recipient
	s.Commit(s.Last())
	runUntil(t, s, 1+fit, sent)
	free()
	for i := range fit + 2 {
		if _, err := s.Put(bulky(i)); err != nil {
			t.Error(err)
		}
	}
	s.Commit(s.Last())
	runUntil(t, s, 2, sent)
	for i := range fit + 2 {
		if got := sent[bulky(i).ID+" director@lab.test"]; got != 1 {
			t.Errorf("mail %d went %d times", i, got)
		}
	}
	if n, m := sent["partly director@lab.test"], sent["partly root"]; n != 1 || m != 1 {
		t.Errorf("the mail to two went to them %d and %d times", n, m)
	}
	if s := open(t, dir); s.Len() != 0 {
		t.Errorf("%d wait", s.Len())
	}
}

// bulky is a mail that takes some room.
func bulky(i int) Message {
	m := mailOf(fmt.Sprintf("m%04d", i))
	m.To = m.To[:1]
	m.Data = append(m.Data, strings.Repeat("text\r\n", 1000)...)
	return m
}

// runUntil delivers until n mails are sent. The mail to two recipients is refused to one of them at first: the disk
// knows then who is left, although it has no room.
func runUntil(t *testing.T, s *Spool, n int, sent map[string]int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	send := transport(func(_ context.Context, m Message) error {
		partial := new(RecipientsError)
		for _, addr := range m.To {
			if addr == "root" && len(m.To) > 1 {
				partial.Refused = append(partial.Refused, Refusal{addr, errLater})
				continue
			}
			sent[m.ID+" "+addr]++
		}
		if s.ConfirmDelivered(m.ID, m.Event); len(partial.Refused) > 0 {
			return partial
		}
		return nil
	})
	s.Run(ctx, send, func(ev Result) {
		if !ev.Retry.IsZero() {
			e, data, err := readFile(s.waitingPath(ev.ID + "." + ev.Event))
			if err != nil || !slices.Equal(e.To, []string{"root"}) || !e.Delivered ||
				!bytes.Equal(data, mailOf("partly").Data) {
				t.Errorf("%v: the disk has %+v, %q, %v", ev.Err, e, data, err)
			}
		}
		if ev.Sent && ev.Err != nil {
			t.Errorf("%+v", ev)
		}
		if ev.Sent {
			if n--; n == 0 {
				cancel()
			}
		}
	})
	if n != 0 {
		t.Errorf("%d mails are not sent", n)
	}
}

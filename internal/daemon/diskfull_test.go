package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/smalldisk"
	"exiwatch/internal/testkit"
)

// fillDisk takes the room there is on the disk. It is given back by removing the file.
func fillDisk(t *testing.T, dir string) (ballast string) {
	t.Helper()
	ballast = filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	testkit.Must(t, err)
	defer f.Close()
	for size := 64 << 10; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	return ballast
}

// TestDiskFull: while there is no room the daemon counts and says so, and no mail goes that isn't safely kept. When
// there is room, all go. A daemon that ends meanwhile leaves nothing broken, and the next one makes the mails again.
func TestDiskFull(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart %t", restart), func(t *testing.T) {
			disk, mounted := smalldisk.Mount(t, "size=2m") // all mails wait for a checkpoint at once if the machine is busy
			if !mounted {
				return
			}
			c := configtest.Parse(t, fiveAnHour+"\n[mail]\nmax_per_hour = 100") // a digest comes 90 seconds later
			c.State = filepath.Join(disk, "state")
			mainlog := testkit.Write(t, "mainlog", "")
			c.Log = []string{mainlog}
			w := goOn(t, c, true, new(post))
			testkit.Append(t, mainlog, simples("alice", 0, 6))
			w.until("the mail of alice", func() bool { return len(w.post.ids()) == 1 })
			ballast := fillDisk(t, disk)
			for i := range 20 {
				testkit.Append(t, mainlog, simples(fmt.Sprintf("user%d", i), 10*i+10, 10*i+16))
			}
			w.untilRead("user19")
			w.untilSays("no space left on device")
			if got := w.post.ids(); len(got) != 1 {
				t.Errorf("%d mails went while the disk was full", len(got)-1)
			}
			mailed := w.post.ids()
			if restart {
				w.stop()
				w = goOn(t, c, true, new(post)) // on a disk that is full still
				w.untilRead("user19")
				mailed = append(mailed, w.post.ids()...)
			}
			testkit.Must(t, os.Remove(ballast))
			w.until("every mail", func() bool { return len(w.post.ids()) >= 20 && w.allSent() })
			w.stop()
			if restart {
				mailed = append(mailed, w.post.ids()...)
			} else {
				mailed = w.post.ids()
			}
			slices.Sort(mailed)
			if want := replayIDs(t, c, mainlog); len(want) != 21 || !slices.Equal(mailed, want) {
				t.Errorf("mailed %d: %q, replay lists %d", len(mailed), mailed, len(want))
			}
		})
	}
}

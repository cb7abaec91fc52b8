package watch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"exiwatch/tailer"
)

// sixEach are arrivals of n accounts one after the other, six of each, a second apart.
func sixEach(name string, from, n int) string {
	var b strings.Builder
	for i := range 6 * n {
		b.WriteString(simple(fmt.Sprintf("%s%d", name, i/6), from+i))
	}
	return b.String()
}

// TestDamagedFileWhileDown: the daemon counts of a broken file what replay counts, up to the last half line.
func TestDamagedFileWhileDown(t *testing.T) {
	t.Parallel()
	c := configured(t, fiveAnHour)
	c.State = t.TempDir()
	mainlog := filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{mainlog}
	appendTo(t, mainlog, sixEach("a", 0, 3))
	w := goOn(t, c, true, new(post))
	w.untilRead("a2")
	w.until("its mails", func() bool { return len(w.post.ids()) == 3 })
	w.stop()
	got := w.post.ids()
	must(t, os.Rename(mainlog, mainlog+".2"))
	appendTo(t, mainlog+".2", sixEach("b", 18, 2))
	half := zipped(t, sixEach("c", 30, 300))
	must(t, os.WriteFile(mainlog+".1.gz", []byte(half[:len(half)/2]), 0o600))
	appendTo(t, mainlog, sixEach("d", 2000, 2)+sentinel("end", second(2100), 5))
	w = goOn(t, c, true, new(post))
	w.untilRead("end")
	want := replayIDs(t, c, mainlog, mainlog+".1.gz", mainlog+".2")
	w.until("the mails", func() bool { return len(w.post.ids()) >= len(want)-len(got) })
	w.stop()
	got = append(got, w.post.ids()...)
	if slices.Sort(got); !slices.Equal(got, want) || len(want) < 3+2+100+2+1 || len(want) > 200 {
		t.Errorf("mailed %d alerts, replay lists %d", len(got), len(want))
	}
	if !w.says("passing over the rest of it") {
		t.Error("the daemon doesn't say what is broken")
	}
}

// TestCopiedWhileFollowed: what logrotate's copy leaves beside the log counts once, by the daemon as by replay.
func TestCopiedWhileFollowed(t *testing.T) {
	t.Parallel()
	c := configured(t, fiveAnHour)
	c.State = t.TempDir()
	mainlog := filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{mainlog}
	text := simples("alice", 0, 4)
	appendTo(t, mainlog, text)
	w := goOn(t, c, true, new(post))
	w.untilSays(ready)
	must(t, os.WriteFile(mainlog+"-20261123", []byte(text), 0o600))
	appendTo(t, mainlog, simple("bob", 5))
	w.stop()
	appendTo(t, mainlog, sentinel("end", second(100), 5))
	w = goOn(t, c, true, new(post))
	w.untilRead("end")
	w.until("its mail", func() bool { return len(w.post.ids()) > 0 })
	w.stop()
	names, err := tailer.MemberPaths(mainlog)
	must(t, err)
	for _, copied := range tailer.Copies(names) {
		names = slices.DeleteFunc(names, func(name string) bool { return name == copied.Path })
	}
	if want := replayIDs(t, c, names...); !slices.Equal(w.post.ids(), want) || len(want) != 1 {
		t.Errorf("mailed %q, replay of %q lists %q", w.post.ids(), names, want)
	}
}

// brokenReader gives a text, and then an error.
func brokenReader(text string) io.Reader {
	return io.MultiReader(strings.NewReader(text), brokenStream{os.ErrPermission})
}

// TestReplayOfBrokenLogs: each is read up to where it breaks, its half line included; the errors name them, in their
// order.
func TestReplayOfBrokenLogs(t *testing.T) {
	late := arrivalAt(3)
	sources := []Source{
		{Name: "late", Stream: brokenReader(arrivalAt(2) + late[:len(late)-4])},
		{Name: "early", Stream: brokenReader(arrivalAt(1))},
		{Name: "none"},
		{Name: "last", Stream: bytes.NewReader([]byte(arrivalAt(4)))},
	}
	ids, totals, err := replayed(t, sources...)
	var broken *BrokenLogs
	if !errors.As(err, &broken) || len(broken.Errors) != 3 {
		t.Fatalf("Replay fails with %v, want three broken logs", err)
	}
	for i, name := range []string{"input at byte 60", "none", "input at byte 116"} {
		if !strings.Contains(broken.Errors[i].Error(), name) {
			t.Errorf("error %d is %v, want that of %s", i, broken.Errors[i], name)
		}
	}
	if want := idsOf(1, 2, 3, 4); !slices.Equal(ids, want) || totals.Lines != 4 {
		t.Errorf("read %q in %d lines, want %q in 4", ids, totals.Lines, want)
	}
	if !errors.Is(err, os.ErrPermission) {
		t.Errorf("%v hides what is wrong", err)
	}
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a terminal and gives both of its ends.
func terminal(t *testing.T) (outside, inside *os.File) {
	t.Helper()
	outside, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		unable(t, err)
	}
	t.Cleanup(func() { outside.Close() })
	if err := unix.IoctlSetPointerInt(int(outside.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		unable(t, err)
	}
	n, err := unix.IoctlGetInt(int(outside.Fd()), unix.TIOCGPTN)
	if err != nil {
		unable(t, err)
	}
	inside, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		unable(t, err)
	}
	t.Cleanup(func() { inside.Close() })
	return outside, inside
}

// TestProgressOnATerminal: the bar comes after a second of work, grows, and goes.
func TestProgressOnATerminal(t *testing.T) {
	outside, inside := terminal(t)
	p := newProgress(inside)
	p.show(0.1) // too early
	p.end()
	p.start = p.start.Add(-time.Minute)
	p.show(0.25)
	p.show(0.5) // too soon after the one before
	p.drawn = p.drawn.Add(-time.Minute)
	p.show(1)
	p.end()
	want := "\r[##########..............................]  25%" +
		"\r[########################################] 100%" +
		"\r" + strings.Repeat(" ", 48) + "\r"
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		m, err := outside.Read(got[n:])
		if err != nil {
			t.Fatalf("after %q: %v", got[:n], err)
		}
		n += m
	}
	if string(got) != want {
		t.Errorf("a terminal got %q, want %q", got, want)
	}
}

// TestProgressElsewhere: what isn't a terminal gets no bar, however long the work takes.
func TestProgressElsewhere(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var buffer bytes.Buffer
	for _, p := range []*progress{newProgress(file), newProgress(&buffer)} {
		p.start = p.start.Add(-time.Minute)
		p.show(0.5)
		p.end()
	}
	if info, err := file.Stat(); err != nil || info.Size() > 0 || buffer.Len() > 0 {
		t.Errorf("a bar was drawn where there is no terminal: %v bytes, %q", info.Size(), &buffer)
	}
}

// TestColour is for terminals, unless NO_COLOR is set.
func TestColour(t *testing.T) {
	_, inside := terminal(t)
	t.Setenv("NO_COLOR", "")
	if !isColour(inside) {
		t.Error("a terminal gets no colour")
	}
	if isColour(new(bytes.Buffer)) {
		t.Error("a buffer gets colour")
	}
	t.Setenv("NO_COLOR", "1")
	if isColour(inside) {
		t.Error("a terminal gets colour in spite of NO_COLOR")
	}
}

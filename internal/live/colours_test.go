package live

import (
	"strings"
	"testing"
	"time"
)

// TestColoursAreOptional: without them the same is said.
func TestColoursAreOptional(t *testing.T) {
	plain, coloured := newBench(t, false), newBench(t, true)
	for _, b := range []*bench{plain, coloured} {
		b.outbreak()
		b.size(80, 24)
		b.press("down")
	}
	if plain.plain() != coloured.plain() {
		t.Errorf("with colours\n%s\nwithout\n%s", coloured.plain(), plain.plain())
	}
	if strings.Contains(plain.screen(), "\x1b[3") || strings.Contains(plain.screen(), ";3") ||
		!strings.Contains(coloured.screen(), ";31m") {
		t.Errorf("colours where there should be none, or none:\n%q\n%q", plain.screen(), coloured.screen())
	}
}

// TestASCII: a terminal that shows nothing else sees the same, every cell in its place.
func TestASCII(t *testing.T) {
	b := newBench(t, true)
	b.outbreak()
	b.arrive(newArrival(start.Add(7*time.Minute), 5000, "会議@lab.test", "192.0.2.1", "é"))
	b.size(120, 30)
	for _, key := range []string{"home", "end", "enter", "esc", "?", "x", "/"} {
		b.press(key)
		b.model.ascii = false
		want := strings.Split(b.plain(), "\n")
		b.model.ascii = true
		checkScreen(t, b, key)
		for i, line := range strings.Split(b.plain(), "\n") {
			if strings.IndexFunc(line, func(r rune) bool { return r > '~' }) >= 0 || len(line) != widthOf(want[i]) {
				t.Errorf("after %s: %q, want the cells of %q", key, line, want[i])
			}
		}
	}
	b.sees("filter: _", "!      59 ######x2", "????@lab.test")
}

// TestColoursByDistance are those of the page: a colour for each window.Distance.
func TestColoursByDistance(t *testing.T) {
	b := newBench(t, true)
	for account, messages := range map[string]int{"over": 21, "near": 15, "far": 14} {
		for n := range messages {
			b.arrive(newArrival(start, n, account, "192.0.2.1", "x"))
		}
	}
	b.size(80, 24)
	for account, colour := range map[string]string{"near": "\x1b[33m", "far": "\x1b[36m"} {
		for line := range strings.Lines(b.screen()) {
			if strings.Contains(line, account) && !strings.Contains(line, colour) {
				t.Errorf("%s is %q, want %q", account, line, colour)
			}
		}
	}
	b.press("down")
	if !strings.Contains(b.screen(), "\x1b[1;31m████████") {
		t.Errorf("what is over its limit isn't red:\n%q", b.screen())
	}
}

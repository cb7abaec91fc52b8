package tailer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A chaos writes a log and cycles it in every way there is. It goes on while it is followed or not.
type cycler struct {
	t       *testing.T
	r       *rand.Rand
	log     string // where the log is now
	pattern string // Follower.Path
	day     int
	age     int // of the oldest cycled file
	written int
}

func (c *cycler) write(lines int) {
	c.t.Helper()
	text := ""
	for range lines {
		text += seq(c.written) + "\n"
		c.written++
	}
	testkit.Append(c.t, c.log, text)
}

// cycle gives the log another name, or a copy, and maybe compresses it or what was cycled before.
func (c *cycler) cycle(stamped bool) string {
	if stamped {
		testkit.Append(c.t, c.log, "")
		return c.switchDay()
	}
	testkit.Append(c.t, c.log, "") // it may not be there since the last time
	way := c.r.IntN(6)
	for n := c.age; n > 0; n-- {
		for _, suffix := range []string{"", ".gz", ".zst", ".xz"} {
			os.Rename(fmt.Sprint(c.log, ".", n, suffix), fmt.Sprint(c.log, ".", n+1, suffix))
		}
	}
	c.age++
	name := c.log + ".1"
	switch way {
	case 0, 1:
		testkit.Must(c.t, os.Rename(c.log, name))
	case 2:
		testkit.Must(c.t, os.Rename(c.log, name))
		c.compress(name)
	case 3:
		copied(c.t, c.log, name)
	case 4:
		copied(c.t, c.log, name)
		c.compress(name)
	case 5:
		testkit.Must(c.t, os.Rename(c.log, name))
		if _, err := os.Stat(c.log + ".2"); err == nil {
			c.compress(c.log + ".2") // delaycompress
		}
	}
	return []string{"rename", "rename", "rename+compress", "copytruncate", "copytruncate+compress",
		"delaycompress"}[way]
}

// switchDay begins the next datestamped file; the one before may be compressed.
func (c *cycler) switchDay() string {
	old := c.log
	c.day++
	c.log = fmt.Sprintf("%s%08d", c.pattern[:len(c.pattern)-2], 20261100+c.day)
	if c.day > 1 && c.r.IntN(2) == 0 {
		c.compress(old)
		return "switch+compress"
	}
	return "switch"
}

func (c *cycler) compress(name string) {
	c.t.Helper()
	all := compressors()
	pick := []struct {
		suffix string
		writer func(io.Writer) (io.WriteCloser, error)
	}{{".gz", all["gzip"]}, {".zst", all["zstd"]}, {".xz", all["xz"]}}[c.r.IntN(3)]
	replace(c.t, name, pick.suffix, pick.writer)
}

// Begun again from the last End at any moment, whatever has become of the log: every line once and in order.
func TestBegunAgainWhateverHappened(t *testing.T) {
	for _, stamped := range []bool{false, true} {
		t.Run(fmt.Sprint("stamped ", stamped), func(t *testing.T) {
			everyWay(t, func(t *testing.T, m mode) {
				for range 4 {
					seed := rand.Uint64()
					if ok := t.Run(fmt.Sprint("seed ", seed),
						func(t *testing.T) { begunAgain(t, m, seed, stamped) }); !ok {
						return
					}
				}
			})
		})
	}
}

func begunAgain(t *testing.T, m mode, seed uint64, stamped bool) {
	r := rand.New(rand.NewPCG(seed, 0))
	c := &cycler{t: t, r: r, log: filepath.Join(t.TempDir(), "mainlog")}
	c.pattern = c.log
	if stamped {
		c.pattern += "-%D"
		c.switchDay()
	}
	c.write(10) // the first lines are in the current file
	var from Position
	var story []string
	for got, round := 0, 0; round < 20; round++ {
		stop := got + 1 + r.IntN(c.written-got)
		if round%5 == 4 {
			stop = c.written
		}
		story = append(story, fmt.Sprintf("read from %d up to %d of %d", got, stop, c.written))
		err := m.followTo(t, Follower{Path: c.pattern, From: from}, stop-got, func(line Line) error {
			if string(line.Text) != seq(got) || line.Late || line.Torn {
				return fmt.Errorf("line %d = %q, late %v, torn %v, want %q", got, line.Text, line.Late, line.Torn,
					seq(got))
			}
			got, from = got+1, line.End
			return nil
		})
		if err != nil {
			t.Fatalf("seed %d: %v; after %q; the folder holds %q", seed, err, story, folderOf(c.log))
		}
		for range r.IntN(4) {
			story = append(story, c.cycle(stamped))
			if r.IntN(5) > 0 {
				c.write(1 + r.IntN(20))
			}
		}
		c.write(1 + r.IntN(20))
	}
}

// The same while it is followed: nobody waits for the follower, or sometimes.
func TestFollowedWhateverHappens(t *testing.T) {
	for _, stamped := range []bool{false, true} {
		t.Run(fmt.Sprint("stamped ", stamped), func(t *testing.T) {
			everyWay(t, func(t *testing.T, m mode) {
				seed := rand.Uint64()
				r := rand.New(rand.NewPCG(seed, 0))
				c := &cycler{t: t, r: r, log: filepath.Join(t.TempDir(), "mainlog")}
				c.pattern = c.log
				if stamped {
					c.pattern += "-%D"
					c.switchDay()
				}
				c.write(10)
				h := m.follow(t, Follower{Path: c.pattern, Grace: DefaultGrace})
				h.until("a line", func() bool { return len(h.lines) > 0 })
				var story []string
				for range 40 {
					if r.IntN(4) == 0 {
						wait := c.written - r.IntN(30)
						h.until(fmt.Sprintf("line %d of %d; seed %d, %q", wait, c.written, seed, story),
							func() bool { return len(h.lines) >= wait })
						story = append(story, fmt.Sprintf("line %d", wait))
					}
					story = append(story, c.cycle(stamped))
					if r.IntN(5) > 0 {
						c.write(1 + r.IntN(20))
					}
				}
				c.write(1)
				h.until(fmt.Sprintf("all %d lines; seed %d, %q", c.written, seed, story),
					func() bool { return len(h.lines) >= c.written })
				h.stop()
				for i, line := range h.lines {
					if string(line.Text) != seq(i) || line.Late || line.Torn {
						t.Fatalf("seed %d: line %d = %q, late %v, torn %v, want %q; after %q; told %q", seed, i,
							line.Text, line.Late, line.Torn, seq(i), story, h.problems)
					}
				}
			})
		})
	}
}

// followTo follows until fn has been given as many lines.
func (m mode) followTo(t *testing.T, f Follower, lines int, fn func(Line) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), testkit.HardEnd)
	defer cancel()
	f.Grace, f.Tick = time.Millisecond, 5*time.Millisecond
	enough := errors.New("enough")
	counted := func(line Line) error {
		if err := fn(line); err != nil {
			return err
		}
		if lines--; lines == 0 {
			return enough
		}
		return nil
	}
	m.set(t, &f, counted)
	err := f.Follow(ctx, counted, nil)
	if err == enough {
		return nil
	}
	return err
}

func folderOf(path string) (names []string) {
	entries, _ := os.ReadDir(filepath.Dir(path))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

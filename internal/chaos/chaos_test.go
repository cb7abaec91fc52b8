// Package chaos tests the one invariant, black box: whatever happens to the daemon, its log and its mail server, it
// mails exactly the alerts that a replay of the same log lists: none is missing, none comes twice.
//
// A writer writes a log as Exim does, cycled in all known ways; a keeper kills the daemon and starts it again; a post
// is the mail server, which is out now and then, and logs what it accepts as the Exim would whose log it is. All that
// happens, and before which line, follows from a seed (plan); what the clock adds is how far the daemon has come by
// then. The writer knows the truth: the files in their order. At the end `exiwatch replay --json` reads the truth, and
// the mails that were accepted must be its alerts (verdict).
//
//	go test ./internal/chaos -run TestChaos -v -chaos.seed=7 -chaos.seeds=1 -chaos.lines=1000000 \
//		-chaos.kills=200 -chaos.cycles=200
//
// strace has calls fail by which the daemon looks at the log's folder and its files (fault). In a storm many accounts
// go over a limit at a time, and each event of an alert's life makes a mail. A hook, a webhook and a chat must be told
// of all at least once.
//
// The folder of a run that failed is kept: journal (what happened when, to the millisecond), stderr of the daemons,
// log, truth, state, strace, mails, replay.json. To find out which hazard it was, leave some out: -chaos.kills=0,
// -chaos.outages=0 (no cut connections and no kills between the log's line and the answer either), -chaos.faults=0,
// -chaos.loops=0, -chaos.storms=0, -chaos.ways=rename,compress. The daemon of the real Exims has the race detector;
// EXIWATCH_CHAOS_RACE=yes gives it to the seeds', too.
//
// What is left out because nobody could count it: lines that exicyclog's second mv or copytruncate destroys (the writer
// pauses there), logs deleted unread, and windows that reach back into a deleted log.
package chaos

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience is how long a machine that does other things may take for anything here.
const patience = 60 * time.Second

type options struct {
	seed                          uint64
	lines, kills, cycles, outages int
	faults, loops, storms         int
	ways                          []string
	compress                      bool
}

var (
	seed  = flag.Uint64("chaos.seed", 1, "of the first run")
	seeds = flag.Int("chaos.seeds", len(schemes),
		"how many runs, side by side; the naming scheme follows from the seed")
	lines = flag.Int("chaos.lines", 8_000,
		"how many entries are written: 800 a second, more if it would take over ten minutes")
	kills   = flag.Int("chaos.kills", 8, "how often the daemon is killed or stopped")
	cycles  = flag.Int("chaos.cycles", 16, "how often the log is cycled")
	outage  = flag.Int("chaos.outages", -1, "how often the mail server is out (-1: as often as the log is cycled)")
	faults  = flag.Int("chaos.faults", 6, "how often calls of the daemon fail, at files of the log's folder")
	loops   = flag.Int("chaos.loops", 1, "how often the daemon is killed again and again, up to a dozen times")
	storms  = flag.Int("chaos.storms", 1, "how often many accounts go over a limit at a time: one for 200 lines")
	wayList = flag.String("chaos.ways", "all", "how the log is cycled: some of "+strings.Join(wayNames, ","))
	seconds = flag.Int("chaos.seconds", 12, "how long each real Exim is cycled")
	keep    = flag.Bool("chaos.keep", false, "keep the folder of a run that passed, too")
)

// linesASecond is how fast the log is written, on the average of a run that isn't long.
const linesASecond = 800

func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes patience")
	}
	run := func(name string, o options) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newChaos(t, o).run()
		})
	}
	for i := range *seeds {
		o := drawn(t, *seed+uint64(i))
		run(fmt.Sprintf("seed %d", o.seed), o)
	}
	// What a daemon skips, its successor may still find: so this one has none, and twice as many faults.
	if o := drawn(t, *seed); o.faults > 0 && o.kills+o.loops > 0 {
		o.kills, o.loops, o.faults = 0, 0, 2*o.faults
		run("one life", o)
	}
}

// drawn are the options of the command line.
func drawn(t *testing.T, seed uint64) options {
	o := options{seed: seed, lines: *lines, kills: *kills, cycles: *cycles, outages: *outage, faults: *faults,
		loops: *loops, storms: *storms}
	o.ways, o.compress = chosenWays(t)
	if o.outages < 0 {
		o.outages = o.cycles
	}
	if o.faults > 0 && !mayInject(t) {
		o.faults = 0
	}
	return o
}

// chosenWays reads -chaos.ways.
func chosenWays(t *testing.T) (chosen []string, compress bool) {
	if *wayList == "all" {
		return wayNames[:len(wayNames)-1], true
	}
	for way := range strings.SplitSeq(*wayList, ",") {
		if !slices.Contains(wayNames, way) {
			t.Fatalf("-chaos.ways: no way %q: they are %q", way, wayNames)
		}
		if way == "compress" {
			compress = true
		} else {
			chosen = append(chosen, way)
		}
	}
	if len(chosen) == 0 {
		t.Fatal("-chaos.ways: compress needs another way")
	}
	return chosen, compress
}

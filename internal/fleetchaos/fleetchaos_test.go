// Package fleetchaos tests the one invariant of a fleet, black box: whatever happens to its daemons, their logs and the
// engine, the fleet tells exactly the alerts that `exiwatch replay --fleet` lists for the hosts' logs, with the same
// totals and peaks. None is missing, none is told twice, and each event has its mail.
//
// A scribe writes one stream of traffic into the logs of the hosts, by a hash of the message id. Each host has a daemon
// of its own, with a webhook and a mail server that never fail. A real redis-server is the engine. A scenario does
// harm meanwhile: what it does, and when, follows from the seed. At the end every log gets a last line, far ahead, at
// which all alerts have ended. Then what was told must come to be what replay lists (judge).
//
// An alert that was told under another id because lines came late is the one that it touches: its end has the totals
// of the reference. An alert that was told and withdrawn doesn't count. Nor does one that a host told alone while there
// were no verdicts, unless the fleet took it over.
//
//	go test ./internal/fleetchaos -run TestFleet/kills -v -fleetchaos.seed=7 -fleetchaos.hosts=10
//
// The folder of a run that failed is kept: journal, notices, mails, replay.json, and for each host its logs,
// configuration, state and stderr. The gate runs a short form, `make fleet` all of it.
package fleetchaos

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"
)

var (
	seed     = flag.Uint64("fleetchaos.seed", 1, "of the first run of each scenario")
	seeds    = flag.Int("fleetchaos.seeds", 1, "how many runs of each scenario")
	hosts    = flag.Int("fleetchaos.hosts", 4, "in the fleet")
	length   = flag.Duration("fleetchaos.length", 45*time.Second, "how long traffic comes")
	rate     = flag.Int("fleetchaos.rate", 60, "lines a second, of all hosts together")
	outage   = flag.Duration("fleetchaos.outage", 13*time.Second, "how long an engine that hangs does so")
	fast     = flag.Bool("fleetchaos.fast", false, "more scenarios, an hour of log time in minutes; they fail: see fastSpeed")
	network  = flag.Bool("fleetchaos.network", false, "use network namespaces, as root")
	parallel = flag.Int("fleetchaos.parallel", 6, "runs side by side")
	keep     = flag.Bool("fleetchaos.keep", false, "keep the folder of a run that passed, too")
	figures  = flag.Bool("fleetchaos.figures", false, "measure the fleet, too: some minutes")
)

// leastUnit makes windows of 10 s and more, which are the shortest that a rule may have.
const leastUnit = 10 * time.Second

func TestFleet(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes patience")
	}
	for _, s := range scenarios {
		for i := range *seeds {
			one := *seed + uint64(i)
			t.Run(fmt.Sprintf("%s/seed %d", s.name, one), func(t *testing.T) {
				t.Parallel()
				if s.needsRoot {
					needNamespaces(t)
				}
				if s.fast && !*fast {
					t.Skip("only with -fleetchaos.fast")
				}
				run(t, s, one)
			})
		}
	}
}

// needNamespaces skips a test of network namespaces where it isn't wanted.
func needNamespaces(t *testing.T) {
	switch {
	case !*network:
		t.Skip("only with -fleetchaos.network: a browser of another test would see that the network changes")
	case os.Getuid() != 0:
		t.Fatal("needs root for network namespaces")
	}
}

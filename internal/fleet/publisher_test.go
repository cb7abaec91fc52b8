package fleet

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"exiwatch/internal/testkit"
)

// TestPublisherRestarts: every line is published once and in order, however often the publisher ends, between whatever
// lines.
func TestPublisherRestarts(t *testing.T) {
	l := newLab(t)
	lines, _ := testkit.Traffic(1, 3000)
	lines = testkit.Joinable(1, lines)
	r := rand.New(rand.NewPCG(1, 2))
	for len(lines) > 0 {
		stop := l.start()
		for range r.IntN(4) {
			n := min(1+r.IntN(200), len(lines))
			if r.IntN(2) == 0 {
				l.write(strings.Join(lines[:n], ""))
			} else {
				for _, line := range lines[:n] {
					l.write(line)
				}
			}
			lines = lines[n:]
		}
		if r.IntN(3) == 0 {
			l.untilPublished()
		}
		stop()
	}
	l.start()
	l.untilPublished()
}

// TestFleetThatHasCountedNothing: a leader that has counted no second yet has the whole log published.
func TestFleetThatHasCountedNothing(t *testing.T) {
	l := newLab(t)
	lines, _ := testkit.Traffic(2, 300)
	l.write(strings.Join(lines, ""))
	l.since.Store(math.MinInt64)
	l.start()
	l.untilHas(l.wanted(0))
}

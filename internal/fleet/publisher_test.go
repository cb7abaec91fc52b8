package fleet

import (
	"fmt"
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

// TestSubjectsStayHere: with subjects = "none" no subject reaches the engine.
func TestSubjectsStayHere(t *testing.T) {
	for _, without := range []bool{false, true} {
		l := newLab(t)
		lines, _ := testkit.Traffic(3, 100)
		l.write(strings.Join(lines, ""))
		p := l.publisher()
		p.NoSubjects = without
		stop := l.run(p)
		published := func() map[string][]string {
			all, _ := l.published(l.client)
			return all
		}
		testkit.Until(t, "arrivals in the engine", func() bool { return count(published()) >= count(l.wanted(0)) },
			func() any { return count(published()) })
		stop()
		if found := strings.Contains(fmt.Sprint(published()), "Invoice"); found == without {
			t.Errorf("NoSubjects %t: subjects in the engine: %t", without, found)
		}
	}
}

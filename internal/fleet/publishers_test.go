package fleet

import (
	"strings"
	"testing"

	"exiwatch/internal/testkit"
)

// TestTwoPublishers: the second daemon of the same name waits, and says so.
func TestTwoPublishers(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	lines, _ := testkit.Traffic(10, 1000)
	l.write(strings.Join(lines[:500], ""))
	stop := l.start()
	l.untilPublished()
	second := l.publisher()
	second.State = l.state + "2"
	l.run(second)
	testkit.Until(t, "that is logged", func() bool {
		return strings.Contains(l.log.String(), "two daemons publish as one host")
	})
	l.write(strings.Join(lines[500:], ""))
	l.untilPublished()
	stop() // then the second one takes over
	more, _ := testkit.Traffic(11, 300)
	l.write(strings.Join(more, ""))
	l.untilPublished()
	if n := strings.Count(l.log.String(), "two daemons"); n > 1 {
		t.Errorf("it is said %d times:\n%s", n, l.log)
	}
}

// TestClonedPublishers: two daemons of one state notice by the ids, and don't loop fast.
func TestClonedPublishers(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	lines, _ := testkit.Traffic(12, 2000)
	l.write(strings.Join(lines[:100], ""))
	l.start()
	l.start()
	testkit.Until(t, "that is logged", func() bool {
		if len(lines) > 101 {
			l.write(lines[100])
			lines = lines[1:]
		}
		return strings.Contains(l.log.String(), "two daemons publish as one host")
	})
	l.untilPublished()
}

package fleet

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/testkit"
)

// arrivalAt is a line of a log whose clock differs from ours.
func arrivalAt(at time.Time, n int) string {
	return fmt.Sprintf("%s 1xV000-%06d-01 <= u@lab.test U=u P=local S=300\n", at.UTC().Format(time.DateTime), n)
}

// TestUntilsOfAQuietLog: they go on with the wall clock, by the clock of the host, also after a restart.
func TestUntilsOfAQuietLog(t *testing.T) {
	for _, behind := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute} {
		t.Run(behind.String(), func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			stop := l.start()
			stampNow := func() time.Time { return time.Now().Add(-behind) }
			testkit.Until(t, "the empty log is read", func() bool { return l.untils()[l.host] > 0 })
			first := stampNow()
			l.write(arrivalAt(first, 1))
			l.untilPublished()
			check := func(least int64) {
				t.Helper()
				testkit.Until(t, "the until goes on", func() bool { return l.untils()[l.host] >= least })
				if until, now := l.untils()[l.host], stampNow().Unix(); until > now {
					t.Errorf("the until is %d at %d", until, now)
				}
			}
			check(first.Unix() + 2)
			stop()
			least := l.untils()[l.host] + 2
			stop = l.start()
			check(least)
			stop()
			l.start()
			check(least + 2)
			l.write(arrivalAt(stampNow(), 2))
			l.untilPublished()
			check(stampNow().Unix())
		})
	}
}

// TestUntilsHold: nothing comes with a second before an until that was there before it.
func TestUntilsHold(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	stop := l.start()
	for n := range 60 {
		l.write(strings.Repeat(arrivalAt(time.Now(), n), 3))
		before := l.untils()[l.host]
		if n%20 == 7 {
			stop()
			stop = l.start()
		}
		if n%3 == 0 {
			l.untilPublished()
		}
		if now := time.Now().Unix(); before > now {
			t.Fatalf("the until is %d at %d", before, now)
		}
	}
	l.untilPublished()
}

func TestNoteTrim(t *testing.T) {
	const keep, begin = 3600, 1_800_000_000
	var points []trimPoint
	var trim engine.ID
	for second := int64(begin); second < begin+5*keep; second++ {
		id := engine.ID{Generation: 1, Offset: uint64(second - begin)}
		points, trim = noteTrim(points, id, second, keep)
		age := second - begin - int64(trim.Offset)
		least := int64(keep)
		if !trim.IsZero() && age <= least || second > begin+2*keep && age > least+2*keep/trimPart {
			t.Fatalf("after %d s what is older than %d s goes", second-begin, age)
		}
		if len(points) > trimPart+2 {
			t.Fatalf("%d points", len(points))
		}
	}
	if points, trim := noteTrim(points, engine.ID{}, begin, 0); len(points) > 0 || !trim.IsZero() {
		t.Error("all is to be kept")
	}
}

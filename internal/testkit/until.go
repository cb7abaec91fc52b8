package testkit

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

const (
	// Still is how long Until waits while nothing moves.
	Still = time.Minute
	// HardEnd is how long it waits whatever moves.
	HardEnd = 5 * time.Minute

	// shortest and longest are the pauses between two calls of ok.
	shortest, longest = time.Millisecond, 20 * time.Millisecond
	// between is the pause between two looks at progress, which may cost more.
	between = time.Second / 2
	// report is left at the end of the test binary's time, for saying what was awaited.
	report = 5 * time.Second
)

// Until waits until ok is true. It ends the test if for Still none of the progress values has changed, or at HardEnd,
// or shortly before the test binary's own end. Both ok and progress are called from the test's goroutine, many times;
// progress gives a count, a size or a list that it doesn't change afterwards. Until has no other sign of progress.
func Until(t testing.TB, what string, ok func() bool, progress ...func() any) {
	t.Helper()
	begin := time.Now()
	end := begin.Add(HardEnd)
	if test, bounded := t.(interface{ Deadline() (time.Time, bool) }); bounded {
		if last, set := test.Deadline(); set && last.Add(-report).Before(end) {
			end = last.Add(-report)
		}
	}
	last, moved, looked := values(progress), begin, begin
	for !ok() {
		time.Sleep(max(shortest, min(time.Since(begin)/16, longest)))
		now := time.Now()
		if now.Sub(looked) >= between {
			looked = now
			if is := values(progress); !reflect.DeepEqual(is, last) {
				last, moved = is, now
			}
		}
		if now.Sub(moved) < Still && now.Before(end) {
			continue
		}
		if !ok() { // it may have come while this process was not run
			t.Fatalf("after %v, the last %v of them without progress, still not: %s%s",
				now.Sub(begin).Round(time.Second), now.Sub(moved).Round(time.Second), what, describe(last))
		}
		return
	}
}

func values(progress []func() any) (all []any) {
	for _, value := range progress {
		all = append(all, value())
	}
	return all
}

// describe says how far it came.
func describe(all []any) string {
	var b strings.Builder
	for _, value := range all {
		fmt.Fprintf(&b, "; at %.4000s", fmt.Sprint(value))
	}
	return b.String()
}

package testkit

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// A victim is a test that may fail.
type victim struct {
	testing.TB
	failed string
}

func (v *victim) Helper() {}

func (v *victim) Fatalf(format string, arguments ...any) {
	v.failed = fmt.Sprintf(format, arguments...)
	runtime.Goexit()
}

// TestUntil: what is awaited comes after some time, while something else moves at times.
func TestUntil(t *testing.T) {
	const never = time.Hour
	for name, test := range map[string]struct {
		comes, moves time.Duration // after the beginning; every so long
		want         time.Duration // that it waits
		failed       string
	}{
		"at once": {0, never, 0, ""},
		"soon":    {10 * time.Second, never, 10 * time.Second, ""},
		"not at all": {never, never, Still,
			"after 1m0s, the last 1m0s of them without progress, still not: it; at 0; at x"},
		"late, with others": {4 * time.Minute, 50 * time.Second, 4 * time.Minute, ""},
		"too late for them": {4 * time.Minute, 61 * time.Second, Still,
			"after 1m0s, the last 1m0s of them without progress, still not: it; at 0; at x"},
		"never, with others": {never, 45 * time.Second, HardEnd,
			"after 5m0s, the last 30s of them without progress, still not: it; at 6; at x"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, v := time.Now(), new(victim)
				over := make(chan struct{})
				go func() {
					defer close(over)
					Until(v, "it", func() bool { return time.Since(begin) >= test.comes },
						func() any { return int((time.Since(begin) - 1) / test.moves) }, func() any { return "x" })
				}()
				<-over
				if took := time.Since(begin).Round(time.Second); took != test.want || v.failed != test.failed {
					t.Errorf("it waited %v and failed with %q, want %v and %q", took, v.failed, test.want, test.failed)
				}
			})
		})
	}
}

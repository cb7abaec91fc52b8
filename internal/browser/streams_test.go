package browser

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"exiwatch/internal/testkit"
)

// TestStreamsAreBounded: a hundred have a page open, the next one is told to come later, and gets in when one has left.
func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	h := startHost(t, rules)
	const most = 100
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first, leave := context.WithCancel(ctx)
	defer leave()
	var events atomic.Int64
	done := make(chan bool, most)
	for i := range most {
		of := ctx
		if i == 0 {
			of = first
		}
		go func() {
			h.watch(of, "/", false, &events)
			done <- true
		}()
	}
	status := func() int {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"events?page=/", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	until := func(what string, so func() bool) {
		t.Helper()
		testkit.Until(t, what, so, func() any { return events.Load() })
	}
	until("a hundred get events", func() bool { return events.Load() >= most })
	if got := status(); got != http.StatusServiceUnavailable {
		t.Errorf("one more is answered %d", got)
	}
	h.waitFor("", "Nobody is sending in bulk.")
	leave()
	until("there is room again", func() bool { return status() == http.StatusOK })
	cancel()
	for range most {
		<-done
	}
}

package daemon

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
)

// onlooker is a browser that asks on a socket.
func onlooker(t *testing.T, socket string) *http.Client {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// fetch fetches a page and says how long that took.
func fetch(client *http.Client, path string) (text string, took time.Duration, err error) {
	began := time.Now()
	r, err := client.Get("http://localhost" + path)
	if err != nil {
		return "", 0, err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s %s", path, r.Status, b)
	}
	return string(b), time.Since(began), err
}

// TestLookingOnChangesNothing: while every page is looked at without a pause the daemon mails what a replay lists.
func TestLookingOnChangesNothing(t *testing.T) {
	dir := t.TempDir()
	log, socket := filepath.Join(dir, "mainlog"), filepath.Join(dir, "web.sock")
	testkit.Must(t, os.WriteFile(log, nil, 0o600))
	c := configtest.Parse(t, fmt.Sprintf("log = %q\n[web]\nlisten = \"unix:%s\"\n%s", log, socket, fiveRules))
	lines, end := testkit.Traffic(5, 500)
	p := &post{}
	w := start(t, c, true, p)
	w.until("the page is served", func() bool { _, err := os.Stat(socket); return err == nil })
	ctx, cancel := context.WithCancel(t.Context())
	var looked sync.WaitGroup
	seen := make([]int, 2)
	for i := range seen {
		looked.Go(func() {
			client := onlooker(t, socket)
			paths := []string{"/", "/alerts", "/health", "/who?key=account&value=u1", "/who?key=host&value=192.0.2.1",
				"/who?key=topic&value=x"}
			pause := time.NewTicker(20 * time.Millisecond) // a browser isn't as eager
			defer pause.Stop()
			for n := i; ctx.Err() == nil; n++ {
				if _, _, err := fetch(client, paths[n%len(paths)]); err != nil {
					t.Error(err)
					return
				}
				seen[i]++
				<-pause.C
			}
		})
	}
	for piece := range slices.Chunk(lines, 100) {
		testkit.Append(t, log, strings.Join(piece, ""))
	}
	testkit.Append(t, log, testkit.Sentinel("last", end.Add(time.Minute), sentinelLimit))
	w.untilRead("last")
	want := replayIDs(t, c, log)
	w.until("all mails are sent", func() bool { return len(p.ids()) >= len(want) })
	late := onlooker(t, socket)
	w.until("the page of alerts has those of the log", func() bool { // it isn't made more often than twice a second
		text, _, err := fetch(late, "/alerts")
		testkit.Must(t, err)
		return strings.Contains(text, "ended") && strings.Contains(text, "last")
	})
	cancel()
	looked.Wait()
	w.stop()
	if got := p.ids(); !slices.Equal(got, want) || len(want) < 8 {
		t.Errorf("mailed %d alerts, a replay lists %d", len(got), len(want))
	}
	if slices.Min(seen) < 10 {
		t.Errorf("%v pages were looked at", seen)
	}
}

// TestRebuildIsSeen: what a daemon reads again at its start is on its page, and counted as before.
func TestRebuildIsSeen(t *testing.T) {
	dir := t.TempDir()
	log, socket := filepath.Join(dir, "mainlog"), filepath.Join(dir, "web.sock")
	testkit.Must(t, os.WriteFile(log, nil, 0o600))
	c := configtest.Parse(t, fmt.Sprintf("log = %q\n[web]\nlisten = \"unix:%s\"\n[[rule]]\nlimit = 5\nwindow = '1h'\n", log,
		socket))
	c.State = t.TempDir()
	testkit.Append(t, log, testkit.Sentinel("early", time.Now().UTC().Add(-time.Minute), 6))
	w := goOn(t, c, true, &post{})
	w.untilRead("early")
	w.stop()
	w = goOn(t, c, false, &post{})
	client := onlooker(t, socket)
	w.until("the page is served", func() bool { _, err := os.Stat(socket); return err == nil })
	w.until("early is seen", func() bool {
		text, _, err := fetch(client, "/who?key=account&value=early")
		return err == nil && strings.Contains(text, "Over a limit right now.") &&
			strings.Contains(text, "The last 7 messages") && strings.Contains(text, "Alert, open")
	})
}

var million = flag.Bool("web.million", false, "look at the page with a million accounts held")

// TestPageOfAMillionAccounts: it answers soon, and who counts doesn't wait for it.
func TestPageOfAMillionAccounts(t *testing.T) {
	if !*million {
		t.Skip("a million accounts only with -web.million (make web-load)")
	}
	dir := t.TempDir()
	log, socket := filepath.Join(dir, "mainlog"), filepath.Join(dir, "web.sock")
	testkit.Must(t, os.WriteFile(log, nil, 0o600))
	c := configtest.Parse(t,
		fmt.Sprintf("log = %q\n[web]\nlisten = \"unix:%s\"\n[[rule]]\nlimit = 5\nwindow = '1d'\n[[rule]]\ncount = 'recipients'\nlimit = 500\nwindow = '1d'\n", log, socket))
	w := start(t, c, true, &post{})
	w.until("the page is served", func() bool { _, err := os.Stat(socket); return err == nil })
	const accounts = 1_000_000
	line := func(b *strings.Builder, n int) {
		fmt.Fprintf(b,
			"%s 1uAb%02d-%06d-%02d <= u%d@lab.test H=(pc) [192.0.2.1] P=esmtpsa A=plain:u%d@lab.test S=5 T=\"Hello %d\" for a@b.test\n",
			time.Now().UTC().Format(time.DateTime), n/1e7%100, n/10%1e6, n%10, n%accounts, n%accounts, n)
	}
	n := 0
	for n < accounts {
		var b strings.Builder
		for range 50_000 {
			line(&b, n)
			n++
		}
		testkit.Append(t, log, b.String())
	}
	testkit.Append(t, log, testkit.Sentinel("million", time.Now().UTC(), 5))
	w.untilRead("million")
	keys := 0
	testkit.Must(t, w.daemon.counters.with(t.Context(), func() {
		keys = w.daemon.logs[0].Pipeline.Counters().Stats().Keys
	}))
	if keys < accounts {
		t.Fatalf("%d accounts are held", keys)
	}
	client := onlooker(t, socket)
	var pages, holds, idle []time.Duration
	waits := func(into *[]time.Duration, while func()) {
		done := make(chan bool)
		go func() { while(); close(done) }()
		pause := time.NewTicker(200 * time.Microsecond)
		defer pause.Stop()
		for {
			select {
			case <-done:
				return
			case <-pause.C:
			}
			began := time.Now()
			testkit.Must(t, w.daemon.counters.with(t.Context(), func() {}))
			*into = append(*into, time.Since(began))
		}
	}
	waits(&idle, func() { <-time.After(2 * time.Second) })
	waits(&holds, func() {
		for range 20 {
			<-time.After(maxAgeOfPage)
			for _, path := range []string{"/", "/who?key=account&value=u7@lab.test"} {
				text, took, err := fetch(client, path)
				if err != nil || !strings.Contains(text, "lab.test") {
					t.Error(path, err)
				}
				pages = append(pages, took)
			}
		}
	})
	t.Logf("%d accounts: a page takes %s", keys, spread(pages))
	t.Logf("who wants the counters waits %s; while nobody looks %s", spread(holds), spread(idle))
	if slices.Sort(pages); pages[len(pages)-1] > 200*time.Millisecond {
		t.Errorf("a page takes %v", pages[len(pages)-1])
	}
}

// maxAgeOfPage is after what time a page is made anew.
const maxAgeOfPage = 500 * time.Millisecond

func spread[T cmp.Ordered](all []T) string {
	slices.Sort(all)
	return fmt.Sprintf("%v at the median, %v at 99%%, %v at most (of %d)", all[len(all)/2], all[len(all)*99/100],
		all[len(all)-1], len(all))
}

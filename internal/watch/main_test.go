package watch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/parser"
	"exiwatch/window"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines left behind. Those of nxadm/tail's tracker stay as long as the process, and so do those
// that wait for it when it is wedged: see tailer.
func TestMain(m *testing.M) {
	if dir := os.Getenv(victimFolder); dir != "" {
		if err := beVictim(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.(*InotifyTracker).run"),
		goleak.IgnoreAnyFunction("github.com/fsnotify/fsnotify.(*inotify).readEvents"),
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.watch"),
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.remove"),
		goleak.IgnoreAnyFunction("exiwatch/tailer.(*liveTail).stop.func1"),
		goleak.IgnoreAnyFunction("exiwatch/tailer.(*tracker).await.func1"),
	)
}

// patience is how long anything may take; the machines tests run on are slow and shared.
const patience = 2 * time.Minute

func must(t interface {
	Helper()
	Fatal(...any)
}, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// configured reads a configuration whose logs name no zone but UTC. Unless it says otherwise, each event makes a mail.
func configured(t testing.TB, text string) config.Config {
	t.Helper()
	c, err := config.Parse("test.toml", []byte(text))
	must(t, err)
	c.Zone = time.UTC
	if !strings.Contains(text, "max_per_hour") {
		c.Mail.MaxPerHour = 0
	}
	return c
}

// arrivals gives fn each arrival of a log with its keys' values.
func arrivals(t *testing.T, log string, fn func(*parser.Arrival, *window.Arrival)) {
	t.Helper()
	var v valuer
	n := 0
	r := parser.NewReader(time.UTC, time.Time{}, func(e *parser.Entry) {
		if e.Kind != parser.Reception {
			t.Fatalf("%s: kind %d: %s", log, e.Kind, e.Reason)
		}
		n++
		var w window.Arrival
		v.values(e.Arrival, &w)
		v.costly(e.Arrival, &w, allCostly)
		fn(e.Arrival, &w)
	})
	r.Line(parser.Place{}, []byte(log))
	r.Flush()
	if n != 1 {
		t.Fatalf("%s: %d arrivals, want 1", log, n)
	}
}

// appendTo writes as Exim does: to a file that is opened by its name.
func appendTo(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, err)
	must(t, f.Close())
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

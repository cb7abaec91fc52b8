package metrics

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"exiwatch/window"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long anything may take; the machines tests run on are slow and shared.
const patience = time.Minute

// whole is a snapshot with something of everything.
func whole() Snapshot {
	return Snapshot{
		Lines: 54, Bytes: 4321, Arrivals: 29, Malformed: 1, Overflowed: 2, Suspicious: 3, Injected: 4,
		Logs: []Log{{"/var/log/exim4/mainlog", 1024, 3 * time.Second, 7, 8},
			{"/var/log/other/main-%D", 0, time.Hour, 0, 0}},
		Rules:     []Rule{{"bulk sender", 17, 1, 5}, {`many "recipients"`, 0, 0, 0}},
		Incidents: 2,
		Lost: window.Stats{DroppedKeys: 6, MergedArrivals: 7, ForgottenRows: 8, OmittedDistinct: 9,
			RefusedAlerts: 10, ForgottenIncidents: 14,
			ForgottenMessages: 15},
		Channels: []Channel{{"mail", 1, 2, 3, 4, 5, 90 * time.Second}, {"hook", 1, 0, 0, 0, 0, 0}},
		Skipped:  13, Unspooled: 11, Rebuild: 1500 * time.Millisecond, Stale: 12,
		Socket: &SocketStats{
			Answers: map[string]int64{"yes": 1, "no": 2, "number": 3, "unintelligible": 0, "late": 0}, Refused: 1,
			Seconds: 0.012, Within: map[float64]uint64{0.001: 4, 0.01: 6},
		},
		Fleet: &Fleet{Name: "lab", EngineUp: true, Leading: true, Lag: 1500 * time.Millisecond, Hosts: 10, Silent: 2,
			Arrivals: 700, Late: 6, Rewinds: 3, Batches: 40, Appended: 80, PublishBytes: 512, PublishLag: time.Minute},
	}
}

// serve serves a snapshot on a port of its own until the test ends.
func serve(t *testing.T, s Snapshot) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, l, s)
}

func serveOn(t *testing.T, l net.Listener, s Snapshot) (address string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, l, Handler("1.2.3", func() Snapshot { return s }, slog.New(slog.DiscardHandler)))
	}()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Serve = %v, want no error", err)
			}
		case <-time.After(patience):
			t.Error("Serve goes on after its context has ended")
		}
	})
	return l.Addr().String()
}

// scrape is what Prometheus gets of a snapshot.
func scrape(t *testing.T, s Snapshot) string {
	t.Helper()
	r, err := http.Get("http://" + serve(t, s) + Path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatal(r.Status, err)
	}
	return string(text)
}

// promtool runs Prometheus' own tool.
func promtool(t *testing.T, stdin string, args ...string) (output string, err error) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("promtool is missing: .ci/needs installs it")
		}
		t.Skip("promtool is missing")
	}
	c := exec.Command("promtool", args...)
	c.Stdin = strings.NewReader(stdin)
	out, err := c.CombinedOutput()
	return string(out), err
}

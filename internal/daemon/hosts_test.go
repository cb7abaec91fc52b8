package daemon

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/internal/testkit"
	"exiwatch/window"
)

// onHost makes lines such as a syslog daemon gathers them: of one of three hosts, whose clocks disagree by minutes.
func onHost(format, line string) string {
	if len(line) < len(time.DateTime) || line[0] != '2' {
		return line
	}
	hash := fnv.New32()
	_, sender, _ := strings.Cut(line, "<= ")
	sender, _, _ = strings.Cut(sender, "@")
	hash.Write([]byte(sender))
	host := int(hash.Sum32() % 3)
	at, err := time.Parse(time.DateTime, line[:len(time.DateTime)])
	if err != nil {
		return line
	}
	at = at.Add(-time.Duration(host) * 7 * time.Minute)
	return fmt.Sprintf(format, host, at.Format(time.DateTime)+line[len(time.DateTime):])
}

// TestRestartsWithSeveralHosts: where a log has several hosts' lines, each has its own clock and counts, also across
// restarts.
func TestRestartsWithSeveralHosts(t *testing.T) {
	for seed, format := range []string{"Nov 23 10:00:00 mx%d exim[4711]: %s", "exim-%d  | %s"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			onHosts := func(lines []string) []string {
				for i, line := range lines {
					lines[i] = onHost(format, line)
				}
				return lines
			}
			restartInTraffic(t, fiveRules, uint64(seed), onHosts, func(files []string) []string {
				var text []byte
				for _, name := range files { // whose first stamps don't say which is older
					part, err := os.ReadFile(name)
					testkit.Must(t, err)
					text = append(text, part...)
				}
				return []string{testkit.Write(t, "all", string(text))}
			})
		})
	}
}

// TestHostsAreCountedByThemselves: the same account on two hosts, and hosts whose clocks disagree.
func TestHostsAreCountedByThemselves(t *testing.T) {
	c := configtest.Parse(t, "[[rule]]\nlimit = 20\nwindow = '5m'")
	var log bytes.Buffer
	line := func(host, user string, at time.Duration) {
		stamp := second(0).Add(at).Format(time.DateTime)
		fmt.Fprintf(&log, "%s | %s 1xV000-%06d-01 <= %s@lab.test U=%s P=local S=5\n", host, stamp, log.Len()%1000000,
			user,
			user)
	}
	for i := range time.Duration(30) {
		line("mx1", "alice", i*time.Second)
		line("mx2", "bob", i*time.Second-20*time.Minute)
		line("mx3", "carol", i*time.Second+20*time.Minute)
		line(fmt.Sprintf("mx%d", 1+i%2), "dave", i*time.Second-i%2*20*time.Minute) // 15 on each
	}
	for i := range time.Duration(pipeline.MaxHosts) { // more names than are told apart
		line(fmt.Sprintf("made-up-%d", i), "eve", time.Minute)
	}
	var got []string
	p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{Opened: func(alerts []*window.Alert) {
		got = append(got, alerts[0].Value)
	}})
	testkit.Must(t, err)
	_, err = replay.Run(t.Context(), p, []replay.Source{{Name: "log", Stream: &log}}, time.UTC, second(0), nil)
	testkit.Must(t, err)
	if want := "alice bob carol"; strings.Join(got, " ") != want {
		t.Errorf("alerts of %q, want %q", got, want)
	}
	if n := len(p.Hosts()); n != pipeline.MaxHosts {
		t.Errorf("%d hosts are told apart, want %d", n, pipeline.MaxHosts)
	}
}

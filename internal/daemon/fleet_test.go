package daemon

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/fleet"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/redistest"
	"exiwatch/internal/replay"
	"exiwatch/internal/testkit"
	"exiwatch/window"
)

// A fleetLog is the log of a host, as far as it has been written.
type fleetLog struct {
	host, path string
	lines      []string
}

// fleetLogs divides traffic among hosts. Each log ends with a sentinel of its own at the same second.
func fleetLogs(t *testing.T, seed uint64, n int, hosts ...string) (logs []*fleetLog) {
	dir := t.TempDir()
	for _, host := range hosts {
		logs = append(logs, &fleetLog{host: host, path: filepath.Join(dir, host, "mainlog")})
	}
	lines, was := testkit.Traffic(seed, n)
	first, err := time.Parse(time.DateTime, lines[0][:len(time.DateTime)])
	testkit.Must(t, err)
	// A quiet log has the wall clock: lines of the past would come late.
	shift := time.Now().UTC().Truncate(time.Second).Add(time.Minute).Sub(first)
	for i, line := range lines {
		at, err := time.Parse(time.DateTime, line[:len(time.DateTime)])
		testkit.Must(t, err)
		l := logs[(i*7919+int(seed))%len(logs)]
		l.lines = append(l.lines, at.Add(shift).Format(time.DateTime)+line[len(time.DateTime):])
	}
	end := was.Add(shift)
	for _, l := range logs {
		l.lines = append(l.lines, testkit.Sentinel("end-"+l.host, end, sentinelLimit))
		testkit.Must(t, os.MkdirAll(filepath.Dir(l.path), 0o755))
		testkit.Append(t, l.path, l.lines[0])
		l.lines = l.lines[1:]
	}
	return logs
}

// write writes the next lines of each log, a few at a time, up to a share of all.
func writeShare(t *testing.T, logs []*fleetLog, share float64) {
	for _, l := range logs {
		n := int(share * float64(len(l.lines)))
		testkit.Append(t, l.path, strings.Join(l.lines[:n], ""))
		l.lines = l.lines[n:]
	}
}

// fleetIDs are the alerts that a replay of a fleet's logs lists, sorted. Named says that lines are their host's.
func fleetIDs(t *testing.T, c config.Config, logs []*fleetLog, named bool) (ids []string) {
	t.Helper()
	replayFleet(t, c, logs, named, merge.Events{Opened: func(alerts []*window.Alert) {
		for _, a := range alerts {
			ids = append(ids, a.ID)
		}
	}})
	slices.Sort(ids)
	return ids
}

// replayFleet counts a fleet's logs.
func replayFleet(t *testing.T, c config.Config, logs []*fleetLog, named bool, events merge.Events) {
	t.Helper()
	counter, err := merge.NewCounter(c.Rules, events)
	testkit.Must(t, err)
	r := merge.Replay{Zone: time.UTC, Now: time.Now(),
		Listener: func(int) pipeline.Listener { return pipeline.Listener{} },
		New: func(l pipeline.Listener) (*pipeline.Pipeline, error) {
			return pipeline.New(c.Scopes, c.Rules, l)
		}}
	for _, l := range logs {
		one := merge.Log{Name: l.host, Sources: []replay.Source{{Name: l.path}}}
		if !named {
			one.Name, one.Unnamed = "", l.path
		}
		r.Logs = append(r.Logs, one)
	}
	_, err = r.Run(t.Context(), counter)
	testkit.Must(t, err)
}

// TestLogsOfOneMachineAreAFleet: engine = "none" counts several logs as those of one host, also when it is stopped on
// the way.
func TestLogsOfOneMachineAreAFleet(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveRules+"[fleet]\nengine = \"none\"\n")
	logs := fleetLogs(t, 5, 600, "mx1", "mx2", "mx3")
	for _, l := range logs {
		c.Log = append(c.Log, l.path)
	}
	p := new(post)
	w := start(t, c, true, p)
	writeShare(t, logs, 0.5)
	w.until("some alerts", func() bool { return len(p.ids()) > 5 })
	w.stop()
	w = goOn(t, w.daemon.Config, true, p)
	writeShare(t, logs, 1)
	want := fleetIDs(t, c, logs, false)
	w.until("every mail", func() bool { return len(p.ids()) >= len(want) })
	w.stop()
	if got := p.ids(); len(want) < 20 || !slices.Equal(got, want) {
		t.Errorf("mailed %d alerts, want %d:\n%q\n%q", len(got), len(want), got, want)
	}
}

// TestFleetBeginsWhileAnAlertIsOpen: what was told before is ended all the same.
func TestFleetBeginsWhileAnAlertIsOpen(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "mainlog")
	rules := fmt.Sprintf("log = %q\n[[rule]]\nlimit = 5\nwindow = '1m'\n", log)
	now := time.Now().UTC()
	testkit.Append(t, log, testkit.Sentinel("before", now, 5))
	p := new(post)
	w := start(t, configtest.Parse(t, rules), true, p)
	w.until("alert", func() bool { return len(p.ids()) == 1 })
	w.stop()
	c := configtest.Parse(t, rules+"[fleet]\nengine = 'none'\n")
	c.State = w.daemon.Config.State
	w = goOn(t, c, true, p)
	testkit.Append(t, log, testkit.Sentinel("behind", now.Add(5*time.Minute), 1))
	w.until("end", func() bool { return w.said("INFO", "alert ended") > 0 })
}

// A fleetDaemons is daemons of one fleet, each with a log.
type fleetDaemons struct {
	server *redistest.Server
	logs   []*fleetLog
	all    []*watchman
	config config.Config
}

// startFleetOf starts a daemon for each log over a Redis. HOST in the rules is the host's name.
func startFleetOf(t *testing.T, rules string, logs []*fleetLog) *fleetDaemons {
	f := &fleetDaemons{server: redistest.Start(t), logs: logs}
	for _, l := range logs {
		f.config = configtest.Parse(t, fmt.Sprintf("%s[fleet]\nengine = %q\nhost = %q\n",
			strings.ReplaceAll(rules, "HOST", l.host), f.server.URL(), l.host))
		c := f.config
		c.Log = []string{l.path}
		c.State = t.TempDir()
		ready := make(chan struct{})
		f.all = append(f.all, goOn(t, c, true, new(post), func(d *Daemon) {
			d.Ready = func() error {
				close(ready)
				return nil
			}
		}))
		<-ready
	}
	return f
}

// ids are the alerts that the daemons have mailed.
func (f *fleetDaemons) ids() (all []string) {
	for _, w := range f.all {
		all = append(all, w.post.ids()...)
	}
	slices.Sort(all)
	return all
}

// members is how many hosts the fleet's leader counts.
func (f *fleetDaemons) members() int {
	for _, w := range f.all {
		if s := w.daemon.fleet.leader.Stats(); s != nil {
			return s.Hosts
		}
	}
	return 0
}

// TestFleetSaysWhatReplayOfItSays: three daemons over a Redis, one of which is stopped and goes on.
func TestFleetSaysWhatReplayOfItSays(t *testing.T) {
	t.Parallel()
	f := startFleetOf(t, fiveRules, fleetLogs(t, 6, 600, "mx1", "mx2", "mx3"))
	f.all[0].until("three hosts", func() bool { // the lines of one that joins later come late
		return f.members() == 3
	}, func() any { return f.members() })
	writeShare(t, f.logs, 0.5)
	f.all[0].until("some alerts", func() bool { return len(f.ids()) > 5 })
	w := f.all[1]
	w.stop()
	writeShare(t, f.logs, 0.5)
	f.all[1] = goOn(t, w.daemon.Config, true, w.post)
	writeShare(t, f.logs, 1)
	want := fleetIDs(t, f.config, f.logs, true)
	f.all[0].until("every mail", func() bool { return len(f.ids()) >= len(want) }, func() any { return len(f.ids()) })
	for _, w := range f.all {
		w.stop()
	}
	if got := f.ids(); len(want) < 20 || !slices.Equal(got, want) {
		t.Errorf("mailed %d alerts, want %d:\n%q\n%q", len(got), len(want), got, want)
	}
}

// TestHostCountsAloneWithoutVerdicts: while the engine is stopped, a host answers at once and tells its own alerts,
// marked as such. The fleet's alert is then that one, and isn't told again.
func TestHostCountsAloneWithoutVerdicts(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	logs := fleetLogs(t, 7, 3, "mx1", "mx2")
	f := startFleetOf(t, fmt.Sprintf("[[rule]]\nlimit = 5\nwindow = '1m'\n[socket]\npath = %q\n", socket), logs[:1])
	w := f.all[0]
	w.until("verdict", func() bool { return w.said("INFO", "this host leads the fleet") > 0 })
	f.server.Pause()
	testkit.Append(t, logs[0].path, testkit.Sentinel("alone", time.Now().UTC(), 5))
	asked := time.Now()
	if got := ask(t, socket, "account=alone"); got != "yes" {
		t.Errorf("answer %q, want yes", got)
	}
	if took := time.Since(asked); took > time.Second {
		t.Errorf("the answer took %v while the engine is stopped", took)
	}
	w.until("alert of this host alone", func() bool { return len(w.post.ids()) == 1 })
	if mail := string(w.post.mails[0].Data); !strings.Contains(mail, "by mx1 alone") {
		t.Errorf("the mail doesn't say that the host counts alone:\n%s", mail)
	}
	f.server.Resume()
	w.until("verdicts again", func() bool { return w.said("INFO", "the fleet gives verdicts again") > 0 })
	testkit.Append(t, logs[0].path, testkit.Sentinel("together", time.Now().UTC(), 5))
	w.until("alert of the fleet", func() bool { return len(w.post.ids()) == 2 })
	if got := len(w.opened()); got != 2 {
		t.Errorf("%d alerts opened, want 2", got)
	}
}

// TestEndOfTheFleetsAlertIsTold: also where its host told the alert and its end alone before.
func TestEndOfTheFleetsAlertIsTold(t *testing.T) {
	t.Parallel()
	logs := fleetLogs(t, 8, 3, "mx1")
	f := startFleetOf(t, "[[rule]]\nlimit = 5\nwindow = '10s'\n", logs)
	w := f.all[0]
	w.until("verdict", func() bool { return w.said("INFO", "this host leads the fleet") > 0 })
	f.server.Pause()
	w.until("a host that counts alone", func() bool { return w.said("WARN", "the fleet gives no verdicts") > 0 })
	end := testkit.Sentinel("later", time.Now().UTC().Add(3*time.Minute), 0)
	testkit.Append(t, logs[0].path, testkit.Sentinel("alone", time.Now().UTC(), 5)+end)
	w.until("the end of an alert of this host alone", func() bool { return len(w.post.events()) == 2 })
	id, _, _ := strings.Cut(w.post.events()[0], ".")
	replayFleet(t, f.config, logs, true, merge.Events{Ended: func(a *window.Alert) {
		a.ID, a.Incident.ID = id, id
		w.daemon.fleet.tell(t.Context(), []fleet.Event{{Name: pipeline.Ended, Alerts: []*window.Alert{a}}}, func() {})
	}})
	w.until("the end of the fleet's alert", func() bool { return len(w.post.events()) == 3 })
	if got, want := w.post.events(), []string{id + ".opened", id + ".aended", id + ".ended"}; !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	if mail := string(w.post.mails[2].Data); strings.Contains(mail, "mx1 alone") {
		t.Errorf("the end of the fleet's alert is that of a host alone:\n%s", mail)
	}
}

// ask asks a daemon over its socket.
func ask(t *testing.T, socket, question string) string {
	t.Helper()
	c, err := net.Dial("unix", socket)
	testkit.Must(t, err)
	defer c.Close()
	_, err = c.Write([]byte(question + "\n"))
	testkit.Must(t, err)
	testkit.Must(t, c.(*net.UnixConn).CloseWrite())
	answer := make([]byte, 100)
	n, err := c.Read(answer)
	testkit.Must(t, err)
	return string(answer[:n])
}

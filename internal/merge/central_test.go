package merge

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/replay"
	"exiwatch/internal/testkit"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// A sentLine is a line that a host has sent to a central syslog daemon.
type sentLine struct {
	host, text string
	at         time.Time // when it comes there
}

// wrapped is the line as the syslog daemon writes it.
func (l *sentLine) wrapped() string {
	return l.at.Format("Jan _2 15:04:05 ") + l.host + " exim[77]: " + l.text
}

// sent deals the lines of a log to three hosts.
func sent(seed uint64) (all []sentLine) {
	lines, _ := testkit.Traffic(seed, 1200)
	for i, line := range lines {
		at, err := time.Parse(time.DateTime, line[:len(time.DateTime)])
		if err != nil {
			panic(err) // the log is ours
		}
		all = append(all, sentLine{hosts[i*i%7%3], line, at})
	}
	return all
}

// off has a host's clock go wrong.
func off(all []sentLine, host string, by time.Duration) []sentLine {
	all = slices.Clone(all)
	for i := range all {
		if l := &all[i]; l.host == host {
			at, _ := time.Parse(time.DateTime, l.text[:len(time.DateTime)])
			l.text = at.Add(by).Format(time.DateTime) + l.text[len(time.DateTime):]
		}
	}
	return all
}

// delayed has what a host sends after some lines come behind all others.
func delayed(all []sentLine, host string, after int) []sentLine {
	all = slices.Clone(all)
	end := all[len(all)-1].at
	late := func(i int) bool { return i >= after && all[i].host == host }
	var ordered, last []sentLine
	for i, l := range all {
		if late(i) {
			l.at = end
			last = append(last, l)
		} else {
			ordered = append(ordered, l)
		}
	}
	return append(ordered, last...)
}

// TestCentralLog: the lines of three hosts in one log count as three logs do.
func TestCentralLog(t *testing.T) {
	c := configtest.Parse(t, manyRules)
	all := sent(3)
	central := func(all []sentLine) (log string) {
		for i := range all {
			log += all[i].wrapped()
		}
		return log
	}
	for name, test := range map[string]struct {
		all   []sentLine
		files func(*testing.T, string) []replay.Source
	}{
		"one file":           {all, inFile},
		"ahead":              {off(all, "mx1", 10*time.Minute), inFile},
		"behind":             {off(all, "mx1", -10*time.Minute), inFile},
		"silent for long":    {delayed(all, "mx2", 100), inFile},
		"silent to the end":  {delayed(all, "mx2", 2000), inFile},
		"cycled, compressed": {off(all, "mx0", time.Minute), cycled},
		"standard input": {off(all, "mx2", time.Minute), func(_ *testing.T, log string) []replay.Source {
			return []replay.Source{text(log)}
		}},
		"FIFO": {all, func(t *testing.T, log string) []replay.Source { return []replay.Source{fifo(t, log)} }},
	} {
		t.Run(name, func(t *testing.T) {
			alone := make(map[string]string)
			for _, l := range test.all {
				alone[l.host] += l.wrapped()
			}
			want := together(t, c, named(alone)...)
			got := together(t, c, Log{Unnamed: "central", Sources: test.files(t, central(test.all))})
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(want) < 40 {
				t.Errorf("only %d alerts", len(want))
			}
		})
	}
}

func inFile(t *testing.T, log string) []replay.Source {
	return []replay.Source{{Name: testkit.Write(t, "mainlog", log)}}
}

// cycled writes a log as three files, two of them compressed.
func cycled(t *testing.T, log string) (files []replay.Source) {
	dir := t.TempDir()
	lines := slices.Collect(strings.Lines(log))
	for i, name := range []string{"mainlog.2.gz", "mainlog.1.gz", "mainlog"} {
		part := strings.Join(lines[i*len(lines)/3:(i+1)*len(lines)/3], "")
		if strings.HasSuffix(name, ".gz") {
			part = testkit.Gzip(t, part)
		}
		testkit.Must(t, os.WriteFile(filepath.Join(dir, name), []byte(part), 0o600))
		files = append([]replay.Source{{Name: filepath.Join(dir, name)}}, files...)
	}
	return files
}

// TestLinesWithoutHosts: in a central log they are those of one more host.
func TestLinesWithoutHosts(t *testing.T) {
	c := configtest.Parse(t, manyRules)
	alone := make(map[string]string)
	log := ""
	for _, l := range sent(4) {
		line := l.wrapped()
		if l.host == "mx1" {
			l.host, line = "central", l.text
		}
		alone[l.host] += line
		log += line
	}
	want := together(t, c, named(alone)...)
	got := together(t, c, Log{Unnamed: "central", Sources: inFile(t, log)})
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHostInTwoLogs: each log of a host has an order of its own.
func TestHostInTwoLogs(t *testing.T) {
	c := configtest.Parse(t, manyRules)
	lines, _ := testkit.Traffic(5, 2000)
	logs := dealt(lines, 4)
	want := byDefinition(t, c, logs)
	// mx3 has the lines of mx1, too, in a log of its own. Only within a second the order is another one.
	var two []Log
	for _, host := range []string{"mx0", "mx1", "mx2", "mx3"} {
		name := strings.ReplaceAll(host, "mx3", "mx2")
		two = append(two, Log{Name: name, Sources: []replay.Source{text(logs[host])}})
	}
	if diff := gocmp.Diff(want, together(t, c, two...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// silentLog is a central log of some hours in which mx0 sends its lines at the beginning and at the end.
func silentLog(lines int) string {
	var log strings.Builder
	at := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	for i := range lines {
		at = at.Add(time.Second)
		host := "mx0"
		if i > 10 && i < lines-10 {
			host = hosts[1+i%2]
		}
		l := sentLine{host, fmt.Sprintf("%s 1xV%03d-%06d-01 <= user%d@lab.test U=user%[4]d P=local S=%d T=\"Offer %d\"\n",
			at.Format(time.DateTime), i/1000, i, i%97, 100+i, i), at}
		log.WriteString(l.wrapped())
	}
	return log.String()
}

// TestSilentHostHoldsNothingUp: while a host of a central log is silent, the other hosts' records aren't kept.
func TestSilentHostHoldsNothingUp(t *testing.T) {
	c := configtest.Parse(t, "")
	most := make(map[string]int)
	for name, source := range map[string]replay.Source{
		"file": inFile(t, silentLog(40_000))[0], "stream": text(silentLog(40_000)),
	} {
		f := newFleetRun(t, c, Log{Unnamed: "central", Sources: []replay.Source{source}})
		_, err := f.Run(t.Context(), f.counter)
		testkit.Must(t, err)
		most[name] = f.most
	}
	if most["file"] > 3*batchSize || most["stream"] < 15*batchSize {
		t.Errorf("%d bytes were kept of a file, %d of a stream", most["file"], most["stream"])
	}
}

// TestLogGrowsWhilePlanned: what comes after a central log was planned doesn't disturb the order.
func TestLogGrowsWhilePlanned(t *testing.T) {
	c := configtest.Parse(t, manyRules)
	all := delayed(sent(6), "mx2", 600)
	alone := make(map[string]string)
	begin, rest := "", ""
	for i := range all {
		if i < 900 {
			begin += all[i].wrapped()
			alone[all[i].host] += all[i].wrapped()
		} else {
			rest += all[i].wrapped()
		}
	}
	path := testkit.Write(t, "mainlog", begin)
	f := newFleetRun(t, c, Log{Unnamed: "central", Sources: []replay.Source{{Name: path}}})
	f.Progress = func(share float64) {
		if share >= 0.5 && rest != "" { // it has been planned
			testkit.Append(t, path, rest)
			rest = ""
		}
	}
	_, err := f.Run(t.Context(), f.counter)
	testkit.Must(t, err)
	want := together(t, c, named(alone)...)
	got := f.verdicts()
	ended := func(all []verdict) []verdict { // the log has come farther
		for i := range all {
			all[i].Ended, all[i].Closes = "", false
		}
		return all
	}
	if diff := gocmp.Diff(ended(want), ended(got)); diff != "" || rest != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// fifo is a log that can be read once, through a FIFO.
func fifo(t *testing.T, log string) replay.Source {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	testkit.Must(t, unix.Mkfifo(path, 0o600))
	var wait sync.WaitGroup
	t.Cleanup(wait.Wait)
	wait.Go(func() { _ = os.WriteFile(path, []byte(log), 0) }) // the reader sees what is missing
	return replay.Source{Name: path}
}

package daemon

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
	"exiwatch/mailer/spool"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A cellar is a place in which daemons begin with a checkpoint, without goroutines and mail.
type cellar struct {
	log    string // main log
	spool  *spool.Spool
	config config.Config
}

// cellarNow is the wall clock there.
var cellarNow = time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)

// newCellar makes one with a log of three hours, in which alerts open, grow, end and stay open.
func newCellar(t testing.TB) *cellar {
	t.Helper()
	c := &cellar{log: filepath.Join(t.TempDir(), "mainlog")}
	text := simples("alice", 0, 30) + simples("bob", 3600, 3625) + simples("carol", 7200, 7209)
	testkit.Must(t, os.WriteFile(c.log, []byte(text), 0o600))
	var err error
	c.spool, err = spool.Open(filepath.Join(t.TempDir(), "spool"))
	testkit.Must(t, err)
	c.config = configtest.Parse(t, fiveAnHour+"\n[[rule]]\nkey = 'sender'\ncount = 'subjects'\nlimit = 2\nwindow = '10m'")
	c.config.Log = []string{c.log}
	return c
}

// live is what a daemon does with a checkpoint, nil for none: it takes it up, reads the log and lines that come later,
// makes the mails of some alerts and gives the checkpoint of its end.
func (c *cellar) live(t testing.TB, was *checkpoint) *checkpoint {
	t.Helper()
	d := &Daemon{
		Config: c.config, Host: "mx.lab.test", Log: slog.New(slog.DiscardHandler),
		now: func() time.Time { return cellarNow }, stopping: context.Background(), counters: newCountersLock(),
	}
	d.stats.begin(d.now())
	d.composer = Composer(d.Config, d.Host)
	first, err := pipeline.New(d.Config.Scopes, d.Config.Rules, c.mailing(d))
	testkit.Must(t, err)
	d.sent, d.others = first.Sent(), make(map[string]*follow.Checkpoint)
	d.outbox = d.newOutbox(c.spool)
	l, err := d.newLog(c.log, first)
	testkit.Must(t, err)
	d.logs = []*follow.LiveLog{l}
	var saved *follow.Checkpoint
	if was != nil {
		_, err := c.spool.DropUncommitted(was.Spooled)
		testkit.Must(t, err)
		d.outbox.limiter = was.Mailbag.restore(d.now())
		d.sent.Restore(was.Own)
		if len(was.Mailbag.Gathered) > 0 {
			d.composer.Digest(was.Mailbag.Gathered[:min(len(was.Mailbag.Gathered), 9)], d.now())
		}
		for i, path := range slices.Sorted(maps.Keys(was.Logs)) {
			if saved = was.Logs[path]; i > 0 {
				d.others[path] = saved
			}
		}
	}
	testkit.Must(t, l.Resume(saved))
	c.read(t, l)
	return d.checkpoint()
}

// read reads the log, and lines that were written two hours later.
func (c *cellar) read(t testing.TB, l *follow.LiveLog) {
	t.Helper()
	row, err := tailer.Members(c.log)
	testkit.Must(t, err)
	text, err := os.ReadFile(c.log)
	testkit.Must(t, err)
	end := int64(0)
	for line := range strings.Lines(string(text) + simples("dave", 9000, 9009) + simples("alice", 9009, 9020)) {
		end += int64(len(line))
		at, err := row[0].At(min(end, int64(len(text))))
		testkit.Must(t, err)
		at.Offset = end
		if !l.Seen.SameFile(at) || end > l.Seen.Offset {
			l.CountLine(tailer.Line{Text: []byte(strings.TrimSuffix(line, "\n")), End: at})
		}
	}
	l.ReachedEnd(cellarNow)
}

// mailing makes the mails of the first events.
func (c *cellar) mailing(d *Daemon) pipeline.Listener {
	left := 2
	mail := func(event string) func(*window.Alert) {
		return func(a *window.Alert) {
			if left--; left >= 0 {
				compose(d.composer, notification{alerts: []*window.Alert{a}, event: event}, d.now())
				mailer.Composer{Host: d.Host, Log: c.log}.Notice(a, pipeline.Opened)
			}
		}
	}
	open := mail(pipeline.Opened)
	return pipeline.Listener{
		Opened: func(all []*window.Alert) { open(all[0]) }, Grew: mail("grew2"), Ended: mail(pipeline.Ended),
	}
}

// sample is a checkpoint with all that one can hold.
func (c *cellar) sample(t testing.TB) []byte {
	t.Helper()
	was := c.live(t, nil)
	p := was.Logs[c.log]
	if p == nil || len(p.Alerts) < 2 {
		t.Fatalf("the sample is %+v, want open alerts in it", p)
	}
	was.Mailbag.Mailed = []time.Time{cellarNow}
	was.Mailbag.Gathered = []mailer.Item{{
		ID: p.Alerts[0].ID, Event: pipeline.Opened, Limit: 5, Window: time.Hour, Count: 6, Peak: 6, Messages: 6,
	}}
	was.Own = []pipeline.SentMail{{Name: p.Alerts[0].ID + ".opened", Seen: true, Log: c.log, At: p.Clock.Now}}
	was.Told[hookChannel] = 3
	was.Logs["/other"] = p
	text, err := encode(was, maxCheckpoint)
	testkit.Must(t, err)
	return text
}

var number = regexp.MustCompile(`"[A-Za-z_]+":\[?(-?[0-9]+)`)

// moments are numbers that may be a little below zero, as are seconds before 1970 and zones in the west; bounded are
// others that have an upper bound.
var (
	moments = []string{"now", "s", "offset", "first_at", "last_at", "opened_at", "fell", "from", "at",
		"ended"}
	bounded = []string{"version", "spooled", "hook", "Offset", "shift", "ns", "step", "times"}
)

// TestImpossibleCheckpoint: with any number below zero or beyond all it is put aside, or it is one that can be.
func TestImpossibleCheckpoint(t *testing.T) {
	c := newCellar(t)
	text := c.sample(t)
	if _, err := decode(text); err != nil {
		t.Fatalf("decode of what was written: %v", err)
	}
	taken := make(map[string]bool)
	for i, at := range number.FindAllSubmatchIndex(text, -1) {
		key := string(text[at[0]+1 : at[0]+1+bytes.IndexByte(text[at[0]+1:], '"')])
		for _, n := range []int64{-1, math.MinInt64, math.MaxInt64} {
			if _, err := decode(replaced(text, i, n)); err == nil {
				taken[fmt.Sprint(key, " ", n)] = true
			}
		}
	}
	for key := range taken {
		name, n, _ := strings.Cut(key, " ")
		moment := slices.Contains(moments, name)
		if strings.HasPrefix(n, "-") && !(moment && n == "-1") || len(n) > 2 &&
			(moment || slices.Contains(bounded, name)) {
			t.Errorf("a checkpoint with %s = %s is taken", name, n)
		}
	}
	if len(taken) == 0 {
		t.Error("no number may be larger: that can't be")
	}
}

// TestHostileCheckpoint: what would take far more memory than the file has is refused before.
func TestHostileCheckpoint(t *testing.T) {
	const n = 1 << 20
	const alerts = `{"version":1,"logs":{"/x":{"alerts":[`
	for name, text := range map[string]string{
		"null log":          `{"version":1,"logs":{"/x":null}}`,
		"empty alerts":      alerts + strings.Repeat("{},", n) + `{}]}}}`,
		"in other letters":  `{"version":1,"LOGS":{"/x":{"ALERTS":[` + strings.Repeat("{},", n) + `{}]}}}`,
		"with an escape":    `{"version":1,"logs":{"/x":{"\u0061lerts":[` + strings.Repeat("{},", n) + `{}]}}}`,
		"few each":          alerts + strings.Repeat("{},", 999) + `{}]}}}`,
		"bars":              alerts + `{"course":{"bars":[` + strings.Repeat("0,", n) + `0]}}]}}}`,
		"rows":              alerts + `{"tallies":[{"rows":[` + strings.Repeat("{},", n) + `{}]}]}]}}}`,
		"logs":              `{"version":1,"logs":{` + strings.Repeat(`"":{},`, n) + `"":{}}}`,
		"events":            `{"version":1,"mailbag":{"gathered":[` + strings.Repeat("{},", n) + `{}]}}`,
		"own":               `{"version":1,"own":[` + strings.Repeat("{},", n) + `{}]}`,
		"deep":              strings.Repeat(`[`, n) + strings.Repeat(`]`, n),
		"a quotation mark":  `{"version":1,"\"logs":{"\\":[` + strings.Repeat("0,", n) + `0]}}`,
		"half a quoted one": `{"version":1,"logs\`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decode([]byte(text))
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: it is taken", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20+4*uint64(len(text)) {
			t.Errorf("%s: %d bytes take %d of memory", name, len(text), used)
		}
	}
}

// TestLargeCheckpointIsTrimmed: rows are given up before no checkpoint can be written; what is written is never more
// than is read.
func TestLargeCheckpointIsTrimmed(t *testing.T) {
	c := newCellar(t)
	was := c.live(t, nil)
	whole, err := encode(was, maxCheckpoint)
	testkit.Must(t, err)
	p := was.Logs[c.log]
	rows := make([]window.SavedValue, 1000)
	for i := range rows {
		rows[i] = window.SavedValue{Value: []byte{byte(i), byte(i >> 8)}, Messages: 1}
	}
	p.Alerts[0].ValueCounts[0].Rows = rows
	for _, over := range []int{1, 1000, 40_000} {
		size := len(whole) + over
		text, err := encode(was, size)
		if err != nil || len(text) > size {
			t.Errorf("encode to %d bytes gives %d, %v", size, len(text), err)
		}
		if _, err := decode(text); err != nil {
			t.Errorf("decode of a trimmed checkpoint: %v", err)
		}
	}
	if _, err := encode(was, 100); err == nil {
		t.Error("a checkpoint that can't be small enough is written")
	}
}

// FuzzCheckpoint: whatever bytes stand in the checkpoint, a daemon that begins with them doesn't panic or hang, and
// what it saves at its end is taken by the next one. The number at a place in them is another one, as few changes of
// bytes leave what can be read.
func FuzzCheckpoint(f *testing.F) {
	c := newCellar(f)
	text := c.sample(f)
	f.Add([]byte(`{"version":1,"logs":{"/x":null}}`), uint16(9), int64(0))
	for at := range number.FindAllIndex(text, -1) {
		f.Add(text, uint16(at), []int64{0, 1 << 60, 253402300799}[at%3])
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16, n int64) {
		was, err := decode(replaced(data, int(at), n))
		if err != nil {
			return
		}
		for range 2 {
			saved, err := encode(c.live(t, was), maxCheckpoint)
			testkit.Must(t, err)
			if was, err = decode(saved); err != nil {
				t.Fatalf("what was saved isn't taken: %v\n%s", err, saved)
			}
		}
	})
}

// replaced is a checkpoint with n in the place of a number.
func replaced(text []byte, at int, n int64) []byte {
	numbers := number.FindAllSubmatchIndex(text, at+1)
	if at >= len(numbers) {
		return text
	}
	return slices.Concat(text[:numbers[at][2]], strconv.AppendInt(nil, n, 10), text[numbers[at][3]:])
}

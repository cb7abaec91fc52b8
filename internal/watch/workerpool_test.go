package watch

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/pipeline"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/report"
	"exiwatch/internal/testkit"
	"exiwatch/parser"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A transcript is everything that a pipeline tells.
type transcript struct{ strings.Builder }

func (t *transcript) listener() pipeline.Listener {
	alert := func(what string, a *window.Alert) {
		fmt.Fprintf(t, "%s %s %s %s thread %s, %d of %d, peak %d, %d messages from %s to %s, ended %s, %v %v\n", what,
			a.ID, a.Rule.String(), a.Value, a.Thread, a.Count, a.Limit,
			a.Peak, a.Messages, a.First, a.Last, a.Ended, a.Samples, a.Top(window.Subject, 0))
	}
	return pipeline.Listener{
		AllKeys: true,
		Arrival: func(a *parser.Arrival, w *window.Arrival) {
			fmt.Fprintf(t, "%s:%d %s %q %s\n", a.File, a.Line, w.At, w.Values, w.MessageID)
		},
		Counted: func(w *window.Arrival) { fmt.Fprintf(t, "counted %s\n", w.MessageID) },
		Other: func(e *parser.Entry) {
			fmt.Fprintf(t, "%s:%d kind %d %s %s %q %q %q %s\n", e.File, e.Line, e.Kind, e.MessageID, e.Reason,
				e.Directory, e.Arguments, e.User, e.Time)
		},
		Opened: func(all []*window.Alert) {
			for _, a := range all {
				alert("opened", a)
			}
		},
		Grew:  func(a *window.Alert) { alert("grew", a) },
		Ended: func(a *window.Alert) { alert("ended", a) },
	}
}

// anyLog generates a log with all that the order of its lines decides about: hours that occur twice, steps of the
// clock, late lines, entries in several lines or pieces, and rows of arrivals that open alerts.
func anyLog(t *rapid.T, zone *time.Location) []byte {
	var log bytes.Buffer
	now := time.Date(2026, 10, 25, 1, rapid.IntRange(0, 59).Draw(t, "minute"), 0, 0, zone)
	step := rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 4 * time.Minute, 9 * time.Minute}).Draw(t,
		"step")
	for i := range rapid.SampledFrom([]int{0, 1, 20, 60, 120}).Draw(t, "lines") {
		now = now.Add(step * rapid.SampledFrom([]time.Duration{0, 1, 2, 3}).Draw(t, "passes"))
		at := now
		switch rapid.IntRange(0, 40).Draw(t, "clock") { // lower numbers are drawn more often
		case 10:
			now = now.Add(-20 * time.Minute)
		case 20, 21:
			at = now.Add(-3 * time.Second)
		}
		stamp := at.Format("2006-01-02 15:04:05")
		id := fmt.Sprintf("1xV0%02d-0000%02d-0%d", i%100, i/100, i%7)
		who := rapid.SampledFrom([]string{"alice", "bob", "Carol"}).Draw(t, "who")
		arrival := fmt.Sprintf("%s %s <= %s@Lab.test H=(pc) [2001:db8::%d] P=esmtpsa A=plain:%[3]s S=%d T=\"Re: Offer %d\"", stamp, id, who, i%3, 100+i, i%4)
		switch 22 - rapid.IntRange(0, 22).Draw(t, "kind") {
		case 0:
			arrival = stamp + " " + id + ` <= "x` // breaks off
		case 1:
			arrival = `y" @z.test U=joe P=local S=5 T="x" for a@b`
		case 2:
			arrival = stamp + " " + id + ` <= root@b U=root P=local S=462 T="x" from <root@b> for "a`
		case 3:
			arrival = `b"@c.test`
		case 4:
			arrival = fmt.Sprintf("Oct 25 %s mx exim[%d]: [1/2] %s <= joe@b U=joe P=lo", at.Format("15:04:05"), i%3, id)
		case 5:
			arrival = fmt.Sprintf("Oct 25 %s mx exim[%d]: [2/2] cal S=7", at.Format("15:04:05"), i%3)
		case 6:
			arrival = stamp + " cwd=/home/joe 3 args: /usr/sbin/sendmail -t -i"
		case 7:
			arrival = stamp + " " + id + " Sender identification U=joe D=b S=joe@b"
		case 8:
			arrival = stamp + " " + id + " <= nobody"
		case 9:
			arrival = "\x00\x00" + arrival
		case 10:
			arrival = stamp + " " + id + " => x@y R=r T=smtp H=h [192.0.2.1]" +
				strings.Repeat("x", rapid.IntRange(0, 300).Draw(t, "long"))
		case 11:
			arrival = strings.Replace(arrival, "T=\"", `T="Gr\303\274\303\237e \"`+"x", 1) // decoded
		case 12:
			arrival = strings.Replace(arrival, stamp, stamp+" +0100", 1)
		}
		log.WriteString(arrival + "\n")
	}
	if rapid.Bool().Draw(t, "torn") {
		log.Truncate(max(log.Len()-1, 0))
	}
	return log.Bytes()
}

// TestPoolTellsWhatOneReaderTells: byte for byte and in the same order, whatever chunks the logs are read in and
// however many workers read them.
func TestPoolTellsWhatOneReaderTells(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	testkit.Must(t, err)
	c := configtest.Parse(t, "[count]\nonly = [\"all\"]\n[[rule]]\nkey = \"account\"\nlimit = 3\nwindow = \"5m\"\n[[rule]]\nkey = \"network\"\ncount = \"subjects\"\nlimit = 2\nwindow = \"1h\"\n")
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	again := 0
	rapid.Check(t, func(t *rapid.T) {
		var want, got transcript
		logs := [][]byte{anyLog(t, zone), anyLog(t, zone)}

		one, err := pipeline.New(c.Scopes, c.Rules, want.listener())
		testkit.Must(t, err)
		r := one.Reader(zone, now)
		for i, log := range logs {
			n := int64(0)
			for line := range bytes.Lines(log) {
				n++
				r.Line(parser.Place{File: fmt.Sprint(i), Line: n}, bytes.TrimSuffix(line, []byte("\n")))
			}
		}
		r.Flush()

		gathered := 0
		listener := got.listener()
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{1, 300, 3000, 1 << 17}), 1, 4).Draw(t, "chunks")
		var counts []*int
		listener.NewCollector = func() func([]report.Reception) {
			n := new(int)
			counts = append(counts, n)
			return func(all []report.Reception) { *n += len(all) }
		}
		many, err := pipeline.New(c.Scopes, c.Rules, listener)
		testkit.Must(t, err)
		var sources []Source
		for i, log := range logs {
			sources = append(sources, Source{Name: fmt.Sprint(i), Stream: bytes.NewReader(log)})
		}
		pool := newWorkerPool(t.Context(), many, sources, sizes, zone, now, nil)
		totals, err := pool.run()
		testkit.Must(t, err)
		if diff := cmp.Diff(want.String(), got.String()); diff != "" {
			t.Fatalf("of\n%s\nthe pool tells (-one reader +pool):\n%s", bytes.Join(logs, []byte("\n--\n")), diff)
		}
		for _, n := range counts {
			gathered += *n
		}
		if told := strings.Count("\n"+want.String(), "\n0:") + strings.Count("\n"+want.String(), "\n1:") - strings.Count(want.String(), " kind "); gathered != told {
			t.Fatalf("%d arrivals were gathered, want %d", gathered, told)
		}
		lines := 0
		for _, log := range logs {
			for range bytes.Lines(log) {
				lines++
			}
		}
		if totals.Bytes != int64(len(logs[0])+len(logs[1])) || totals.Lines != int64(lines) {
			t.Fatalf("%+v were read, want %d lines, %d bytes", totals, lines, len(logs[0])+len(logs[1]))
		}
		if pool.current != nil {
			again++
		}
	})
	if again == 0 {
		t.Error("no chunk was parsed again")
	}
}

// TestPoolCarriesTheStamp: a late line in the hour that occurs twice belongs to its second occurrence, because the chunk
// before has shown that the first one is over.
func TestPoolCarriesTheStamp(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	testkit.Must(t, err)
	c := configtest.Parse(t, "")
	var got []string
	p, err := pipeline.New(c.Scopes, nil, pipeline.Listener{Arrival: func(a *parser.Arrival, _ *window.Arrival) { got = append(got, a.Time.Format(time.RFC3339)) }})
	testkit.Must(t, err)
	log := "2026-10-25 03:05:00 1xV001-000000-01 <= a@b U=a P=local S=5\n2026-10-25 02:50:00 1xV001-000001-01 <= a@b U=a P=local S=5\n"
	sources := []Source{{Name: "-", Stream: strings.NewReader(log)}}
	_, err = newWorkerPool(t.Context(), p, sources, []int{1}, zone, time.Now(), nil).run()
	testkit.Must(t, err)
	if want := "[2026-10-25T03:05:00+01:00 2026-10-25T02:50:00+01:00]"; fmt.Sprint(got) != want {
		t.Errorf("read %v, want %s", got, want)
	}
}

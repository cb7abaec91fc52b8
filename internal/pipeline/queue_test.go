package pipeline

import (
	"bytes"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
	"exiwatch/parser"
)

// queueFor makes a pipeline that joins all arrivals that count.
func queueFor(tb testing.TB) *Pipeline {
	tb.Helper()
	c := configtest.Parse(tb, "[[rule]]\nkey = \"account\"\ncount = \"bounces\"\nlimit = 1000000\nwindow = \"5m\"\n")
	p, err := New(c.Scopes, c.Rules, Listener{})
	testkit.Must(tb, err)
	return p
}

// lines reads a log of so many arrivals, one a second, and calls behind after each.
func lines(p *Pipeline, n int, behind func(r *parser.Reader, stamp, id string)) {
	r := p.Reader(time.UTC, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for i := range n {
		stamp, id := at.Add(time.Duration(i)*time.Second).Format(time.DateTime), fmt.Sprintf("1xV000-%06d-00", i)
		r.Line(parser.Place{}, fmt.Appendf(nil, "%s %s <= u@lab.test U=joe P=local S=5", stamp, id))
		behind(r, stamp, id)
	}
}

// TestQueueIsBounded: beyond each bound the oldest are forgotten, and nothing else is.
func TestQueueIsBounded(t *testing.T) {
	few := queueBounds{queued: 8, handedOn: 4, early: 3, past: 16, pastText: 1000}
	has := func(p *Pipeline, i int) bool {
		return p.queue.byID[hashID(fmt.Appendf(nil, "1xV000-%06d-00", i))] != nil
	}

	p := queueFor(t)
	p.queue.bounds = few
	lines(p, 20, func(*parser.Reader, string, string) {})
	if q := p.queue; q.size != 8 || len(q.byID) != 8 || q.forgotten != 12 || !has(p, 12) || has(p, 11) {
		t.Errorf("%d messages are held, %d forgotten, want the newest 8 and 12", q.size, q.forgotten)
	}

	p = queueFor(t)
	p.queue.bounds = few
	lines(p, 20, func(r *parser.Reader, stamp, id string) {
		r.Line(parser.Place{}, []byte(stamp+" "+id+" => joe R=r T=t"))
		r.Line(parser.Place{}, []byte(stamp+" "+id+" Completed"))
	})
	if q := p.queue; q.size != 0 || len(q.handedOn) != 4 || len(q.byID) != 4 || !has(p, 16) || has(p, 15) {
		t.Errorf("%d completed messages are held, want the newest 4", len(q.handedOn))
	}
	if past := &p.queue.past; len(past.rows)-past.first != 16 || past.size > 1000 {
		t.Errorf("%d lines are kept, want 16", len(past.rows)-past.first)
	}

	p = queueFor(t)
	p.queue.bounds = few
	lines(p, 20, func(r *parser.Reader, stamp, id string) {
		r.Line(parser.Place{}, []byte(stamp+" "+strings.Replace(id, "V000", "V001", 1)+" >> x@far.test R=r T=t"))
		r.Line(parser.Place{}, []byte(stamp+" "+id+" ** x@far.test R=r T=t: "+strings.Repeat("x", 200)))
	})
	if q := p.queue; len(q.early) != 3 || !q.early.has(hashID([]byte("1xV001-000017-00"))) {
		t.Errorf("%d early lines are kept, want the newest 3", len(q.early))
	}
	if past := &p.queue.past; past.size > 1000 || past.size < 500 {
		t.Errorf("%d bytes of texts are kept, want at most 1000", past.size)
	}
}

// TestQueueForgetsTheSame: what is forgotten depends on the lines of the day alone, wherever reading begins.
func TestQueueForgetsTheSame(t *testing.T) {
	held := func(skip int) (ids []idHash) {
		p := queueFor(t)
		p.queue.bounds.queued = 8
		r, n := p.Reader(time.UTC, time.Time{}), 0
		for line := range strings.Lines(string(testkit.BusyLog(400))) {
			if n++; n > skip {
				r.Line(parser.Place{}, []byte(strings.TrimSuffix(line, "\n")))
			}
		}
		for m := p.queue.oldest; m != nil; m = m.newer {
			ids = append(ids, m.ids...)
		}
		return ids
	}
	for _, skip := range []int{1, 100, 300} {
		if got, want := fmt.Sprint(held(skip)), fmt.Sprint(held(0)); got != want {
			t.Errorf("without the first %d lines %s are held, want %s", skip, got, want)
		}
	}
}

// TestCompletedTwice: a message that a filter has handed back after it was completed is completed once more, and is
// used again for one other message alone.
func TestCompletedTwice(t *testing.T) {
	p := queueFor(t)
	r := p.Reader(time.UTC, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, line := range []string{
		"10:00:00 1xV001-000001-01 <= u@lab.test U=joe P=local S=5 id=a@b",
		"10:00:00 1xV001-000001-01 => filter R=r T=pipe",
		"10:00:00 1xV001-000001-01 Completed",
		"10:00:01 1xV001-000002-02 <= u@lab.test H=localhost [127.0.0.1] P=esmtp S=5 id=a@b",
		"10:00:01 1xV001-000002-02 => x@far.test R=r T=t H=h [203.0.113.1]",
		"10:00:01 1xV001-000002-02 Completed",
		"12:00:00 1xV001-000003-03 <= u@lab.test U=joe P=local S=5",
		"12:00:00 1xV001-000004-04 <= u@lab.test U=joe P=local S=5",
	} {
		r.Line(parser.Place{}, []byte("2026-11-20 "+line))
	}
	third, fourth := p.queue.byID[hashID([]byte("1xV001-000003-03"))], p.queue.byID[hashID([]byte("1xV001-000004-04"))]
	if third == nil || third == fourth || p.queue.size != 2 || len(p.queue.handedOn) != 0 {
		t.Errorf("%d messages are held, and two of them as one: %t", p.queue.size, third == fourth)
	}
}

// BenchmarkDeliveries reads a log that is three quarters delivery lines: as by default, where no client relays; where
// all do; and with rules that count what becomes of recipients.
func BenchmarkDeliveries(b *testing.B) {
	log := testkit.BusyLog(100_000)
	relayed := bytes.ReplaceAll(log, []byte("P=esmtpsa"), []byte("P=esmtps"))
	relayed = bytes.ReplaceAll(relayed, []byte(" [198.51."), []byte(" [10.51."))
	relayed = regexp.MustCompile(` A=\S+`).ReplaceAll(relayed, nil)
	for _, kind := range []struct {
		name string
		p    *Pipeline
		log  []byte
	}{
		{"default", pipelineFor(b, Listener{}), log}, {"relayed", pipelineFor(b, Listener{}), relayed},
		{"bounces", queueFor(b), log},
	} {
		b.Run(kind.name, func(b *testing.B) {
			p, log := kind.p, kind.log
			w := p.NewWorker(time.UTC, time.Now())
			w.Text = log
			b.ReportAllocs()
			b.SetBytes(int64(len(log)))
			for b.Loop() {
				w.Read()
				w.Apply(0, int64(len(log)))
			}
		})
	}
}

// BenchmarkQueueMemory holds 1,000 messages a second until Exim has completed them.
func BenchmarkQueueMemory(b *testing.B) {
	for _, until := range []int{10, 600} {
		b.Run(fmt.Sprintf("%ds", until), func(b *testing.B) {
			messages := until * 1000
			for b.Loop() {
				before := heap()
				p := queueFor(b)
				r := p.Reader(time.UTC, time.Now())
				at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
				for i := range messages {
					r.Line(parser.Place{}, fmt.Appendf(nil, "%s 1xV%03d-%06d-00 <= user%d@site.example H=(pc) [198.51.100.7] "+
						"P=esmtpsa A=plain:user%[4]d@site.example S=900 T=\"Offer %d\"",
						at.Add(time.Duration(i/1000)*time.Second).Format(time.DateTime), i%1000, i/1000, i%5000, i%300))
				}
				held := p.queue.size
				b.ReportMetric(float64(heap()-before)/float64(held), "bytes/message")
				b.ReportMetric(float64(held), "messages")
				b.ReportMetric(float64(p.queue.forgotten), "forgotten")
			}
		})
	}
}

// heap is how many bytes are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

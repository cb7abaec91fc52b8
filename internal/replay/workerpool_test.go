package replay

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/pipeline/pipelinetest"
	"exiwatch/internal/report"
	"exiwatch/internal/testkit"
	"exiwatch/parser"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestPoolTellsWhatOneReaderTells: byte for byte and in the same order, whatever chunks the logs are read in and
// however many workers read them.
func TestPoolTellsWhatOneReaderTells(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	testkit.Must(t, err)
	c := configtest.Parse(t, "[count]\nonly = [\"all\"]\n[[rule]]\nkey = \"account\"\nlimit = 3\nwindow = \"5m\"\n[[rule]]\nkey = \"network\"\ncount = \"subjects\"\nlimit = 2\nwindow = \"1h\"\n"+
		pipelinetest.Joined)
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	again := 0
	rapid.Check(t, func(t *rapid.T) {
		var want, got pipelinetest.Transcript
		logs := [][]byte{pipelinetest.AnyLog(t, zone), pipelinetest.AnyLog(t, zone)}

		one, err := pipeline.New(c.Scopes, c.Rules, want.Listener())
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
		listener := got.Listener()
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

// TestPoolCarriesTheStamp: a late line in the hour that occurs twice belongs to its second occurrence, because the
// chunk before has shown that the first one is over.
func TestPoolCarriesTheStamp(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	testkit.Must(t, err)
	c := configtest.Parse(t, "")
	var got []string
	p, err := pipeline.New(c.Scopes, nil, pipeline.Listener{Arrival: func(a *parser.Arrival, _ *window.Arrival) {
		got = append(got, a.Time.Format(time.RFC3339))
	}})
	testkit.Must(t, err)
	log := "2026-10-25 03:05:00 1xV001-000000-01 <= a@b U=a P=local S=5\n2026-10-25 02:50:00 1xV001-000001-01 <= a@b U=a P=local S=5\n"
	sources := []Source{{Name: "-", Stream: strings.NewReader(log)}}
	_, err = newWorkerPool(t.Context(), p, sources, []int{1}, zone, time.Now(), nil).run()
	testkit.Must(t, err)
	if want := "[2026-10-25T03:05:00+01:00 2026-10-25T02:50:00+01:00]"; fmt.Sprint(got) != want {
		t.Errorf("read %v, want %s", got, want)
	}
}

// TestPoolReadsCallsOnce: chunks of a log with a cwd= line before each arrival are parsed again only at their
// beginnings, and the pool tells what one reader tells, wherever a chunk ends.
func TestPoolReadsCallsOnce(t *testing.T) {
	c := configtest.Parse(t, "[[rule]]\nkey = \"user\"\nlimit = 3\nwindow = \"5m\"\n")
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, pause := range []time.Duration{0, time.Second, time.Minute} {
		log := testkit.CallsLog(200_000, pause)
		var want pipelinetest.Transcript
		one, err := pipeline.New(c.Scopes, c.Rules, want.Listener())
		testkit.Must(t, err)
		r := one.Reader(time.UTC, now)
		n := int64(0)
		for line := range bytes.Lines(log) {
			n++
			r.Line(parser.Place{File: "0", Line: n}, bytes.TrimSuffix(line, []byte("\n")))
		}
		r.Flush()
		for _, size := range []int{9_001, 20_011, 40_009, 60_013} {
			var got pipelinetest.Transcript
			many, err := pipeline.New(c.Scopes, c.Rules, got.Listener())
			testkit.Must(t, err)
			sources := []Source{{Name: "0", Stream: bytes.NewReader(log)}}
			pool := newWorkerPool(t.Context(), many, sources, []int{size, size}, time.UTC, now, nil)
			_, err = pool.run()
			testkit.Must(t, err)
			if diff := cmp.Diff(want.String(), got.String()); diff != "" {
				t.Fatalf("in chunks of %d, %v from call to call (-one reader +pool):\n%.2000s", size, pause, diff)
			}
			if chunks := int64(len(log)/size + 1); pool.reparsed > chunks*3*parser.Reach {
				t.Errorf("in chunks of %d, %v from call to call: %d of %d bytes were read again", size, pause,
					pool.reparsed, len(log))
			}
		}
	}
}

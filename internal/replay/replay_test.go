package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// replayed gives the message ids in the order they are read, and the totals.
func replayed(t *testing.T, sources ...Source) (ids []string, totals tailer.Totals, err error) {
	t.Helper()
	c := configtest.Parse(t, "")
	p, err := pipeline.New(c.Scopes, nil, pipeline.Listener{Arrival: func(a *parser.Arrival,
		_ *window.Arrival) {
		ids = append(ids, string(a.MessageID))
	}})
	testkit.Must(t, err)
	result, err := Run(t.Context(), p, sources, time.UTC, time.Now(), nil)
	return ids, result.Totals, err
}

// arrivalAt is a line of a given minute, which its message id names.
func arrivalAt(minute int) string {
	return fmt.Sprintf("2026-11-23 10:%02d:00 1xV001-0000%02d-01 <= a@b U=a P=local S=5\n", minute, minute)
}

func idsOf(minutes ...int) []string {
	var ids []string
	for _, m := range minutes {
		ids = append(ids, fmt.Sprintf("1xV001-0000%02d-01", m))
	}
	return ids
}

// TestReplayOrder: logs go by their first stamps, whatever order they are named in; one without stamps stays where it
// was named.
func TestReplayOrder(t *testing.T) {
	early := Source{Name: testkit.Write(t, "z", "no stamp here\n"+arrivalAt(1)+arrivalAt(5))}
	middle := Source{Name: testkit.Write(t, "a.gz", testkit.Gzip(t, arrivalAt(2)))}
	late := Source{Name: testkit.Write(t, "m", arrivalAt(3))}
	empty := Source{Name: testkit.Write(t, "e", "")}
	stream := func(text string) Source { return Source{Name: "standard input", Stream: strings.NewReader(text)} }
	for name, test := range map[string]struct {
		sources []Source
		want    []string
	}{
		"one":              {[]Source{early}, idsOf(1, 5)},
		"in order":         {[]Source{early, middle, late}, idsOf(1, 5, 2, 3)},
		"backwards":        {[]Source{late, middle, early}, idsOf(1, 5, 2, 3)},
		"with an empty":    {[]Source{late, empty, early}, idsOf(1, 5, 3)},
		"nothing":          {nil, nil},
		"only empty":       {[]Source{empty, empty}, nil},
		"stream alone":     {[]Source{stream(arrivalAt(4))}, idsOf(4)},
		"stream last":      {[]Source{stream(arrivalAt(4)), late, early}, idsOf(1, 5, 3, 4)},
		"stream between":   {[]Source{late, stream(arrivalAt(2) + arrivalAt(6)), early}, idsOf(1, 5, 2, 6, 3)},
		"compressed":       {[]Source{late, stream(testkit.Gzip(t, arrivalAt(2))), early}, idsOf(1, 5, 2, 3)},
		"compressed alone": {[]Source{stream(testkit.Gzip(t, arrivalAt(2)+arrivalAt(1)))}, idsOf(2, 1)},
		"empty stream":     {[]Source{late, stream(""), early}, idsOf(1, 5, 3)},
		"same stamp":       {[]Source{stream(arrivalAt(3) + arrivalAt(4)), late}, idsOf(3, 4, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := replayed(t, test.sources...)
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("read %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

// TestLongStreamAmongFiles: what was looked at for a stream's first stamp isn't lost, however long it is.
func TestLongStreamAmongFiles(t *testing.T) {
	var long strings.Builder
	var want []string
	for i := range 60_000 {
		minute := i / 1000
		long.WriteString(arrivalAt(minute))
		want = append(want, idsOf(minute)...)
	}
	if long.Len() < 3*peekSize {
		t.Fatalf("%d bytes are too few", long.Len())
	}
	file := Source{Name: testkit.Write(t, "later", strings.ReplaceAll(arrivalAt(7), " 10:", " 11:"))}
	got, totals, err := replayed(t, file, Source{Name: "standard input",
		Stream: iotest.HalfReader(strings.NewReader(long.String()))})
	if err != nil || !slices.Equal(got, append(want, idsOf(7)...)) {
		t.Errorf("read %d arrivals, %v, want %d", len(got), err, len(want)+1)
	}
	if totals.Lines != 60_001 {
		t.Errorf("%d lines, want 60001", totals.Lines)
	}
}

// TestReplayInAnyChunks: the log is the same however its bytes come.
func TestReplayInAnyChunks(t *testing.T) {
	log, err := os.ReadFile("../../fixtures/hostile.log")
	testkit.Must(t, err)
	want := found(t, bytes.NewReader(log))
	if !strings.Contains(want, "<=") || strings.Count(want, "\n") < 80 {
		t.Fatalf("too little is found in the fixture:\n%s", want)
	}
	for name, chunked := range map[string]func(io.Reader) io.Reader{
		"a byte": iotest.OneByteReader, "half": iotest.HalfReader, "the last with its end": iotest.DataErrReader,
		"7":    func(r io.Reader) io.Reader { return chunks{r, 7} },
		"8191": func(r io.Reader) io.Reader { return chunks{r, 8191} },
	} {
		if got := found(t, chunked(bytes.NewReader(log))); got != want {
			t.Errorf("in chunks of %s something else is found", name)
		}
	}
}

// chunks gives n bytes at a time.
type chunks struct {
	io.Reader
	n int
}

func (c chunks) Read(p []byte) (int, error) { return c.Reader.Read(p[:min(c.n, len(p))]) }

// found writes down everything a log holds.
func found(t *testing.T, log io.Reader) string {
	t.Helper()
	var out strings.Builder
	c := configtest.Parse(t, "[[rule]]\nlimit = 1")
	p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{
		Arrival: func(a *parser.Arrival, _ *window.Arrival) {
			fmt.Fprintf(&out, "%d <= %s %s %q %v\n", a.Line, a.MessageID, a.EnvelopeSender, a.Subject, a.Suspicious)
		},
		Other:  func(e *parser.Entry) { fmt.Fprintf(&out, "%d %d %s %s\n", e.Line, e.Kind, e.MessageID, e.Reason) },
		Opened: func(a []*window.Alert) { fmt.Fprintf(&out, "alert %s\n", a[0].ID) },
	})
	testkit.Must(t, err)
	_, err = Run(t.Context(), p, []Source{{Name: "log", Stream: log}}, time.UTC,
		time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), nil)
	testkit.Must(t, err)
	return out.String()
}

// TestReplayOfACutArchive: what is there is read, and the error says which file ends too early.
func TestReplayOfACutArchive(t *testing.T) {
	var log strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&log, "2026-11-23 10:00:00 1xV%03d-%06d-01 <= a%d@b U=a P=local S=%d\n", i%1000, i*7919,
			i*104729%9973, i*31)
	}
	whole := testkit.Gzip(t, log.String())
	broken := testkit.Write(t, "mainlog.2.gz", whole[:len(whole)/2])
	good := testkit.Write(t, "mainlog", arrivalAt(3))
	for _, names := range [][]string{{broken}, {broken, good}, {good, broken}} {
		var sources []Source
		for _, name := range names {
			sources = append(sources, Source{Name: name})
		}
		ids, _, err := replayed(t, sources...)
		if err == nil || !strings.Contains(err.Error(), broken) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("replaying %q = %v, want an unexpected end that names %s", names, err, broken)
		}
		if len(ids) < 100 {
			t.Errorf("replaying %q: %d arrivals were read before the error", names, len(ids))
		}
	}
}

func TestReplayOfWhatIsNoLog(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "nothing")
	if _, _, err := replayed(t, Source{Name: missing}); !errors.Is(err, os.ErrNotExist) ||
		!strings.Contains(err.Error(), missing) {
		t.Errorf("replaying a missing file = %v, want an error that names it", err)
	}
	if _, _, err := replayed(t, Source{Name: testkit.Write(t, "log", arrivalAt(1))}, Source{Name: missing}); !errors.Is(err,
		os.ErrNotExist) {
		t.Errorf("replaying a missing file behind another = %v, want an error", err)
	}
	folder := t.TempDir()
	if _, _, err := replayed(t, Source{Name: folder}); err == nil || !strings.Contains(err.Error(), folder) {
		t.Errorf("replaying a folder = %v, want an error that names it", err)
	}
	garbage := make([]byte, 300<<10)
	for i := range garbage {
		garbage[i] = byte(i * i >> 3)
	}
	if ids, totals, err := replayed(t, Source{Name: testkit.Write(t, "garbage", string(garbage))}); err != nil ||
		ids != nil || totals.Bytes != int64(len(garbage)) {
		t.Errorf("replaying garbage = %q, %+v, %v, want nothing", ids, totals, err)
	}
}

// TestReplayEndsWithItsContext though the log goes on.
func TestReplayEndsWithItsContext(t *testing.T) {
	c := configtest.Parse(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	p, err := pipeline.New(c.Scopes, nil, pipeline.Listener{Arrival: func(*parser.Arrival, *window.Arrival) {
		if n++; n == 10 {
			cancel()
		}
	}})
	testkit.Must(t, err)
	log := &endless{text: arrivalAt(1)}
	if _, err := Run(ctx, p, []Source{{Name: "standard input", Stream: log}}, time.UTC, time.Now(),
		nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Replay = %v, want %v", err, context.Canceled)
	}
}

// endless gives the same text for ever.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	return n, nil
}

// TestProgress goes from 0 to 1 and never back.
func TestProgress(t *testing.T) {
	c := configtest.Parse(t, "")
	p, err := pipeline.New(c.Scopes, nil, pipeline.Listener{})
	testkit.Must(t, err)
	text := strings.Repeat(arrivalAt(1), 20_000)
	sources := []Source{{Name: testkit.Write(t, "a", text)}, {Name: testkit.Write(t, "b", testkit.Gzip(t, text))}}
	var shares []float64
	_, err = Run(t.Context(), p, sources, time.UTC, time.Now(), func(done float64) { shares = append(shares, done) })
	testkit.Must(t, err)
	if len(shares) < 6 || !slices.IsSorted(shares) || shares[0] < 0 || shares[len(shares)-1] > 1 ||
		shares[len(shares)-1] < 0.9 {
		t.Errorf("progress = %v, want shares that rise to 1", shares)
	}
}

// TestFilteredArrivalsAreNotCounted: what Keep leaves out is neither told nor counted.
func TestFilteredArrivalsAreNotCounted(t *testing.T) {
	c := configtest.Parse(t, "[[rule]]\nlimit = 2\nwindow = '1d'")
	var told, alerts int
	p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{
		Keep:    func(a *parser.Arrival, _ *window.Arrival) bool { return a.Time.Minute() >= 3 },
		Arrival: func(*parser.Arrival, *window.Arrival) { told++ },
		Opened:  func(a []*window.Alert) { alerts += len(a) },
	})
	testkit.Must(t, err)
	log := arrivalAt(1) + arrivalAt(2) + arrivalAt(3) + arrivalAt(4)
	_, err = Run(t.Context(), p, []Source{{Name: "log", Stream: strings.NewReader(log)}}, time.UTC, time.Now(), nil)
	testkit.Must(t, err)
	if told != 2 || alerts != 0 {
		t.Errorf("%d arrivals told and %d alerts, want 2 and none", told, alerts)
	}
}

// TestEndIsTold: an alert ends when its count has been down for one whole window, which the next arrival shows,
// whoever's it is.
func TestEndIsTold(t *testing.T) {
	c := configtest.Parse(t, "[[rule]]\nlimit = 2\nwindow = '1m'")
	var told []string
	p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{
		Opened: func(a []*window.Alert) { told = append(told, "opened "+a[0].Opened.Format(time.TimeOnly)) },
		Ended:  func(a *window.Alert) { told = append(told, "ended "+a.Ended.Format(time.TimeOnly)) },
	})
	testkit.Must(t, err)
	others := strings.ReplaceAll(arrivalAt(8), "U=a P=local", "H=h [192.0.2.7] P=esmtp") // which aren't counted
	log := strings.Repeat(arrivalAt(1), 3) + others + strings.Repeat(arrivalAt(9), 3)
	_, err = Run(t.Context(), p, []Source{{Name: "log", Stream: strings.NewReader(log)}}, time.UTC, time.Now(), nil)
	testkit.Must(t, err)
	if want := []string{"opened 10:01:00", "ended 10:03:00", "opened 10:09:00"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

// brokenReader gives a text, and then an error.
func brokenReader(text string) io.Reader {
	return io.MultiReader(strings.NewReader(text), brokenStream{os.ErrPermission})
}

// TestReplayOfBrokenLogs: each is read up to where it breaks, its half line included; the errors name them, in their
// order.
func TestReplayOfBrokenLogs(t *testing.T) {
	late := arrivalAt(3)
	sources := []Source{
		{Name: "late", Stream: brokenReader(arrivalAt(2) + late[:len(late)-4])},
		{Name: "early", Stream: brokenReader(arrivalAt(1))},
		{Name: "none"},
		{Name: "last", Stream: bytes.NewReader([]byte(arrivalAt(4)))},
	}
	ids, totals, err := replayed(t, sources...)
	var broken *BrokenLogs
	if !errors.As(err, &broken) || len(broken.Errors) != 3 {
		t.Fatalf("Replay fails with %v, want three broken logs", err)
	}
	for i, name := range []string{"input at byte 60", "none", "input at byte 116"} {
		if !strings.Contains(broken.Errors[i].Error(), name) {
			t.Errorf("error %d is %v, want that of %s", i, broken.Errors[i], name)
		}
	}
	if want := idsOf(1, 2, 3, 4); !slices.Equal(ids, want) || totals.Lines != 4 {
		t.Errorf("read %q in %d lines, want %q in 4", ids, totals.Lines, want)
	}
	if !errors.Is(err, os.ErrPermission) {
		t.Errorf("%v hides what is wrong", err)
	}
}

// TestReplayOrderByName: names of cycled files go before first stamps, each log's for itself.
func TestReplayOrderByName(t *testing.T) {
	folder := t.TempDir()
	file := func(name string, minutes ...int) Source {
		text := ""
		for _, minute := range minutes {
			text += arrivalAt(minute)
		}
		testkit.Must(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
		return Source{Name: filepath.Join(folder, name)}
	}
	old, middle, young := file("mainlog.2", 20, 21), file("mainlog.1", 5), file("mainlog", 30)
	empty, dated := file("mainlog.3"), file("mainlog-20261122", 6)
	other, another := file("other.log.1", 10), file("other.log", 25)
	follows := func(s Source) Source { s.Behind = true; return s }
	for name, test := range map[string]struct {
		sources []Source
		want    []int
	}{
		"numbers":      {[]Source{middle, young, old}, []int{20, 21, 5, 30}},
		"an empty one": {[]Source{middle, empty, young, old}, []int{20, 21, 5, 30}},
		"two logs":     {[]Source{middle, another, young, old, other}, []int{10, 20, 21, 5, 25, 30}},
		"of two kinds": {[]Source{young, old, dated, middle}, []int{5, 6, 20, 21, 30}},
		"said":         {[]Source{young, follows(old), follows(middle)}, []int{30, 20, 21, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := replayed(t, test.sources...)
			if want := idsOf(test.want...); err != nil || !slices.Equal(got, want) {
				t.Errorf("read %q, %v, want %q", got, err, want)
			}
		})
	}
}

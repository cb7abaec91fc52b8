package parser

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// looksWhole is a cwd= line that is whole or looks so, breaksOff one whose folder's name goes on behind an LF, and
// ends0 the end of that name.
const (
	looksWhole = stamp0 + "cwd=/srv/k 1 args: x"
	breaksOff  = stamp0 + "cwd=/srv/k"
	ends0      = "z 2 args: sendmail -bp"
)

// from gives an arrival of somebody, so many seconds behind stamp0.
func from(who string, seconds int) string {
	at := time.Date(2026, 11, 23, 1, 53, 50+seconds, 0, time.UTC)
	return at.Format(time.DateTime) + " " + id0 + " <= " + who + "@b U=r P=local S=1"
}

func callAt(seconds int) string {
	at := time.Date(2026, 11, 23, 1, 53, 50+seconds, 0, time.UTC)
	return at.Format(time.DateTime) + " cwd=/srv/l 1 args: x"
}

const plainItems = " U=r P=local S=1"

// TestVerdicts: what is told of lines near a beginning.
func TestVerdicts(t *testing.T) {
	padding := stamp0 + strings.Repeat("x", 3000)
	for _, test := range []struct {
		name        string
		lines, want []string
	}{
		{"between a cwd= line that looks whole and an end", []string{looksWhole, from("a", 0), ends0, from("c", 0)},
			[]string{"2 injected", "3 injected", "4 arrival c@b" + plainItems}},
		{"a second end", []string{looksWhole, from("a", 0), ends0, from("b", 0), "y 3 args: z", from("c", 0)},
			[]string{"2 injected", "3 injected", "4 injected", "5 injected", "6 arrival c@b" + plainItems}},
		{"an end with the flag of an arrival in it", []string{looksWhole, from("a", 0), "z <= 2 args: x"},
			[]string{"2 injected", "3 injected"}},
		{"before the nearest beginning", []string{looksWhole, from("a", 0), looksWhole, ends0},
			[]string{"2 arrival a@b" + plainItems, "4 injected"}},
		{"an end out of reach", []string{looksWhole, from("a", 0), padding, padding, padding, ends0},
			[]string{"2 arrival a@b" + plainItems, "6 injected"}},
		{"real lines between two folders", []string{breaksOff, from("a", 0), looksWhole, "c" + ends0},
			[]string{"1 injected", "2 arrival a@b" + plainItems + " forgeable", "4 injected"}},
		{"behind the second folder, still within the first", []string{breaksOff, looksWhole, from("a", 0)},
			[]string{"1 injected", "3 arrival a@b" + plainItems + " forgeable"}},
		{"behind the reach of a folder", []string{breaksOff, padding, padding, padding, from("a", 0)},
			[]string{"1 injected", "5 arrival a@b" + plainItems}},
		{"a name that goes on behind its first end", []string{breaksOff, from("a", 0), "z 2 args: sendmail -t",
			from("b", 0), "y 3 args: z"},
			[]string{`1 submission "/srv/k\n` + from("a", 0) + `\nz"`, "2 injected", "4 injected", "5 injected"}},
		{"an end of another kind within a folder", []string{breaksOff, from("a", 0), "x S=5", from("b", 0),
			"z 2 args: sendmail -t"},
			[]string{`1 submission "/srv/k\n` + from("a", 0) + `\nx S=5\n` + from("b", 0) + `\nz"`, "2 injected",
				"3 injected", "4 injected"}},
		{"a stamp of ten minutes ahead", []string{looksWhole, from("a", 600), callAt(600), ends0, from("c", 1)},
			[]string{"2 arrival a@b" + plainItems + " forgeable", "4 injected", "5 arrival c@b" + plainItems}},
		{"such a stamp, and lines of its time", []string{looksWhole, from("a", 600), callAt(600), ends0,
			from("c", 601)},
			[]string{"2 arrival a@b" + plainItems, "4 injected", "5 arrival c@b" + plainItems}},
		{"such a stamp without an end", []string{looksWhole, from("a", 600), callAt(600), from("c", 1)},
			[]string{"2 arrival a@b" + plainItems, "4 arrival c@b" + plainItems}},
		{"such a stamp, denied before the end", []string{looksWhole, from("a", 600), looksWhole, ends0},
			[]string{"2 arrival a@b" + plainItems + " forgeable", "4 injected"}},
		{"such a stamp behind a beginning of its time",
			[]string{looksWhole, callAt(600), from("a", 600), callAt(600), ends0, from("c", 1)},
			[]string{"3 arrival a@b" + plainItems + " forgeable", "5 injected", "6 arrival c@b" + plainItems}},
		{"denied out of reach", []string{looksWhole, from("a", 600), callAt(600), ends0, padding[:20] +
			strings.Repeat("x", 8200), "x", from("c", 1)},
			[]string{"2 arrival a@b" + plainItems + " forgeable", "4 injected", "7 arrival c@b" + plainItems}},
	} {
		t.Run(test.name, func(t *testing.T) {
			log := strings.Join(test.lines, "\n") + "\n"
			checkEntries(t, entries(test.lines...), test.want)
			for size := 1; size <= min(len(log), 500); size++ {
				checkEntries(t, described(log, false, func(*Reader, int) {}, size), test.want)
			}
		})
	}
}

// described reads a log in chunks of whole lines, of at least so many bytes, and calls between after each.
func described(log string, deliveries bool, between func(r *Reader, read int), size int) (got []string) {
	r := NewReader(time.UTC, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		func(e *Entry) { got = append(got, describe(e)) })
	r.SetDeliveries(deliveries)
	n, read := int64(1), 0
	for len(log) > 0 {
		end := len(log)
		if i := strings.IndexByte(log[min(size, end)-1:], '\n'); i >= 0 {
			end = min(size, end) + i
		}
		chunk := []byte(log[:end])
		n += r.Lines(Place{"mainlog", n}, chunk)
		clear(chunk) // what is held must have been copied
		log = log[end:]
		read += end
		between(r, read)
	}
	r.Flush()
	return got
}

// TestPauseDecides: a daemon tells of an arrival as soon as the log is quiet, unless its stamp may be forged.
func TestPauseDecides(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
		held  bool // at the pause
	}{
		{"an arrival behind a cwd= line", []string{looksWhole, from("a", 0)}, false},
		{"one of ten minutes later", []string{looksWhole, from("a", 600)}, false},
		{"an entry that breaksOff off", []string{breaksOff, from("a", 0)}, false},
		{"a stamp that may be forged", []string{looksWhole, from("a", 600), callAt(600), ends0}, true},
		{"one that has come", []string{looksWhole, from("a", 30), callAt(30), ends0}, false},
	} {
		r := NewReader(time.UTC, at0.Add(time.Minute), func(*Entry) {})
		for i, line := range test.lines {
			r.Line(Place{"mainlog", int64(i + 1)}, []byte(line))
		}
		if r.Pause(); r.Holding() != test.held {
			t.Errorf("%s: holding is %v, want %v", test.name, r.Holding(), test.held)
		}
		r.Line(Place{}, []byte(from("b", 601)))
		if r.Pause(); r.Holding() {
			t.Errorf("%s: lines are held behind the next write", test.name)
		}
	}
}

// at0 is stamp0.
var at0 = time.Date(2026, 11, 23, 1, 53, 50, 0, time.UTC)

// A forger draws what Exim writes at once, of honest calls and of forged ones. Forged stamps are not of long ago: see
// the limit in doc.go.
type forger struct {
	t   *rapid.T
	now int // seconds behind stamp0
}

func (f *forger) pick(what string, of ...string) string { return rapid.SampledFrom(of).Draw(f.t, what) }

// write draws one write.
func (f *forger) write() string {
	f.now += rapid.SampledFrom([]int{0, 0, 1, 3, 30, 700}).Draw(f.t, "passes")
	at := f.now - rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(f.t, "late")
	stamp := from("", at)[:20]
	switch rapid.IntRange(0, 9).Draw(f.t, "kind") {
	case 0, 1, 2:
		return callAt(at) + "\n"
	case 3, 4:
		return from("honest", at) + "\n"
	case 5:
		return stamp + id0 + " => x@y R=r T=t" + strings.Repeat("x",
			rapid.SampledFrom([]int{0, 100, 3000}).Draw(f.t, "long")) + "\n"
	case 6:
		return stamp + "cwd=/srv 2 args: sendmail -t\n" // more of what is in reach
	case 7:
		return stamp + id0 + ` <= a@b U=r P=local S=9 for "a` + "\n" + f.forged() + `z"@d` + "\n"
	}
	return stamp + f.pick("folder", "cwd=/srv/f", "cwd=/srv/f 1 args: x", "[4711] cwd=/srv/f") + "\n" + f.forged() +
		ends0 + "\n"
}

// forged draws lines inside a write.
func (f *forger) forged() string {
	var b strings.Builder
	for range rapid.IntRange(0, 6).Draw(f.t, "forged") {
		at := f.now + rapid.SampledFrom([]int{0, 0, 2, 600, 1200}).Draw(f.t, "ahead")
		b.WriteString(f.pick("line", from("victim", at), from("victim", at), callAt(at),
			from("", at)[:20]+"cwd=/srv/g", from("", at)[:20]+"x",
			from("", at)[:20]+id0+` <= v@b U=r P=local S=9 for "a`, `y"@d`, "y 3 args: z", "y S=5", "y <= 1 args: z",
			"", from("", at)[:20]+strings.Repeat("x", 1500)) + "\n")
		if b.Len() > 6500 {
			break
		}
	}
	return b.String()
}

// TestPausesChangeNothing: whenever a daemon finds the log quiet, between any two writes, it tells what a replay tells.
func TestPausesChangeNothing(t *testing.T) {
	early := 0
	rapid.Check(t, func(t *rapid.T) {
		f := forger{t: t}
		var log strings.Builder
		ends := map[int]bool{}
		written := map[int]time.Time{} // by the wall clock
		for range rapid.SampledFrom([]int{3, 10, 30}).Draw(t, "writes") {
			log.WriteString(f.write())
			ends[log.Len()] = rapid.Bool().Draw(t, "quiet")
			written[log.Len()] = at0.Add(time.Duration(f.now) * time.Second)
		}
		deliveries := rapid.Bool().Draw(t, "deliveries")
		want := described(log.String(), deliveries, func(*Reader, int) {}, 1)
		for _, size := range []int{1, 200, 1 << 20} {
			got := described(log.String(), deliveries, func(r *Reader, read int) {
				if ends[read] {
					r.SetReference(written[read])
					r.Pause()
				}
			}, size)
			if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
				t.Fatalf("with pauses, in chunks of %d:\n%s\nwithout:\n%s\nof\n%s", size, g, w,
					numbered(log.String(), ends))
			}
		}
		for _, line := range want {
			if strings.HasPrefix(strings.SplitN(line, " ", 2)[1], "arrival victim") &&
				strings.HasSuffix(line, "forgeable") {
				early++
			}
		}
	})
	if early == 0 {
		t.Error("no forged arrival was told as one that may be forged")
	}
}

// numbered shows a log with its lines' numbers, and where it was quiet.
func numbered(log string, ends map[int]bool) string {
	var b strings.Builder
	n, at := 0, 0
	for line := range strings.Lines(log) {
		n++
		fmt.Fprintf(&b, "%d %.120s\n", n, strings.TrimSuffix(line, "\n"))
		at += len(line)
		if quiet, ok := ends[at]; ok {
			fmt.Fprintf(&b, "-- end of a write, quiet %v\n", quiet)
		}
	}
	return b.String()
}

// TestFoldersThatForge reads the logs that came of attacks.
func TestFoldersThatForge(t *testing.T) {
	const cases = "../../shared/cases/evasion/"
	if _, err := os.Stat(cases); err != nil {
		t.Skip("the cases stand beside the project only where it is developed")
	}
	for name, want := range map[string]string{
		"hidden-between-brackets": "30 of nobody@mx.test, forgeable; 2 injected",
		"framed-by-a-folder":      "60 injected",
		"clock-moved-by-a-folder": "45 of nobody@mx.test; 6 injected",
	} {
		log, err := os.ReadFile(cases + name + ".log")
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		r := NewReader(time.UTC, time.Time{}, func(e *Entry) {
			switch {
			case e.Kind == Injected:
				counts["injected"]++
			case e.Kind == Reception && e.Arrival.Forgeable:
				counts["of "+string(e.Arrival.EnvelopeSender)+", forgeable"]++
			case e.Kind == Reception:
				counts["of "+string(e.Arrival.EnvelopeSender)]++
			}
		})
		r.Lines(Place{"mainlog", 1}, bytes.Clone(log))
		r.Flush()
		var got []string
		for _, what := range []string{"of boss@corp.test", "of a@b.test", "of nobody@mx.test",
			"of nobody@mx.test, forgeable", "injected"} {
			if counts[what] > 0 {
				got = append(got, fmt.Sprint(counts[what], " ", what))
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, "; "), want)
		}
	}
}

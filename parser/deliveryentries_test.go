package parser

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A deliveryLog draws logs with delivery lines in all places where one can stand, and in all that wrappers make of it.
type deliveryLog struct {
	forger
	sure map[int64]string // delivery lines that are surely real, by their numbers: flag and address
	text bytes.Buffer
	line int64 // number of the last one
}

func drawDeliveryLog(t *rapid.T) *deliveryLog {
	l := &deliveryLog{forger: forger{t: t}, sure: map[int64]string{}}
	forges := rapid.Bool().Draw(t, "forges")
	for range rapid.SampledFrom([]int{1, 3, 10, 30}).Draw(t, "writes") {
		if rapid.IntRange(0, 2).Draw(t, "other") == 0 {
			if text := l.write(); forges || strings.Count(text, "\n") == 1 && strings.Contains(text, "1 args") {
				l.add(text)
			}
			continue
		}
		l.delivery(!forges)
	}
	return l
}

func (l *deliveryLog) add(text string) {
	l.text.WriteString(text)
	l.line += int64(strings.Count(text, "\n"))
}

// delivery adds a delivery line.
func (l *deliveryLog) delivery(sure bool) {
	at := at0.Add(time.Duration(l.now) * time.Second)
	stamp := at.Format(time.DateTime) + " "
	id := l.pick("id", id0, "1xVJFe-00000003lGb-2Iab")
	flag := l.pick("flag", "=>", "->", ">>", "**", "==", "*>", "Completed", "Frozen", "frozen by root", "Unfrozen by joe")
	text := flag
	if len(flag) == 2 {
		text += fmt.Sprintf(" a%d@b R=r T=t H=h [192.0.2.1]", l.line)
		if flag == "==" {
			text += " defer (-44): no"
		}
	}
	want := text
	line := l.pick("pid", "", "", "[47] ") + id + " " + text
	text = stamp + line
	switch rapid.IntRange(0, 7).Draw(l.t, "wrapper") {
	case 0:
		text = at.Format(time.Stamp) + " mx exim[9]: " + text
	case 1:
		text = fmt.Sprintf(`{"MESSAGE":%q}`, text)
	case 2:
		text = "\x00\x00" + text
	case 3:
		text += "\r"
	case 4:
		head := at.Format(time.Stamp) + " mx exim[9]: "
		cut := rapid.IntRange(len(id)+1, len(line)-1).Draw(l.t, "cut")
		text = head + "[1/2] " + stamp + line[:cut] + "\n" + head + "[2/2] " + line[cut:]
	}
	if sure {
		l.sure[l.line+1] = want
	}
	l.add(text + "\n")
}

// TestDeliveriesChangeNothing: a Reader that emits delivery lines emits the same other entries, and each delivery line
// once, in the order of the log, however the log is read.
func TestDeliveriesChangeNothing(t *testing.T) {
	equal := cmp.Options{cmp.AllowUnexported(Entry{})}
	rapid.Check(t, func(t *rapid.T) {
		l := drawDeliveryLog(t)
		log := l.text.Bytes()
		var without []Entry
		r := NewReader(time.UTC, quickReference, func(e *Entry) { without = append(without, clonedEntry(e)) })
		r.Lines(Place{"mainlog", 1}, log)
		r.Flush()
		var others []Entry
		all := told(log, true)
		got, last := map[int64]string{}, int64(0)
		for _, e := range all {
			if e.Kind != DeliveryLine {
				others = append(others, e)
				continue
			}
			if got[e.Line] != "" || e.Line <= last && !strings.Contains(string(log), "[1/2]") {
				t.Fatalf("line %d is emitted behind line %d, of\n%s", e.Line, last, log)
			}
			got[e.Line], last = string(e.Text[e.Column-1:]), e.Line
			if e.Forgeable && len(l.sure) > 0 {
				t.Fatalf("line %d is forgeable, of\n%s", e.Line, log)
			}
		}
		if diff := cmp.Diff(without, others, equal); diff != "" {
			t.Fatalf("with delivery lines (+), of\n%s\n%s", log, diff)
		}
		if diff := cmp.Diff(l.sure, got); len(l.sure) > 0 && diff != "" {
			t.Fatalf("delivery lines (-want +got), of\n%s\n%s", log, diff)
		}
		if diff := cmp.Diff(told(log, false), all, equal); diff != "" {
			t.Fatalf("the short way (+), of\n%s\n%s", log, diff)
		}
		if diff := cmp.Diff(toldInTurn(t, log), all, equal); diff != "" {
			t.Fatalf("readers in turn (-), of\n%s\n%s", log, diff)
		}
	})
}

// toldInTurn gives what Readers tell that go on for each other, behind any line.
func toldInTurn(t *rapid.T, log []byte) (all []Entry) {
	emit := func(e *Entry) { all = append(all, clonedEntry(e)) }
	r, other := NewReader(time.UTC, quickReference, emit), NewReader(time.UTC, quickReference, emit)
	r.SetDeliveries(true)
	other.SetDeliveries(true)
	n := int64(0)
	for line := range bytes.Lines(log) {
		if n++; rapid.IntRange(0, 3).Draw(t, "turn") == 0 {
			other.TakeOver(r, 0)
			r.Restart()
			r, other = other, r
		}
		chunk := bytes.Clone(line)
		r.Lines(Place{"mainlog", n}, chunk)
		clear(chunk) // what is held must have been copied
	}
	r.Flush()
	return all
}

// TestForgedDeliveries: a delivery line that may stand inside another entry isn't taken for a real one.
func TestForgedDeliveries(t *testing.T) {
	const sent = stamp0 + id0 + " => a@b R=r T=t"
	for _, test := range []struct {
		name  string
		lines []string
		want  string // of the delivery lines
	}{
		{"behind a cwd= line", []string{looksWhole, sent, from("a", 0)}, "2 delivery 0"},
		{"inside an entry that ends", []string{looksWhole, sent, ends0, sent}, "4 delivery 0"},
		{"behind an entry that breaks off", []string{breaksOff, sent, looksWhole, "c" + ends0},
			"2 delivery forgeable 0"},
		{"inside an arrival", []string{stamp0 + id0 + ` <= a@b U=r P=local S=9 for "a`, sent, `z"@d`, sent},
			"4 delivery 0"},
		{"inside a JSON string", []string{`{"MESSAGE":"` + stamp0 + id0 + ` <= a@b U=r P=local S=9\n` + sent + `"}`}, ""},
	} {
		log := strings.Join(test.lines, "\n") + "\n"
		for size := 1; size <= len(log); size++ {
			var got []string
			for _, s := range described(log, true, func(*Reader, int) {}, size) {
				if text, _, ok := strings.Cut(s, " of "); ok && strings.Contains(s, " delivery ") {
					got = append(got, text)
				}
			}
			if g := strings.Join(got, "; "); g != test.want {
				t.Fatalf("%s, in chunks of %d: %s, want %s", test.name, size, g, test.want)
			}
		}
	}
}

package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/pipeline/pipelinetest"
	"exiwatch/parser"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestJoinIsAsDefined compares the join of delivery lines and arrivals with a joinModel.
func TestJoinIsAsDefined(t *testing.T) {
	var seen joinedSoFar
	rapid.Check(t, func(t *rapid.T) {
		text := pipelinetest.DrawDeliveryConfig(t)
		c, err := config.Parse("test.toml", []byte(text))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		log := pipelinetest.DrawDeliveryLog(t, rapid.SampledFrom([]int{5, 20, 60, 120}).Draw(t, "lines"))
		m := newJoinModel(t, &c, rapid.Bool().Draw(t, "tells fates"))
		var got heard
		p := got.pipeline(t, &c, m.tells)
		r := p.Reader(time.UTC, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
		for i := range log {
			r.Line(parser.Place{File: "0", Line: int64(i + 1)}, []byte(log[i].Text))
			m.line(&log[i])
			if diff := cmp.Diff(m.told, got.told); diff != "" {
				t.Fatalf("told (-want +got):\n%s\nof\n%s\n%s", diff, text, textOf(log[:i+1]))
			}
		}
		var wants []string
		for _, a := range m.alerts {
			if a.fates == "" {
				a.fates = m.fatesOf(a, m.n+1)
			}
			if a.stale {
				a.fates = "stale"
				seen.stale++
			}
			seen.alerts++
			wants = append(wants, alertText(a.Alert)+" "+a.fates)
		}
		slices.Sort(wants)
		if diff := cmp.Diff(wants, got.alertTexts(wants)); diff != "" {
			t.Fatalf("alerts (-want +got):\n%s\nof\n%s\n%s", diff, text, textOf(log))
		}
		if m.tells && got.unjoined != m.unjoined {
			t.Fatalf("%d lines aren't joined, want %d, of\n%s", got.unjoined, m.unjoined, textOf(log))
		}
	})
	if seen.alerts == 0 || seen.stale == seen.alerts {
		t.Errorf("%d of %d alerts aren't compared", seen.stale, seen.alerts)
	}
}

// TestReachSuffices: whoever begins to read a log at least Reach before a place, tells the same of the alerts that open
// from there on.
func TestReachSuffices(t *testing.T) {
	alerts := 0
	rapid.Check(t, func(t *rapid.T) {
		text := pipelinetest.DrawDeliveryConfig(t)
		c, err := config.Parse("test.toml", []byte(text))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		log := pipelinetest.DrawDeliveryLog(t, 120)
		fates := rapid.Bool().Draw(t, "tells fates")
		begin := rapid.IntRange(1, 60).Draw(t, "begin")
		var from time.Time
		read := func(log []pipelinetest.DeliveryLogLine) (texts []string) {
			var h heard
			p := h.pipeline(t, &c, fates)
			from = log[0].At.Add(time.Duration(p.Reach()) * time.Second)
			r := p.Reader(time.UTC, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
			for i := range log {
				r.Line(parser.Place{File: "0", Line: int64(i + 1)}, []byte(log[i].Text))
			}
			return h.alertTexts(nil)
		}
		got := read(log[begin:])
		since := from
		want := read(log)
		old := func(text string) bool {
			var opened int64
			_, rest, _ := strings.Cut(text, " opened ")
			if _, err := fmt.Sscan(rest, &opened); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			return opened < since.Unix()
		}
		got, want = slices.DeleteFunc(got, old), slices.DeleteFunc(want, old)
		if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")); diff != "" {
			t.Fatalf("begun at line %d (+):\n%s\nof\n%s\n%s", begin+1, diff, text, textOf(log))
		}
		alerts += len(want)
	})
	if alerts == 0 {
		t.Error("no alert opened behind a place that was begun at")
	}
}

type joinedSoFar struct{ alerts, stale int }

func textOf(log []pipelinetest.DeliveryLogLine) string {
	var b strings.Builder
	for i := range log {
		fmt.Fprintln(&b, log[i].Text)
	}
	return b.String()
}

// A heard is what a pipeline tells.
type heard struct {
	told   []string
	alerts []*window.Alert

	unjoined int64
}

func (h *heard) pipeline(t fataler, c *config.Config, fates bool) *pipeline.Pipeline {
	listener := pipeline.Listener{
		Opened: func(all []*window.Alert) { h.alerts = append(h.alerts, all...) },
		Counted: func(w *window.Arrival) {
			h.told = append(h.told, fmt.Sprintf("counted %s as %d at %d", w.MessageID, w.Nature, w.At.Unix()))
		},
		Relayed: func(w *window.Arrival) { h.told = append(h.told, fmt.Sprintf("relayed %s", w.MessageID)) },
	}
	if fates {
		listener.Unjoined = func(window.Nature) { h.unjoined++ }
		listener.Fate = func(w *window.Arrival) {
			h.told = append(h.told, fmt.Sprintf("fate %d of %s", w.Nature, w.MessageID))
		}
	}
	p, err := pipeline.New(c.Scopes, c.Rules, listener)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

// alertText says what an alert is, but for the fates.
func alertText(a *window.Alert) string {
	return fmt.Sprintf("%s %s opened %d by %s, %d messages, %d recipients, ended %d", a.Rule.String(), a.Value,
		a.Opened.Unix(), a.CrossedBy, a.Messages, a.Recipients, a.Ended.Unix())
}

// alertTexts says all of the alerts. The fates of those that are wanted as stale aren't compared.
func (h *heard) alertTexts(wants []string) (texts []string) {
	for _, a := range h.alerts {
		text := alertText(a)
		if slices.Contains(wants, text+" stale") {
			texts = append(texts, text+" stale")
			continue
		}
		refusals := map[string]map[string]int64{}
		for _, r := range a.Refusals(0) {
			refusals[r.Text] = map[string]int64{"": r.Recipients}
			for _, host := range r.Hosts {
				refusals[r.Text][host] = 0
			}
		}
		texts = append(texts, fmt.Sprintf("%s %+v %v", text, a.Fates, refusals))
	}
	slices.Sort(texts)
	return texts
}

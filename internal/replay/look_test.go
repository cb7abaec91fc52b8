package replay

import (
	"context"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/parser"
	"exiwatch/window"
)

// TestLooks: what is said of each source is the same, wherever its portions end, and whatever of them is read twice.
func TestLooks(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	log := testkit.OddLog(at)
	for _, cut := range []int{1, 200, 300 << 10, len(log)} {
		cut += strings.IndexByte(log[cut-1:], '\n')
		sum, whole, before := pipeline.Look{}, parser.Judgement{}, int64(0)
		p, err := pipeline.New(config.Scopes{"": {}}, nil, pipeline.Listener{
			Keep: func(_ *parser.Arrival, w *window.Arrival) bool {
				return string(w.Values[window.Sender]) == "u1@lab.test"
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		sources := []Source{{Name: "a", Stream: strings.NewReader(log[:cut])}, {Name: "b",
			Stream: strings.NewReader(log[cut:])}}
		result, err := Run(context.Background(), p, sources, time.UTC, at, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range result.Sources {
			sum.Join(l.Look)
			whole.Join(&l.Judgement, before)
			before = int64(strings.Count(log[:cut], "\n"))
		}
		want := pipeline.Look{Arrivals: 4000, Kept: 2000, First: at, Last: at.Add(3999 * time.Second)}
		if sum != want {
			t.Errorf("cut at %d: the arrivals are %+v, want %+v", cut, sum, want)
		}
		if whole.Entries != 4016 || whole.Strange != 8 || whole.Others != 8 || whole.FirstStrange.Line != 254 {
			t.Errorf("cut at %d: judged %+v", cut, whole)
		}
	}
}

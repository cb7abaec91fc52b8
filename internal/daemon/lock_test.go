package daemon

import (
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/readsocket"
	"exiwatch/window"
)

// BenchmarkAnswer is a question to a daemon that counts.
func BenchmarkAnswer(b *testing.B) {
	d := &Daemon{counters: newCountersLock(), now: time.Now}
	term := readsocket.Term{Key: window.Sender, Value: "alice@lab.test"}
	rules := []window.Rule{{Key: window.Sender, Limit: 20, Window: time.Hour}}
	for range 2 {
		p, err := pipeline.New(config.Scopes{"": {}}, rules, pipeline.Listener{})
		if err != nil {
			b.Fatal(err)
		}
		for i := range 21 {
			w := window.Arrival{At: time.Now().Add(time.Duration(i) * time.Second)}
			w.Values[window.Sender] = pipeline.LookupForms(term)[0]
			p.Counters().Count(&w)
		}
		l := follow.New(b.TempDir()+"/none", p, follow.Options{Zone: time.UTC, Now: time.Now})
		l.NoteTime(new(follow.Batch), time.Now())
		d.logs = append(d.logs, l)
	}
	q := readsocket.Question{Terms: []readsocket.Term{term}}
	for b.Loop() {
		if _, over, err := d.answer(b.Context(), q); !over || err != nil {
			b.Fatal(over, err)
		}
	}
}

package watch

import (
	"testing"
	"time"

	"exiwatch/internal/readsocket"
	"exiwatch/parser"
	"exiwatch/window"
)

// BenchmarkAnswer is a question to a daemon that counts.
func BenchmarkAnswer(b *testing.B) {
	d := &Daemon{turn: newTurn(), now: time.Now}
	for range 2 {
		p, err := NewPipeline(nil, nil, Listener{})
		if err != nil {
			b.Fatal(err)
		}
		if p.counters, err = window.New([]window.Rule{{Key: window.Sender, Limit: 20, Window: time.Hour}}); err != nil {
			b.Fatal(err)
		}
		for i := range 21 {
			var w window.Arrival
			p.valuer.values(&parser.Arrival{Time: time.Now().Add(time.Duration(i) * time.Second),
				EnvelopeSender: []byte("alice@lab.test")}, &w)
			p.counters.Count(&w)
		}
		l := &followed{path: b.TempDir() + "/none", pipeline: p}
		l.taken(&batch{}, time.Now())
		d.logs = append(d.logs, l)
	}
	q := readsocket.Question{Terms: []readsocket.Term{{Key: window.Sender, Value: "alice@lab.test"}}}
	for b.Loop() {
		if _, over, err := d.answer(b.Context(), q); !over || err != nil {
			b.Fatal(over, err)
		}
	}
}

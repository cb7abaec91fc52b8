package mailer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkStorm delivers what waits after a storm to a mail server that takes each mail at once.
func BenchmarkStorm(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n, "-wait"), func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				s := stormed(b, n)
				b.StartTimer()
				deliverStorm(b, s, n)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/mail")
		})
	}
}

// stormed is a spool in which n mails wait.
func stormed(b *testing.B, n int) *Spool {
	dir := b.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, waitingDir), 0o700); err != nil {
		b.Fatal(err)
	}
	for i := range n {
		m := mailOf(fmt.Sprintf("m%06d", i))
		e, err := newEntry(m, time.Now())
		if err != nil {
			b.Fatal(err)
		}
		e.Seq = int64(i) + 1
		file, err := e.file(m.Data)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, waitingDir, e.name()+".eml"), file, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	s, err := OpenSpool(dir)
	if err != nil {
		b.Fatal(err)
	}
	s.DropUncommitted(s.Last())
	s.ResolveUncertain(time.Now())
	return s
}

func deliverStorm(b *testing.B, s *Spool, n int) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	s.Run(ctx, transport(func(context.Context, Message) error { return nil }), func(ev Result) {
		if ev.Err != nil || !ev.Sent {
			b.Errorf("%+v", ev)
		}
		if n--; n == 0 {
			cancel()
		}
	})
}

package watch

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
)

// busyLog is a log of so many lines, a quarter of them arrivals of some thousands of accounts.
func busyLog(lines int) []byte {
	var log bytes.Buffer
	rnd := rand.New(rand.NewPCG(1, 2))
	account, subject := rand.NewZipf(rnd, 1.15, 8, 5000), rand.NewZipf(rnd, 1.1, 6, 3000)
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range lines {
		if i%12 == 0 {
			at = at.Add(time.Second)
		}
		stamp, id := at.Format(time.DateTime), fmt.Sprintf("1xV%03d-%06d-%02d", i%1000, i/1000, i%100)
		if i%4 > 0 {
			fmt.Fprintf(&log,
				"%s %s => someone%d@example.com R=dnslookup T=remote_smtp H=mx.example.com [192.0.2.1] X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes C=\"250 OK\"\n", stamp, id, i%99)
			continue
		}
		n := account.Uint64()
		fmt.Fprintf(&log,
			"%s %s <= user%d@site%d.example H=(pc) [198.51.%d.%d] P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no A=dovecot_plain:user%[3]d@site%[4]d.example S=%d id=%x@site.example T=\"Offer %d for you\" for x%[3]d@example.com\n",
			stamp, id, n, n%400, n/250, n%250, 400+i%9000, i, subject.Uint64())
	}
	return log.Bytes()
}

// BenchmarkReplay reads a log with the default rule and all rankings.
func BenchmarkReplay(b *testing.B) {
	log := busyLog(200_000)
	path := filepath.Join(b.TempDir(), "mainlog")
	if err := os.WriteFile(path, log, 0o600); err != nil {
		b.Fatal(err)
	}
	for name, open := range map[string]func() Source{
		"file":   func() Source { return Source{Name: path} },
		"stream": func() Source { return Source{Name: "-", Stream: bytes.NewReader(log)} },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(log)))
			b.ReportAllocs()
			for b.Loop() {
				sum := new(report.Summary)
				p := pipelineFor(b, Listener{Costly: true, Arrival: sum.Arrival, Gather: sum.NewCollector, Other: sum.Other,
					Opened: sum.Opened, Grew: sum.Grew})
				if _, err := p.Replay(b.Context(), []Source{open()}, time.UTC, time.Now(), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCount is what the sequential part takes of each arrival.
func BenchmarkCount(b *testing.B) {
	h := &hand{portion: portion{text: busyLog(100_000)}}
	p := pipelineFor(b, Listener{})
	c := newCrew(b.Context(), p, nil, time.UTC, time.Now(), nil)
	h.pipeline, h.reader = p, c.reader(h.entry)
	h.read()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i == len(h.finds) {
			i = 0
		}
		f := &h.finds[i]
		p.reception(&f.arrival, &f.values, f.counts)
	}
}

func pipelineFor(b *testing.B, listener Listener) *Pipeline {
	b.Helper()
	c := config.Default()
	p, err := NewPipeline(c.Scopes, c.Rules, listener)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

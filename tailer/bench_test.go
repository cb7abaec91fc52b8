package tailer

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// benchLog is 32 MiB of lines as long as arrivals are.
func benchLog() []byte {
	line := "2026-11-23 10:00:00 1xVJ4Z-0001uh-14 <= somebody@example.org H=client.example [192.0.2.7]:4455 P=esmtpsa " +
		"X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no A=dovecot_login:somebody@example.org S=12345 id=1234@example.org\n"
	return bytes.Repeat([]byte(line), 32<<20/len(line))
}

func BenchmarkScanLines(b *testing.B) {
	log := benchLog()
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ScanLines(bytes.NewReader(log), "mainlog", func(Line) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFollowCatchUp(b *testing.B) {
	log := filepath.Join(b.TempDir(), "mainlog")
	text := benchLog()
	if err := os.WriteFile(log, text, 0o640); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	caughtUp := errors.New("caught up")
	for b.Loop() {
		f := Follower{Path: log}
		err := f.Follow(context.Background(), func(line Line) error {
			if line.End.Offset == int64(len(text)) {
				return caughtUp
			}
			return nil
		}, nil)
		if err != caughtUp {
			b.Fatal(err)
		}
	}
}

package parser

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzReader holds the Reader to what must be true of any log: each line that looks like an arrival is told of just
// once, in whatever way; what is told stands in the log; and NULs in front of a line change nothing.
func FuzzReader(f *testing.F) {
	logs, _ := filepath.Glob("../fixtures/logs/*.log")
	logs = append(logs, "../fixtures/hostile.log")
	for _, name := range logs {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for chunk := range slicesOf(b, 8) {
			f.Add(chunk)
		}
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		if bytes.Contains(log, []byte("[")) && bytes.ContainsAny(log, "/\\") && bytes.Contains(log, []byte("]: ")) {
			return // pieces of syslog lines, which are joined or lost
		}
		arrivals := 0
		lines := bytes.Split(log, []byte("\n"))
		for _, line := range lines {
			if _, ok := looksLikeArrival(bytes.ReplaceAll(line, []byte{0}, nil)); ok {
				arrivals++
			}
		}
		told := 0
		r := NewReader(time.UTC, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), func(e *Entry) {
			switch e.Kind {
			case Reception:
				told++
				checkArrival(t, e.Arrival, log)
			case Malformed, Injected:
				if e.MessageID != nil {
					told++
				}
				if e.Reason == "" || e.Column < 1 {
					t.Errorf("line %d has no reason or column: %+v", e.Line, e)
				}
			}
		})
		for i, line := range lines {
			r.Line(Place{"mainlog", int64(i + 1)}, line)
		}
		r.Flush()
		if told != arrivals {
			t.Errorf("%d of %d lines that look like arrivals are told of", told, arrivals)
		}
	})
}

func checkArrival(t *testing.T, a *Arrival, log []byte) {
	clean := bytes.ReplaceAll(log, []byte{0}, nil)
	for _, item := range [][]byte{a.MessageID, a.EnvelopeSender, a.BounceOf, a.Host, a.Helo, a.HostAddress, a.Ident,
		a.Protocol,
		a.TLS, a.Authenticator, a.AuthenticatedID, a.AuthenticatedSender, a.HeaderMessageID, a.ReceivedSender,
		a.RecipientList} {
		if !bytes.Contains(clean, item) {
			t.Errorf("%q isn't in the log", item)
		}
	}
	if !utf8.Valid(a.Subject) {
		t.Errorf("the subject %q is no UTF-8", a.Subject)
	}
	n := 0
	for r := range a.Recipients() {
		if n++; len(r) == 0 {
			t.Errorf("an empty recipient in %q", a.RecipientList)
		}
	}
	if n != a.RecipientCount {
		t.Errorf("%d recipients in %q, counted %d", n, a.RecipientList, a.RecipientCount)
	}
	if a.AuthenticatedID != nil && bytes.IndexByte(a.AuthenticatedID, '\n') >= 0 {
		t.Errorf("an LF in the id %q", a.AuthenticatedID)
	}
}

// slicesOf yields b in runs of n lines.
func slicesOf(b []byte, n int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		lines := bytes.SplitAfter(b, []byte("\n"))
		for len(lines) > 0 {
			k := min(n, len(lines))
			if !yield(bytes.Join(lines[:k], nil)) {
				return
			}
			lines = lines[k:]
		}
	}
}

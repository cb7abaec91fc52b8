package daemon

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWarningsAreGathered(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string,
		a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return a
	}}))
	var w warnings
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for line := range 20_000 {
		w.add(log, now, "forged", "line", line)
		if line == 0 {
			w.add(log, now, "cut", "line", line)
		}
		now = now.Add(3 * time.Millisecond)
		w.tell(log, now, false)
	}
	w.add(log, now, "cut", "line", 7)
	w.tell(log, now, true)
	want := []string{
		"msg=forged line=0", "msg=cut line=0", "msg=forged line=19999 more=19999", "msg=cut line=7",
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(out.String()), "\n")); diff != "" {
		t.Error(diff)
	}
}

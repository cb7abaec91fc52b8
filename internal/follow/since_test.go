package follow

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/tailer"
	"exiwatch/window"
)

// TestSince: a log that is followed for the first time is read from the file on that holds the second, and what goes
// with it. A checkpoint says more than Since.
func TestSince(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mainlog")
	for name, hour := range map[string]int{"mainlog.2": 1, "mainlog.1": 5, "mainlog": 10} {
		testkit.Append(t, filepath.Join(dir, name), fmt.Sprintf(
			"2026-11-23 %02d:00:00 1xV001-%06d-01 <= a@lab.test H=(x) [192.0.2.1] P=esmtp S=400\n", hour, hour))
	}
	c := configtest.Parse(t, "[[rule]]\nkey = 'script'\nlimit = 1\nwindow = '1m'\n")
	row, err := tailer.Members(path)
	testkit.Must(t, err)
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	resume := func(since time.Duration, saved *Checkpoint) *LiveLog {
		p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{})
		testkit.Must(t, err)
		l := New(path, p, Options{Zone: time.UTC, Now: time.Now, Stopping: context.Background(),
			Log: slog.New(slog.DiscardHandler), Since: day.Add(since).Unix()})
		testkit.Must(t, l.Resume(saved))
		return l
	}
	for since, want := range map[time.Duration]tailer.Member{
		-time.Hour: row[0], 2 * time.Hour: row[0],
		6 * time.Hour: row[0], // calls come before their arrivals
		8 * time.Hour: row[1], 11 * time.Hour: row[1], 13 * time.Hour: row[2],
	} {
		if l := resume(since, nil); l.follower.From != want.Start || l.CatchingUp() {
			t.Errorf("since %v it is read from %v, want %v; silently: %t", since, l.follower.From, want.Start,
				l.CatchingUp())
		}
	}
	end, err := row[2].At(row[2].Size)
	testkit.Must(t, err)
	saved := &Checkpoint{ResumePoint: ResumePoint{Position: end, Clock: window.Clock{Now: day.Unix()}}}
	saved.Base.Position = end
	if l := resume(time.Hour, saved); l.follower.From.Offset != end.Offset {
		t.Errorf("with a checkpoint it is read from %v, want %v", l.follower.From, end)
	}
}

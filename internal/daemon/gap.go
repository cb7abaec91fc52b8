package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"exiwatch/internal/follow"
	"exiwatch/internal/private"
	"exiwatch/tailer"
)

// A Gap is a file of a log, or the rest of one, that was never counted, because it could not be read for too long.
type Gap struct {
	Log   string          `json:"log"`
	Path  string          `json:"path"` // a file, or a folder that could not be listed
	From  tailer.Position `json:"from"` // where the counting stopped; Offset 0: nothing of it was counted
	Size  int64           `json:"size"` // bytes as stored; -1 if unknown
	Since time.Time       `json:"since"`
	Until time.Time       `json:"until"`
	Error string          `json:"error"`
	// Mailed says that a mail has named it.
	Mailed bool `json:"mailed,omitempty"`
}

// Place is the file, and from where on it is missing.
func (g *Gap) Place() string {
	if g.From.Offset > 0 {
		return fmt.Sprintf("%s from byte %d on", g.Path, g.From.Offset)
	}
	return g.Path
}

// How many gaps are kept, and for how long.
const (
	maxGaps = 16
	gapTime = 30 * 24 * time.Hour
)

// recent returns the gaps that still matter.
func recent(gaps []Gap, now time.Time) (kept []Gap) {
	kept = slices.DeleteFunc(slices.Clone(gaps), func(g Gap) bool { return now.Sub(g.Until) >= gapTime })
	return kept[max(len(kept)-maxGaps, 0):]
}

// skipped notes a file of a log that was left out. Here the daemon may differ from a replay.
func (d *Daemon) skipped(l *follow.LiveLog, gap tailer.Gap) {
	g := Gap{
		Log: l.Path, Path: gap.Path, From: gap.From, Size: gap.Size,
		Since: gap.Since.Round(0), Until: gap.Until.Round(0), Error: gap.Err.Error(),
	}
	d.Log.Error("a file of the log was left out, as it could not be read: alerts may be missing", "log", l.Path,
		"file", g.Path, "from_byte", g.From.Offset, "size", g.Size, "since", g.Since, "problem", gap.Err)
	d.gaps = recent(append(d.gaps, g), d.now())
	d.stats.skipped++
	d.outbox.due = true
	l.PassOver(gap)
}

// newGaps: see outbox.
func (d *Daemon) newGaps() (places []string) {
	for i := range d.gaps {
		if g := &d.gaps[i]; !g.Mailed {
			places = append(places, g.Place())
			g.Mailed = true
		}
	}
	return places
}

// Gaps returns which files were left out in the last 30 days, as the checkpoint in a state folder has it.
func Gaps(dir string, now time.Time) ([]Gap, error) {
	file, err := private.Open(filepath.Join(dir, checkpointFile), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	gaps, err := readGaps(file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file.Name(), err)
	}
	return recent(gaps, now), nil
}

// readGaps reads a checkpoint only up to its large parts. The gaps stand before them.
func readGaps(r io.Reader) (gaps []Gap, err error) {
	in := json.NewDecoder(io.LimitReader(r, maxCheckpoint))
	if _, err := in.Token(); err != nil { // {
		return nil, err
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, err
		}
		switch name {
		case "gaps":
			err = in.Decode(&gaps)
			return gaps, err
		case "mailbag", "own", "logs":
			return nil, nil
		}
		var skipped json.RawMessage
		if err := in.Decode(&skipped); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

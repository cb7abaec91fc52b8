package replay

import (
	"context"
	"io"
	"slices"
	"time"

	"exiwatch/internal/journal"
	"exiwatch/tailer"
)

// SourcesOf gives the files of a main log in the daemon's order, its cycled ones first, or the journal. Files may have
// been cycled into other folders, too.
func SourcesOf(ctx context.Context, path string, cycledTo []string) ([]Source, error) {
	if j, ok := journal.Of(path); ok {
		return []Source{{Name: path, Open: func() (io.ReadCloser, error) { return j.Open(ctx) }}}, nil
	}
	names, err := tailer.MemberPaths(path, cycledTo...)
	if err != nil {
		return nil, err
	}
	sources := make([]Source, len(names))
	for i, name := range names {
		sources[i] = Source{Name: name, Behind: i > 0}
	}
	return sources, nil
}

// WithoutCopies leaves out files that copy the beginning of another one, as the daemon does.
func WithoutCopies(sources []Source) (kept []Source, copies []tailer.Copy) {
	isFile := func(s Source) bool { return s.Stream == nil && s.Open == nil }
	var paths []string
	for _, s := range sources {
		if isFile(s) {
			paths = append(paths, s.Name)
		}
	}
	copies = tailer.Copies(paths)
	return slices.DeleteFunc(sources, func(s Source) bool {
		return isFile(s) && slices.ContainsFunc(copies, func(c tailer.Copy) bool { return c.Path == s.Name })
	}), copies
}

// Since leaves out the files of a log that end before a time, as the first stamp of the next file tells. The sources
// are in the daemon's order.
func Since(sources []Source, at time.Time, zone *time.Location, now time.Time) []Source {
	first := len(sources) - 1
	for ; first > 0 && sources[first].Behind; first-- {
		begins, err := sources[first].FirstStamp(zone, now)
		if err == nil && !begins.IsZero() && !begins.After(at) {
			break
		}
	}
	return sources[max(first, 0):]
}

package tailer

import (
	"fmt"
	"path/filepath"
)

// Missing names the rotated files of a log that its numbers pass over: mainlog.2 between mainlog.3 and mainlog.1. The
// paths are those of the log's files, the oldest first. Names with dates or without numbers tell nothing.
func Missing(log string, paths []string) (gaps []string) {
	names := newLogNames(filepath.Base(log))
	last := 0 // generation.number
	for _, path := range paths {
		a, _, ok := names.match(filepath.Base(path))
		if !ok || a.stamp != "" || a.unclear {
			last = 0
			continue
		}
		lowest := max(a.number, 1) + 1 // some rotate to .0 first, others to .1
		if last-1 == lowest {
			gaps = append(gaps, fmt.Sprintf("%s.%d", log, lowest-1))
		} else if last-1 > lowest {
			gaps = append(gaps, fmt.Sprintf("%s.%d to .%d", log, last-2, lowest-1))
		}
		last = a.number
	}
	return gaps
}

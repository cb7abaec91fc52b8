package tailer

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Predecessors gives, for each path, the indices of those paths that come before it, going by their names alone. Files
// belong together if Members would find them for one log. A rotated file comes before the log itself. Of two rotated
// files the higher number or the earlier date comes first, if all have numbers or all have dates. If two folders hold
// files of the same age, each folder has a log of its own. Names such as - tell nothing.
func Predecessors(paths []string) [][]int {
	before := make([][]int, len(paths))
	for _, log := range groupByLog(paths) {
		told := namesGiveOrder(log)
		for _, a := range log {
			for _, b := range log {
				if a.compare(b.generation) < 0 && (b.log || told) {
					before[b.at] = append(before[b.at], a.at)
				}
			}
		}
	}
	return before
}

// A memberPath is a path with its age among those of a log.
type memberPath struct {
	generation
	at   int // in the list of paths
	path string
}

// groupByLog gives the files of each log. The name that matches most files is a log's.
func groupByLog(paths []string) (logs [][]memberPath) {
	names := possibleNames(paths)
	var left []memberPath
	for i, path := range paths {
		left = append(left, memberPath{at: i, path: path})
	}
	for {
		var most []memberPath
		for _, name := range names {
			if log := matchAll(left, newLogNames(name)); len(log) > len(most) {
				most = log
			}
		}
		if len(most) < 2 {
			return logs
		}
		left = slices.DeleteFunc(left, func(p memberPath) bool {
			return slices.ContainsFunc(most, func(taken memberPath) bool { return taken.at == p.at })
		})
		logs = append(logs, splitByFolder(most)...)
	}
}

// matchAll gives those of the paths left that belong to a log of these names.
func matchAll(left []memberPath, r logNames) (log []memberPath) {
	for _, p := range left {
		age, _, ok := r.match(filepath.Base(p.path))
		if p.generation = age; ok && !age.foreign {
			log = append(log, p)
		}
	}
	return log
}

// possibleNames gives the names that logs with these files may have: first names that are among the files, then shorter
// ones. A log that isn't there itself is recognized by dates, and by numbers behind a dot: part-1.log is no rotated
// part.log.
func possibleNames(paths []string) []string {
	there := make(map[string]bool)
	var names []string
	for _, path := range paths {
		base := filepath.Base(path)
		plain := strings.TrimSuffix(base, compression.FindString(base))
		there[base] = true
		names = append(names, base)
		names = append(names, withoutGeneration(plain, "")...)
		if ext := filepath.Ext(plain); ext != "" {
			names = append(names, withoutGeneration(strings.TrimSuffix(plain, ext), ext)...)
		}
		for i := range plain {
			if a, ok := parseGeneration("-" + plain[:i]); ok && a.stamp != "" && !a.unclear {
				names = append(names, plain[i:])
			}
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.ContainsFunc(name, unicode.IsLetter) })
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(falseFirst(!there[a], !there[b]), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return slices.Compact(names)
}

// withoutGeneration gives the names, each with ext, of logs for which stem can be a rotated file's name.
func withoutGeneration(stem, ext string) (names []string) {
	for i := 1; i < len(stem); i++ {
		if a, ok := parseGeneration(stem[i:]); ok && !a.unclear && (a.stamp != "" || stem[i] == '.') {
			names = append(names, stem[:i]+ext)
		}
	}
	return names
}

// splitByFolder splits the files of one log by folder, if two of them have the same age.
func splitByFolder(log []memberPath) [][]memberPath {
	folders := make(map[string][]memberPath)
	twice := false
	for i, p := range log {
		folder := filepath.Dir(p.path)
		folders[folder] = append(folders[folder], p)
		twice = twice || slices.ContainsFunc(log[:i], func(q memberPath) bool {
			return q.generation == p.generation && filepath.Dir(q.path) != folder
		})
	}
	if twice {
		return slices.Collect(maps.Values(folders))
	}
	return [][]memberPath{log}
}

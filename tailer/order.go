package tailer

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Predecessors gives for each of paths which others come before it, going by their names alone: as indices. Files belong
// together if Row finds their names for one log. Of these a cycled one comes before the log itself; and a higher number
// before a lower one, an earlier date before a later one, if all have numbers or all have dates. Of two folders that
// hold files of the same age each has a log of its own. Names such as - tell nothing.
func Predecessors(paths []string) [][]int {
	before := make([][]int, len(paths))
	for _, log := range logsOf(paths) {
		told := namesTell(log, func(p placed) age { return p.age })
		for i, a := range log {
			for _, b := range log[:i] {
				switch order := a.age.compare(b.age); {
				case order < 0 && (a.log || b.log || told):
					before[b.at] = append(before[b.at], a.at)
				case order > 0 && (a.log || b.log || told):
					before[a.at] = append(before[a.at], b.at)
				}
			}
		}
	}
	return before
}

// A placed file has an age among those of a log.
type placed struct {
	age
	at   int // in the list of paths
	path string
}

// logsOf gives the files of each log; the name that places most files is a log's.
func logsOf(paths []string) (logs [][]placed) {
	names := ownNames(paths)
	left := make(map[int]bool)
	for i := range paths {
		left[i] = true
	}
	for len(names) > 0 {
		var most []placed
		for _, name := range names {
			if log := placeAll(paths, left, newRow(name)); len(log) > len(most) {
				most = log
			}
		}
		if len(most) < 2 {
			break
		}
		for _, p := range most {
			delete(left, p.at)
		}
		logs = append(logs, byFolder(most)...)
	}
	return logs
}

// placeAll gives those paths left that belong to a row.
func placeAll(paths []string, left map[int]bool, r row) (log []placed) {
	for i, path := range paths {
		if !left[i] {
			continue
		}
		if age, _, ok := r.place(filepath.Base(path)); ok && !age.foreign {
			log = append(log, placed{age, i, path})
		}
	}
	return log
}

// ownNames are the names that logs may have of which paths are files: first those that are there themselves, then
// shorter ones. A log that isn't there is known by dates, and by numbers behind a dot: part-1.log is no cycled
// part.log.
func ownNames(paths []string) []string {
	there := make(map[string]bool)
	var names []string
	for _, path := range paths {
		base := filepath.Base(path)
		plain := strings.TrimSuffix(base, compression.FindString(base))
		there[base] = true
		names = append(names, base)
		names = append(names, without(plain, "")...)
		if ext := filepath.Ext(plain); ext != "" {
			names = append(names, without(strings.TrimSuffix(plain, ext), ext)...)
		}
		for i := range plain {
			if a, ok := readAge("-" + plain[:i]); ok && a.stamp != "" && !a.unclear {
				names = append(names, plain[i:])
			}
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.ContainsFunc(name, unicode.IsLetter) })
	slices.SortFunc(names, func(a, b string) int {
		if there[a] != there[b] {
			if there[a] {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return slices.Compact(names)
}

// without gives the log's names, each with ext, of which stem can be that of a cycled file.
func without(stem, ext string) (names []string) {
	for i := 1; i < len(stem); i++ {
		if a, ok := readAge(stem[i:]); ok && !a.unclear && (a.stamp != "" || stem[i] == '.') {
			names = append(names, stem[:i]+ext)
		}
	}
	return names
}

// byFolder parts files of the same names into those of each folder, if two of them have the same age.
func byFolder(log []placed) [][]placed {
	folders := make(map[string][]placed)
	var order []string
	twice := false
	for i, p := range log {
		folder := filepath.Dir(p.path)
		if folders[folder] == nil {
			order = append(order, folder)
		}
		folders[folder] = append(folders[folder], p)
		twice = twice || slices.ContainsFunc(log[:i], func(q placed) bool {
			return q.age == p.age && filepath.Dir(q.path) != folder
		})
	}
	if !twice {
		return [][]placed{log}
	}
	var logs [][]placed
	for _, folder := range order {
		logs = append(logs, folders[folder])
	}
	return logs
}

package tailer

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A logNames knows which file names belong to one main log and to its rotated files.
type logNames struct {
	own       string         // the log's own name
	stem, ext string         // own in two parts; ext begins with the last dot, and is empty if there is none
	pattern   *regexp.Regexp // if the name holds a date: its groups are the date and the rest; else nil
	otherLogs []string       // words in the names of Exim's other logs that this name doesn't hold
}

// newLogNames takes the last element of a main log's path. %D and %M in it are Exim's ("Log files", log_file_path).
func newLogNames(pattern string) logNames {
	r := logNames{own: pattern}
	for _, word := range []string{"reject", "panic", "debuglog"} { // %s of log_file_path
		if !strings.Contains(pattern, word) {
			r.otherLogs = append(r.otherLogs, word)
		}
	}
	for _, date := range [][2]string{{"%M", "([0-9]{6})"}, {"%D", "([0-9]{8})"}} { // with both, %D counts
		if before, after, ok := strings.Cut(pattern, date[0]); ok {
			r.pattern = regexp.MustCompile("^" + regexp.QuoteMeta(before) + date[1] + regexp.QuoteMeta(after) + "(.*)$")
		}
	}
	r.ext = filepath.Ext(pattern)
	r.stem = strings.TrimSuffix(pattern, r.ext)
	if r.stem == "" {
		r.stem, r.ext = pattern, ""
	}
	return r
}

// isStamped tells whether the name of the log at path changes with the date.
func isStamped(path string) bool {
	name := filepath.Base(path)
	return strings.Contains(name, "%D") || strings.Contains(name, "%M")
}

// compression matches the endings of names of compressed files and archives. Not all of these formats can be read: Open
// says which can't.
var compression = regexp.MustCompile(
	`(?:(?:\.tar)?\.(?:gz|bz2|xz|zst|lzma|lz4|Z|lz|lzo)|\.(?:tar|zip|7z|rar|tgz|tbz2?|txz))$`)

// match tells how old a file of this name is, and which ending its compression gave it. ok is false if the file doesn't
// belong to the log.
func (r logNames) match(name string) (a generation, cut string, ok bool) {
	if r.isOtherLog(name) {
		return generation{}, "", false
	}
	if name == r.own {
		return generation{log: true}, "", true
	}
	cut = compression.FindString(name)
	plain := strings.TrimSuffix(name, cut)
	if r.pattern != nil {
		a, ok = r.matchDated(plain)
		return a, cut, ok
	}
	if plain == r.own {
		return generation{log: true}, cut, false // nobody compresses a log in use
	}
	a, ok = r.matchPlain(plain)
	return a, cut, ok
}

// isOtherLog tells whether a name is that of another log of Exim's, or of an editor's swap file.
func (r logNames) isOtherLog(name string) bool {
	other := func(word string) bool { return strings.Contains(name, word) }
	return slices.ContainsFunc(r.otherLogs, other) || strings.HasSuffix(name, ".swp") || strings.HasSuffix(name, ".swx")
}

// matchDated is match for a log whose name holds a date.
func (r logNames) matchDated(plain string) (a generation, ok bool) {
	parts := r.pattern.FindStringSubmatch(plain)
	if parts == nil {
		return generation{}, false
	}
	if parts[2] != "" {
		if a, ok = parseGeneration(parts[2]); !ok || a.unclear {
			return generation{}, false
		}
	}
	return generation{stamp: parts[1] + a.stamp, number: a.number}, true
}

// matchPlain is match for a name that begins or ends like the log's: mainlog-20261122 and 20261122-mainlog, or with an
// extension main-20261122.log and main.1.log. If the rest explains nothing, the file is foreign until its entries show
// whose it is.
func (r logNames) matchPlain(plain string) (a generation, ok bool) {
	var parts []string
	if rest, ok := strings.CutPrefix(plain, r.own); ok {
		parts = append(parts, rest)
	}
	if rest, ok := strings.CutPrefix(plain, r.stem); ok && r.ext != "" {
		if rest, ok = strings.CutSuffix(rest, r.ext); ok {
			parts = append(parts, rest)
		}
	}
	if rest, ok := strings.CutSuffix(plain, r.own); ok {
		parts = append(parts, "-"+rest)
	}
	for _, part := range parts {
		if a, ok := parseGeneration(part); ok {
			return a, true
		}
	}
	return generation{unclear: true, foreign: true}, parts != nil
}

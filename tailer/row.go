package tailer

import (
	"cmp"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A row knows the names of one main log and of what it is cycled to.
type row struct {
	name    *regexp.Regexp // groups: stamp, what is behind the log's own name
	stamped bool           // the log's own name holds a date
}

// newRow takes the last element of a main log's path, in which %D and %M are Exim's ("Log files", log_file_path).
func newRow(pattern string) row {
	before, after, digits := pattern, "", "{0}"
	if b, a, ok := strings.Cut(pattern, "%D"); ok {
		before, after, digits = b, a, "{8}"
	} else if b, a, ok := strings.Cut(pattern, "%M"); ok {
		before, after, digits = b, a, "{6}"
	}
	name := "^" + regexp.QuoteMeta(before) + "([0-9]" + digits + ")" + regexp.QuoteMeta(after) + "(.*)$"
	return row{regexp.MustCompile(name), digits != "{0}"}
}

// isStamped tells whether the name of the log at path changes with the date.
func isStamped(path string) bool {
	name := filepath.Base(path)
	return strings.Contains(name, "%D") || strings.Contains(name, "%M")
}

// place tells how old a file of this name is among the row's, and what to cut for its name without compression; ok is
// false for what doesn't belong to the row.
func (r row) place(name string) (a age, cut string, ok bool) {
	parts := r.name.FindStringSubmatch(name)
	if parts == nil {
		return age{}, "", false
	}
	cut = compression.FindString(parts[2])
	a, ok = cycledAge(strings.TrimSuffix(parts[2], cut))
	switch {
	case r.stamped:
		a = age{stamp: parts[1] + a.stamp, number: a.number}
	case a.log && cut != "":
		ok = false // nobody compresses a log in use
	}
	return a, cut, ok
}

var (
	compression = regexp.MustCompile(`\.(gz|bz2|xz|zst|lzma)$`)
	numbered    = regexp.MustCompile(`^\.([0-9]{1,3})$`)
	dated       = regexp.MustCompile(`^[-._](?:19|20)[0-9]{2}[-._]?[01][0-9](?:[-._T]?[0-9]+)*$`)
	separators  = strings.NewReplacer("-", "", ".", "", "_", "", "T", "")
)

// cycledAge reads what a cycled log has behind its name: nothing, a number or a date.
//
// Note: exicyclog's intermediate mainlog.$$ looks like a number only while process ids have three digits; it is empty.
func cycledAge(suffix string) (age, bool) {
	if suffix == "" {
		return age{log: true}, true
	}
	if n := numbered.FindStringSubmatch(suffix); n != nil {
		number, err := strconv.Atoi(n[1])
		return age{number: number + 1}, err == nil
	}
	if dated.MatchString(suffix) {
		return age{stamp: separators.Replace(suffix)}, true
	}
	return age{}, false
}

// An age orders a row: the log itself is the youngest, then by stamp, then by how often it was cycled.
type age struct {
	log    bool
	stamp  string // digits, as many as the name holds
	number int    // 0 without one, else the name's and one more
}

// compare is negative if a is older than b.
func (a age) compare(b age) int {
	switch {
	case a.log != b.log && a.log:
		return 1
	case a.log != b.log:
		return -1
	}
	return cmp.Or(cmp.Compare(a.stamp, b.stamp), cmp.Compare(b.number, a.number))
}

package chaos

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A row is the cycled files of a log, oldest first, under the names that one of the usual programs gives them.
type row struct {
	t      *testing.T
	base   string // path of the log
	scheme string
	files  []cycledFile
}

type cycledFile struct {
	stem string // the name without suffix
	zip  string // suffix of its compression, "" while it is plain
}

// The naming schemes.
const (
	numbered = "numbered" // mainlog.1, mainlog.2.gz: logrotate
	digits   = "digits"   // mainlog.01: exicyclog
	dateext  = "dateext"  // mainlog-20261123-101500: logrotate
	stamped  = "stamped"  // %D in log_file_path: Exim changes the name itself
)

var schemes = []string{numbered, digits, dateext, stamped}

// maxRow is how many cycled files are kept: so many that none goes which anybody may still have to read.
const maxRow = 90

// vacate makes room for one more cycled file, and gives its name.
func (r *row) vacate(at time.Time) string {
	if len(r.files) == maxRow {
		testkit.Must(r.t, os.Remove(r.files[0].path()))
		r.files = r.files[1:]
	}
	for i := range r.files { // the oldest first, so that each name is free
		r.shift(&r.files[i], len(r.files)-i+1)
	}
	r.files = append(r.files, cycledFile{stem: r.name(1, at)})
	return r.files[len(r.files)-1].stem
}

// shift gives a file its next number.
func (r *row) shift(f *cycledFile, number int) {
	if r.scheme != numbered && r.scheme != digits {
		return
	}
	before := f.path()
	f.stem = r.name(number, time.Time{})
	testkit.Must(r.t, os.Rename(before, f.path()))
}

func (r *row) name(number int, at time.Time) string {
	switch r.scheme {
	case numbered:
		return fmt.Sprintf("%s.%d", r.base, number)
	case digits:
		return fmt.Sprintf("%s.%02d", r.base, number)
	}
	return r.base + at.Format("-20060102-150405")
}

func (f cycledFile) path() string { return f.stem + f.zip }

// youngest is the last file but skip, nil if there is none.
func (r *row) youngest(skip int) *cycledFile {
	if i := len(r.files) - 1 - skip; i >= 0 {
		return &r.files[i]
	}
	return nil
}

// passed says that the file at path is cycled because the log has another name now.
func (r *row) passed(path string) {
	if n := len(r.files); n > 0 && r.files[n-1].stem == path {
		return
	}
	r.files = append(r.files, cycledFile{stem: filepath.Clean(path)})
}

package tailer

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A candidate is a file that may belong to a main log, as it was when the folder was read.
type candidate struct {
	path           string
	compressionExt string // the ending of its path if it is compressed, such as .gz; else empty
	generation
	identity
	size    int64     // bytes as stored
	changed time.Time // its content, going by its file system's clock
	status  time.Time // the same for its owner, mode or name
}

// A search looks for the files of a main log.
type search struct {
	path      string   // as in Follower.Path
	folders   []string // as in Follower.CycledTo
	heads     headCache
	namedOnly bool // only files whose names say enough
}

// candidates gives the regular files that belong to the log, oldest first, each once. A folder other than the log's own
// may be missing. The error is errMoved if a file lost its name meanwhile.
func (s search) candidates() ([]candidate, error) {
	var known, doubtful []candidate
	for i, folder := range s.allFolders() {
		found, err := s.inFolder(folder, i == 0)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if f.foreign || f.unclear && !s.namedOnly {
				doubtful = append(doubtful, f)
			} else {
				known = append(known, f)
			}
		}
	}
	slices.SortFunc(known, candidate.compare)
	if s.namedOnly {
		return s.dedupe(known)
	}
	if n := len(known); s.heads.waits != nil && n > 0 && known[n-1].isLog(s.path) {
		s.heads.waits.log = known[n-1].identity
	}
	belonging, err := s.heads.belonging(doubtful, known)
	if err != nil {
		return nil, err
	}
	return s.sort(append(known, belonging...))
}

// stable is candidates, listed while no name was changing, as far as that can be told. The error is errMoved if names
// go on to change.
//
// Note: a folder that is listed only once while names change can lack a file or hold one twice. logrotate renames a
// row one by one, and a row of a hundred files takes a while.
func (s search) stable() ([]candidate, error) {
	var last []candidate
	for i := range attempts {
		found, err := s.candidates()
		if errors.Is(err, errMoved) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if i > 0 && sameNames(found, last) {
			return found, nil
		}
		last = found
	}
	return nil, errMoved
}

// sameNames tells whether the same files have the same names in both lists.
func sameNames(a, b []candidate) bool {
	return slices.EqualFunc(a, b, func(a, b candidate) bool { return a.path == b.path && a.identity == b.identity })
}

// allFolders are those in which files of the log may lie. The first one is the log's own.
func (s search) allFolders() []string { return append([]string{filepath.Dir(s.path)}, s.folders...) }

// inFolder gives the files of a folder that belong to the log, or may belong to it. In a folder that isn't the log's
// own, any name may be a rotated file's.
func (s search) inFolder(folder string, own bool) (found []candidate, err error) {
	names := newLogNames(filepath.Base(s.path))
	entries, err := s.readFolder(folder, own)
	for _, entry := range entries {
		age, cut, ok := names.match(entry.Name())
		if !own && (age.log || !ok) && !names.isOtherLog(entry.Name()) {
			age, ok = generation{unclear: true, foreign: !age.log}, true
		}
		if !ok {
			continue
		}
		f, ok, err := s.stat(filepath.Join(folder, entry.Name()), age)
		if err != nil {
			return nil, err
		}
		if ok { // else it was renamed since the folder was read, or isn't ours
			f.compressionExt = cut
			found = append(found, f)
		}
	}
	return found, err
}

// readFolder lists a folder. Nothing can be known without the log's own.
func (s search) readFolder(folder string, own bool) ([]os.DirEntry, error) {
	entries, err := os.ReadDir(folder)
	f, waits := candidate{path: folder}, s.heads.waits
	switch {
	case err == nil:
		waits.recordSuccess(f)
		return entries, nil
	case !own && errors.Is(err, fs.ErrNotExist):
		return nil, nil // the first rotation makes it
	case !own:
		return nil, waits.waitOrIgnore(f, err)
	case isGone(err) || waits == nil:
		waits.recordSuccess(f)
		return nil, err
	}
	failed, _ := waits.recordFailure(f, err)
	return nil, failed
}

// stat looks at the file at path, whose name tells its generation. ok is false if it isn't a regular file, or if it
// can't be looked at and may be ignored.
func (s search) stat(path string, a generation) (f candidate, ok bool, err error) {
	f, err = statRegular(path)
	f.path, f.generation = path, a
	if isGone(err) {
		return f, false, nil
	}
	if err != nil {
		return f, false, s.heads.waits.waitOrIgnore(f, err)
	}
	s.heads.waits.recordSuccess(candidate{path: path})
	if f.unclear {
		f.stamp = stampOf(f.changed)
	}
	return f, true, nil
}

// statRegular looks at the file at path. The error is fs.ErrInvalid if it isn't a regular file.
func statRegular(path string) (candidate, error) {
	info, err := os.Stat(path)
	if err != nil {
		return candidate{}, err
	}
	if !info.Mode().IsRegular() {
		return candidate{}, fs.ErrInvalid
	}
	return candidate{
		path: path, identity: identify(info), size: info.Size(), changed: info.ModTime(), status: statusChanged(info),
	}, nil
}

// withHolder adds the file that holds at, whatever its name, if none of those found does.
func (s search) withHolder(found []candidate, at Position) ([]candidate, error) {
	if at == (Position{}) {
		return found, nil
	}
	if i, err := s.heads.find(found, at); i >= 0 || err != nil {
		return found, err
	}
	var failed error
	names := newLogNames(filepath.Base(s.path))
	for _, folder := range s.allFolders() {
		entries, err := os.ReadDir(folder)
		if err != nil && !isGone(err) {
			failed = cmp.Or(failed, s.heads.waits.waitOrIgnore(candidate{path: folder}, err))
		}
		for _, entry := range entries {
			if names.isOtherLog(entry.Name()) {
				continue
			}
			f, ok, err := s.holderAt(filepath.Join(folder, entry.Name()), at)
			if ok {
				return s.sort(append(slices.Clone(found), f))
			}
			failed = cmp.Or(failed, err)
		}
	}
	return found, failed
}

// holderAt looks whether the file at path holds at, whatever its name. If we may not read a file, it is another
// program's, unless it is the very file.
func (s search) holderAt(path string, at Position) (f candidate, ok bool, err error) {
	if f, err = statRegular(path); isGone(err) {
		return f, false, nil
	}
	f.path, f.compressionExt = path, compression.FindString(filepath.Base(path))
	var head []byte
	if err == nil {
		head, err = s.heads.load(f)
	}
	if errors.Is(err, fs.ErrPermission) && f.identity != at.identity() {
		return f, false, nil
	}
	err = s.heads.waits.waitOrIgnore(f, err)
	f.generation = generation{unclear: true, stamp: stampOf(f.changed)}
	return f, err == nil && at.isIn(f.identity, head), err
}

// dedupe removes files that are listed twice. Of several names of one file it keeps the youngest: the others are links,
// or names that the file had a moment ago. Names that differ in their compression are compared by content, and the
// error says that they can't be.
func (s search) dedupe(found []candidate) ([]candidate, error) {
	found, err := s.dedupeCompressed(found)
	if err != nil {
		return nil, err
	}
	seen := make(map[identity]bool)
	slices.Reverse(found)
	found = slices.DeleteFunc(found, func(f candidate) bool {
		again := seen[f.identity]
		seen[f.identity] = true
		return again
	})
	slices.Reverse(found)
	return found, nil
}

// dedupeCompressed removes files that are also there uncompressed, or under another compressed name, for they may be
// half written. If the plain file ends earlier, it is itself removed: somebody may just be uncompressing it.
func (s search) dedupeCompressed(found []candidate) ([]candidate, error) {
	byCut := slices.Clone(found)
	slices.SortStableFunc(byCut, func(a, b candidate) int { return cmp.Compare(a.compressionExt, b.compressionExt) })
	kept := make(map[string][]candidate) // by path without the compression's ending
	for _, f := range byCut {
		name := strings.TrimSuffix(f.path, f.compressionExt)
		again := false
		for i, k := range kept[name] {
			same, longer, err := s.compare(k, f)
			if err != nil {
				return nil, err
			}
			if longer {
				kept[name][i] = f
			}
			if again = same; again {
				break
			}
		}
		if !again {
			kept[name] = append(kept[name], f)
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(f candidate) bool {
		return !slices.Contains(kept[strings.TrimSuffix(f.path, f.compressionExt)], f)
	}), nil
}

// compare tells whether one of two files is the beginning of the other, and whether the second is the longer one. A
// file of which nothing can be read isn't written yet, or ends before any other. Unless it is empty, it counts as no
// shorter.
func (s search) compare(a, b candidate) (same, longer bool, err error) {
	if s.namedOnly {
		return true, false, nil
	}
	first, err := s.heads.head(a)
	if err != nil {
		return false, false, err
	}
	second, err := s.heads.head(b)
	if err != nil || first == nil && a.size > 0 {
		return true, false, err
	}
	return alike(first, second), !continues(first, second) && continues(second, first), nil
}

// isLog tells whether Exim writes to this file, because it isn't rotated yet.
func (s candidate) isLog(path string) bool {
	return s.path == path || isStamped(path) && s.compressionExt == ""
}

// compare is negative if the name of a says that it is older than b.
func (a candidate) compare(b candidate) int {
	return cmp.Or(a.generation.compare(b.generation), cmp.Compare(a.path, b.path))
}

// start is the position of the file's first byte.
func (s candidate) start() Position { return Position{Device: s.device, Inode: s.inode} }

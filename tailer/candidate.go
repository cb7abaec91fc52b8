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
	folder, pattern := filepath.Split(s.path)
	row := newLogNames(pattern)
	found, err := s.inLogFolder(row, folder)
	if err != nil {
		return nil, err
	}
	for _, other := range s.folders {
		more, err := s.inOtherFolder(row, other)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	known, doubtful := found[:0:0], found[:0:0]
	for _, f := range found {
		if f.foreign || f.unclear && !s.namedOnly {
			doubtful = append(doubtful, f)
		} else {
			known = append(known, f)
		}
	}
	slices.SortFunc(known, candidate.compare)
	if s.namedOnly {
		return dedupe(known, assumeSame)
	}
	if n := len(known); s.heads.waits != nil && n > 0 && known[n-1].isLog(s.path) {
		s.heads.waits.log = known[n-1].identity
	}
	belonging, err := s.heads.belonging(doubtful, known)
	if err != nil {
		return nil, err
	}
	known = append(known, belonging...)
	if err := s.heads.sort(known); err != nil {
		return nil, err
	}
	return dedupe(known, s.heads.compare)
}

// inLogFolder gives the files of the log's own folder that belong to the log, or are foreign and may belong to it.
func (s search) inLogFolder(r logNames, folder string) (found []candidate, err error) {
	folder = filepath.Clean(folder)
	entries, err := s.readFolder(folder)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		age, cut, ok := r.match(entry.Name())
		if !ok {
			continue
		}
		f, ok, err := s.stat(filepath.Join(folder, entry.Name()), age)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue // renamed since the folder was read, or not ours
		}
		f.compressionExt = cut
		found = append(found, f)
	}
	return found, nil
}

// readFolder lists the log's own folder. Nothing can be known without it.
func (s search) readFolder(folder string) ([]os.DirEntry, error) {
	entries, err := os.ReadDir(folder)
	f := candidate{path: folder}
	if err == nil || isGone(err) || s.heads.waits == nil {
		s.heads.waits.recordSuccess(f)
		return entries, err
	}
	failed, _ := s.heads.waits.recordFailure(f, err)
	return nil, failed
}

// inOtherFolder gives the files of a folder that doesn't hold the log itself. There any name may be a rotated file's.
func (s search) inOtherFolder(r logNames, folder string) (found []candidate, err error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the first rotation makes it
	}
	if err != nil {
		return nil, s.heads.waits.waitOrIgnore(candidate{path: folder}, err)
	}
	s.heads.waits.recordSuccess(candidate{path: folder})
	for _, entry := range entries {
		if r.isOtherLog(entry.Name()) {
			continue
		}
		age, cut, ok := r.match(entry.Name())
		if age.log || !ok {
			age.unclear, age.foreign = true, !age.log
			age.log, age.stamp, age.number = false, "", 0
		}
		f, ok, err := s.stat(filepath.Join(folder, entry.Name()), age)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		f.compressionExt = cut
		found = append(found, f)
	}
	return found, nil
}

// stat looks at the file at path, whose name tells its generation. ok is false if it isn't a regular file, or if it
// can't be looked at and may be ignored.
func (s search) stat(path string, a generation) (f candidate, ok bool, err error) {
	f, err = statRegular(path)
	f.generation = a
	switch {
	case err == nil:
		s.heads.waits.recordSuccess(candidate{path: path})
	case isGone(err):
		return f, false, nil
	default:
		f.path = path
		return f, false, s.heads.waits.waitOrIgnore(f, err)
	}
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
	row := newLogNames(filepath.Base(s.path))
	for _, folder := range append([]string{filepath.Dir(s.path)}, s.folders...) {
		entries, err := os.ReadDir(folder)
		if err != nil && !isGone(err) {
			failed = cmp.Or(failed, s.heads.waits.waitOrIgnore(candidate{path: folder}, err))
		}
		for _, entry := range entries {
			if row.isOtherLog(entry.Name()) {
				continue
			}
			f, ok, err := s.holderAt(filepath.Join(folder, entry.Name()), at)
			if ok {
				found = append(slices.Clone(found), f)
				if err := s.heads.sort(found); err != nil {
					return nil, err
				}
				return dedupe(found, s.heads.compare)
			}
			failed = cmp.Or(failed, err)
		}
	}
	return found, failed
}

// holderAt looks whether the file at path holds at, whatever its name. If we may not read a file, it is another
// program's, unless it is the very file.
func (s search) holderAt(path string, at Position) (f candidate, ok bool, err error) {
	stranger := func(err error) bool { return f.identity != at.identity() && errors.Is(err, fs.ErrPermission) }
	if f, err = statRegular(path); err != nil {
		if isGone(err) || stranger(err) {
			return f, false, nil
		}
		return f, false, s.heads.waits.waitOrIgnore(candidate{path: path}, err)
	}
	f.compressionExt = compression.FindString(filepath.Base(path))
	head, err := s.heads.load(f)
	if err != nil && !errors.Is(err, errMoved) {
		if stranger(err) {
			return f, false, nil
		}
		err = s.heads.waits.waitOrIgnore(f, err)
	}
	if err != nil || !at.isIn(f.identity, head) {
		return f, false, err
	}
	f.generation = generation{unclear: true, stamp: stampOf(f.changed)}
	return f, true, nil
}

// dedupe removes files that are listed twice. Of several names of one file it keeps the youngest: the others are links,
// or names that the file had a moment ago. Names that differ in their compression are compared by content, and the
// error says that they can't be.
func dedupe(found []candidate, compare comparison) ([]candidate, error) {
	found, err := dedupeCompressed(found, compare)
	if err != nil {
		return nil, err
	}
	seen := make(map[identity]bool)
	slices.Reverse(found)
	found = slices.DeleteFunc(found, func(s candidate) bool {
		again := seen[s.identity]
		seen[s.identity] = true
		return again
	})
	slices.Reverse(found)
	return found, nil
}

// A comparison tells whether one of two files is the beginning of the other, and whether the second is the longer one.
type comparison func(first, second candidate) (same, longer bool, err error)

// assumeSame is the comparison that looks at names alone.
func assumeSame(candidate, candidate) (same, longer bool, err error) { return true, false, nil }

// dedupeCompressed removes files that are also there uncompressed, or under another compressed name, for they may be
// half written. If the plain file ends earlier, it is itself removed: somebody may just be uncompressing it.
func dedupeCompressed(found []candidate, compare comparison) ([]candidate, error) {
	byCut := slices.Clone(found)
	slices.SortStableFunc(byCut, func(a, b candidate) int { return cmp.Compare(a.compressionExt, b.compressionExt) })
	kept := make(map[string][]candidate) // by path without the compression's ending
	for _, f := range byCut {
		name := strings.TrimSuffix(f.path, f.compressionExt)
		again := false
		for i, k := range kept[name] {
			same, longer, err := compare(k, f)
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

// unchanged tells whether both are the same file, with nothing written to it in between.
func (s candidate) unchanged(before candidate) bool {
	return s.identity == before.identity && s.size == before.size && s.changed.Equal(before.changed)
}

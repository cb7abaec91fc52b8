package config

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"exiwatch/internal/private"
	"exiwatch/window"

	"github.com/google/renameio/v2"
	"github.com/pelletier/go-toml/v2"
)

// exceptFolder is the folder of further exceptions beside the configuration.
const exceptFolder = "except.d"

// maxExceptFile limits a file in except.d.
const maxExceptFile = 1 << 20 // bytes

// An exceptFile is a file in except.d. It holds nothing but [[except]].
type exceptFile struct {
	path string
	text []byte
}

// ownerOf is the user and the group of the configuration file name, and its permissions. Without the file they are
// ours, and everybody may read.
func ownerOf(name string) (uid, gid int, mode fs.FileMode, err error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return os.Geteuid(), os.Getegid(), 0o644, nil
	}
	if err != nil {
		return 0, 0, 0, err
	}
	s := info.Sys().(*syscall.Stat_t)
	return int(s.Uid), int(s.Gid), info.Mode(), nil
}

// exceptFiles reads the files *.toml in except.d beside the configuration file name, in the order of their names. Only
// root and the configuration's owner may be able to write there, and no file may be a symbolic link.
func exceptFiles(name string) (all []exceptFile, err error) {
	uid, _, _, err := ownerOf(name)
	if err != nil {
		return nil, fmt.Errorf("reading the exceptions: %w", err)
	}
	folder := filepath.Join(filepath.Dir(name), exceptFolder)
	if err := private.Check(folder, uid); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("reading the exceptions: %w", err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("reading the exceptions: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || filepath.Ext(e.Name()) != ".toml" {
			continue
		}
		path := filepath.Join(folder, e.Name())
		text, err := private.Read(path, maxExceptFile)
		if err == nil && len(text) > maxExceptFile {
			err = fmt.Errorf("%s has more than %d bytes", path, maxExceptFile)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the exceptions: %w", err)
		}
		all = append(all, exceptFile{path, text})
	}
	return all, nil
}

// parse reads the [[except]] of the file.
func (f *exceptFile) parse() ([]extra, error) {
	var content struct {
		Except []extra `toml:"except"`
	}
	if err := toml.NewDecoder(bytes.NewReader(f.text)).DisallowUnknownFields().Decode(&content); err != nil {
		return nil, described(f.path, f.text, err)
	}
	return content.Except, nil
}

// addFiles gives the rules the exceptions of files. They come before those of the configuration: they are newer and
// mostly for one account. Those with the highest limits come first: the names of the files say nothing, and whoever
// raises a limit again wants the higher one.
func (c *Config) addFiles(files []exceptFile) error {
	before := make([][]window.Exception, len(c.Rules))
	for _, f := range files {
		all, err := f.parse()
		if err != nil {
			return err
		}
		var wrong flaws
		more, list := c.extras(all, &wrong)
		if wrong.first != nil {
			return wrong.first.in(f.path, placesOf(f.text))
		}
		locate(list, f.path, f.text)
		for i := range before {
			before[i] = append(before[i], more[i]...)
		}
		c.Exceptions = append(c.Exceptions, list...)
	}
	higher := func(a, b window.Exception) int { return cmp.Compare(b.Limit, a.Limit) }
	for i := range c.Rules {
		slices.SortStableFunc(before[i], higher)
		c.Rules[i].Except = append(before[i], c.Rules[i].Except...)
		if err := c.Rules[i].Validate(); err != nil {
			return fmt.Errorf("rule %s: %w", title(&c.Rules[i]), err)
		}
	}
	return nil
}

// A Draft is an exception to add.
type Draft struct {
	Rule          string // name of a rule; "": all rules that count messages by account, auth or user
	Match, Reason string
	Limit         int64
	Until         time.Time // the first moment without it
}

// ownLine begins the files that AddException writes.
const ownLine = "# exiwatch except add wrote this file; exiwatch except remove removes it.\n"

// text is an exception as AddException writes it.
func (x *extra) text() ([]byte, error) {
	b := bytes.NewBufferString(ownLine + "[[except]]\n")
	for _, row := range []struct {
		key   string
		value any
	}{{"rule", x.Rule}, {"match", x.Match}, {"limit", x.Limit}, {"reason", x.Reason}, {"until", x.Until}} {
		if row.value == "" || row.value == nil {
			continue
		}
		line, err := Line(row.key, row.value)
		if err != nil {
			return nil, err
		}
		b.WriteString(line)
	}
	return b.Bytes(), nil
}

// Line writes a key with its value as a line of TOML.
func Line(key string, value any) (string, error) {
	line, err := toml.Marshal(map[string]any{key: value})
	if err != nil {
		return "", fmt.Errorf("writing %s: %w", key, err)
	}
	return string(line), nil
}

// own is the exception of a file that AddException wrote and nobody changed.
func (f *exceptFile) own() (extra, bool) {
	all, err := f.parse()
	if err != nil || len(all) != 1 {
		return extra{}, false
	}
	text, err := all[0].text()
	return all[0], err == nil && bytes.Equal(text, f.text)
}

// file is the file for a draft. Its name follows from the rule and the pattern, so that a later exception for the same
// values replaces it.
func (d *Draft) file(folder string, zone *time.Location) (exceptFile, error) {
	x := extra{d.Rule, d.Match, d.Limit, d.Reason, d.Until}
	if until := d.Until.In(zone); isMidnight(until) {
		year, month, day := until.Add(-1).Date()
		x.Until = toml.LocalDate{Year: year, Month: int(month), Day: day}
	}
	const size = 8 // bytes of the hash
	sum := sha256.Sum256([]byte(strings.ToLower(d.Match) + "\x00" + d.Rule))
	text, err := x.text()
	return exceptFile{filepath.Join(folder, hex.EncodeToString(sum[:size])+".toml"), text}, err
}

// AddException writes an exception into except.d beside the configuration file name (DefaultFile for ""), if the whole
// is valid with it. It returns the file's path. It overwrites only what it wrote itself.
func AddException(name string, d Draft) (path string, err error) {
	c, err := readFile(name)
	if err != nil {
		return "", err
	}
	name = cmp.Or(name, DefaultFile)
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no regular file: expected a configuration beside which except.d can be", name)
	}
	files, err := exceptFiles(name)
	if err != nil {
		return "", err
	}
	draft, err := d.file(filepath.Join(filepath.Dir(name), exceptFolder), c.Zone)
	if err != nil {
		return "", err
	}
	var others []exceptFile
	for _, f := range files {
		if f.path != draft.path {
			others = append(others, f)
		} else if _, own := f.own(); !own {
			return "", fmt.Errorf("%s was changed by hand: edit it there, or remove it", f.path)
		}
	}
	if err := c.addFiles(others); err != nil {
		return "", err
	}
	if err := c.addDraft(&draft); err != nil {
		return "", err
	}
	return draft.path, draft.write(name)
}

// addDraft is addFiles for a file that isn't there yet. Its errors name no place.
func (c *Config) addDraft(f *exceptFile) error {
	all, err := f.parse()
	if err != nil {
		return err
	}
	var wrong flaws
	if c.extras(all, &wrong); wrong.first != nil {
		key := keyOf(wrong.first.path)
		return fmt.Errorf("%s: %w", strings.TrimPrefix(key, "except."),
			cmp.Or(wrong.first.err, errors.New("expected "+expected[key])))
	}
	return c.addFiles([]exceptFile{*f})
}

// write puts the file in place at once. It and a new folder get the owner, the group and the permissions of the
// configuration file name, but nobody else may write them.
func (f *exceptFile) write(name string) error {
	const others = 0o022
	uid, gid, mode, err := ownerOf(name)
	if err != nil {
		return err
	}
	mode = mode & 0o666 &^ others
	folder := filepath.Dir(f.path)
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	switch err := os.Mkdir(folder, 0o700); {
	case err == nil:
		search := (mode & 0o444) >> 2 // who may read may search
		if err := errors.Join(os.Lchown(folder, uid, gid), os.Chmod(folder, mode|search)); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	return writeAs(f.path, f.text, uid, gid, mode)
}

// writeAs puts a file in place at once, with an owner, a group and permissions.
func writeAs(path string, text []byte, uid, gid int, mode fs.FileMode) error {
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)),
		renameio.WithStaticPermissions(mode))
	if err != nil {
		return err
	}
	defer file.Cleanup()
	if err := file.Chown(uid, gid); err != nil {
		return err
	}
	if _, err := file.Write(text); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return file.CloseAtomicallyReplace()
}

// Write puts a configuration in place at once. It keeps the owner, the group and the permissions of a file that is
// there; a new one only we may read, and the group exiwatch, if there is one.
func Write(name string, text []byte) error {
	uid, gid, mode, err := ownerOf(name)
	if err != nil {
		return err
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		mode = 0o640
		if group, err := user.LookupGroup("exiwatch"); err == nil && uid == 0 {
			gid, _ = strconv.Atoi(group.Gid)
		}
	}
	return writeAs(name, text, uid, gid, mode.Perm())
}

// RemoveExceptions removes the exceptions for a pattern that AddException wrote: for the rule, or for any if rule is
// "". It works whatever else is wrong with the configuration. kept are the files that have such an exception, but that
// somebody else wrote or changed.
func RemoveExceptions(name, match, rule string) (removed, kept []string, err error) {
	files, err := exceptFiles(cmp.Or(name, DefaultFile))
	if err != nil {
		return nil, nil, err
	}
	for _, f := range files {
		all, _ := f.parse() // a broken file has none that is known
		_, own := f.own()
		for _, x := range all {
			switch {
			case !strings.EqualFold(x.Match, match) || rule != "" && x.Rule != rule:
			case !own:
				kept = append(kept, f.path)
			default:
				if err := os.Remove(f.path); err != nil {
					return removed, kept, err
				}
				removed = append(removed, f.path)
			}
		}
	}
	return removed, kept, nil
}

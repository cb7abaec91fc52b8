package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/journal"
	"exiwatch/internal/words"
	"exiwatch/parser"
	"exiwatch/tailer"
)

// logs checks each log and its content.
func (c *checks) logs(ctx context.Context) []Result {
	paths := c.Config.Log
	if len(paths) == 0 {
		path, err := c.FindLog(ctx)
		if err != nil {
			return fail("log", "Set it in the configuration:\n    log = \"/path/to/mainlog\"", "%v", err)
		}
		paths = []string{path}
	}
	var all []Result
	for _, path := range paths {
		results := c.log(ctx, path)
		for i := range results {
			if len(paths) > 1 && results[i].Check != "log" {
				results[i].Detail = path + ": " + results[i].Detail
			}
		}
		all = append(all, results...)
	}
	return all
}

// log looks for a log and its cycled files, and reads its end.
func (c *checks) log(ctx context.Context, path string) []Result {
	if path == config.Stdin {
		return pass("log", "the standard input: the daemon reads it to its end, without a checkpoint")
	}
	if l, ok := journal.Of(path); ok {
		return c.journal(ctx, path, l)
	}
	row, err := tailer.Members(path, c.Config.CycledTo...)
	if errors.Is(err, fs.ErrPermission) {
		return fail("log", whoMay(path, me()), "%s can't be read by user %s", path, me())
	}
	if err != nil {
		return missing(path, err)
	}
	found := c.readable(path, row)
	if found[0].Status == Fail {
		return found
	}
	if tailer.IsMounted(path) {
		found = warn("log", "Mount the log's folder instead.",
			"%s is mounted as a single file: after a rotation the new log isn't visible here", path)
	}
	return c.examined(ctx, found, path, func(s *sample, r *parser.Reader) error { return s.read(row, r, c) })
}

// examined is what a sample of a log shows. feed reads its lines.
func (c *checks) examined(ctx context.Context, found []Result, path string,
	feed func(*sample, *parser.Reader) error) []Result {
	s, err := c.sample(path, feed)
	if err != nil {
		return slices.Concat(found, fail("lines", "The daemon can't read further either.", "%v", err))
	}
	if _, isJournal := journal.Of(path); isJournal && s.lines == 0 {
		return slices.Concat(found,
			warn("lines", "If Exim has logged in that time, set its unit: log = \"journal:exim4.service\".",
				"none of the journal's last %s entries comes from a program named exim", journalSample))
	}
	c.samples = append(c.samples, s)
	lines := c.lines(s)
	results := slices.Concat(found, lines)
	if lines[0].Status == Fail || s.last.IsZero() {
		return results
	}
	if s.summary.Tally.Arrivals > 0 {
		results = slices.Concat(results, c.forgeable(s), c.selectors(s), c.counted(s), c.relays(s),
			c.authenticators(ctx, s), c.posts(s))
	}
	return append(results, c.clock(s)...)
}

// missing is the row for a log that doesn't exist or isn't a file.
func missing(path string, err error) []Result {
	const hint = "exim -bP log_file_path prints where Exim logs. Set another log in the configuration:\n" +
		"    log = \"/path/to/mainlog\""
	var kind *tailer.KindError
	if errors.As(err, &kind) {
		if log := config.MainLogIn(path); log != "" {
			return fail("log", "This file in that folder looks like the main log:\n    log = "+strconv.Quote(log),
				"%v", err)
		}
		return fail("log", hint, "%v", err)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fail("log", "The daemon waits until it is readable.", "%v", err)
	}
	return fail("log", hint, "%s doesn't exist", path)
}

// readable checks that the files of the row can be opened, and that Exim writes to the last of them.
func (c *checks) readable(path string, row []tailer.Member) []Result {
	last := row[len(row)-1]
	for _, m := range row {
		f, err := os.Open(m.Path)
		switch {
		case err == nil:
			f.Close()
		case m == last && errors.Is(err, fs.ErrPermission):
			return fail("log", whoMay(m.Path, me()), "%s can't be read by user %s", m.Path, me())
		case errors.Is(err, fs.ErrNotExist): // it was cycled again just now
		case !errors.Is(err, fs.ErrPermission):
			return warn("log", "The daemon waits at this file until it is readable.",
				"a file of the log can't be read: %v", err)
		default:
			return warn("log", whoMay(m.Path, me())+" At its start the daemon reads rotated files, too.",
				"%s can't be read by user %s", m.Path, me())
		}
	}
	if compressed(last.Path) {
		return fail("log", "Set the log that Exim writes to. For finished logs, use exiwatch replay.",
			"%s is compressed", last.Path)
	}
	name := filepath.Base(path) // Exim puts the date in place of %D or %M
	if filepath.Base(last.Path) != name && !strings.Contains(name, "%D") && !strings.Contains(name, "%M") {
		return warn("log", "This is fine right after a rotation: Exim creates the file with its next line.",
			"%s doesn't exist, only %s", path, filepath.Base(last.Path))
	}
	reader := me()
	if owner, name, ok := c.owner(); ok {
		if obstacle := owner.barred(last.Path, read); obstacle != "" {
			return fail("log", whoMay(last.Path, name), "%s can't be read by user %s, who owns the state folder: %s",
				path, name, obstacle)
		}
		reader = name
	}
	detail := fmt.Sprintf("%s, readable by user %s", path, reader)
	if cycled := len(row) - 1; cycled > 0 {
		detail += ", with " + words.Plain(int64(cycled), "rotated file")
	}
	return pass("log", "%s", detail)
}

// compressed reports whether a file holds a compressed log.
func compressed(path string) bool {
	f, err := tailer.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return f.Compressed()
}

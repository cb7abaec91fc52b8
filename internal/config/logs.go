package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"exiwatch/internal/journal"
	"exiwatch/tailer"
)

// maxLogs limits the number of logs. Each takes memory and space in the checkpoint.
const maxLogs = 1000

// Stdin names the standard input as a log. The daemon reads it to its end.
const Stdin = "-"

// logs parses a path or a list of paths. A glob stands for the logs that it matches now.
func logs(written any, wrong *flaws) (logs []string) {
	path := func(i int) string { return fmt.Sprintf("log[%d]", i) }
	list, isList := written.([]any)
	if !isList && written != nil {
		list, path = []any{written}, func(int) string { return "log" }
	}
	var named []string
	for i, item := range list {
		s, ok := item.(string)
		wrong.unless(ok, path(i))
		wrong.unlessf(!slices.Contains(named, s), path(i), "named twice")
		named = append(named, s)
	}
	for i, s := range named {
		found, err := expand(s)
		wrong.add(path(i), err)
		for _, log := range found {
			if !slices.Contains(logs, log) {
				logs = append(logs, log)
			}
		}
	}
	wrong.unlessf(len(logs) <= maxLogs, "log", "%d logs; expected %d at most", len(logs), maxLogs)
	wrong.unlessf(len(logs) <= 1 || !slices.Contains(logs, Stdin), "log",
		`"-", the standard input, must be the only log`)
	return logs
}

// expand finds the logs that one item stands for.
func expand(path string) ([]string, error) {
	_, isJournal, err := journal.Parse(path)
	switch {
	case path == "":
		return nil, errors.New("expected a path; leave the key out to have the log found")
	case err != nil:
		return nil, errors.New(`expected "journal" or "journal:UNIT", such as "journal:exim4.service"`)
	case isJournal, !strings.ContainsAny(path, "*?["):
		return []string{path}, nil
	}
	return matching(path)
}

// matching finds the logs that a pattern matches. It leaves out folders, Exim's reject and panic logs, and a log's
// cycled files, even if the log itself is missing for now.
func matching(pattern string) ([]string, error) {
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return nil, errors.New("expected a glob, in which each [ has its ]")
	}
	matches = slices.DeleteFunc(matches, func(path string) bool {
		base := filepath.Base(path)
		return strings.Contains(base, "reject") || strings.Contains(base, "panic") || tailer.Followable(path) != nil
	})
	cycled := make(map[string]bool)
	for _, path := range matches {
		names, err := tailer.MemberPaths(path)
		if err != nil {
			continue // it isn't accessible: following it will report that
		}
		for _, name := range names {
			cycled[name] = cycled[name] || name != path
		}
	}
	var logs []string
	for _, path := range matches {
		if log := logOf(path); !cycled[path] && !slices.Contains(logs, log) {
			logs = append(logs, log)
		}
	}
	if len(logs) == 0 {
		return nil, errors.New(`matches no log; expected a glob of logs that exist, such as "/var/log/exim/*log"`)
	}
	return logs, nil
}

// MainLogIn is the file in a folder that looks most like a main log; "" if there is none.
func MainLogIn(dir string) string {
	for _, pattern := range []string{"*mainlog*", "*main*log*", "*main*"} {
		if logs, err := matching(filepath.Join(dir, pattern)); err == nil {
			return logs[0]
		}
	}
	return ""
}

// logOf is the log whose cycled file is at path, or path itself. An extension .log belongs to the log's name.
func logOf(path string) string {
	for i, c := range path {
		if c != '.' && c != '-' || i <= strings.LastIndexByte(path, '/') || strings.HasPrefix(path[i:], ".log") {
			continue
		}
		if names, err := tailer.MemberPaths(path[:i]); err == nil && slices.Contains(names, path) {
			return path[:i]
		}
	}
	return path
}

package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/escape"
	"exiwatch/internal/journal"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

// A selection holds the flags that replay, top and arrivals share: which logs, times and arrivals.
type selection struct {
	config, timezone, since, until string
	globs                          [window.NumKeys][]string

	settings config.Config
	now      time.Time
	from, to time.Time
	patterns [][]config.Pattern  // one list for each filtered key: any of them
	looks    []replay.SourceLook // what each log held at the first reading
	noted    []string            // notes on the standard error, each once
	problems []error             // of single logs: printed after the output, with status 1
}

// filters are the flags that pick arrivals.
var filters = []struct {
	name string
	key  window.Key
	help string
}{
	{"sender", window.Sender,
		"only arrivals whose envelope sender matches the glob `PATTERN` (repeatable: any of them)"},
	{"account", window.Account,
		"only this account: login, local user or, unverified, <SENDER> or [HOST] (glob `PATTERN`)"},
	{"auth", window.Auth, "only this authenticated id (glob `PATTERN`)"},
	{"user", window.User, "only this local user (glob `PATTERN`)"},
	{"host", window.Host, "only this sending host (address, CIDR or glob `PATTERN`)"},
	{"subject", window.Subject, "only this subject (glob `PATTERN`)"},
}

// flags adds the common flags to a command.
func (s *selection) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.config, "config", "", "configuration `FILE` (default "+config.DefaultFile+" if it is there)")
	f.StringVar(&s.since, "since", "",
		"only arrivals from `TIME` on: 2026-11-01, \"2026-11-01 14:30\", RFC 3339, or how long ago: 24h, 7d")
	f.StringVar(&s.until, "until", "", "only arrivals before `TIME`")
	f.StringVar(&s.timezone, "timezone", "", "`ZONE` of logs that name none (default: the machine's)")
	for _, filter := range filters {
		f.StringArrayVar(&s.globs[filter.key], filter.name, nil, filter.help)
	}
}

// prepare reads the configuration and checks the flags.
func (s *selection) prepare() (err error) {
	s.now = time.Now()
	if s.settings, err = config.Read(s.config); err != nil {
		return configError(err)
	}
	if s.timezone != "" {
		if s.settings.Zone, err = config.Zone(s.timezone); err != nil {
			return usagef("--timezone %q: %w", s.timezone, err)
		}
	}
	if s.from, err = parseTime(s.since, s.now, s.settings.Zone); err != nil {
		return usagef("--since %w", err)
	}
	if s.to, err = parseTime(s.until, s.now, s.settings.Zone); err != nil {
		return usagef("--until %w", err)
	}
	for _, filter := range filters {
		var any []config.Pattern
		for _, glob := range s.globs[filter.key] {
			p, err := config.NewPattern(filter.key, glob)
			if err != nil {
				return usagef("--%s %q: %w", filter.name, glob, err)
			}
			any = append(any, p)
		}
		if any != nil {
			s.patterns = append(s.patterns, any)
		}
	}
	return nil
}

// keep tells whether the flags select an arrival.
func (s *selection) keep(_ *parser.Arrival, w *window.Arrival) bool {
	if !s.during(w.At) {
		return false
	}
	for _, any := range s.patterns {
		if !matchesAny(any, w) {
			return false
		}
	}
	return true
}

// during tells whether a time is between --since and --until.
func (s *selection) during(at time.Time) bool {
	return (s.from.IsZero() || !at.Before(s.from)) && (s.to.IsZero() || at.Before(s.to))
}

// filtered tells whether arrivals are chosen by more than their time.
func (s *selection) filtered() bool { return len(s.patterns) > 0 }

func matchesAny(patterns []config.Pattern, w *window.Arrival) bool {
	for _, p := range patterns {
		if p.Match(w) {
			return true
		}
	}
	return false
}

// only gives what [count] only names.
func (s *selection) only() []string {
	general := s.settings.Scopes[""]
	return general.OnlyNames()
}

// logs gives the files of each log: those named are one log, without any each main log has its cycled siblings.
func (s *selection) logs(ctx context.Context, files []string, stdin io.Reader) ([][]replay.Source, error) {
	if len(files) > 0 {
		if err := noFolders(files); err != nil {
			return nil, err
		}
		return [][]replay.Source{named(files, stdin)}, nil
	}
	if err := findLog(ctx, &s.settings); err != nil {
		return nil, err
	}
	var logs [][]replay.Source
	for _, path := range s.settings.Log {
		if path == config.Stdin {
			logs = append(logs, named([]string{path}, stdin))
			continue
		}
		if j, ok := journal.Of(path); ok {
			open := func() (io.ReadCloser, error) { return j.Open(ctx) }
			logs = append(logs, []replay.Source{{Name: path, Open: open}})
			continue
		}
		names, err := tailer.MemberPaths(path, s.settings.CycledTo...)
		if err != nil {
			return nil, err
		}
		sources := named(names, stdin)
		for i := range sources {
			sources[i].Behind = i > 0 // in the daemon's order
		}
		logs = append(logs, sources)
	}
	return logs, nil
}

// noFolders fails with a *tailer.KindError if a folder is named.
func noFolders(names []string) error {
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			return tailer.Followable(name)
		}
	}
	return nil
}

// named gives the sources of the names, each file once.
func named(names []string, stdin io.Reader) []replay.Source {
	var sources []replay.Source
	var seen []os.FileInfo
	for _, name := range names {
		if name == "-" {
			sources = append(sources, replay.Source{Name: "standard input", Stream: stdin})
			continue
		}
		info, err := os.Stat(name)
		if err == nil && info.Mode().IsRegular() {
			if slices.ContainsFunc(seen, func(other os.FileInfo) bool { return os.SameFile(info, other) }) {
				continue
			}
			seen = append(seen, info)
		}
		sources = append(sources, replay.Source{Name: name})
	}
	return sources
}

// configError adds a hint to an error in the configuration.
func configError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return err
	case errors.Is(err, fs.ErrPermission):
		return &hintedError{
			err, "run as root or as a member of the file's group, or use the defaults: --config /dev/null",
		}
	}
	return &hintedError{err, "exiwatch help config lists the keys"}
}

// findLog finds the main log if the configuration names none.
func findLog(ctx context.Context, c *config.Config) error {
	if len(c.Log) > 0 {
		return nil
	}
	path, err := config.FindLog(ctx)
	if err != nil {
		return &hintedError{err, "name the log as an argument, or in the configuration: log = \"/path/to/mainlog\""}
	}
	c.Log = []string{path}
	return nil
}

// logError adds a hint to an error of opening a log.
func logError(err error) error {
	var kind *tailer.KindError
	switch {
	case errors.Is(err, journal.ErrAccess):
		return &hintedError{err,
			"run as root, or as a user in the group systemd-journal: adduser exiwatch systemd-journal," +
				" and restart the daemon"}
	case errors.Is(err, journal.ErrEmpty):
		return &hintedError{err, "systemctl status systemd-journald tells whether it runs;" +
			" a container has no journal of its own"}
	case errors.Is(err, journal.ErrNone):
		return &hintedError{err,
			"name the file that the system's syslog daemon writes, as log = \"/path\", or read a copy:" +
				" journalctl -o json > FILE on the host, exiwatch replay FILE here"}
	case errors.As(err, &kind) && config.MainLogIn(kind.Path) != "":
		return &hintedError{err, "in that folder " + escape.Text(config.MainLogIn(kind.Path)) +
			" looks like the main log"}
	case errors.As(err, &kind):
		return &hintedError{err, "name Exim's main log in the configuration as log = \"/path/to/mainlog\"" +
			" (exim -bP log_file_path prints it);" + " exiwatch replay FILE reads a FIFO"}
	case errors.Is(err, fs.ErrPermission):
		return &hintedError{err, "run as root, or add the user to the group that may read the logs (adm on Debian)"}
	case errors.Is(err, fs.ErrNotExist):
		return &hintedError{err, "exim -bP log_file_path prints where Exim logs"}
	}
	return err
}

// replay reads the logs through a pipeline. If that takes long, it shows a progress bar.
func (s *selection) replay(cmd *cobra.Command, files []string, rules []window.Rule,
	listener pipeline.Listener) (tailer.Totals, error) {
	r, err := s.findSources(cmd, files)
	if err != nil {
		return tailer.Totals{}, err
	}
	defer r.bar.end()
	return r.read(cmd.Context(), rules, listener)
}

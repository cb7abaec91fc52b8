package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/merge"
	"exiwatch/internal/private"
	"exiwatch/internal/replay"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

// A selection holds the flags that replay, top and arrivals share: which logs, times and arrivals, and how much of them
// to print.
type selection struct {
	config, timezone, since, until string
	globs                          [window.NumKeys][]string
	rows                           uint
	asJSON, asCSV                  bool

	cmd      *cobra.Command
	settings config.Config
	now      time.Time
	from, to time.Time
	patterns [][]config.Pattern // one list for each filtered key: any of them

	logs     [][]replay.Source
	hosts    []merge.Log // of a fleet: whose logs these are
	log      int         // being read, an index of logs
	bar      *progress
	begin    func() error        // called before each log; may be nil
	looks    []replay.SourceLook // what each log held at the first reading
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

// configFlag adds the flag that names the configuration.
func configFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "config", "", "configuration `FILE` (default "+config.DefaultFile+" if it is there)")
}

// flags adds the common flags to a command.
func (s *selection) flags(cmd *cobra.Command) {
	s.timeFlags(cmd, "arrivals")
	for _, filter := range filters {
		cmd.Flags().StringArrayVar(&s.globs[filter.key], filter.name, nil, filter.help)
	}
}

// timeFlags adds the flags that say which logs are read, and which times of them. what is in the logs.
func (s *selection) timeFlags(cmd *cobra.Command, what string) {
	configFlag(cmd, &s.config)
	f := cmd.Flags()
	f.StringVar(&s.since, "since", "",
		"only "+what+" from `TIME` on: 2026-11-01, \"2026-11-01 14:30\", RFC 3339, or how long ago: 24h, 7d")
	f.StringVar(&s.until, "until", "", "only "+what+" before `TIME`")
	f.StringVar(&s.timezone, "timezone", "", "`ZONE` of logs that name none (default: the machine's)")
}

// formatFlags adds the flags for output that programs read. json and csv say what each prints.
func (s *selection) formatFlags(cmd *cobra.Command, json, csv string) {
	cmd.Flags().BoolVar(&s.asJSON, "json", false, json)
	cmd.Flags().BoolVar(&s.asCSV, "csv", false, csv)
}

// prepare reads the configuration and checks the flags.
func (s *selection) prepare() (err error) {
	if s.asJSON && s.asCSV {
		return usagef("expected --json or --csv, not both")
	}
	s.now = time.Now()
	if s.settings, err = readConfig(s.config); err != nil {
		return err
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
	matches := func(p config.Pattern) bool { return p.Match(w) }
	for _, any := range s.patterns {
		if !slices.ContainsFunc(any, matches) {
			return false
		}
	}
	return true
}

// during tells whether a time is between --since and --until.
func (s *selection) during(at time.Time) bool {
	return (s.from.IsZero() || !at.Before(s.from)) && (s.to.IsZero() || at.Before(s.to))
}

// only gives what [count] only names.
func (s *selection) only() []string {
	general := s.settings.Scopes[""]
	return general.OnlyNames()
}

// findLogs finds the files of each log: those named are one log, without any each main log has its cycled siblings.
func (s *selection) findLogs(files []string) error {
	if s.hosts != nil {
		return nil // they have been found
	}
	for _, name := range files {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			return logError(tailer.Followable(name))
		}
	}
	if len(files) > 0 {
		s.logs = [][]replay.Source{s.named(files)}
		return nil
	}
	if err := findLog(s.cmd.Context(), &s.settings); err != nil {
		return logError(err)
	}
	for _, path := range s.settings.Log {
		if path == config.Stdin {
			s.logs = append(s.logs, s.named([]string{path}))
			continue
		}
		sources, err := replay.SourcesOf(s.cmd.Context(), path, s.settings.CycledTo)
		if err != nil {
			return logError(err)
		}
		s.logs = append(s.logs, sources)
	}
	return nil
}

// named gives the sources of the names, each file once.
func (s *selection) named(names []string) []replay.Source {
	var sources []replay.Source
	var seen []os.FileInfo
	for _, name := range names {
		if name == "-" {
			sources = append(sources, replay.Source{Name: "standard input", Stream: s.cmd.InOrStdin()})
			continue
		}
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			if slices.ContainsFunc(seen, func(other os.FileInfo) bool { return os.SameFile(info, other) }) {
				continue
			}
			seen = append(seen, info)
		}
		sources = append(sources, replay.Source{Name: name})
	}
	return sources
}

// readConfig reads the configuration. An error in it has a hint.
func readConfig(file string) (config.Config, error) {
	c, err := config.Read(file)
	if err == nil {
		return c, nil
	}
	text := "exiwatch help config lists the keys"
	var unsafe *private.Error
	switch {
	case errors.As(err, &unsafe):
		text = unsafe.Hint
	case errors.Is(err, fs.ErrPermission):
		text = "run as root or as a member of the file's group, or use the defaults: --config /dev/null"
	case errors.Is(err, fs.ErrNotExist):
		text = "name an existing file, or use the defaults: --config /dev/null"
	}
	return c, &hintedError{err, text}
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

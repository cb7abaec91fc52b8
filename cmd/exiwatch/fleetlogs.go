package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime/debug"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/tailer"
	"exiwatch/window"
)

// findFleet finds the logs that --fleet names.
func (r *replayer) findFleet(files []string) error {
	if len(files) > 0 {
		return usagef("%q: --fleet names all logs; name this one's host: --fleet HOST=%s", files[0], files[0])
	}
	r.bar = newProgress(r.cmd.ErrOrStderr())
	for _, text := range r.fleet {
		host, glob, ok := strings.Cut(text, "=")
		if !ok || strings.Contains(host, "/") { // a path that holds a =
			host, glob = "", text
		} else if err := config.CheckHost(host); err != nil {
			return usagef("--fleet %q: %w", text, err)
		}
		sources, err := r.globbed(text, glob)
		if err != nil {
			return err
		}
		r.hosts = withSources(r.hosts, host, sources)
	}
	for i := range r.hosts {
		r.hosts[i].Sources = r.withoutCopies(r.hosts[i].Sources)
	}
	return nil
}

// globbed are the files of a glob.
func (r *replayer) globbed(flag, glob string) ([]replay.Source, error) {
	if glob == "-" {
		return r.named([]string{glob}), nil
	}
	names, err := filepath.Glob(glob)
	if err != nil || glob == "" {
		return nil, usagef("--fleet %q: expected HOST=GLOB, such as mx1='/logs/mx1/mainlog*'", flag)
	}
	if len(names) == 0 {
		return nil, &hintedError{&fs.PathError{Op: "open", Path: glob, Err: fs.ErrNotExist},
			"quote the glob, so that exiwatch and not the shell reads it: --fleet mx1='/logs/mx1/mainlog*'"}
	}
	for _, name := range names {
		if err := tailer.Followable(name); err != nil && !errors.Is(err, fs.ErrPermission) {
			return nil, logError(err)
		}
	}
	return r.named(names), nil
}

// withSources adds files to the log of a host. Those of a central log are a log of their own.
func withSources(logs []merge.Log, host string, sources []replay.Source) []merge.Log {
	for i := range logs {
		if host != "" && logs[i].Name == host {
			logs[i].Sources = append(logs[i].Sources, sources...)
			return logs
		}
	}
	return append(logs, merge.Log{Name: host, Unnamed: sources[0].Name, Sources: sources})
}

// readFleet reads the logs of a fleet side by side.
func (s *selection) readFleet(rules []window.Rule, listener pipeline.Listener) (tailer.Totals, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	counter, err := merge.NewCounter(rules,
		merge.Events{Opened: listener.Opened, Grew: listener.Grew, Ended: listener.Ended})
	if err != nil {
		return tailer.Totals{}, err
	}
	if listener.Summary {
		counter.Brief()
	}
	r := merge.Replay{Logs: s.hosts, Zone: s.settings.Zone, Now: s.now, Progress: s.bar.show,
		New: func(l pipeline.Listener) (*pipeline.Pipeline, error) { return s.newPipeline(rules, l) }}
	result, err := r.Run(s.cmd.Context(), counter, listener)
	s.looks = result.Sources
	if err := s.noteBroken(err); err != nil {
		return result.Totals, err
	}
	if result.Bytes == 0 {
		return result.Totals, errors.Join(s.problems...)
	}
	return result.Totals, nil
}

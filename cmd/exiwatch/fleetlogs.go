package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/tailer"
	"exiwatch/window"
)

// findFleet finds the logs that --fleet names, or the configured ones if these are a fleet.
func (r *replayer) findFleet(files []string) error {
	switch f := r.settings.Fleet; {
	case r.cmd.Flags().Changed("fleet") && len(files) > 0:
		return usagef("%q: --fleet names all logs; give this one its host, --fleet HOST=%s, or quote the glob",
			files[0], files[0])
	case r.cmd.Flags().Changed("fleet"):
		return r.findNamedFleet()
	case f == nil || len(f.Engine) > 0 || len(files) > 0:
		return nil
	case r.suggest || r.cmd.Flags().Changed("summary"):
		r.note("note", "--suggest and --summary count each log by itself, not as the fleet of [fleet]")
		return nil
	default:
		return r.findConfiguredFleet(f)
	}
}

// findConfiguredFleet finds the configured logs, each of which is a host's or a central one.
func (r *replayer) findConfiguredFleet(f *config.Fleet) error {
	if err := r.findLogs(nil); err != nil {
		return err
	}
	for i := range r.logs {
		r.hosts = append(r.hosts, merge.Log{Name: f.Host, Unnamed: r.settings.Log[i]})
	}
	return nil
}

// findNamedFleet finds the logs that --fleet names. All files of a host are one log.
func (r *replayer) findNamedFleet() error {
	var logs [][]string
	for _, text := range r.fleet {
		host, glob, ok := strings.Cut(text, "=")
		if !ok || strings.Contains(host, "/") { // a path may hold a =
			host, glob = "", text
		} else if err := config.CheckHost(host); err != nil {
			return usagef("--fleet %q: %w", text, err)
		}
		names, err := r.globbed(text, glob)
		if err != nil {
			return err
		}
		elsewhere := func(name string) bool { return filepath.Dir(name) != filepath.Dir(names[0]) }
		if other := slices.IndexFunc(names, elsewhere); host == "" && other > 0 {
			return usagef("--fleet %q: %s and %s are not one log; name the host of each log: --fleet HOST=GLOB", text,
				names[0], names[other])
		}
		i := slices.IndexFunc(r.hosts, func(l merge.Log) bool { return host != "" && l.Name == host })
		if i < 0 {
			i = len(logs)
			r.hosts, logs = append(r.hosts, merge.Log{Name: host, Unnamed: names[0]}), append(logs, nil)
		}
		logs[i] = append(logs[i], names...)
	}
	for _, names := range logs {
		r.logs = append(r.logs, r.named(names))
	}
	return r.refuseSharedFiles()
}

// globbed are the names that a glob matches.
func (r *replayer) globbed(flag, glob string) ([]string, error) {
	if glob == "-" {
		return []string{glob}, nil
	}
	names, err := filepath.Glob(glob)
	if err != nil || glob == "" {
		return nil, usagef("--fleet %q: expected HOST=GLOB, such as mx1='/logs/mx1/mainlog*', or GLOB", flag)
	}
	if len(names) == 0 {
		err := &fs.PathError{Op: "open", Path: glob, Err: fs.ErrNotExist}
		if !strings.ContainsAny(glob, `*?[\`) {
			return nil, logError(err)
		}
		return nil, &hintedError{err, "the glob matches no file; exiwatch reads it as the shell does"}
	}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			return nil, logError(tailer.Followable(name))
		}
	}
	return names, nil
}

// refuseSharedFiles fails for a file that is in two logs: it would count twice.
func (r *replayer) refuseSharedFiles() error {
	type place struct {
		info os.FileInfo // nil: the standard input
		log  int
	}
	var seen []place
	for i, sources := range r.logs {
		for _, s := range sources {
			info, err := os.Stat(s.Name)
			if s.Stream != nil {
				info = nil
			} else if err != nil {
				continue
			}
			for _, p := range seen {
				if p.log != i && (info == nil && p.info == nil || info != nil && os.SameFile(info, p.info)) {
					return usagef("--fleet: %s is in %s and in %s: it would count twice", s.Name,
						r.hosts[p.log].Words(), r.hosts[i].Words())
				}
			}
			seen = append(seen, place{info, i})
		}
	}
	return nil
}

// sum reads the logs into a summary. brief says that of alerts only what Text and Document need matters.
func (r *replayer) sum(sum *report.Summary, brief bool) (err error) {
	if r.hosts != nil {
		return r.sumFleet(sum, brief)
	}
	sum.Totals, err = r.read(r.rules, summing(sum, brief))
	return err
}

// sumFleet reads the logs of a fleet side by side into a summary.
func (r *replayer) sumFleet(sum *report.Summary, brief bool) error {
	defer r.bar.end()
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	all, parts := summing(sum, brief), make([]report.Summary, len(r.hosts))
	var counter *merge.Counter
	counter, err := merge.NewCounter(r.rules, merge.Events{
		Opened: func(alerts []*window.Alert) {
			sum.Reach(counter.At())
			all.Opened(alerts)
		},
		Grew: func(a *window.Alert) {
			sum.Reach(counter.At())
			all.Grew(a)
		},
		Ended: all.Ended,
	})
	if err != nil {
		return err
	}
	if brief {
		counter.Brief()
	}
	for i := range r.hosts {
		r.hosts[i].Sources = r.logs[i]
		parts[i] = *sum
	}
	run := merge.Replay{Logs: r.hosts, Zone: r.settings.Zone, Now: r.now, Progress: r.bar.show,
		New: func(l pipeline.Listener) (*pipeline.Pipeline, error) { return r.newPipeline(r.rules, l) },
		Listener: func(log int) pipeline.Listener {
			one := summing(&parts[log], brief)
			one.Keep = r.keep
			return one
		}}
	result, err := run.Run(r.cmd.Context(), counter)
	r.looks = result.Sources
	for i := range parts {
		sum.Join(&parts[i])
	}
	if err := r.noteBroken(err); err != nil {
		return err
	}
	if sum.Totals = result.Totals; sum.Totals.Bytes == 0 { // a report about nothing would look like good news
		return errors.Join(r.problems...)
	}
	return nil
}

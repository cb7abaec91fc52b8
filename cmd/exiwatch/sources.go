package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"

	"exiwatch/internal/daemon"
	"exiwatch/internal/escape"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/tailer"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

// sources are the logs that a command reads, once or several times.
type sources struct {
	*selection
	logs  [][]replay.Source
	bar   *progress
	begin func(log int) error // called before each log, with its index in logs; may be nil
}

// findSources finds the logs. The caller ends the progress bar.
func (s *selection) findSources(cmd *cobra.Command, files []string) (*sources, error) {
	logs, err := s.logs(cmd.Context(), files, cmd.InOrStdin())
	if err != nil {
		return nil, logError(err)
	}
	for i, sources := range logs {
		logs[i] = s.once(sources, cmd.ErrOrStderr())
	}
	return &sources{selection: s, logs: logs, bar: newProgress(cmd.ErrOrStderr())}, nil
}

// once leaves out files that copy the beginning of another file of the log, as the daemon does, and says so.
func (s *selection) once(sources []replay.Source, notes io.Writer) []replay.Source {
	var paths []string
	for _, source := range sources {
		if source.Stream == nil && source.Open == nil {
			paths = append(paths, source.Name)
		}
	}
	copies := tailer.Copies(paths)
	for _, c := range copies {
		if c.Err != nil {
			s.problem(c.Err)
		}
		note := fmt.Sprintf("%s is a copy of the beginning of %s: read once", c.Path, c.Of)
		if !slices.Contains(s.noted, note) { // --html --suggest finds the logs twice
			s.noted = append(s.noted, note)
			fmt.Fprintf(notes, "exiwatch: note: %s\n", escape.Text(note))
		}
	}
	return slices.DeleteFunc(sources, func(source replay.Source) bool {
		isIt := func(c tailer.Copy) bool { return source.Stream == nil && source.Open == nil && c.Path == source.Name }
		return slices.ContainsFunc(copies, isIt)
	})
}

// problem notes an error of a single log. The command reads the other logs all the same.
func (s *selection) problem(err error) {
	same := func(other error) bool { return other.Error() == err.Error() }
	if !slices.ContainsFunc(s.problems, same) { // --suggest reads each log several times
		s.problems = append(s.problems, err)
	}
}

// reporting makes the function of a command that reads logs. After the command's output it says what it could not
// understand, and fails with the problems of single logs.
func (s *selection) reporting(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := run(cmd, args); err != nil {
			return err
		}
		s.judge(cmd.ErrOrStderr())
		return errors.Join(s.problems...)
	}
}

// garbage is the value of GOGC while logs are read, in percent. Live memory grows slowly and has few pointers, so more
// frequent collections cost little.
const garbage = 50

// read reads the logs through a pipeline. A listener without a Keep gets the selected arrivals.
func (r *sources) read(ctx context.Context, rules []window.Rule, listener pipeline.Listener) (all tailer.Totals,
	err error) {
	if listener.Keep == nil {
		listener.Keep = r.keep
	}
	first := r.looks == nil
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	p, err := pipeline.New(r.settings.Scopes, rules, listener)
	if err != nil {
		return all, err
	}
	p.Trust(daemon.Key(r.settings.State))
	p.Decode(r.settings.Charset)
	for i, sources := range r.logs {
		if i > 0 {
			if p, err = p.Another(sources[0].Name); err != nil {
				return all, err
			}
		}
		if r.begin != nil {
			if err := r.begin(i); err != nil {
				return all, err
			}
		}
		share := func(done float64) { r.bar.show((float64(i) + done) / float64(len(r.logs))) }
		result, err := replay.Run(ctx, p, sources, r.settings.Zone, r.now, share)
		if first {
			r.looks = append(r.looks, result.Sources...)
		}
		var broken *replay.BrokenLogs
		if errors.As(err, &broken) {
			for _, err := range broken.Errors {
				r.problem(logError(err))
			}
		} else if err != nil {
			return all, logError(err)
		}
		all.Lines, all.Bytes, all.Long = all.Lines+result.Lines, all.Bytes+result.Bytes, all.Long+result.Long
	}
	if all.Bytes == 0 { // a report about nothing would look like good news
		return all, errors.Join(r.problems...)
	}
	return all, nil
}

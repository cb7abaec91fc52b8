package main

import (
	"errors"
	"runtime/debug"
	"slices"

	"exiwatch/internal/daemon"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/tailer"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

// findSources finds the logs to read.
func (s *selection) findSources(files []string) error {
	if err := s.findLogs(files); err != nil {
		return err
	}
	s.leaveOutCopies()
	return nil
}

// leaveOutCopies leaves out files that copy the beginning of another file of their log, as the daemon does, and says
// so.
func (s *selection) leaveOutCopies() {
	for i, sources := range s.logs {
		sources, copies := replay.WithoutCopies(sources)
		for _, c := range copies {
			if c.Err != nil {
				s.problem(c.Err)
			}
			s.note("note", "%s is a copy of the beginning of %s: read once", c.Path, c.Of)
		}
		s.logs[i] = sources
	}
	s.bar = newProgress(s.cmd.ErrOrStderr())
}

// problem notes an error of a single log. The command reads the other logs all the same.
func (s *selection) problem(err error) {
	same := func(other error) bool { return other.Error() == err.Error() }
	if !slices.ContainsFunc(s.problems, same) { // --suggest reads each log several times
		s.problems = append(s.problems, err)
	}
}

// reporting makes the function of a command that reads logs, whose flags are prepared first. After the command's output
// it says what it could not understand, and fails with the problems of single logs.
func (s *selection) reporting(run func(args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		s.cmd = cmd
		if err := s.prepare(); err != nil {
			return err
		}
		if err := run(args); err != nil {
			return err
		}
		s.judge()
		return errors.Join(s.problems...)
	}
}

// replay reads the logs through a pipeline. If that takes long, it shows a progress bar.
func (s *selection) replay(files []string, rules []window.Rule, listener pipeline.Listener) (tailer.Totals, error) {
	if err := s.findSources(files); err != nil {
		return tailer.Totals{}, err
	}
	return s.read(rules, listener)
}

// garbage is the value of GOGC while logs are read, in percent. Live memory grows slowly and has few pointers, so more
// frequent collections cost little.
const garbage = 50

// read reads the logs through a pipeline. The listener gets the selected arrivals.
func (s *selection) read(rules []window.Rule, listener pipeline.Listener) (all tailer.Totals, err error) {
	defer s.bar.end()
	listener.Keep = s.keep
	first := s.looks == nil
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	p, err := s.newPipeline(rules, listener)
	if err != nil {
		return all, err
	}
	for i, sources := range s.logs {
		if s.log = i; i > 0 {
			if p, err = p.Another(sources[0].Name); err != nil {
				return all, err
			}
		}
		if s.begin != nil {
			if err := s.begin(); err != nil {
				return all, err
			}
		}
		share := func(done float64) { s.bar.show((float64(i) + done) / float64(len(s.logs))) }
		result, err := replay.Run(s.cmd.Context(), p, sources, s.settings.Zone, s.now, share)
		if first {
			s.looks = append(s.looks, result.Sources...)
		}
		if err := s.noteBroken(err); err != nil {
			return all, err
		}
		all.Lines, all.Bytes, all.Long = all.Lines+result.Lines, all.Bytes+result.Bytes, all.Long+result.Long
	}
	if all.Bytes == 0 { // a report about nothing would look like good news
		return all, errors.Join(s.problems...)
	}
	return all, nil
}

// newPipeline makes a pipeline for finished logs.
func (s *selection) newPipeline(rules []window.Rule, listener pipeline.Listener) (*pipeline.Pipeline, error) {
	p, err := pipeline.New(s.settings.Scopes, rules, listener)
	if err != nil {
		return nil, err
	}
	p.Trust(daemon.Key(s.settings.State))
	p.Decode(s.settings.Charset)
	return p, nil
}

// noteBroken notes which logs could not be read to their ends. It returns any other error.
func (s *selection) noteBroken(err error) error {
	var broken *replay.BrokenLogs
	if !errors.As(err, &broken) {
		return logError(err)
	}
	for _, err := range broken.Errors {
		s.problem(logError(err))
	}
	return nil
}

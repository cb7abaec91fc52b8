package main

import (
	"fmt"
	"io/fs"
	"os"
	"slices"

	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/internal/report"
	"exiwatch/internal/suggest"
	"exiwatch/parser"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

// A chooser holds the flags of `replay --suggest`.
type chooser struct {
	suggest bool
	perWeek float64
}

// maxAlertsPerWeek is more than anyone reads, and small enough that sums do not overflow.
const maxAlertsPerWeek = 1e6

func (c *chooser) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.suggest, "suggest", false, "print rules with limits that fit these logs, as TOML")
	cmd.Flags().Float64Var(&c.perWeek, "alerts-per-week", 1,
		"with --suggest: at most `N` alerts of each rule a week; 0.25 is one in four weeks, 0 is none")
}

func (c *chooser) check(cmd *cobra.Command) error {
	if cmd.Flags().Changed("alerts-per-week") && !c.suggest {
		return usagef("--alerts-per-week needs --suggest")
	}
	if !(c.perWeek >= 0 && c.perWeek <= maxAlertsPerWeek) {
		return usagef("--alerts-per-week %v: expected a number from 0 to %d", c.perWeek, int(maxAlertsPerWeek))
	}
	return nil
}

// run finds the limits and prints them.
func (c *chooser) run(cmd *cobra.Command, s *selection, files []string, rules []window.Rule, rows int,
	asJSON bool) error {
	result, err := c.find(cmd, s, files, rules, rows)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd.OutOrStdout(), result)
	}
	return result.TOML(cmd.OutOrStdout())
}

// find reads the logs until the limits are found.
func (c *chooser) find(cmd *cobra.Command, s *selection, files []string, rules []window.Rule,
	rows int) (*suggest.Suggestions, error) {
	rules = slices.DeleteFunc(slices.Clone(rules), func(r window.Rule) bool {
		return r.Count == window.Anomalies // no limit on volume
	})
	found, err := suggest.New(rules, c.perWeek)
	if err != nil {
		return nil, err
	}
	r, err := s.findSources(cmd, files)
	if err != nil {
		return nil, err
	}
	defer r.bar.end()
	again, err := newRepeatedSources(r)
	if err != nil {
		return nil, err
	}
	err = again.first(cmd, found.First(), pipeline.Listener{
		Arrival: func(a *parser.Arrival, _ *window.Arrival) {
			found.Arrival(report.Time{Time: a.Time, Millis: a.Millis})
		},
		Counted: found.Counted,
	}, found.NextLog)
	if err != nil {
		return nil, err
	}
	for rules := found.Next(); rules != nil; rules = found.Next() {
		if err := again.next(cmd, rules, pipeline.Listener{Opened: found.Opened, Summary: true}); err != nil {
			return nil, err
		}
	}
	result := found.Suggestions(rows)
	return &result, nil
}

// repeatedSources reads logs several times and gets the same arrivals each time, though the logs grow.
type repeatedSources struct {
	*sources
	files []os.FileInfo // of all sources
	kept  []int64       // arrivals of each log, the first time
	seen  []int64       // this time
	log   int           // being read
}

// newRepeatedSources refuses sources that can be read only once.
func newRepeatedSources(r *sources) (*repeatedSources, error) {
	again := &repeatedSources{sources: r, kept: make([]int64, len(r.logs))}
	for source, info := range again.each {
		if source.Stream != nil || info != nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice|fs.ModeSocket) != 0 {
			return nil, &hintedError{
				fmt.Errorf("--suggest reads the log several times, and %s can be read only once", source.Name),
				"name the files, which may be compressed, or write the log to a file first",
			}
		}
		again.files = append(again.files, info)
	}
	return again, nil
}

// each yields each source with its file, nil if it has none.
func (r *repeatedSources) each(yield func(replay.Source, os.FileInfo) bool) {
	for _, sources := range r.logs {
		for _, source := range sources {
			info, err := os.Stat(source.Name)
			if err != nil {
				info = nil
			}
			if !yield(source, info) {
				return
			}
		}
	}
}

// first reads the logs, and calls begin before each.
func (r *repeatedSources) first(cmd *cobra.Command, rules []window.Rule, listener pipeline.Listener,
	begin func() error) error {
	listener.More = func() bool {
		r.kept[r.log]++
		return true
	}
	r.begin = func(log int) error {
		r.log = log
		return begin()
	}
	_, err := r.read(cmd.Context(), rules, listener)
	return err
}

// next reads them again, up to where they ended at the first reading.
func (r *repeatedSources) next(cmd *cobra.Command, rules []window.Rule, listener pipeline.Listener) error {
	r.seen = make([]int64, len(r.logs))
	listener.More = func() bool {
		if r.seen[r.log] == r.kept[r.log] {
			return false
		}
		r.seen[r.log]++
		return true
	}
	r.begin = func(log int) error {
		r.log = log
		return nil
	}
	if _, err := r.read(cmd.Context(), rules, listener); err != nil {
		return err
	}
	return r.unchanged()
}

// unchanged fails if the names belong to other files now.
func (r *repeatedSources) unchanged() error {
	i := 0
	for source, info := range r.each {
		was := r.files[i]
		if source.Open == nil && ((info == nil) != (was == nil) || info != nil && !os.SameFile(info, was)) {
			return cycledMeanwhile(source.Name)
		}
		i++
	}
	for log, n := range r.kept {
		if r.seen[log] < n {
			return cycledMeanwhile(r.logs[log][0].Name)
		}
	}
	return nil
}

func cycledMeanwhile(name string) error {
	return &hintedError{fmt.Errorf("%s was rotated while exiwatch read it", name), "run the command again"}
}

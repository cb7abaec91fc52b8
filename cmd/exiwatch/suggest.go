package main

import (
	"fmt"
	"io/fs"
	"os"
	"slices"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/internal/suggest"
	"exiwatch/parser"
	"exiwatch/window"
)

// printSuggestions finds limits and prints them.
func (r *replayer) printSuggestions(files []string) error {
	if err := r.findSources(files); err != nil {
		return err
	}
	result, err := r.suggestions(r.relayRules())
	if err != nil {
		return err
	}
	if r.asJSON {
		return printJSON(r.cmd.OutOrStdout(), result)
	}
	return result.TOML(r.cmd.OutOrStdout())
}

// relayRules proposes rules for hosts that relay, if none by host counts what they relay.
func (r *replayer) relayRules() (all []suggest.Proposal) {
	if slices.ContainsFunc(r.rules, func(rule window.Rule) bool {
		count := r.settings.Scopes[rule.Scope]
		return rule.Key == window.Host && (count.Counts(config.Relayed) || count.Counts("all"))
	}) {
		return nil
	}
	scopes, scope := r.settings.Scopes.With(config.Class{Name: config.Relayed})
	r.settings.Scopes = scopes
	for _, rule := range relayGroup.rules {
		span, _ := window.ParseWindow(rule.window)
		measure, _ := window.ParseMeasure(rule.count)
		all = append(all, suggest.Proposal{Only: []string{config.Relayed}, Rule: window.Rule{Name: rule.name,
			Key: window.Host, Count: measure, Limit: rule.limit, Window: span, Scope: scope}})
	}
	return all
}

// suggestions reads the logs until the limits are found.
func (r *replayer) suggestions(proposals []suggest.Proposal) (*suggest.Suggestions, error) {
	rules := slices.DeleteFunc(slices.Clone(r.rules), func(rule window.Rule) bool {
		return rule.Count == window.Anomalies || rule.Count == window.BounceShare // no limits on volume
	})
	found, err := suggest.New(rules, proposals, r.perWeek)
	if err != nil {
		return nil, err
	}
	if err := r.lookAtFiles("--suggest"); err != nil {
		return nil, err
	}
	r.begin = found.NextLog
	err = r.pass(found.First(), pipeline.Listener{
		Arrival: func(a *parser.Arrival, _ *window.Arrival) {
			found.Arrival(report.Time{Time: a.Time, Millis: a.Millis})
		},
		Counted: found.Counted,
	})
	r.begin = nil
	for err == nil {
		rules := found.Next()
		if rules == nil {
			result := found.Suggestions(int(r.rows))
			return &result, nil
		}
		err = r.pass(rules, pipeline.Listener{Opened: found.Opened, Ended: found.Ended})
	}
	return nil, err
}

// lookAtFiles notes which files the logs are. It refuses sources that can be read only once.
func (r *replayer) lookAtFiles(flag string) error {
	for _, source := range slices.Concat(r.logs...) {
		info, _ := os.Stat(source.Name) // nil if it has none
		if source.Stream != nil || info != nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice|fs.ModeSocket) != 0 {
			return &hintedError{
				fmt.Errorf("%s reads the log several times, and %s can be read only once", flag, source.Name),
				"name the files, which may be compressed, or write the log to a file first",
			}
		}
		r.files = append(r.files, info)
	}
	return nil
}

// pass reads the logs: the first time to their ends, and then the same arrivals again, though the logs grow.
func (r *replayer) pass(rules []window.Rule, listener pipeline.Listener) error {
	seen := make([]int64, len(r.logs))
	listener.More = func() bool {
		if r.kept != nil && seen[r.log] == r.kept[r.log] {
			return false
		}
		seen[r.log]++
		return true
	}
	if _, err := r.read(rules, listener); err != nil {
		return err
	}
	if r.kept == nil {
		r.kept = seen
		return nil
	}
	return r.unchanged(seen)
}

// unchanged fails if the names belong to other files now, or if these have fewer arrivals than at the first reading.
func (r *replayer) unchanged(seen []int64) error {
	for i, source := range slices.Concat(r.logs...) {
		info, _ := os.Stat(source.Name)
		if was := r.files[i]; source.Open == nil && (info != nil || was != nil) && !os.SameFile(info, was) {
			return cycledMeanwhile(source.Name)
		}
	}
	for log, n := range r.kept {
		if seen[log] < n {
			return cycledMeanwhile(r.logs[log][0].Name)
		}
	}
	return nil
}

func cycledMeanwhile(name string) error {
	return &hintedError{fmt.Errorf("%s was rotated while exiwatch read it", name), "run the command again"}
}

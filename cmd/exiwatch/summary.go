package main

import (
	"fmt"
	"runtime/debug"
	"time"

	"exiwatch/internal/daemon"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/summary"
	"exiwatch/parser"
	"exiwatch/window"
)

// The values of --summary that name no date.
const spanDay, spanWeek = "day", "week"

// unfitSummary fails if a flag was given that --summary has no use for.
func (r *replayer) unfitSummary() error {
	others := []string{"suggest", "html", "since", "until", "rows"}
	for _, filter := range filters {
		others = append(others, filter.name)
	}
	for _, name := range others {
		if r.cmd.Flags().Changed(name) {
			return usagef("--summary is about whole days and all arrivals: it can't be used with --%s", name)
		}
	}
	return nil
}

// printSummary prints the summary of some days.
func (r *replayer) printSummary(files []string) error {
	named := r.summary != spanDay && r.summary != spanWeek
	var span summary.Span
	if named {
		var err error
		if span, err = summary.Parse(r.summary, r.settings.Zone); err != nil {
			return usagef("--summary %w", err)
		}
	}
	if err := r.findSources(files); err != nil {
		return err
	}
	if !named {
		if err := r.lookAtFiles("--summary"); err != nil {
			return err
		}
		last, err := r.lastArrival()
		if err != nil || last.IsZero() {
			return err
		}
		span = summary.Before(last.In(r.settings.Zone), r.summary == spanWeek)
	}
	reader := summary.Logs{Config: &r.settings, Rules: r.rules, Key: daemon.Key(r.settings.State), Sources: r.logs,
		Now: r.now, Progress: r.bar.show}
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	sum, problems, err := reader.Read(r.cmd.Context(), span)
	r.bar.end()
	if err != nil {
		return logError(err)
	}
	for _, err := range problems {
		r.problem(logError(err))
	}
	r.looks = nil // it says itself what the log lacks
	if r.asJSON {
		return printJSON(r.cmd.OutOrStdout(), sum)
	}
	_, err = fmt.Fprint(r.cmd.OutOrStdout(), sum.Text())
	return err
}

// lastArrival reads the logs for the latest stamp of their arrivals.
func (r *replayer) lastArrival() (last time.Time, err error) {
	_, err = r.read(nil, pipeline.Listener{Idle: true, Summary: true,
		Arrival: func(a *parser.Arrival, _ *window.Arrival) {
			if a.Time.After(last) {
				last = a.Time
			}
		}})
	return last, err
}

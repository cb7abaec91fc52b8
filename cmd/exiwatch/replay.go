package main

import (
	"errors"
	"io"
	"slices"
	"strings"

	"exiwatch/internal/escape"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

const replayHelp = `replay counts finished main logs with the daemon's rules and reports rankings and the alerts that
the daemon would have sent. A FILE may be plain or compressed (gz, bz2, xz, zst, lz4, lzma); "-"
is the standard input. Several files are read in the order of their rotated names, else of their
first timestamps. Without a FILE, replay reads the main log and its rotated files. A file that
copies the beginning of another is read once. Of a broken file it counts what it can read; the
exit status is then 1. Filters and times apply before counting.

--suggest prints rules for a configuration instead. The limit of each rule is the lowest that would
have opened at most --alerts-per-week alerts a week in these logs. Comments say what was counted.
A log of less than a week may have one alert. replay reads the logs several times, so they must be
files.

--html writes one HTML file ("-": the standard output) instead of text: totals, arrivals by hour, a
heat map of days and hours, each alert, the rankings, and with --suggest the limits. A browser opens
it without a network or scripts. It is less than 1 MB, whatever the log. Only its owner may read a
new file, as it holds addresses and subjects: subjects = "hashed" | "none" under [mail] is for mails
only. It replaces an earlier report; --force also overwrites other files.`

func replayCommand() *cobra.Command {
	var s selection
	var asJSON bool
	var rows uint
	var written []string
	var choose chooser
	var html htmlFile
	cmd := &cobra.Command{
		Use:   "replay [FILE...]",
		Short: "report on finished logs: which alerts would the daemon have sent?",
		Long:  replayHelp,
		Example: `  exiwatch replay
  exiwatch replay /var/log/exim4/mainlog.1 /var/log/exim4/mainlog
  exiwatch replay --rule 'sender 20/5m' --rule 'account recipients 500/1h' --json mainlog.2.gz
  exiwatch replay --suggest --since 30d > rules.toml
  exiwatch replay --html report.html --since 7d`,
		RunE: s.reporting(func(cmd *cobra.Command, files []string) error {
			if err := s.prepare(); err != nil {
				return err
			}
			rules, err := s.rules(written)
			if err != nil {
				return err
			}
			if err := errors.Join(choose.check(cmd), html.check(cmd)); err != nil {
				return err
			}
			switch {
			case html.wanted(cmd) && asJSON:
				return usagef("expected --json or --html, not both")
			case html.wanted(cmd):
				return html.run(cmd, &s, files, rules, int(rows), &choose)
			case choose.suggest:
				return choose.run(cmd, &s, files, rules, int(rows), asJSON)
			}
			return s.summarize(cmd, files, rules, int(rows), asJSON)
		}),
	}
	s.flags(cmd)
	cmd.Flags().StringArrayVar(&written, "rule", nil,
		"count by `'KEY [COUNT] LIMIT/WINDOW'` instead of the configured rules, such as 'sender 20/5m' (repeatable)")
	choose.flags(cmd)
	html.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	cmd.Flags().UintVarP(&rows, "rows", "n", 10, "`ROWS` of each ranking (0: all)")
	return cmd
}

// summarize reads the logs and prints rankings and alerts.
func (s *selection) summarize(cmd *cobra.Command, files []string, rules []window.Rule, rows int, asJSON bool) error {
	sum := report.Summary{Rules: rules, Brief: !asJSON, Only: s.only()}
	listener := summing(&sum)
	listener.Ended, listener.Summary = sum.Ended, true
	var err error
	if sum.Totals, err = s.replay(cmd, files, rules, listener); err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd.OutOrStdout(), sum.Document(rows))
	}
	return sum.Text(cmd.OutOrStdout(), rows, isColour(cmd.OutOrStdout()))
}

// summing makes a listener that fills a Summary.
func summing(sum *report.Summary) pipeline.Listener {
	return pipeline.Listener{AllKeys: !sum.Brief, Arrival: sum.Arrival, NewCollector: sum.NewCollector,
		Other: sum.Other, Opened: sum.Opened, Grew: sum.Grew}
}

// rules returns the rules of the command line, else the configured ones.
func (s *selection) rules(written []string) ([]window.Rule, error) {
	if len(written) == 0 {
		return s.settings.Rules, nil
	}
	var rules []window.Rule
	for _, text := range written {
		r, err := parseRule(text)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	if _, err := window.New(rules); err != nil {
		return nil, usagef("--rule: %w", err)
	}
	return rules, nil
}

// parseRule reads the value of --rule.
func parseRule(text string) (window.Rule, error) {
	r, err := window.ParseRule(text)
	if err == nil {
		return r, nil
	}
	fields := strings.Fields(text)
	if len(fields) == 2 || len(fields) == 3 {
		keys := append(ruleKeys(), window.Log.String())
		if key := fields[0]; !slices.Contains(keys, key) {
			return r, usagef("--rule %q: unknown key %q; %s", text, key, words.Suggest(key, keys))
		}
		counts := append(slices.Clone(weights), window.Anomalies.String())
		if count := fields[1]; len(fields) == 3 && !slices.Contains(counts, count) {
			return r, usagef("--rule %q: unknown count %q; %s", text, count, words.Suggest(count, counts))
		}
	}
	return r, usagef("--rule %q: expected KEY [COUNT] LIMIT/WINDOW with a LIMIT of 1 or more and a WINDOW of 10s to "+
		"31d, such as 'sender 20/5m'", text)
}

func printJSON(w io.Writer, v any) error {
	e := escape.NewJSON(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

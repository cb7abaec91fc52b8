package main

import (
	"errors"
	"io"
	"os"
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

--fleet counts the logs of many hosts as one. mx1='/logs/mx1/mainlog*' names the host and all files of
its log; repeat it for each host. A glob alone is a central log, whose lines name their hosts as
syslog writes them. Each host has its own clock: a wrong one changes nothing for the others. Without
FILE and --fleet, [fleet] engine = "none" counts the configured logs so.

--suggest prints rules for a configuration instead. A limit is 1.5 times the count that 99% of the
daily peaks don't exceed. Incidents that look like abuse are listed and left out of this measure.
Exceptions are proposed for those who often send much. Where hosts relay without a login, and no
rule limits each of them, such rules are proposed. A limit rises if it would open more than
--alerts-per-week alerts a week otherwise. It needs a week of logs. replay reads the logs several
times, so they must be files.

--html writes one HTML file ("-": the standard output) instead of text: totals, arrivals by hour, a
heat map of days and hours, a row and a card for each incident, the rankings, and with --suggest the
limits. A browser opens it without a network. A script in it sorts and searches the tables; without
it the page is complete. It is less than 1 MB, whatever the log: it leaves out the incidents that
went least over their limits, and says so. Only its owner may read a new file, as it holds addresses
and subjects: subjects = "hashed" | "none" under [mail] is for mails only. It replaces an earlier
report; --force also overwrites other files.

--summary prints a summary of whole days of the log's time zone instead, from midnight to midnight:
totals against the days before, incidents, who came closest to a limit, top accounts with their
topics, anomalies, and what no rule counts. The day is the last whole one before the end of the log;
--summary=week is the last whole week, from Monday on; --summary=2026-11-28, --summary=2026-W48 and
--summary=2026-11-24..2026-11-30 name one. What the log says of later days changes nothing in it.
It takes no filters and times.

--csv prints the alerts as CSV instead (RFC 4180, UTF-8), with the names of the columns in the first
row. Each alert has a row: its count and its limit belong to one rule. A spreadsheet groups the rows
by the columns incident and account. Where there are fewer than three subjects, cells are empty, as
is ended while the alert is open. Control characters are escaped. A cell that a spreadsheet would
run as a formula gets ' before it.`

// A replayer holds the flags of replay.
type replayer struct {
	selection
	written []string // rules on the command line
	suggest bool
	perWeek float64 // alerts of each rule
	html    string  // the file to write, or "-" for the standard output
	force   bool    // overwrite any file
	summary string  // which days
	fleet   []string

	rules []window.Rule
	files []os.FileInfo // of all sources of --suggest
	kept  []int64       // arrivals of each log, at the first reading
}

func replayCommand() *cobra.Command {
	var r replayer
	cmd := &cobra.Command{
		Use:   "replay [FILE...]",
		Short: "report on finished logs: which alerts would the daemon have sent?",
		Long:  replayHelp,
		Example: `  exiwatch replay
  exiwatch replay /var/log/exim4/mainlog.1 /var/log/exim4/mainlog
  exiwatch replay --rule 'sender 20/5m' --rule 'account recipients 500/1h' --json mainlog.2.gz
  exiwatch replay --fleet mx1='/logs/mx1/mainlog*' --fleet mx2='/logs/mx2/mainlog*'
  exiwatch replay --suggest --since 30d > rules.toml
  exiwatch replay --html report.html --since 7d
  exiwatch replay --summary
  exiwatch replay --since 30d --csv > alerts.csv`,
		RunE: r.reporting(r.run),
	}
	r.flags(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&r.written, "rule", nil,
		"count by `'KEY [COUNT] LIMIT/WINDOW'` instead of the configured rules, such as 'sender 20/5m' (repeatable)")
	f.BoolVar(&r.suggest, "suggest", false, "print rules with limits that fit these logs, as TOML")
	f.Float64Var(&r.perWeek, "alerts-per-week", 1,
		"with --suggest: at most `N` alerts of each rule a week that don't look like abuse; 0.25 is one in four weeks")
	f.StringVar(&r.html, "html", "", "write an HTML `FILE` instead of text (\"-\": the standard output)")
	f.BoolVar(&r.force, "force", false, "with --html: overwrite FILE even if it is not a report")
	f.StringVar(&r.summary, "summary", "",
		"print a summary of whole `DAYS`: day (the last one), week, 2026-11-28 or 2026-W48")
	f.Lookup("summary").NoOptDefVal = spanDay
	f.StringArrayVar(&r.fleet, "fleet", nil,
		"count the logs of several hosts as one fleet: the files of `HOST=GLOB`, or GLOB of a central log (repeatable)")
	r.formatFlags(cmd, "print one JSON document", "print CSV for spreadsheets: one row for each alert")
	f.UintVarP(&r.rows, "rows", "n", 10, "`ROWS` of each ranking (0: all)")
	return cmd
}

// maxAlertsPerWeek is more than anyone reads, and small enough that sums do not overflow.
const maxAlertsPerWeek = 1e6

func (r *replayer) run(files []string) error {
	if err := r.readRules(); err != nil {
		return err
	}
	if err := r.unfit(); err != nil {
		return err
	}
	if err := r.findFleet(files); err != nil {
		return err
	}
	given := r.cmd.Flags().Changed
	switch {
	case given("html"):
		return r.writeHTML(files)
	case given("summary"):
		return r.printSummary(files)
	case r.suggest:
		return r.printSuggestions(files)
	}
	return r.summarize(files)
}

// unfit fails for flags that don't go together.
func (r *replayer) unfit() (unfit error) {
	given := r.cmd.Flags().Changed
	refuse := func(format string, args ...any) { unfit = errors.Join(unfit, usagef(format, args...)) }
	if given("alerts-per-week") && !r.suggest {
		refuse("--alerts-per-week needs --suggest")
	} else if !(r.perWeek >= 0 && r.perWeek <= maxAlertsPerWeek) {
		refuse("--alerts-per-week %v: expected a number from 0 to %d", r.perWeek, int(maxAlertsPerWeek))
	}
	if r.force && !given("html") {
		refuse("--force needs --html")
	}
	if given("html") && r.asJSON {
		refuse("expected --json or --html, not both")
	}
	if r.asCSV && (r.suggest || given("html") || given("summary")) {
		refuse("--csv lists alerts: it can't be used with --suggest, --html or --summary")
	}
	if given("summary") {
		unfit = errors.Join(unfit, r.unfitSummary())
	}
	return errors.Join(unfit, r.unfitFleet())
}

// unfitFleet fails for flags that don't go with --fleet.
func (r *replayer) unfitFleet() error {
	if r.fleet != nil && (r.suggest || r.summary != "") {
		return usagef("--fleet counts logs together: it can't be used with --suggest or --summary")
	}
	return nil
}

// summarize reads the logs and prints rankings and alerts.
func (r *replayer) summarize(files []string) error {
	sum := report.Summary{Rules: r.rules, Brief: !r.asJSON, Only: r.only(), Inside: r.settings.Scopes[""].Inside}
	if err := r.findSources(files); err != nil {
		return err
	}
	if err := r.sum(&sum, true); err != nil {
		return err
	}
	out := r.cmd.OutOrStdout()
	if r.asJSON {
		return printJSON(out, sum.Document(int(r.rows)))
	}
	if r.asCSV {
		return sum.CSV(out)
	}
	return sum.Text(out, int(r.rows), isColour(out))
}

// summing makes a listener that fills a Summary. brief says that of alerts only what Text and Document need matters.
func summing(sum *report.Summary, brief bool) pipeline.Listener {
	l := pipeline.Listener{AllKeys: !sum.Brief, Arrival: sum.Arrival, NewCollector: sum.NewCollector,
		Relayed: sum.Relayed, Other: sum.Other, Opened: sum.Opened, Grew: sum.Grew, Summary: brief}
	if brief {
		l.Ended = sum.Ended
	}
	return l
}

// readRules takes the rules of the command line, else the configured ones.
func (r *replayer) readRules() error {
	if len(r.written) == 0 {
		r.rules = r.settings.Rules
		return nil
	}
	for _, text := range r.written {
		rule, err := parseRule(text)
		if err != nil {
			return err
		}
		r.rules = append(r.rules, rule)
	}
	if _, err := window.New(r.rules); err != nil {
		return usagef("--rule: %w", err)
	}
	return nil
}

// parseRule reads the value of --rule.
func parseRule(text string) (window.Rule, error) {
	r, err := window.ParseRule(text)
	if err == nil {
		return r, nil
	}
	fields := strings.Fields(text)
	if len(fields) == 2 || len(fields) == 3 {
		keys := allKeys()
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

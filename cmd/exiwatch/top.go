package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"exiwatch/internal/csvsafe"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
	"exiwatch/parser"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

// weights are the values of --count. The last five count different values.
var weights = []string{"messages", "recipients", "bytes", "hosts", "networks", "senders", "subjects", "addresses"}

var sums = map[string]func(*report.Row) int64{"messages": report.Messages, "recipients": report.Recipients,
	"bytes": report.Bytes}

var distinctKeys = map[string]window.Key{"hosts": window.Host, "networks": window.Network, "senders": window.Sender,
	"subjects": window.Subject}

func topCommand() *cobra.Command {
	var s selection
	var t ranker
	cmd := &cobra.Command{
		Use:   "top [bounces|deferrals] KEY [FILE...]",
		Short: "rank the values of a key, as sort | uniq -c | sort -gr would",
		Long: `top counts the arrivals of the logs by KEY: sender, sender_domain, auth, user, host, network,
account, account_domain, subject, topic, script (the directory in a submission's cwd= line), cpuser
(cPanel's user) or message. exiwatch help keys explains them. Without a FILE, top reads the main log
and its rotated files.

top bounces counts the recipients that were refused for good instead, and top deferrals those that
were deferred, each once a message: by the KEY of the message that they are of.`,
		Example: `  exiwatch top account --since 24h
  exiwatch top subject --sender alice@example.com
  exiwatch top auth --count hosts
  exiwatch top bounces account --since 24h`,
		Args: func(_ *cobra.Command, args []string) error {
			if args = t.fateOf(args); len(args) == 0 {
				return usagef("top needs a KEY: %s", strings.Join(topKeys(), ", "))
			}
			return t.prepare(args[0])
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			switch {
			case len(args) == 0:
				return slices.Concat(slices.Sorted(maps.Keys(fates)), topKeys()), cobra.ShellCompDirectiveNoFileComp
			case len(new(ranker).fateOf(args)) == 0:
				return topKeys(), cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: s.reporting(func(args []string) error {
			if t.key == "script" && len(s.patterns) > 0 {
				return usagef("top script ranks calls of Exim: only --since and --until can select them")
			}
			if _, err := s.replay(t.fateOf(args)[1:], s.settings.Rules, t.listener(&s)); err != nil {
				return err
			}
			t.join()
			t.note(&s)
			t.noteUnjoined(&s)
			top := t.ranking.Top(int(s.rows), t.weight)
			return t.print(&s, top)
		}),
	}
	s.flags(cmd)
	cmd.Flags().StringVar(&t.count, "count", "messages",
		"what to rank by: "+strings.Join(weights, ", ")+" (the last five: how many different ones)")
	cmd.RegisterFlagCompletionFunc("count", cobra.FixedCompletions(weights, cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().UintVarP(&s.rows, "rows", "n", 10, "`ROWS` (0: all)")
	s.formatFlags(cmd, "print JSON", "print CSV for spreadsheets, with the fields of --json as columns")
	return cmd
}

// topKeys are the keys of top: those of rules but log, which has one value, and the message id.
func topKeys() []string {
	return append(rankedKeys(), "script", "cpuser", "message")
}

// rankedKeys are the keys whose values every arrival has, if it has one.
func rankedKeys() []string { return allKeys()[:window.Log] }

// allKeys are the keys of rules.
func allKeys() (names []string) {
	for key := range window.NumKeys {
		names = append(names, key.String())
	}
	return names
}

// fates are what became of recipients.
var fates = map[string]window.Nature{"bounces": window.Refused, "deferrals": window.Deferred}

// fateOf sets what the arguments say to count of recipients, and returns the arguments behind that.
func (t *ranker) fateOf(args []string) []string {
	if len(args) == 0 {
		return nil
	}
	nature, ok := fates[args[0]]
	if !ok {
		return args
	}
	t.fate, t.fated = args[0], nature
	return args[1:]
}

// A ranker adds up arrivals by one key.
type ranker struct {
	key, count string
	fate       string        // of recipients; "": arrivals are counted
	fated      window.Nature // the same
	unjoined   int64         // recipients of messages that aren't known
	weight     func(*report.Row) int64
	ranking    report.Ranking
	gathered   []*ranker // one for each goroutine
	arrivals   int64
	uncounted  report.Uncounted
	relayed    report.Uncounted // of those, arrivals that rules count later
	items      []report.Item
	identified cpanelUsers
	others     [][]byte // values of one reception
}

func (t *ranker) prepare(key string) error {
	if key == window.Log.String() {
		return usagef("log is a key for rules only, as it has one value; exiwatch replay lists the log's anomalies")
	}
	if !slices.Contains(topKeys(), key) {
		return usagef("unknown key %q; %s", key, words.Suggest(key, topKeys()))
	}
	if !slices.Contains(weights, t.count) {
		return usagef("--count %q: %s", t.count, words.Suggest(t.count, weights))
	}
	if t.fate != "" && (key == "script" || key == "cpuser" || t.count != "messages") {
		return usagef("top %s counts recipients by what their message is logged with: not by script, cpuser or "+
			"--count %s", t.fate, t.count)
	}
	if key == "script" && t.count != "messages" {
		return usagef("--count %q: top script counts submissions, which have no %s", t.count, t.count)
	}
	t.key = key
	if t.weight = sums[t.count]; t.weight == nil {
		t.weight = report.Distinct
	}
	return nil
}

// listener fills the ranking. The order of entries matters only for script and cpuser, which need other entries, too.
func (t *ranker) listener(s *selection) pipeline.Listener {
	switch t.key {
	case "script":
		return pipeline.Listener{Other: func(e *parser.Entry) {
			if e.Kind == parser.Submission && s.during(e.Time) {
				t.add(e.Directory, reception{})
			}
		}}
	case "cpuser":
		return pipeline.Listener{
			Arrival: func(a *parser.Arrival, w *window.Arrival) {
				t.identified.arrival(a.MessageID, t.reception(a, w), t.add)
			},
			Other: func(e *parser.Entry) {
				if e.Kind == parser.Identification {
					t.identified.user(e.MessageID, e.User, t.add)
				}
			},
			NewCollector: t.part((*ranker).weigh), Relayed: t.relay, Idle: true, Summary: true,
		}
	}
	key, err := window.ParseKey(t.key)
	if t.fate != "" {
		return pipeline.Listener{
			Fate: func(w *window.Arrival) {
				value := w.MessageID
				if err == nil {
					value = w.Values[key]
				}
				if w.Nature == t.fated && value != nil {
					t.ranking.Add(value, 1, 0)
				}
			},
			Unjoined: func(n window.Nature) {
				if n == t.fated {
					t.unjoined++
				}
			},
			AllKeys: pipeline.IsCostly(key), Idle: true, Summary: true,
		}
	}
	costly := pipeline.IsCostly(key) || t.count == "networks"
	return pipeline.Listener{AllKeys: costly, NewCollector: t.part((*ranker).gather), Relayed: t.relay, Idle: true,
		Summary: true}
}

// relay notes that rules count an arrival after all.
func (t *ranker) relay(w *window.Arrival) { t.relayed.Add(report.ClassRelayed, w) }

// part makes collectors, each with a ranker of its own, for the goroutines.
func (t *ranker) part(gather func(*ranker, []report.Reception)) func() func([]report.Reception) {
	return func() func([]report.Reception) {
		part := &ranker{key: t.key, count: t.count}
		t.gathered = append(t.gathered, part)
		return func(arrivals []report.Reception) { gather(part, arrivals) }
	}
}

// weigh counts the arrivals, and those that no rule counts by class.
func (t *ranker) weigh(arrivals []report.Reception) {
	t.arrivals += int64(len(arrivals))
	for i := range arrivals {
		if a := &arrivals[i]; a.Class != report.Counted {
			t.uncounted.Add(a.Class, a.Values)
		}
	}
}

// note prints on one line how many arrivals no rule counts, where most come from, and how to count them. It prints
// nothing if there are too few to cross a limit.
func (t *ranker) note(s *selection) {
	rows := t.uncounted.Rows(maxNoted)
	if len(rows) == 0 || rows[0].Messages <= s.settings.LowestLimit() {
		return
	}
	var parts []string
	for _, row := range rows {
		parts = append(parts, fmt.Sprintf("%d %s", row.Messages, row))
	}
	text := strings.Join(parts, "; ")
	if line := report.Only(s.only(), s.settings.Scopes[""].Inside, rows); line != "" {
		text += ". [count] " + line + " counts them"
	}
	s.note("note", "%d of %d arrivals counted for no rule: %s", t.uncounted.Total(), t.arrivals, text)
}

// noteUnjoined prints how many recipients can't be counted.
func (t *ranker) noteUnjoined(s *selection) {
	if t.unjoined > 0 {
		s.note("note", "%s of messages whose arrival isn't in these logs, or more than a day before, aren't counted",
			words.Plain(t.unjoined, strings.TrimSuffix(t.fate, "s")))
	}
}

// maxNoted is how many classes and networks a note names.
const maxNoted = 2

// join adds up the parts of all goroutines.
func (t *ranker) join() {
	for _, part := range t.gathered {
		t.ranking.Join(&part.ranking)
		t.uncounted.Join(&part.uncounted)
		t.arrivals += part.arrivals
	}
	t.uncounted.Subtract(&t.relayed)
}

// gather adds arrivals to the ranking.
func (t *ranker) gather(arrivals []report.Reception) {
	t.weigh(arrivals)
	key, err := window.ParseKey(t.key)
	t.items = t.items[:0]
	for _, a := range arrivals {
		value := a.Arrival.MessageID
		if err == nil {
			value = a.Values.Values[key]
		}
		if value == nil {
			continue
		}
		if sums[t.count] == nil {
			t.add(value, t.reception(a.Arrival, a.Values))
			continue
		}
		t.items = append(t.items, report.Item{Value: value, Recipients: a.Values.Recipients, Bytes: a.Values.Bytes})
	}
	t.ranking.AddAll(t.items)
}

// A reception is what a ranking needs from an arrival.
type reception struct {
	recipients, bytes int64
	others            [][]byte // values to count once each
}

// clone copies a reception, so that it stays valid.
func (r reception) clone() reception {
	others := r.others
	r.others = nil
	for _, other := range others {
		r.others = append(r.others, bytes.Clone(other))
	}
	return r
}

// reception returns what the ranking needs, valid until the next call.
func (t *ranker) reception(a *parser.Arrival, w *window.Arrival) reception {
	t.others = t.others[:0]
	if t.count == "addresses" {
		for recipient := range a.Recipients() {
			t.others = append(t.others, recipient)
		}
	} else if key, ok := distinctKeys[t.count]; ok && w.Values[key] != nil {
		t.others = append(t.others, w.Values[key])
	}
	return reception{w.Recipients, w.Bytes, t.others}
}

func (t *ranker) add(value []byte, r reception) {
	t.ranking.Add(value, r.recipients, r.bytes)
	for _, other := range r.others {
		t.ranking.AddDistinct(value, other)
	}
}

// print prints the rows of the ranking in the format that the flags choose.
func (t *ranker) print(s *selection, rows []report.Row) error {
	w := s.cmd.OutOrStdout()
	switch {
	case s.asJSON:
		return printJSON(w, t.counted(rows))
	case s.asCSV:
		return printCSV(w, t.counted(rows))
	}
	out := bufio.NewWriter(w)
	for _, row := range rows {
		report.PrintRow(out, t.weight(&row), row.Value)
	}
	return out.Flush()
}

// printCSV prints rows with a line of names before them: the fields of countedRow in JSON.
func printCSV(w io.Writer, rows []countedRow) error {
	out := csvsafe.NewWriter(w)
	out.Write("value", "messages", "recipients", "bytes", "count")
	for _, r := range rows {
		out.String(r.Value)
		for _, n := range []int64{r.Messages, r.Recipients, r.Bytes, r.Count} {
			out.Int(n)
		}
		out.End()
	}
	return out.Flush()
}

// A countedRow is a row of `top --json`, ranked by its count.
type countedRow struct {
	report.Row
	Count int64 `json:"count"`
}

func (t *ranker) counted(rows []report.Row) []countedRow {
	all := make([]countedRow, 0, len(rows))
	for _, row := range rows {
		all = append(all, countedRow{row, t.weight(&row)})
	}
	return all
}

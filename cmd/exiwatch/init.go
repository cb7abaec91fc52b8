package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/escape"
	"exiwatch/internal/eximconf"
	"exiwatch/internal/suggest"
	"exiwatch/internal/words"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
)

const initHelp = `init writes a configuration for this host. It asks Exim for its log, its log selectors, its user,
and for which hosts and domains it relays. It reads the log and its rotated files, or the FILEs.
From what this host's senders usually do it proposes limits for logins, for local users and for
programs that connect from this machine: in five minutes, an hour and a day. Where other hosts relay
through this one without a login, they get limits, too. So do the refused recipients of an account.
Those who often send much get an exception with a reason and an end. A table shows which alerts
these rules would have opened. Where there is not enough log, limits are defaults.

From relay_from_hosts init fills [count] inside: whose mail counts as relayed. Hosts with private
addresses do so anyway. From local_domains and relay_to_domains it fills local_domains: mail to these
alone doesn't count. Lookups, wildcards and files it names in a comment.

On a terminal init asks to whom mail goes, whether the first week shall be a trial, and before it
writes. During a trial alerts are counted and shown, but not mailed; a summary is mailed at its end
(trial_until under [mail]). --yes asks nothing, and makes no trial without --trial.
It changes no configuration that has rules. To one without rules, such as that of the package, it adds
them, and keeps the old file beside it, as FILE.before-init.`

// A proposer holds the flags of init, and what it has found.
type proposer struct {
	replayer
	output string
	yes    bool
	trial  int
	to     []string

	old      string            // the text of a configuration without rules
	set      map[string]any    // what that sets
	exim     map[string]string // its settings; empty without an Exim
	hosts    eximconf.HostList // that it relays for
	domains  eximconf.DomainList
	groups   []ruleGroup
	proposed *suggest.Suggestions
	in       *bufio.Reader
}

func initCommand() *cobra.Command {
	p := proposer{replayer: replayer{perWeek: 1}, groups: initGroups()}
	cmd := &cobra.Command{
		Use:   "init [FILE...]",
		Short: "write a configuration for this host, with limits from its own logs",
		Long:  initHelp,
		Example: `  exiwatch init
  exiwatch init --yes --to postmaster@example.com
  exiwatch init --yes --output - /var/log/exim4/mainlog*`,
		RunE: p.reporting(p.run),
	}
	f := cmd.Flags()
	f.StringVarP(&p.output, "output", "o", config.DefaultFile, "write to `FILE` (\"-\": the standard output)")
	f.BoolVarP(&p.yes, "yes", "y", false, "ask nothing")
	f.IntVar(&p.trial, "trial", 0, "`DAYS` of trial before alerts are mailed; 0 is none")
	f.StringSliceVar(&p.to, "to", []string{"root"}, "`ADDRESS` that gets the mail (repeatable)")
	f.StringVar(&p.timezone, "timezone", "", "`ZONE` of logs that name none (default: the machine's)")
	f.StringVar(&p.since, "since", "28d", "read arrivals from `TIME` on: 2026-11-01, RFC 3339, or how long ago")
	p.config = os.DevNull // what is configured now doesn't matter
	return cmd
}

func (p *proposer) run(files []string) error {
	if err := p.mayWrite(); err != nil {
		return err
	}
	if p.trial < 0 {
		return usagef("--trial %d: expected a number of days, or 0 for none", p.trial)
	}
	p.askExim(p.cmd.Context())
	base, err := config.Parse("init", []byte(p.text(nil)))
	if err != nil {
		return usagef("--to: %w", err)
	}
	zone := p.settings.Zone
	p.settings, p.rules = base, base.Rules
	p.settings.Zone, p.rows = zone, 3
	if err := p.findSources(files); err != nil {
		return err
	}
	if p.proposed, err = p.suggestions(nil); err != nil {
		return err
	}
	p.leaveOutRelaying()
	p.table()
	if err := p.ask(); err != nil {
		return err
	}
	return p.write(p.text(p.proposed))
}

// mayWrite fails if there is a configuration with rules already, or nobody to ask.
func (p *proposer) mayWrite() error {
	if err := p.readOld(); err != nil {
		return err
	}
	if in, ok := p.cmd.InOrStdin().(*os.File); !p.yes && !(ok && isTerminal(in)) {
		return &hintedError{errors.New("init asks questions, and the standard input is no terminal"),
			"use --yes to ask nothing"}
	}
	return nil
}

// readOld reads the configuration that is there, if any.
func (p *proposer) readOld() error {
	if p.output == "-" {
		return nil
	}
	text, err := os.ReadFile(p.output)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := config.Parse(p.output, text); err != nil {
		return err
	}
	if err := toml.Unmarshal(text, &p.set); err != nil {
		return err
	}
	if p.set["rule"] != nil {
		return &hintedError{fmt.Errorf("%s has rules already: init changes none", p.output),
			"look at the proposals with --output -, or choose another file with --output FILE"}
	}
	p.old = string(text)
	return nil
}

// isSet reports whether the old configuration sets a key of a table; "" is for those of no table.
func (p *proposer) isSet(table, key string) bool {
	set := p.set
	if table != "" {
		set, _ = p.set[table].(map[string]any)
	}
	return set[key] != nil
}

// messages tells of something that isn't the configuration.
func (p *proposer) messages() io.Writer {
	if p.output == "-" {
		return p.cmd.ErrOrStderr()
	}
	return p.cmd.OutOrStdout()
}

func (p *proposer) sayf(format string, args ...any) {
	fmt.Fprintf(p.messages(), "%s\n", escape.Text(fmt.Sprintf(format, args...)))
}

// askExim asks Exim for what the configuration needs to say.
func (p *proposer) askExim(ctx context.Context) {
	answer, err := config.Exim(ctx, "-bP", "exim_user", "log_selector", "log_file_path", "primary_hostname")
	if err != nil {
		p.sayf("Exim: cannot be asked (%v)", err)
		return
	}
	p.exim = config.Settings(answer)
	p.sayf("Exim: user %s, log_selector %s", p.exim["exim_user"], cmp.Or(p.exim["log_selector"], "(default)"))
	lists, err := eximconf.Ask(ctx, config.Exim)
	if err != nil {
		p.sayf("Exim: doesn't show for which hosts and domains it relays (%v)", err)
	}
	p.hosts, p.domains = *lists.RelayFrom(), *lists.LocalDomains(p.exim["primary_hostname"])
}

// table shows what the rules would have done.
func (p *proposer) table() {
	for _, log := range p.logs {
		for _, source := range log {
			p.sayf("Log: %s", source.Name)
		}
	}
	s := p.proposed
	if s.Arrivals == 0 {
		p.sayf("No arrival counts in it: all limits are defaults.")
		return
	}
	p.sayf("Read: %s, %s to %s", words.Plural(s.Arrivals, "counted arrival"), s.First.Format(time.DateTime),
		s.Last.Format(time.DateTime))
	p.sayf("")
	p.sayf("%-28s %7s %8s  %s", "Rule", "Limit", "Alerts", "About")
	for i := range s.Rules {
		p.row(&s.Rules[i])
	}
	p.sayf("")
}

// row shows a rule, and below it whom it excepts and what looks like abuse.
func (p *proposer) row(r *suggest.Suggestion) {
	if r.Suggested == nil {
		p.sayf("%-28s %7d %8s  default: %s", r.Rule, r.Limit, "-", r.Why)
		return
	}
	var about []string
	for _, by := range r.By {
		about = append(about, fmt.Sprintf("%s (%d)", by.Value, by.Alerts))
	}
	p.sayf("%-28s %7d %8d  %s", r.Rule, *r.Suggested, *r.Opened, strings.Join(about, ", "))
	for _, e := range r.Except {
		p.sayf("    exception: %s up to %d: %s", e.Match, e.Limit, e.Reason)
	}
	for _, a := range r.LikelyAbuse {
		p.sayf("    looks like abuse: %s on %s: up to %d, %s", a.Value, a.Opened.Format("2006-01-02 15:04"), a.Peak,
			strings.Join(a.Signs, ", "))
	}
}

// ask asks what only the administrator knows.
func (p *proposer) ask() error {
	if p.yes {
		return nil
	}
	p.in = bufio.NewReader(p.cmd.InOrStdin())
	if !p.isSet("mail", "to") {
		to, err := p.question("Who gets the mail?", strings.Join(p.to, ", "))
		if err != nil {
			return err
		}
		p.to = strings.FieldsFunc(to, func(r rune) bool { return r == ',' || r == ' ' })
	}
	if !p.cmd.Flags().Changed("trial") {
		p.trial = 7
	}
	days, err := p.question("Days of trial, without mail but a summary at its end?", strconv.Itoa(p.trial))
	if err != nil {
		return err
	}
	if p.trial, err = strconv.Atoi(days); err != nil || p.trial < 0 {
		return usagef("%q: expected a number of days, or 0 for none", days)
	}
	if p.output == "-" {
		return nil
	}
	sure, err := p.question("Write "+p.output+"?", "yes")
	if err == nil && !strings.HasPrefix(strings.ToLower(sure), "y") {
		err = errors.New("nothing was written")
	}
	return err
}

// question asks on the terminal. An empty answer is the proposed one.
func (p *proposer) question(text, proposed string) (string, error) {
	fmt.Fprintf(p.messages(), "%s [%s] ", text, proposed)
	answer, err := p.in.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("nothing was written: no answer: %w", err)
	}
	return cmp.Or(strings.TrimSpace(answer), proposed), nil
}

// write writes the configuration, if it is valid.
func (p *proposer) write(text string) error {
	if _, err := config.Parse(p.output, []byte(text)); err != nil {
		return err
	}
	if p.output == "-" {
		_, err := io.WriteString(p.cmd.OutOrStdout(), text)
		return err
	}
	if _, err := os.Stat(p.output); err == nil {
		if err := os.Link(p.output, p.output+".before-init"); err != nil {
			return fmt.Errorf("keeping what stands in %s: %w", p.output, err)
		}
		p.sayf("%s is kept as %s.before-init", p.output, p.output)
	}
	if err := config.Write(p.output, []byte(text)); err != nil {
		return err
	}
	p.sayf("%s is written. Next: exiwatch check; systemctl restart exiwatch", p.output)
	return nil
}

// text is the configuration: the old one with what it doesn't set, and rules with the suggested limits or defaults.
func (p *proposer) text(s *suggest.Suggestions) string {
	var top, mail string
	if len(p.settings.Log) > 0 && !p.isSet("", "log") {
		top += tomlLine("log", p.settings.Log[0])
	}
	if p.timezone != "" && !p.isSet("", "timezone") {
		top += tomlLine("timezone", p.timezone)
	}
	if !p.isSet("mail", "to") {
		mail += tomlLine("to", p.to)
	}
	if p.trial > 0 && !p.isSet("mail", "trial_until") {
		mail += "# Until the end of this day alerts are counted and shown, and not mailed. Then a summary is mailed.\n"
		mail += "trial_until = " + p.now.AddDate(0, 0, p.trial).Format(time.DateOnly) + "\n"
	}
	text := under(p.old, "mail", mail)
	users := config.Default().Scopes[""].EximUsers
	if user := p.exim["exim_user"]; user != "" && !slices.Contains(users, user) && !p.isSet("count", "exim_users") {
		text = under(text, "count", "# The users that Exim runs as: their bounces are not local.\n"+
			tomlLine("exim_users", append([]string{user}, users...)))
	}
	text = under(text, "count", p.insideText()+p.domainsText())
	return fmt.Sprintf("# Written by exiwatch init on %s. exiwatch help config explains all keys, exiwatch check\n"+
		"# verifies the setup, exiwatch config show lists what applies.\n\n%s\n%s\n%s", p.now.Format(time.DateOnly),
		top, strings.TrimSpace(text), p.rulesText(s))
}

// under adds lines to a table of a configuration.
func under(text, table, lines string) string {
	if lines == "" {
		return text
	}
	header := regexp.MustCompile(`(?m)^\[` + table + `\].*\n`)
	if at := header.FindStringIndex(text); at != nil {
		return text[:at[1]] + lines + text[at[1]:]
	}
	return text + "\n[" + table + "]\n" + lines
}

// tomlLine is a line of TOML. Texts, numbers and lists of texts can always be written.
func tomlLine(key string, value any) string {
	line, _ := config.Line(key, value)
	return line
}

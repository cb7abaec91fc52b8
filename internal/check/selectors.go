package check

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// telling are the log selectors that make more of exiwatch, and what each adds.
var telling = []struct{ name, adds string }{
	{"subject", "the subjects in alerts, top subject and top topic"},
	{"received_recipients", "rules by recipients, and local_domains"},
	{"arguments", "top script: where a web script sent from"},
}

// selectors tells which log selectors would tell more. There is an arrival.
func (c *checks) selectors(s *sample) Result {
	const name = "selectors"
	arrivals := s.summary.Tally.Arrivals
	var add []string
	var hint strings.Builder
	for _, t := range telling {
		if slices.Contains(s.missing, t.name) {
			add = append(add, "+"+t.name)
			hint.WriteString(c.before(t.name, s))
			fmt.Fprintf(&hint, "+%s adds %s.\n", t.name, t.adds)
		}
	}
	missing := strings.Join(add, " ")
	if add == nil {
		return pass(name, "subject, received_recipients and arguments are logged")
	}
	if c.hasUsers && !exists(cPanel) {
		add = slices.DeleteFunc(add, func(word string) bool { return word == "+arguments" })
	}
	switch {
	case add != nil && c.configured(strings.Fields(missing)):
		hint.WriteString("Exim's log_selector has it: check again when Exim has been restarted and has taken a message.")
	case len(add) == 0:
		hint.WriteString("Everything else works without.")
	default:
		hint.WriteString("Everything else works without. To log them, put into Exim's configuration" + c.line(add))
	}
	return warn(name, hint.String(), "%s not seen in %s", missing, count(arrivals, "arrival"))
}

// before says what is to be known before a selector is set.
func (c *checks) before(selector string, s *sample) string {
	switch {
	case selector == "received_recipients":
		return c.overflowing(s) + "\n"
	case selector == "arguments" && c.hasUsers:
		return "Before +arguments: a local user can then forge log lines, by a folder whose name holds line feeds. " +
			"exiwatch finds them, but without +arguments there are none.\n"
	}
	return ""
}

// overflowing says what becomes of an entry that is longer than Exim's log buffer, by the version that writes the log.
func (c *checks) overflowing(s *sample) string {
	const lost = "an entry with very many recipients, or with a long HELO besides, is lost as a whole " +
		"(**** log string overflowed log buffer ****), and its message counts for nobody"
	const cut = "a cut list of recipients is ordinary: the message counts, its recipients as at least " +
		"those that are logged"
	version := cmp.Or(s.version, c.server.version)
	parts := strings.SplitN(version, ".", 3)
	minor := 0
	if len(parts) > 1 {
		minor, _ = strconv.Atoi(strings.TrimRightFunc(parts[1], func(r rune) bool { return r < '0' || r > '9' }))
	}
	const firstThatCuts = 98 // 4.98
	switch {
	case minor == 0:
		return "Before +received_recipients: where Exim is older than 4.98 " + lost + ". On 4.98 and later " + cut + "."
	case minor < firstThatCuts:
		return "Before +received_recipients: on Exim " + version + ", as it is older than 4.98, " + lost + "."
	}
	return "With +received_recipients " + cut + " (Exim " + version + ")."
}

// configured tells whether Exim's configuration has all of the selectors.
func (c *checks) configured(add []string) bool {
	return !slices.ContainsFunc(add, func(word string) bool {
		set, _ := isSelected(c.server.selectors, strings.TrimPrefix(word, "+"))
		return !set
	})
}

// cPanel is a folder of its hosts.
const cPanel = "/var/cpanel"

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// line is what goes into Exim's configuration, and where. It keeps the selectors that are set, but those that are
// warned of.
func (c *checks) line(add []string) string {
	words := continued(c.safer(c.server.selectors + " " + strings.Join(add, " ")))
	switch {
	case exists(cPanel):
		return " (WHM, Exim Configuration Manager, Advanced Editor):\n    log_selector = " + words
	case exists(debianSettings):
		return ", the file " + debianFile() + ":\n    MAIN_LOG_SELECTOR = " + words +
			"\nand run\n    update-exim4.conf && service exim4 restart"
	}
	return ", its main section:\n    log_selector = " + words + "\nand restart Exim."
}

// continued writes words as a value of Exim's configuration, on several lines that fit into the table ("Common option
// syntax": a backslash at the end goes on with the next line).
func continued(words []string) string {
	const width = 30 // characters, behind MAIN_LOG_SELECTOR
	return strings.Join(wrap(strings.Join(words, " "), width), " \\\n        ")
}

// debianSettings says how Debian makes Exim's configuration (update-exim4.conf(8)).
const debianSettings = "/etc/exim4/update-exim4.conf.conf"

// debianFile is where Debian looks for an administrator's macros.
func debianFile() string {
	settings, err := os.ReadFile(debianSettings)
	if err == nil && strings.Contains(string(settings), "dc_use_split_config='true'") {
		return "/etc/exim4/conf.d/main/000_local"
	}
	return "/etc/exim4/exim4.conf.localmacros"
}

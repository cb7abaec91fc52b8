package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/words"
	"exiwatch/window"

	"github.com/pelletier/go-toml/v2"
)

// A flaw is a problem with the value at a path such as rule[0].limit. The value may be missing.
type flaw struct {
	path string
	err  error // nil: the value isn't what expected says
}

// flaws has the first flaw that a check found.
type flaws struct{ first *flaw }

// add adds a flaw of the value at a path, unless err is nil.
func (f *flaws) add(path string, err error) { f.unlessf(err == nil, path, "%w", err) }

// unless adds a flaw, unless the value at a path is ok: it isn't what expected says.
func (f *flaws) unless(ok bool, path string) {
	if !ok && f.first == nil {
		f.first = &flaw{path: path}
	}
}

// unlessf is unless with another description of the problem.
func (f *flaws) unlessf(ok bool, path, format string, args ...any) {
	if !ok && f.first == nil {
		f.first = &flaw{path, fmt.Errorf(format, args...)}
	}
}

// duration parses a duration above 0. It returns 0 for "".
func (f *flaws) duration(path, text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	f.unless(err == nil && d > 0, path)
	return d
}

// text reads the file that a key names.
func (f *flaws) text(path, file string) string {
	b, err := os.ReadFile(file)
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	f.unlessf(err == nil, path, "cannot be read: %w", err)
	return string(b)
}

// expected says what each key's value may be. [] ends the key of a list's item; "a table" stands for a table.
var expected = map[string]string{
	"log":           `a path, a glob, "journal" or "-", or a list of these`,
	"log[]":         `a path, a glob or "journal", in quotes`,
	"summary":       `a table that begins with [summary]`,
	"summary.every": `"day" or "week"`,
	"summary.at":    `a time of the day such as "07:00"`,
	"summary.to":    `a list of mail addresses, such as ["postmaster@example.com"]`,
	"summary.to[]":  `a mail address, in quotes`,
	"state":         `the path of a folder, in quotes`,
	"timezone":      `a name of the tz database, such as "Europe/Berlin" or "UTC"`,
	"charset":       `a name that web and mail use, such as "windows-1251" or "gb18030"`,
	"cycled_to":     `a list of folders, such as ["/var/log/old"]`,
	"cycled_to[]":   `the absolute path of a folder, in quotes`,
	"wait_for_file": `a duration such as "1h"`,
	"count":         `a table that begins with [count]`,
	"count.only":    `a list that is not empty, such as ["authenticated", "local", "192.0.2.0/24"]`,
	"count.only[]": `"authenticated", "local", "loopback", "relayed", "forwarded", "bounces", "all" or a ` +
		`network such as "192.0.2.0/24"`,
	"count.ignore":        `a list of patterns, such as ["sender:*@lists.example.com"]`,
	"count.ignore[]":      `KEY:PATTERN, such as "sender:*@lists.example.com"`,
	"count.local_domains": `a list of domains, such as ["example.com"]`,
	"count.exim_users":    `a list of users, such as ["Debian-exim"]`,
	"count.inside":        `a list of networks, such as ["198.51.100.0/24"]`,
	"count.inside[]":      `a network such as "198.51.100.0/24", in quotes`,
	"rule":                `a table that begins with [[rule]]`,
	"rule.name":           `a text in quotes`,
	"rule.key":            `one of ` + strings.Join(keyNames, ", ") + `, in quotes`,
	"rule.count":          `one of ` + strings.Join(measureNames, ", ") + `, in quotes`,
	"rule.limit":          `a whole number of 1 or more`,
	"rule.window":         `a duration of whole seconds from "10s" to "31d", such as "5m", "1h" or "7d"`,
	"rule.floor":          `a whole number of 1 or more; only with count = "bounce_share"`,
	"rule.only":           `a list that is not empty, such as ["authenticated", "local", "192.0.2.0/24"]`,
	"rule.only[]": `"authenticated", "local", "loopback", "relayed", "forwarded", "bounces", "all" or a ` +
		`network such as "192.0.2.0/24"`,
	"rule.ignore":        `a list of patterns, such as ["sender:*@lists.example.com"]`,
	"rule.ignore[]":      `KEY:PATTERN, such as "sender:*@lists.example.com"`,
	"rule.local_domains": `a list of domains, such as ["example.com"]`,
	"rule.except":        `a table that begins with [[rule.except]]`,
	"rule.except.match":  `a value of the rule's key, in quotes; * and ? match any text and any character`,
	"rule.except.limit":  `a whole number above the rule's limit`,
	"rule.except.reason": `a text in quotes`,
	"rule.except.until":  `a date such as 2027-01-31 or a time such as 2027-01-31T12:00:00, without quotes`,
	"except":             `a table that begins with [[except]]`,
	"except.rule":        `the name of a rule, in quotes`,
	"except.match":       `a value of the rule's key, in quotes; * and ? match any text and any character`,
	"except.limit":       `a whole number above the rule's limit`,
	"except.reason":      `a text in quotes`,
	"except.until":       `a date such as 2027-01-31 or a time such as 2027-01-31T12:00:00, without quotes`,
	"rule.to":            `a list of addresses that is not empty, such as ["root", "admin@example.com"]`,
	"rule.to[]":          `an address such as "admin@example.com", or a local user such as "root"`,
	"mail":               `a table that begins with [mail]`,
	"mail.to":            `a list of addresses, such as ["root", "admin@example.com"]`,
	"mail.to[]":          `an address such as "admin@example.com", or a local user such as "root"`,
	"mail.cc":            `a list of addresses, such as ["root", "admin@example.com"]`,
	"mail.cc[]":          `an address such as "admin@example.com", or a local user such as "root"`,
	"mail.from":          `an address such as "exiwatch@example.com"`,
	"mail.subject":       `at most 60 printable characters, in quotes`,
	"mail.via":           `"smtp://HOST[:PORT]", "smtps://HOST[:PORT]", "sendmail" or "sendmail:/PATH"`,
	"mail.user":          `a user's name, in quotes`,
	"mail.password_file": `the path of a file, in quotes`,
	"mail.tls":           `"off", "opportunistic" or "required"`,
	"mail.max_per_hour":  `a whole number, or 0 for no limit`,
	"mail.subjects":      `"full", "hashed" or "none"`,
	"mail.trial_until":   `a date such as 2027-01-31 or a time such as 2027-01-31T12:00:00, without quotes`,
	"hook":               `a table that begins with [hook]`,
	"hook.command":       `a list: the absolute path of a program, then each of its arguments`,
	"hook.timeout":       `a duration such as "10s"`,
	"webhook":            `a table that begins with [webhook]`,
	"webhook.url":        `"https://HOST[:PORT]/PATH" without a password, or http:// on this machine`,
	"webhook.token_file": `the path of a file that holds a token on one line, in quotes`,
	"notify":             `a table that begins with [[notify]]`,
	"notify.name":        `1 to 32 lower-case letters, digits or hyphens, in quotes`,
	"notify.url":         `a URL such as "ntfy://ntfy.sh/TOPIC"; better in a file, with url_file`,
	"notify.url_file":    `the path of a file that holds a URL such as ntfy://ntfy.sh/TOPIC, in quotes`,
	"notify.events":      `a list that is not empty, such as ["opened", "grew", "ended"]`,
	"notify.events[]":    `"opened", "grew", "ended" or "withdrawn"`,
	"notify.subjects":    `"full", "hashed" or "none"`,
	"route":              `a table that begins with [[route]]`,
	"route.match":        `KEY:PATTERN, such as "account:*@example.com"`,
	"route.to":           `a list of addresses, such as ["root", "admin@example.com"]`,
	"route.to[]":         `an address such as "admin@example.com", or a local user such as "root"`,
	"route.cc":           `a list of addresses, such as ["root", "admin@example.com"]`,
	"route.cc[]":         `an address such as "admin@example.com", or a local user such as "root"`,
	"route.notify":       `a list of names of [[notify]], such as ["ops"]`,
	"route.notify[]":     `the name of a [[notify]], in quotes`,
	"route.only":         `true or false`,
	"route.go_on":        `true or false`,
	"socket":             `a table that begins with [socket]`,
	"socket.path":        `an absolute path, in quotes`,
	"socket.mode":        `permissions in quotes, such as "0660"`,
	"socket.owner":       `a user of this machine, in quotes`,
	"socket.group":       `a group of this machine, in quotes`,
	"socket.listen":      `a loopback address and a port, such as "127.0.0.1:2525"`,
	"socket.key":         `one of ` + strings.Join(keyNames, ", ") + `, in quotes`,
	"metrics":            `a table that begins with [metrics]`,
	"metrics.listen":     `an IP address and a port, such as "` + DefaultMetrics + `"`,
	"web":                `a table that begins with [web]`,
	"web.listen":         `"unix:/run/exiwatch/web.sock" or a loopback address and a port, such as "127.0.0.1:8025"`,
	"web.mode":           `permissions in quotes, such as "0660"`,
	"web.group":          `a group of this machine, in quotes`,
	"web.url":            `the address at which people reach the page, such as "https://mx.example.com/exiwatch/"`,
	"fleet":              `a table that begins with [fleet]`,
	"fleet.engine": `"redis://HOST:PORT", "rediss://HOST:PORT", "redis+sentinel://HOST:PORT,HOST:PORT/MASTER", ` +
		`a list of the URLs of a cluster, or "none"`,
	"fleet.engine[]":      `a URL such as "redis://HOST:PORT", in quotes`,
	"fleet.name":          `1 to 64 letters, digits, ".", "_" or "-", in quotes`,
	"fleet.host":          `1 to 64 letters, digits, ".", "_" or "-", in quotes`,
	"fleet.password_file": `the path of a file that holds a password on one line, in quotes`,
	"fleet.ca":            `the path of a file with certificates in PEM form, in quotes`,
	"fleet.patience":      `a duration from "2s" to "10m"`,
}

// The names of all keys and measures of rules.
var (
	keyNames     = names(window.NumKeys)
	measureNames = names(window.BounceShare + 1)
)

// names are the names of what is below end.
func names[T interface {
	~uint8
	fmt.Stringer
}](end T) (names []string) {
	for value := range end {
		names = append(names, value.String())
	}
	return names
}

var index = regexp.MustCompile(`\[\d+\]`)

// keyOf is the key of a path in expected: rule.limit for rule[0].limit, mail.to[] for mail.to[1].
func keyOf(path string) string {
	key := index.ReplaceAllString(path, "")
	if _, isTable := expected[key+"[]"]; isTable && strings.HasSuffix(path, "]") {
		return key + "[]"
	}
	return key
}

// maxShown is how much of a value an error shows.
const maxShown = 60 // bytes

// in is the error for a flaw in the file name: file:line:column, the key and its value, and the problem.
func (f *flaw) in(name string, places map[string]place) error {
	subject := strings.TrimSuffix(keyOf(f.path), "[]")
	path, problem := f.path, f.err
	at, found := places[path]
	if problem == nil {
		problem = errors.New("expected " + expected[keyOf(path)])
		if !found && !strings.HasSuffix(path, "]") {
			problem = fmt.Errorf("missing; %w", problem)
		}
	}
	if text := at.text; text != "" && !isSecret(subject, text) && !mayHoldPassword(subject, text) {
		if len(text) > maxShown || strings.Contains(text, "\n") {
			text = "…"
		}
		subject += " = " + text
	}
	for !found && path != "" { // find the table that lacks the key
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
		at, found = places[path]
	}
	switch {
	case !found:
		return fmt.Errorf("%s: %s: %w", name, subject, problem)
	case at.text == "" && path == f.path && f.err != nil: // the flaw is about the whole table
		return fmt.Errorf("%s:%d:%d: %w", name, at.line, at.column, f.err)
	}
	return fmt.Errorf("%s:%d:%d: %s: %w", name, at.line, at.column, subject, problem)
}

// isSecret reports whether a value must be hidden. Anybody who knows the URL of a webhook or a chat can write there.
func isSecret(key, text string) bool {
	return key == "webhook.url" || key == "notify.url" || key == "mail.via" && strings.Contains(text, "@")
}

// mayHoldPassword reports whether an error must hide a value that isn't a secret where it is right.
func mayHoldPassword(key, text string) bool {
	return key == "fleet.engine" && strings.Contains(text, "@")
}

// described is an error of the TOML library with its place, and without the library's words about Go's types.
func described(name string, text []byte, err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		var all []error
		for _, e := range unknown.Errors {
			line, column := e.Position()
			all = append(all, fmt.Errorf("%s:%d:%d: %s", name, line, column, unknownKey(e.Key())))
		}
		return errors.Join(all...)
	}
	var wrong *toml.DecodeError
	if !errors.As(err, &wrong) {
		return fmt.Errorf("%s: %w", name, err)
	}
	line, column := wrong.Position()
	problem := strings.TrimPrefix(wrong.Error(), "toml: ")
	switch {
	case strings.HasPrefix(problem, "cannot "), strings.Contains(problem, "cannot be stored"):
		places := placesOf(text)
		for path, at := range places {
			if at.line == line && at.column == column {
				return (&flaw{path: path}).in(name, places)
			}
		}
		key := strings.Join(wrong.Key(), ".") // placesOf gives no place to a list inside a list
		return (&flaw{key, errors.New("expected " + expected[key])}).in(name, places)
	case strings.Contains(problem, "at start of value"), strings.Contains(problem, "expected keyword"),
		strings.Contains(problem, "must be quoted"):
		problem = `expected a text in quotes, such as "5m", a number, a date or a list`
	case strings.Contains(problem, "too large"):
		problem = "the number is too large"
	}
	return fmt.Errorf("%s:%d:%d: %s", name, line, column, problem)
}

// unknownKey names an unknown key and the known key that it probably means: of the same table, or else of another.
func unknownKey(parts []string) string {
	name := strings.Join(parts, ".")
	last := parts[len(parts)-1]
	table := strings.TrimSuffix(name, last)
	byName := func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }
	var same, other []string // the last parts of known keys
	keys := slices.SortedFunc(maps.Keys(expected), byName)
	for _, key := range keys {
		i := strings.LastIndexByte(key, '.') + 1
		if key[:i] == table {
			same = append(same, key[i:])
		} else {
			other = append(other, key[i:])
		}
	}
	meant := table + words.Closest(last, same)
	if meant == table {
		if len(last) > 3 { // too many shorter keys look alike
			last = words.Closest(last, other)
		}
		i := slices.IndexFunc(keys, func(key string) bool { return last != "" && strings.HasSuffix(key, "."+last) })
		if i < 0 {
			return fmt.Sprintf("unknown key %q", name)
		}
		meant = keys[i]
	}
	return fmt.Sprintf("unknown key %q; did you mean %q?", name, meant)
}

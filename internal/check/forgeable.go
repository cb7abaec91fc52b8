package check

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"exiwatch/window"
)

// selectorWord is a log selector as Exim reads it. Spaces between selectors are optional.
var selectorWord = regexp.MustCompile(`([+-])\s*([0-9A-Za-z_]+)`)

// isSelected reports whether log_selector sets a selector that is off by default, and whether +all sets it. The last
// word about the selector decides.
func isSelected(words, name string) (set, byAll bool) {
	for _, m := range selectorWord.FindAllStringSubmatch(words, -1) {
		if m[2] == name || m[2] == "all" {
			set, byAll = m[1] == "+", m[2] == "all"
		}
	}
	return set, set && byAll
}

// forgeable warns about log selectors that let others forge arrivals or logins.
func (c *checks) forgeable(s *sample) []Result {
	var found, off []string
	var hint strings.Builder
	note := func(name, why string, avoidable bool) {
		_, byAll := isSelected(c.server.selectors, name)
		text := "+" + name
		if byAll {
			text += " (by +all)"
		}
		found = append(found, text)
		hint.WriteString(why + "\n")
		if avoidable {
			off = append(off, "-"+name)
		}
	}
	if mailAuth, _ := isSelected(c.server.selectors, "smtp_mailauth"); mailAuth || s.mailAuth {
		note("smtp_mailauth",
			"With +smtp_mailauth a client can put text that looks like another login into the third part of A=. "+
				"exiwatch then counts the message for both logins. -smtp_mailauth prevents this.", true)
	}
	users := c.localUsers(s)
	if arguments, _ := isSelected(c.server.selectors, "arguments"); len(users) > 0 && (arguments || s.cwd) {
		why := "With +arguments a local user (" + firstOf(users) +
			") can forge log lines, with a folder whose name contains line feeds. " +
			"exiwatch detects them; -arguments prevents them"
		switch {
		case c.countsScripts():
			why += "; rules by script need +arguments"
		case exists(cPanel):
			why += "; on cPanel, exiwatch top script needs +arguments"
		}
		note("arguments", why+".", !c.needsArguments())
	}
	if found == nil {
		return nil
	}
	if off != nil {
		hint.WriteString("Set in Exim's configuration" + c.line(off))
	}
	return warn("selectors", hint.String(), "Exim logs items that others can forge: %s", strings.Join(found, ", "))
}

// countsScripts tells whether a rule counts by script.
func (c *checks) countsScripts() bool {
	return slices.ContainsFunc(c.Config.Rules, func(r window.Rule) bool { return r.Key == window.Script })
}

// needsArguments tells whether this host needs +arguments in spite of local users: it is cPanel's, or has such rules.
func (c *checks) needsArguments() bool { return c.countsScripts() || exists(cPanel) }

// safer removes the selectors that forgeable warns about from a log_selector: +smtp_mailauth, and +arguments on a host
// that has local users and doesn't need it.
func (c *checks) safer(words string) []string {
	off := []string{"smtp_mailauth"}
	if c.hasUsers && !c.needsArguments() {
		off = append(off, "arguments")
	}
	all := strings.Fields(words)
	for _, name := range off {
		set, _ := isSelected(words, name)
		all = slices.DeleteFunc(all, func(word string) bool { return word == "+"+name })
		if set {
			all = append(all, "-"+name)
		}
	}
	return all
}

// maxUsers limits how many local users a sample names.
const maxUsers = 20

// user notes a local user who submits mail by calling Exim.
func (s *sample) user(name []byte) {
	if len(name) > 0 && len(s.users) < maxUsers && !slices.Contains(s.users, string(name)) {
		s.users = append(s.users, string(name))
	}
}

// localUsers are this machine's users who may call Exim, without root and Exim's own. It takes them from the log, or
// from the list of users if the log shows none.
func (c *checks) localUsers(s *sample) []string {
	own := []string{"root", c.server.user, "Debian-exim", "exim", "mailnull", "mail", "eximuser"}
	users := slices.DeleteFunc(slices.Clone(s.users), func(name string) bool { return slices.Contains(own, name) })
	if len(users) == 0 {
		users = people(c.Passwd)
	}
	c.hasUsers = c.hasUsers || len(users) > 0
	return users
}

// The user ids of people: the default range of login.defs(5).
const firstPerson, lastPerson = 1000, 60_000

// people are the first names in a file such as /etc/passwd that belong to people; none if there is no such file.
func people(path string) (names []string) {
	text, _ := os.ReadFile(path)
	const nameField, uidField = 0, 2
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(line, ":")
		if len(fields) <= uidField || len(names) == maxUsers {
			continue
		}
		if uid, err := strconv.Atoi(fields[uidField]); err == nil && uid >= firstPerson && uid < lastPerson {
			names = append(names, fields[nameField])
		}
	}
	return names
}

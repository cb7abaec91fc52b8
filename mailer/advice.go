package mailer

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"exiwatch/window"
)

// mainLog is where Debian's Exim logs.
const mainLog = "/var/log/exim4/mainlog"

// advice is a paragraph of commands to go on with, ready to be pasted into a shell. What can't stand in a command isn't offered.
func (c Composer) advice(a *window.Alert) string {
	var b strings.Builder
	if len(a.Samples) > 0 && pastable(a.Samples[0]) {
		suggest(&b, "one of these messages from its arrival to its end", "exigrep", a.Samples[0], cmp.Or(c.Log, mainLog))
	}
	if f, ok := filter(a); ok && len(a.Top(window.Subject, 1)) > 0 {
		suggest(&b, "every subject of the last day", "exiwatch", "top", "subject", f, "--since", "24h")
	}
	if rows := a.Top(window.Sender, 1); len(rows) > 0 && pastable(rows[0].Value) && mailboxOK.MatchString(rows[0].Value) {
		suggest(&b, "what is still in the queue", "exiqgrep", "-b", "-f", "^<"+regexp.QuoteMeta(rows[0].Value)+">$")
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	b.WriteString(wrap("If this is abuse, change the password or lock the account before you clear the queue. "+
		"If it is a newsletter, name its sender under [count] ignore in the configuration.") + "\n")
	return "What to do next:\n\n" + b.String()
}

// filter is the exiwatch flag that selects what an alert is about. There is none for a topic, nor for what would read as a glob.
func filter(a *window.Alert) (flag string, ok bool) {
	if !pastable(a.Value) || strings.ContainsAny(a.Value, `*?[]{}\`) {
		return "", false
	}
	switch k := a.Rule.Key; k {
	case window.Sender, window.Account, window.Auth, window.User, window.Host, window.Subject:
		return "--" + k.String() + "=" + a.Value, true
	case window.Network:
		return "--host=" + a.Value, true
	case window.SenderDomain:
		return "--sender=*@" + a.Value, true
	}
	return "", false
}

// pastable tells whether s reads as it is, and as no option.
func pastable(s string) bool {
	const longest = 200 // bytes
	return s != "" && len(s) <= longest && Escape(s) == s && s[0] != '-'
}

// suggest writes a command and what it shows.
func suggest(b *strings.Builder, what string, argv ...string) {
	for i, arg := range argv {
		argv[i] = quote(arg)
	}
	fmt.Fprintf(b, "  %s:\n    %s\n", what, strings.Join(argv, " "))
}

// plainWord is what a shell takes as it stands, wherever it stands after the command.
var plainWord = regexp.MustCompile(`^[0-9A-Za-z_./:@%+=,-]+$`)

// quote writes s as one word of a POSIX shell.
func quote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return `'` + strings.ReplaceAll(s, `'`, `'\''`) + `'`
}

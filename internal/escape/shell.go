package escape

import (
	"regexp"
	"strings"
)

// plainWord is a word that a shell takes literally anywhere after the command.
var plainWord = regexp.MustCompile(`^[0-9A-Za-z_./:@%+=,-]+$`)

// Shell quotes s as one word for a POSIX shell.
func Shell(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return `'` + strings.ReplaceAll(s, `'`, `'\''`) + `'`
}

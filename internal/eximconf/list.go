package eximconf

import (
	"bufio"
	"io"
	"os"
	"strings"
	"unicode"
)

// lists are named lists.
type lists map[string]string

// fileItems are the lines of a file, each an item of a list. A # begins a comment.
func fileItems(path string) (all []string, ok bool) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil, false
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxListFile))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all, lines.Err() == nil
}

// items splits a list (Exim specification, "List construction"). A colon separates items unless the list begins with <
// and another separator. A doubled separator is part of the item. One inside an expansion's braces separates nothing.
func items(list string) (all []string) {
	list = unquoted(strings.TrimSpace(list))
	sep := byte(':')
	if len(list) > 1 && list[0] == '<' && isMark(list[1]) {
		sep, list = list[1], list[2:]
	}
	expands := strings.Contains(list, "${")
	for list = strings.TrimLeft(list, " \t\n"); list != ""; list = strings.TrimLeft(list, " \t\n") {
		var item []byte
		depth, i := 0, 0
		for ; i < len(list); i++ {
			c := list[i]
			if c == sep && depth == 0 {
				if i+1 == len(list) || list[i+1] != sep {
					break
				}
				i++
			}
			if expands && c == '{' {
				depth++
			} else if expands && c == '}' && depth > 0 {
				depth--
			}
			item = append(item, c)
		}
		list = list[min(i+1, len(list)):]
		all = append(all, strings.TrimSpace(string(item)))
	}
	return all
}

// isMark reports whether a byte is punctuation as C defines it: printable ASCII except letters, digits and space.
func isMark(c byte) bool {
	return c < unicode.MaxASCII && (unicode.IsPunct(rune(c)) || unicode.IsSymbol(rune(c)))
}

// unquoted removes a value's quotes and the backslashes inside them (Exim specification, "String").
func unquoted(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n", `\t`, "\t").Replace(value[1 : len(value)-1])
}

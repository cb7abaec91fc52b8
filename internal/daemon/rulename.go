package daemon

import (
	"cmp"
	"fmt"
	"strings"

	"exiwatch/window"
)

// ruleNames returns a distinct name for each rule: its name, or else its key, measure, limit and window, without the
// scope, which may hold addresses.
func ruleNames(rules []window.Rule) []string {
	names := make([]string, len(rules))
	again := make(map[string]int)
	for i, r := range rules {
		r.Scope = ""
		name := strings.ToValidUTF8(cmp.Or(r.Name, r.String()), "\ufffd")
		names[i] = name
		for again[names[i]] > 0 {
			again[name]++
			names[i] = fmt.Sprintf("%s (%d)", name, again[name])
		}
		again[names[i]]++
	}
	return names
}

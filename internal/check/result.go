// Package check verifies that exiwatch can work on this machine, and says what to do if it can't.
package check

import "fmt"

// A Status is the outcome of a check.
type Status string

const (
	Pass Status = "pass"
	Warn Status = "warn" // it works, but could be better or may fail soon
	Fail Status = "fail" // it doesn't work
)

// A Result is what one check found. Detail and Hint may contain unescaped text from logs and servers. Escape them line
// by line before you show them on a terminal.
type Result struct {
	Check  string `json:"check"` // name of the check, one word
	Status Status `json:"status"`
	Detail string `json:"detail"`         // what was found
	Hint   string `json:"hint,omitempty"` // what to do about it; lines to copy are indented
}

func pass(check, format string, args ...any) []Result {
	return []Result{{check, Pass, fmt.Sprintf(format, args...), ""}}
}

func warn(check, hint, format string, args ...any) []Result {
	return []Result{{check, Warn, fmt.Sprintf(format, args...), hint}}
}

func fail(check, hint, format string, args ...any) []Result {
	return []Result{{check, Fail, fmt.Sprintf(format, args...), hint}}
}

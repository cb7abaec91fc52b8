// Package check finds out whether exiwatch can do its work on this machine, and says what to do where it can't.
package check

import "fmt"

// A Status is how a check came out.
type Status string

const (
	Pass Status = "pass"
	Warn Status = "warn" // it works, but not as well as it could, or not for long
	Fail Status = "fail" // it doesn't work
)

// A Result is what one check says. Detail and Hint may hold text of logs and servers as it is: whoever shows them on
// a terminal escapes them line by line.
type Result struct {
	Check  string `json:"check"` // what was looked at, one word
	Status Status `json:"status"`
	Detail string `json:"detail"`         // what was found
	Hint   string `json:"hint,omitempty"` // what to do about it; lines to copy are indented
}

func pass(check, format string, args ...any) Result {
	return Result{check, Pass, fmt.Sprintf(format, args...), ""}
}

func warn(check, hint, format string, args ...any) Result {
	return Result{check, Warn, fmt.Sprintf(format, args...), hint}
}

func fail(check, hint, format string, args ...any) Result {
	return Result{check, Fail, fmt.Sprintf(format, args...), hint}
}

// count writes a number and what it counts.
func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

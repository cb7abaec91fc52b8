package window

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Bounds of a rule's window. MinWindow is above disorder, so that a late line is always inside the window.
const (
	MinWindow = 10 * time.Second
	MaxWindow = 31 * day
	day       = 24 * time.Hour
)

// A Rule opens an alert when one value of Key has more than Limit within Window.
type Rule struct {
	Name   string // for people; not part of the rule's identity
	Key    Key
	Count  Measure
	Limit  int64         // at least 1; a count equal to it is not over
	Window time.Duration // whole seconds from MinWindow to MaxWindow
	Scope  string        // which arrivals count, always in the same words; empty: the default
	Except []Exception   // higher limits for some values; not part of the rule's identity

	// Floor is from how many recipients on, refused or delivered in the window, a BounceShare is more than 0: one
	// refused recipient of two says nothing. 0 is DefaultFloor. Of other rules it is 0.
	Floor int64
}

// DefaultFloor is the Floor of a rule that has none.
const DefaultFloor = 20

// ParseRule reads a rule: key, measure (messages when left out), limit and window, such as "sender 20/5m" or "sender
// recipients 500/1h"; of a BounceShare also the floor, as in "account bounce_share 50/1h of 100". It is the inverse of
// String but reads no scope. The rule's Name is the text.
func ParseRule(s string) (Rule, error) {
	r, err := parseRule(strings.Fields(s))
	if err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w", s, err)
	}
	r.Name = strings.TrimSpace(s)
	return r, nil
}

func parseRule(fields []string) (r Rule, err error) {
	if n := len(fields) - 2; n >= 2 && fields[n] == "of" {
		if r.Floor, err = strconv.ParseInt(fields[n+1], 10, 64); err != nil || r.Floor < 1 {
			return r, fmt.Errorf("floor %q: want a whole number from 1 on", fields[n+1])
		}
		fields = fields[:n]
	}
	if len(fields) != 2 && len(fields) != 3 {
		return r, errors.New("want KEY [MEASURE] LIMIT/WINDOW, such as sender 20/5m")
	}
	if r.Key, err = ParseKey(fields[0]); err != nil {
		return r, err
	}
	if len(fields) == 3 {
		if r.Count, err = ParseMeasure(fields[1]); err != nil {
			return r, err
		}
	}
	limit, window, found := strings.Cut(fields[len(fields)-1], "/")
	if !found {
		return r, fmt.Errorf("limit and window %q: want LIMIT/WINDOW, such as 20/5m", limit)
	}
	if r.Limit, err = strconv.ParseInt(limit, 10, 64); err != nil {
		return r, fmt.Errorf("limit %q: want a whole number from 1 to %d", limit, math.MaxInt64)
	}
	if r.Window, err = ParseWindow(window); err != nil {
		return r, err
	}
	return r, r.Validate()
}

// Validate says why the rule can't be counted.
func (r Rule) Validate() error {
	if r.Key >= NumKeys {
		return fmt.Errorf("key %d: want one below %d", r.Key, NumKeys)
	}
	if r.Count >= numMeasures {
		return fmt.Errorf("measure %d: want one below %d", r.Count, numMeasures)
	}
	if r.Key == CPUser && r.Count.kind() != ofArrivals {
		return fmt.Errorf("%s of cpuser: want another key, such as account, or another count", r.Count)
	}
	switch {
	case r.Count == BounceShare && r.Limit >= 100:
		return fmt.Errorf("limit %d of bounce_share: want percent, below 100", r.Limit)
	case r.Floor < 0 || r.Floor > 0 && r.Count != BounceShare:
		return fmt.Errorf("floor %d: want 0, or one above it for bounce_share", r.Floor)
	}
	if r.Limit < 1 {
		return fmt.Errorf("limit %d: want at least 1", r.Limit)
	}
	if len(r.Except) > maxExceptions {
		return fmt.Errorf("%d exceptions: want at most %d", len(r.Except), maxExceptions)
	}
	for i := range r.Except {
		if err := r.Except[i].validate(&r); err != nil {
			return fmt.Errorf("exception %d: %w", i+1, err)
		}
	}
	return validateWindow(r.Window, r.Window.String())
}

// String is the rule without its name and exceptions, in the form that ParseRule reads. A scope follows in braces. An
// alert's ID depends on it.
func (r Rule) String() string {
	s := r.Key.String() + " "
	if r.Count != Messages {
		s += r.Count.String() + " "
	}
	s += fmt.Sprintf("%d/%s", r.Limit, FormatWindow(r.Window))
	if r.Floor != 0 && r.Floor != DefaultFloor {
		s += fmt.Sprintf(" of %d", r.Floor)
	}
	if r.Scope != "" {
		s += " {" + r.Scope + "}"
	}
	return s
}

// ParseWindow reads the length of a window: a Go duration such as "5m" or "1h30m", or whole days such as "7d".
func ParseWindow(s string) (time.Duration, error) {
	d, err := parseWindow(s)
	if err != nil {
		return 0, fmt.Errorf("window %q: want a duration such as 5m, 1h or 7d", s)
	}
	return d, validateWindow(d, s)
}

func parseWindow(s string) (time.Duration, error) {
	days, found := strings.CutSuffix(s, "d")
	if !found {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	return time.Duration(n) * day, err
}

// validateWindow checks a window that is written as text.
func validateWindow(d time.Duration, text string) error {
	if d < MinWindow || d > MaxWindow {
		return fmt.Errorf("window %q: want %s to %s", text, FormatWindow(MinWindow), FormatWindow(MaxWindow))
	}
	if d%time.Second != 0 {
		return fmt.Errorf("window %q: want whole seconds", text)
	}
	return nil
}

// FormatWindow writes the length of a window in the largest unit that divides it: 5m, 90m, 1d.
func FormatWindow(d time.Duration) string {
	switch {
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

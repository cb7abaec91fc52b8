package live

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"

	"charm.land/lipgloss/v2"
)

// clean makes as much of a value of the log safe to show as fills a width, and some more. Variation selectors go, as
// terminals don't agree on how wide they make what they follow; what is left is as wide as its runes are one by one,
// or narrower.
func clean(s string, width int) string {
	const cell = 20 // bytes: a character of 4 bytes and 4 marks on it, which is all that escape.Text lets through
	s = s[:min(len(s), cell*(width+2))]
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Variation_Selector, r) {
			return -1
		}
		return r
	}, escape.Text(s))
}

// widthOf is how many cells a clean text takes.
func widthOf(s string) (n int) {
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	if r < 0x7f {
		return 1
	}
	return lipgloss.Width(string(r))
}

// fit cuts a clean text to a width, the last cell then an ellipsis, or fills it up with spaces.
func fit(s string, width int) string {
	s = cut(s, width)
	return s + strings.Repeat(" ", max(width-widthOf(s), 0))
}

func cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	n, end := 0, 0 // end: where what fits beside an ellipsis ends
	for i, r := range s {
		w := runeWidth(r)
		if n+w <= width-1 {
			end = i + len(string(r))
		}
		if n += w; n > width {
			return s[:end] + "…"
		}
	}
	return s
}

// cutFront cuts a clean text at its front, the first cell then an ellipsis.
func cutFront(s string, width int) string {
	n := widthOf(s)
	switch {
	case width <= 0:
		return ""
	case n <= width:
		return s
	}
	for i, r := range s {
		w := runeWidth(r)
		if n < width && w > 0 {
			return "…" + s[i:]
		}
		n -= w
	}
	return "…"
}

// right puts a text at the right end of a width.
func right(s string, width int) string {
	return strings.Repeat(" ", max(width-widthOf(s), 0)) + cut(s, width)
}

// number writes n in at most six cells: 123456, 1234k, 12345k, 123M.
func number(n int64) string {
	const units = " kMGTPE"
	if n < 1_000_000 {
		return strconv.FormatInt(n, 10)
	}
	unit := 0
	for n >= 100_000 {
		n /= 1000
		unit++
	}
	return strconv.FormatInt(n, 10) + units[unit:unit+1]
}

// size writes n bytes in at most six cells: 999, 1.2k, 120M.
func size(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	f, unit := float64(n), 0
	for f >= 999.5 {
		f /= 1000
		unit++
	}
	digits := 0
	if f < 9.95 {
		digits = 1
	}
	return strconv.FormatFloat(f, 'f', digits, 64) + " kMGTPE"[unit:unit+1]
}

// amount writes n of what an order ranks by.
func amount(o order, n int64) string {
	if o == byBytes {
		return size(n)
	}
	return number(n)
}

func plural(n int64, noun string) string { return number(n) + " " + words.Noun(n, noun) }

// roughly writes a duration in its largest unit: 12s, 5m, 3h, 2d.
func roughly(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/day)
}

// clockText writes a time in eight cells: that of today as a clock shows it, another one as its day.
func clockText(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	if now.Sub(t) < 20*time.Hour || t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format(time.TimeOnly)
	}
	return t.Format("06-01-02")
}

// eighths are the ends of a bar.
var eighths = [...]string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// limitBar draws n against a limit in cells; from twice the limit on it says how many times.
func limitBar(n, limit int64, cells int) string {
	if n/2 < limit {
		return bar(n, limit, cells)
	}
	times := "×" + number(n/limit)
	return strings.Repeat("█", cells-widthOf(times)) + times
}

// bar draws n of whole in cells. What is more than none shows.
func bar(n, whole int64, cells int) string {
	if n <= 0 || whole <= 0 {
		return strings.Repeat(" ", cells)
	}
	filled := max(int(float64(cells*8)*min(float64(n)/float64(whole), 1)), 1)
	text := strings.Repeat("█", filled/8) + eighths[filled%8]
	return text + strings.Repeat(" ", cells-(filled+7)/8)
}

package live

import "strings"

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

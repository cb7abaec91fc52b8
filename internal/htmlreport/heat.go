package htmlreport

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/report"
	"exiwatch/internal/words"
)

// Bounds of a heat map. Days and weeks without arrivals have no row.
const (
	maxDays  = 62 // of more, each row is a week
	maxWeeks = 106
	levels   = 6
)

// A heat map has the arrivals of each day, or week, by the hour of the day.
type heat struct {
	Weeks   bool
	Rows    []heatRow
	Omitted int   // rows before these
	Missed  int64 // arrivals in them
	Most    int64 // in one cell
}

// A heatRow is a day or a week; Gap says how many without arrivals come before it.
type heatRow struct {
	At    time.Time
	Gap   int64
	Hours [24]int64
	Total int64
}

// A cell is an hour that has arrivals.
type cell struct {
	X, Level int // from 1 to levels
	Title    string
}

func newHeat(hours []report.Hour) *heat {
	h := &heat{Rows: rowsOf(hours, 1)}
	if len(h.Rows) > maxDays {
		h.Weeks, h.Rows = true, rowsOf(hours, 7)
	}
	if n := len(h.Rows) - maxWeeks; n > 0 {
		h.Omitted = n
		for _, row := range h.Rows[:n] {
			h.Missed += row.Total
		}
		h.Rows = h.Rows[n:]
	}
	for _, row := range h.Rows {
		h.Most = max(h.Most, slices.Max(row.Hours[:]))
	}
	return h
}

// rowsOf makes rows of so many days each.
func rowsOf(hours []report.Hour, days int64) (rows []heatRow) {
	step := days * 24
	for i := range hours {
		at := spanStart(hourOf(hours[i].At), step)
		begins := time.Unix(at*3600, 0).UTC()
		if n := len(rows); n == 0 || !rows[n-1].At.Equal(begins) {
			rows = append(rows, heatRow{At: begins})
			if n > 0 {
				rows[n].Gap = (at-hourOf(rows[n-1].At))/step - 1
			}
		}
		row := &rows[len(rows)-1]
		row.Hours[hours[i].At.Hour()] += hours[i].Total()
		row.Total += hours[i].Total()
	}
	return rows
}

// Cells are the hours of a row that have arrivals. Their level grows with the square root, so that an outbreak doesn't
// make all other hours look alike.
func (h *heat) Cells(r heatRow) (cells []cell) {
	layout := "Mon 2 Jan"
	if h.Weeks {
		layout = "Week of 2 Jan"
	}
	for hour, n := range r.Hours {
		if n > 0 {
			title := fmt.Sprintf("%s, %02d:00: %s", r.At.Format(layout), hour, words.Plural(n, "message"))
			level := int(math.Ceil(levels * math.Sqrt(float64(n)/float64(h.Most))))
			cells = append(cells, cell{10 * hour, level, title})
		}
	}
	return cells
}

// Words are the row's numbers, for screen readers.
func (r heatRow) Words() string {
	var parts []string
	for hour, n := range r.Hours {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d at %02d", n, hour))
		}
	}
	return "By the hour: " + strings.Join(parts, ", ")
}

// A shade is a level with the highest number that has it.
type shade struct {
	Level int
	Up    int64
}

// Shades explain the levels.
func (h *heat) Shades() (shades []shade) {
	for level := 1; level <= levels; level++ {
		part := float64(level) / levels
		up := int64(part * part * float64(h.Most))
		if n := len(shades); up > 0 && (n == 0 || shades[n-1].Up < up) {
			shades = append(shades, shade{level, up})
		}
	}
	return shades
}

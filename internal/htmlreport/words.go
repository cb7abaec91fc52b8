package htmlreport

import (
	"exiwatch/internal/escape"
	"exiwatch/internal/report"
)

// days says on which days the log's arrivals were.
func days(d report.Document) string {
	const layout = "2 Jan 2006"
	first, last := d.First.Format(layout), d.Last.Format(layout)
	if first == last {
		return "on " + first
	}
	return "from " + first + " to " + last
}

// show makes a text of the log fit to be read. It isn't HTML yet.
func show(value string) string { return escape.Shown(value) }

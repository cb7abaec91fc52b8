package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"

	"exiwatch/internal/escape"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/parser"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

func arrivalsCommand() *cobra.Command {
	var s selection
	cmd := &cobra.Command{
		Use:   "arrivals [FILE...]",
		Short: "print every arrival as one line of JSON or CSV",
		Long: `arrivals prints each arrival line of the logs as one JSON object on a line. Fields without an
item in the log line are left out. Entries that could not be read, or that Exim truncated, are
reported on the standard error.

--csv prints CSV instead (RFC 4180, UTF-8), with the names of the fields in the first row. A field
without an item is an empty cell. The recipients are in one cell, as logged. Control characters
are escaped. A cell that a spreadsheet would run as a formula gets ' before it.`,
		Example: `  exiwatch arrivals --auth 'alice*' /var/log/exim4/mainlog | jq -r .subject
  exiwatch arrivals --since 24h --csv > arrivals.csv`,
		RunE: s.reporting(func(files []string) error {
			out := bufio.NewWriter(s.cmd.OutOrStdout())
			write, flush := arrivalWriter(out, s.asCSV)
			n := uint(0)
			_, err := s.replay(files, nil, pipeline.Listener{
				Arrival: func(a *parser.Arrival, _ *window.Arrival) {
					if n++; s.rows == 0 || n <= s.rows {
						write(a)
					}
				},
				Other: func(e *parser.Entry) { complain(s.cmd.ErrOrStderr(), e) },
			})
			return cmp.Or(flush(), err)
		}),
	}
	s.flags(cmd)
	cmd.Flags().UintVarP(&s.rows, "rows", "n", 0, "at most `ROWS` arrivals (0: all)")
	s.formatFlags(cmd, "print JSON (the default)", "print CSV for spreadsheets")
	return cmd
}

// arrivalWriter writes arrivals as JSON or CSV. Its first error comes from flush.
func arrivalWriter(out *bufio.Writer, asCSV bool) (write func(*parser.Arrival), flush func() error) {
	if !asCSV {
		encoder := escape.NewJSON(out)
		return func(a *parser.Arrival) { encoder.Encode(report.Arrival(a)) }, out.Flush
	}
	w := report.NewArrivalCSV(out)
	return w.Write, w.Flush
}

// complain reports an entry that hides an arrival, or may hide one.
func complain(w io.Writer, e *parser.Entry) {
	why := e.Reason
	switch e.Kind {
	case parser.Malformed:
		why = "an arrival that could not be read: " + why
	case parser.Overflow:
		why = "the entry overflowed Exim's log buffer: perhaps an arrival"
	case parser.Injected:
		why = "not believed: " + why
	default:
		return
	}
	if e.MessageID != nil {
		why = string(e.MessageID) + ": " + why
	}
	fmt.Fprintf(w, "exiwatch: %s:%d:%d: %s\n", escape.Text(e.File), e.Line, max(e.Column, 1), escape.Text(why))
}

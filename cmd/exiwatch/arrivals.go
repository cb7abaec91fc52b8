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
		Short: "print every arrival as one JSON line",
		Long: `arrivals prints each arrival line of the logs as one JSON object on a line. Fields without an
item in the log line are left out. Entries that could not be read, or that Exim truncated, are
reported on the standard error.`,
		Example: `  exiwatch arrivals --auth 'alice*' /var/log/exim4/mainlog | jq -r .subject`,
		RunE: s.reporting(func(files []string) error {
			out := bufio.NewWriter(s.cmd.OutOrStdout()) // which keeps its first error for Flush
			encoder := escape.NewJSON(out)
			n := uint(0)
			_, err := s.replay(files, nil, pipeline.Listener{
				Arrival: func(a *parser.Arrival, _ *window.Arrival) {
					if n++; s.rows == 0 || n <= s.rows {
						encoder.Encode(report.Arrival(a))
					}
				},
				Other: func(e *parser.Entry) { complain(s.cmd.ErrOrStderr(), e) },
			})
			return cmp.Or(out.Flush(), err)
		}),
	}
	s.flags(cmd)
	cmd.Flags().UintVarP(&s.rows, "rows", "n", 0, "at most `ROWS` arrivals (0: all)")
	cmd.Flags().BoolVar(&s.asJSON, "json", true, "print JSON (always on)")
	return cmd
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

package parser_test

import (
	"fmt"
	"time"

	"exiwatch/parser"
)

// Who sent what, of two lines of a main log: the second is a delivery, and no arrival.
func ExampleReader() {
	reader := parser.NewReader(time.UTC, time.Now(), func(e *parser.Entry) {
		if e.Kind == parser.Reception {
			a := e.Arrival
			fmt.Printf("%s:%d %s by %s from %s: %s\n", a.File, a.Place.Line, a.Time.Format(time.TimeOnly),
				a.AuthenticatedID, a.HostAddress, a.Subject)
		}
	})
	for i, line := range []string{
		`2026-11-29 10:00:00 1xV001-000001-01 <= alice@lab.test H=(pc) [192.0.2.7] P=esmtpsa A=plain:alice S=900 T="Invoice"`,
		`2026-11-29 10:00:01 1xV001-000001-01 => bob@example.org R=dnslookup T=remote_smtp`,
	} {
		reader.Line(parser.Place{File: "mainlog", Line: int64(i + 1)}, []byte(line))
	}
	reader.Flush() // a line may wait for what comes behind it
	// Output: mainlog:1 10:00:00 by alice from 192.0.2.7: Invoice
}

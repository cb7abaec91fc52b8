package report

import (
	"io"
	"testing"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/parser"
)

// TestArrivalCSVIsNoSlowerToWrite: a row of CSV allocates no more than the same arrival in JSON.
func TestArrivalCSVIsNoSlowerToWrite(t *testing.T) {
	for _, line := range []string{
		`2026-11-23 10:00:00 1xV001-000001-01 <= <> R=1xV000-000000-00 U=Debian-exim P=local S=5`,
		`2026-11-23 10:00:00.020 [4711] 1xV001-000001-01 <= alice@lab.test H=(pc) [192.0.2.7]:50111 I=[192.0.2.1]:587 ` +
			`P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no A=plain:alice@lab.test S=1234 id=x@lab.test ` +
			`T="Ihr Gewinn, \303\234bersicht" from <alice@lab.test> for a@example.org b@example.org c@example.org`,
		`2026-11-23 10:00:00 1xV001-000001-01 <= =cmd()@lab.test H=(\033[31m) [192.0.2.7] P=esmtp S=5 T="=1, \"2\""`,
	} {
		r := parser.NewReader(time.UTC, time.Time{}, func(e *parser.Entry) {
			if e.Kind != parser.Reception {
				t.Fatalf("%s is no arrival: %s", line, e.Reason)
			}
			out, encoder := NewArrivalCSV(io.Discard), escape.NewJSON(io.Discard)
			csv := testing.AllocsPerRun(100, func() { out.Write(e.Arrival) })
			json := testing.AllocsPerRun(100, func() { encoder.Encode(Arrival(e.Arrival)) })
			if t.Logf("%v allocations for CSV, %v for JSON", csv, json); csv > json {
				t.Errorf("%s: %v allocations for CSV, %v for JSON", line, csv, json)
			}
		})
		r.Line(parser.Place{File: "f", Line: 7}, []byte(line))
		r.Flush()
	}
}

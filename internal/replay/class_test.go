package replay

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

// TestGatheredClass: whoever gathers learns the class of what no rule counts, its network, and of nothing else, also
// of what is read in its turn, and whether alerts are asked for or not.
func TestGatheredClass(t *testing.T) {
	var log strings.Builder
	for i, items := range []string{
		"alice@lab.test H=(pc) [192.0.2.7] P=esmtpa A=plain:alice S=5",
		"ann@example.com H=mail.example.com [198.51.100.20] P=esmtp S=5",
		"root@lab.test U=root P=local S=5",
		"<> H=mail.example.com [198.51.100.20] P=esmtp S=5",
		"ann@example.com H=mail.example.com [2001:db8::25] P=esmtp S=5",
	} {
		for k := range 2000 {
			fmt.Fprintf(&log, "2026-11-23 10:%02d:00 1xV%03d-%06d-01 <= %s\n", i, i, k, items)
		}
		fmt.Fprint(&log, "2026-11-23 10:59:00 cwd=/ 2 args: exim a\nb\n")
	}
	c := config.Default()
	for _, idle := range []bool{false, true} {
		var parts []*report.Uncounted
		opened := 0
		p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{
			Idle: idle, Summary: true,
			NewCollector: func() func([]report.Reception) {
				part := new(report.Uncounted)
				parts = append(parts, part)
				return func(receptions []report.Reception) {
					for _, r := range receptions {
						if r.Class != report.Counted {
							part.Add(r.Class, r.Values)
						}
					}
				}
			},
			Opened: func([]*window.Alert) { opened++ },
		})
		if err != nil {
			t.Fatal(err)
		}
		source := Source{Name: "mainlog", Stream: io.NopCloser(strings.NewReader(log.String()))}
		if _, err := Run(t.Context(), p, []Source{source}, time.UTC, time.Now(), nil); err != nil {
			t.Fatal(err)
		}
		all := new(report.Uncounted)
		for _, part := range parts {
			all.Join(part)
		}
		var got []string
		for _, row := range all.Rows(0) {
			got = append(got, fmt.Sprint(row.Messages, " ", row))
		}
		want := []string{
			"2000 bounces, 198.51.100.0/24, all from 198.51.100.20",
			"2000 relayed or incoming, 198.51.100.0/24, all from 198.51.100.20",
			"2000 relayed or incoming, 2001:db8::/64, all from 2001:db8::25",
		}
		if diff := cmp.Diff(want, got); diff != "" || (opened == 0) != idle {
			t.Errorf("idle %t: %d alerts (-want +got):\n%s", idle, opened, diff)
		}
	}
}

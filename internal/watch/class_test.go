package watch

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
	"exiwatch/parser"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

func TestClass(t *testing.T) {
	for items, want := range map[string]report.Class{
		authenticated: report.ClassAuthenticated,
		local:         report.ClassLocal,
		ownBounce:     report.ClassBounces,
		bounce:        report.ClassBounces,
		relayed:       report.ClassRelayed,
		relayed6:      report.ClassRelayed,
		identLocal:    report.ClassLocal,
		`shop@lab.test H=localhost [127.0.0.1] P=esmtp S=5`:             report.ClassLoopback,
		`<> H=localhost [::1] P=esmtp S=5`:                              report.ClassLoopback,
		`shop@lab.test H=localhost [127.9.0.1] P=esmtp S=5`:             report.ClassLoopback,
		`alice@lab.test H=localhost [127.0.0.1] P=esmtpa A=plain:a S=5`: report.ClassAuthenticated,
		`<> U=www-data P=local S=5`:                                     report.ClassLocal,
		`ann@example.com H=mail.example.com [128.0.0.1] P=esmtp S=5`:    report.ClassRelayed,
	} {
		arrivals(t, "2026-11-23 10:00:00 1xV001-000001-01 <= "+items, func(a *parser.Arrival, _ *window.Arrival) {
			if got := Class(a, config.Default().Scopes[""].EximUsers); got != want {
				t.Errorf("Class(%s) = %s, want %s", items, got, want)
			}
		})
	}
}

// TestGatheredClass: whoever gathers learns the class of what no rule counts, its network, and of nothing else, also
// of what is read in its turn, and whether alerts are asked for or not.
func TestGatheredClass(t *testing.T) {
	var log strings.Builder
	for i, items := range []string{authenticated, relayed, local, bounce, relayed6} {
		for k := range 2000 {
			fmt.Fprintf(&log, "2026-11-23 10:%02d:00 1xV%03d-%06d-01 <= %s\n", i, i, k, items)
		}
		fmt.Fprint(&log, "2026-11-23 10:59:00 cwd=/ 2 args: exim a\nb\n")
	}
	c := config.Default()
	for _, idle := range []bool{false, true} {
		var parts []*report.Uncounted
		opened := 0
		p, err := NewPipeline(c.Scopes, c.Rules, Listener{
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

package parser

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// anyDelivery is a naive search for a message id and what follows it.
var anyDelivery = regexp.MustCompile(
	`^[^<>=*]{0,60}?[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4}) ` +
		`(?:(=>|->|>>|\*>|==|\*\*) |(Completed)(?: QT=|$)|(Frozen|frozen|Unfrozen|unfrozen)(?: |$))`)

// unreadable are lines of the corpora that no Exim wrote so.
var unreadable = map[string]string{
	"alaveteli/specs.log:2":                    "has ??? for items",
	"aminer-cpanel/runConfAvailableTest.log:8": "holds two lines",
	"filebeat-exim4/MainPipeline.log:9":        "lacks the quote at its end",
}

// TestDeliveriesOfCorpora counts the delivery lines of other projects' logs by kind, as a naive search does.
func TestDeliveriesOfCorpora(t *testing.T) {
	if _, err := os.Stat(corpora); err != nil {
		t.Skip("the corpora stand beside the project only where it is developed")
	}
	logs, _ := filepath.Glob(corpora + "/*/*log")
	all, failed := map[string]int{}, 0
	for _, name := range logs {
		r := newDeliveryReader()
		want, got := map[string]int{}, map[string]int{}
		n := 0
		for line := range lines(t, name) {
			n++
			if m := anyDelivery.FindStringSubmatch(line); m != nil {
				want[canonicalFlag(m[1]+m[2]+m[3])]++
			}
			d := r.Line([]byte(line))
			if d == nil {
				continue
			}
			flag := deliveryFlags[d.Kind]
			got[flag]++
			all[flag]++
			if d.Suspicious {
				t.Errorf("%s:%d is suspicious: %s", name, n, line)
			}
			if d.Reason != "" {
				failed++
				at, _ := filepath.Rel(corpora, fmt.Sprintf("%s:%d", name, n))
				if why := unreadable[at]; why == "" {
					t.Errorf("%s: %s: %s", at, d.Reason, line)
				} else {
					t.Logf("%s: %s: the line %s", at, d.Reason, why)
				}
			}
		}
		for _, flag := range deliveryFlags {
			if got[flag] != want[flag] {
				t.Errorf("%s: %d lines with %s, want %d", name, got[flag], flag, want[flag])
			}
		}
	}
	t.Logf("%v, %d can't be read", all, failed)
}

func canonicalFlag(flag string) string {
	switch flag {
	case "frozen":
		return "Frozen"
	case "unfrozen":
		return "Unfrozen"
	}
	return flag
}

package pipeline

import (
	"bytes"
	"fmt"
	"testing"

	"exiwatch/parser"
	"exiwatch/window"
)

// TestLookupCacheGivesWhatWasMade: also of texts that come into the same cell, are empty, or have no room.
func TestLookupCacheGivesWhatWasMade(t *testing.T) {
	var v keyExtractor
	for round := range 2 {
		for i := range cacheSlots + 500 {
			subject := fmt.Appendf(nil, "Re: Offer %d%s", i, bytes.Repeat([]byte("x"), i%200))
			if i == 7 {
				subject = []byte{}
			}
			v.reset()
			if got, want := v.topicOf(subject), window.FoldSubject(subject, nil); !bytes.Equal(got, want) {
				t.Fatalf("round %d: topicOf(%q) = %q, want %q", round, subject, got, want)
			}
			address := fmt.Appendf(nil, "2001:db8:%x::1", i)
			want := appendNetwork(nil, address)
			if got := v.networkOf(address); !bytes.Equal(got, want) {
				t.Fatalf("round %d: networkOf(%s) = %s, want %s", round, address, got, want)
			}
		}
	}
}

// TestValuesOfAPortionStay: what is made of an arrival is good while those behind it are read.
func TestValuesOfAPortionStay(t *testing.T) {
	var v keyExtractor
	all := make([]window.Arrival, 500)
	for i := range all {
		a := parser.Arrival{EnvelopeSender: fmt.Appendf(nil, "a@%d.EXAMPLE", i),
			HostAddress: fmt.Appendf(nil, "2001:db8:%x::1", i+1), Subject: fmt.Appendf(nil, "Lunch %d", i),
			RecipientList: fmt.Appendf(nil, "x@%d.TEST", i), RecipientCount: 1}
		v.extract(&a, &all[i])
		v.extractCostly(&a, &all[i], allCostly)
	}
	for i, w := range all {
		for key, want := range map[window.Key]string{window.Sender: fmt.Sprintf("a@%d.example", i),
			window.Network: fmt.Sprintf("2001:db8:%x::/64", i+1), window.Topic: "lunch #",
			window.RecipientDomain: fmt.Sprintf("%d.test", i)} {
			if got := string(w.Values[key]); got != want {
				t.Fatalf("%v of arrival %d = %q, want %q", key, i, got, want)
			}
		}
	}
}

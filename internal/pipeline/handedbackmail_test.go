package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"exiwatch/internal/config"
	"exiwatch/parser"

	"pgregory.net/rapid"
)

var countsLoopback = []config.Count{{Only: []config.Class{{Name: config.Loopback}}}}

// TestReturns: what is handed back, and what isn't. Each line is an arrival: the minute, how it comes, its id=, and
// whether it is excused.
func TestReturns(t *testing.T) {
	ways := map[string]parser.Arrival{
		"outside": {HostAddress: []byte("198.51.100.9"), Protocol: []byte("esmtps")},
		"login":   {HostAddress: []byte("127.0.0.1"), Authenticator: []byte("plain"), Protocol: []byte("esmtpa")},
		"call":    {Ident: []byte("www-data"), Protocol: []byte("local")},
		"filter":  {HostAddress: []byte("127.0.0.1"), Protocol: []byte("esmtp")},
		"filter6": {HostAddress: []byte("::1"), Protocol: []byte("esmtp")},
		"pipe":    {Ident: []byte("mail"), Protocol: []byte("spam-scanned")},
		"peer":    {HostAddress: []byte("192.0.2.1"), Ident: []byte("mail"), Protocol: []byte("local")},
	}
	for name, log := range map[string]string{
		"one filter":                "0 outside a no, 0 filter a yes",
		"two filters":               "0 outside a no, 0 filter a yes, 1 filter6 a yes",
		"a third one":               "0 outside a no, 0 filter a yes, 1 filter a yes, 1 filter a no",
		"a filter by pipe":          "0 outside a no, 0 pipe a yes",
		"a filter that names peers": "0 outside a no, 0 peer a yes",
		"after a login":             "0 login a no, 0 filter a yes",
		"after a local submission":  "0 call a no, 0 filter a yes",
		"by a plain call":           "0 outside a no, 0 call a no",
		"nothing came in":           "0 filter a no, 0 pipe a no",
		"another id":                "0 outside a no, 0 filter b no",
		"no id":                     "0 outside - no, 0 filter - no",
		"loopback alone":            "0 filter a no, 0 filter a no",
		"within the hour":           "0 outside a no, 59 filter a yes",
		"after the hour":            "0 outside a no, 60 filter a no",
		"came in twice":             "0 outside a no, 1 outside a no, 1 filter a yes, 1 filter a yes, 1 filter a yes, 1 filter a yes, 1 filter a no",
		"the older one is too old":  "0 outside a no, 59 outside a no, 61 filter a yes, 61 filter a yes, 61 filter a no",
	} {
		r := newReturns(countsLoopback)
		for line := range strings.SplitSeq(log, ", ") {
			var minute int64
			var way, id, want string
			if _, err := fmt.Sscan(line, &minute, &way, &id, &want); err != nil {
				t.Fatal(err)
			}
			a := ways[way]
			if id != "-" {
				a.HeaderMessageID = []byte(id)
			}
			if _, got := r.comesBack(&a, minute*60); got != (want == "yes") {
				t.Errorf("%s: %s: excused: %t", name, line, got)
			}
		}
	}
}

// TestReturnsFollowFromTheLastHour: what is excused is the same for one who has read only the hour before.
func TestReturnsFollowFromTheLastHour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type event struct {
			at   int64
			a    parser.Arrival
			back bool
		}
		var log []event
		now := int64(0)
		for range rapid.IntRange(1, 200).Draw(t, "arrivals") {
			now += rapid.SampledFrom([]int64{0, 1, 60, 600, 1800, 3599}).Draw(t, "gap")
			e := event{at: now, back: rapid.Bool().Draw(t, "back")}
			e.a.HeaderMessageID = []byte(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "id"))
			e.a.HostAddress = []byte("192.0.2.1")
			if e.back {
				e.a.HostAddress = []byte("127.0.0.1")
			}
			log = append(log, e)
		}
		whole, late := newReturns(countsLoopback), newReturns(countsLoopback)
		begin := log[rapid.IntRange(0, len(log)-1).Draw(t, "begin")].at
		for _, e := range log {
			_, want := whole.comesBack(&e.a, e.at)
			if e.at < begin {
				continue
			}
			if _, got := late.comesBack(&e.a, e.at); e.at >= begin+returnSeconds && got != want {
				t.Fatalf("at %d, read from %d on: excused: %t, want %t", e.at, begin, got, want)
			}
		}
	})
}

// TestReturnsAreBounded: the oldest are forgotten, and of one id= not all are looked through.
func TestReturnsAreBounded(t *testing.T) {
	r := newReturns(countsLoopback)
	in := parser.Arrival{HostAddress: []byte("192.0.2.1")}
	back := parser.Arrival{HostAddress: []byte("127.0.0.1")}
	for i := range maxCameIn + 10 {
		in.HeaderMessageID = fmt.Append(nil, i)
		r.comesBack(&in, 0)
	}
	if int(r.held) != maxCameIn || len(r.ring) != maxCameIn {
		t.Errorf("%d arrivals in room for %d, want %d", r.held, len(r.ring), maxCameIn)
	}
	for id, want := range map[string]bool{"9": false, "10": true, fmt.Sprint(maxCameIn + 9): true} {
		back.HeaderMessageID = []byte(id)
		if _, got := r.comesBack(&back, 0); got != want {
			t.Errorf("number %s is excused: %t, want %t", id, !want, want)
		}
	}
	in.HeaderMessageID, back.HeaderMessageID = []byte("same"), []byte("same")
	for range 2 * maxAlike {
		r.comesBack(&in, 0)
	}
	excused := 0
	for range 8 * maxAlike {
		if _, ok := r.comesBack(&back, 0); ok {
			excused++
		}
	}
	if excused != maxAlike*maxReturns {
		t.Errorf("%d are excused, want those of %d", excused, maxAlike)
	}
}

package web

import (
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
	"exiwatch/mailer"
	"exiwatch/window"
)

// TestOutcome: the page of an alert says what became of its messages, and the first page in short. Where that isn't
// known, they say nothing.
func TestOutcome(t *testing.T) {
	source := newStillSource()
	for _, path := range []string{"/", "/who?key=account&value=alice"} {
		wants(t, show(source, path), "!Recipients:", "!Refused or deferred", "!refuses this host")
	}
	evil := "\x1b[2J<script>alert(1)</script>\"'\u202e{{.}}" + strings.Repeat("x", 2000)
	outcome := mailer.Outcome{
		Fates:   window.Fates{Known: true, Delivered: 1200, Refused: 34000, Deferred: 2, Queued: 1},
		Refuser: evil, BlockLists: []string{"Spamhaus"}, Others: 4, Recipients: 34010,
		Reasons: []mailer.Reason{
			{Refusal: window.Refusal{Text: "550 User unknown", Hosts: []string{"mx.lab.test", evil}, Recipients: 33000},
				OtherHosts: 2},
			{Refusal: window.Refusal{Text: evil, Recipients: 1000}},
		},
	}
	source.now.Open[0].Outcome, source.alerts[0].Outcome = outcome, outcome
	source.now.Ended[0].Outcome = outcome
	both := []string{"<p>Recipients: 1,200 delivered, 34,000 refused, 2 deferred. Still in the queue: 1 message.</p>",
		"Spamhaus refuses this host", "This host is being refused by <bdi", "!<script>alert", "!\x1b", "!\u202e", "!" + evil[5:300]}
	wants(t, show(source, "/"), append(both, "!User unknown")...)
	for _, name := range []string{"alice", "bob"} {
		wants(t, show(source, "/who?key=account&value="+name), append(both, `<span class="n num">33,000</span>`,
			`User unknown</bdi> <span class="faint">by <bdi class="value">mx.lab.test</bdi>, `, " and 2 other hosts",
			"and 4 more reasons")...)
	}
}

// TestOutcomeIsOfOneMoment: what becomes of an alert's messages later doesn't change a copy.
func TestOutcomeIsOfOneMoment(t *testing.T) {
	counters, err := window.New([]window.Rule{{Key: window.Account, Limit: 1, Window: time.Minute}})
	testkit.Must(t, err)
	counters.Count(sent(noon, "alice", "a"))
	opened, _ := counters.Count(sent(noon, "alice", "b"))
	a := opened[0]
	a.Fates.Known = true
	refuse := func() {
		counters.AddFate(a, window.Refused, []byte("mx.lab.test"), []byte("550 No"))
	}
	refuse()
	n := NewAlert(a, 2)
	refuse()
	if o := n.Outcome; o.Fates.Refused != 1 || len(o.Reasons) != 1 || o.Reasons[0].Recipients != 1 {
		t.Errorf("the copy says %+v", o)
	}
}

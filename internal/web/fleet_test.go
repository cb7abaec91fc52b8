package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/words"
)

// newFleetSource has a host whose fleet has found ann, whom this host's own log doesn't show to be over a limit.
func newFleetSource() *stillSource {
	source := newStillSource()
	source.now.Fleet = &FleetState{Leader: "mx1", Heard: noon, Looked: noon,
		Open: []FleetAlert{{ID: "f1", Rule: "bulk sender", Key: "account", Value: "ann@lab.test", Measure: "messages",
			Current: 32, Limit: 20, Window: 5 * time.Minute, Opened: noon.Add(-time.Minute), Messages: 48,
			LogHosts: map[string]int64{"mx1": 8, "mx2": 20, "mx3": 10, "mx4": 7, "mx5": 3}}},
		Hosts: []FleetHost{{Name: "mx1", Heard: 2 * time.Second, Behind: time.Second, Leads: true, Waited: true},
			{Name: "mx2", Heard: 3 * time.Hour, Behind: 3 * time.Hour, Silent: true}},
	}
	return source
}

// show renders a page of a source.
func show(source Source, path string) string { return pagesOf(source, path)[0] }

// wants fails unless a text has others, and lacks those that begin with "!".
func wants(t *testing.T, text string, others ...string) {
	t.Helper()
	for _, other := range others {
		missing, unwanted := strings.CutPrefix(other, "!")
		if strings.Contains(text, missing) == unwanted {
			t.Errorf("want %q in\n%s", other, text)
		}
	}
}

// TestFleetOnTheFirstPage: the verdict and the open alerts are the fleet's. What is this host's says so.
func TestFleetOnTheFirstPage(t *testing.T) {
	source := newFleetSource()
	wants(t, show(source, "/"), "<title>ann@lab.test is sending in bulk",
		"<bdi>ann@lab.test</bdi> is sending in bulk right now.",
		"Counted together on 2 hosts. <bdi>mx1</bdi> leads. <strong>One host isn’t as it should be:</strong>",
		`<span class="value">mx2</span> 20, <span class="value">mx3</span> 10, <span class="value">mx1</span> 8 and 2 more`,
		"32 messages in 5 minutes", "!alice</bdi> is sending", "last 6 hours", "per minute on this host",
		"Closest to their limits on this host", ">leads, waited for</td>", `over-text">silent</td>`, "3 hours ago")
	source.now.Fleet.Open[0].Current = 20
	wants(t, show(source, "/"), "Nobody is sending in bulk any more.", "One alert is still open.", "ann@lab.test")
	source.now.Fleet.Open = nil
	wants(t, show(source, "/"), "Nobody is sending in bulk.", "Closest to a limit on this host", "!Open alerts of")
	source.now.Fleet.Heard = time.Time{}
	wants(t, show(source, "/"), "Waiting for the fleet.")
	source.now.Fleet = &FleetState{Local: true}
	wants(t, show(source, "/"), "Counted together in all logs of this machine.", "!Hosts of the fleet", "!leads")
}

// TestHostCountsAlone: without verdicts the page shows what this host has counted, and says so.
func TestHostCountsAlone(t *testing.T) {
	source := newFleetSource()
	source.now.Fleet.Alone = true
	source.now.Fleet.Problem = "redis <is> gone"
	wants(t, show(source, "/"), "alice</bdi> is sending in bulk right now.", "<strong>This host counts alone:</strong>",
		"The last one came at <time", "when 1 alert of the fleet was open", "!Open alerts of the fleet",
		"doesn’t answer: redis &lt;is&gt; gone", "mx2")
	wants(t, show(source, "/who?key=account&value=alice"), "Alert on this host, open", "!of the fleet, open")
	source.now.Open, source.now.Opens = nil, 0
	wants(t, show(source, "/"), `class="verdict unsure"`, "<h1>Nobody is sending in bulk on this host.</h1>",
		"<title>Nobody is sending in bulk on this host")
	source.now.Fleet.Heard = time.Time{}
	wants(t, show(source, "/"), "hasn’t given any since exiwatch started here. What")
}

// TestFleetOnOtherPages: an alert's own page has its hosts; the other pages say what is this host's.
func TestFleetOnOtherPages(t *testing.T) {
	source := newFleetSource()
	wants(t, show(source, "/who?key=account&value=ann@lab.test"), "Over a limit of the fleet right now.",
		"Alert of the fleet, open", "Hosts that logged them", `<th scope="row" class="value">mx5</th>`,
		`<rect class="fill" width="100" height="10"/>`, `<rect class="fill" width="15" height="10"/>`,
		"Recent messages on this host", "Counts and limits now on this host", "!Alert on this host, open")
	wants(t, show(source, "/who?key=user&value=ann@lab.test"), "!Alert of the fleet")
	wants(t, show(source, "/alerts"), "<h1>Alerts on this host</h1>", "The fleet’s open alerts")
	wants(t, show(source, "/find"), "<h1>Search the logs of this host</h1>")
}

// TestManyAlertsOfAFleet: the worst are shown, and how many there are.
func TestManyAlertsOfAFleet(t *testing.T) {
	source := newFleetSource()
	f := source.now.Fleet
	f.Open[0].LogHosts = make(map[string]int64)
	for i := range 70 {
		f.Open[0].LogHosts[fmt.Sprintf("mx%02d", i)] = int64(100 - i)
	}
	for i := range 40 {
		a := f.Open[0]
		a.ID, a.Value, a.Current = fmt.Sprint("g", i), fmt.Sprintf("u%d@lab.test", i), int64(21+i)
		f.Open = append(f.Open, a)
	}
	wants(t, show(source, "/"), "41 are sending in bulk right now.",
		"41 alerts are open in all; these are the worst 30.",
		"value=u39%40lab.test", "!value=u0%40lab.test", "mx02</span> 98 and 67 more")
	wants(t, show(source, "/who?key=account&value=u0@lab.test"), "Alert of the fleet", "mx49", "!mx50", "and 20 more")
}

// TestHostileFleet: what other hosts say is text.
func TestHostileFleet(t *testing.T) {
	evil := "\x1b[2J<script>alert(1)</script>\"'\u202e{{.}}" + strings.Repeat("x", 2000)
	source := newFleetSource()
	f := source.now.Fleet
	f.Leader, f.Hosts[0].Name, f.Problem = evil, evil, evil
	f.Open = []FleetAlert{{ID: evil, Incident: evil, Rule: evil, Key: evil, Value: evil, Measure: evil, Current: -1,
		LogHosts: map[string]int64{evil: -5, "": 0}},
		{ID: evil, Rule: evil, Key: "account", Value: evil[:500], Measure: "anomalies", Current: 1 << 62,
			Limit: -1, LogHosts: map[string]int64{evil: 1 << 62}},
		{Key: "recipient_domain", Value: "a", Measure: "bounces", Current: 9}}
	for _, path := range []string{"/", "/who?key=account&value=a", "/alerts", "/find", "/health"} {
		text := show(source, path)
		wants(t, text, "!<script>alert", "!\x1b", "!\u202e")
		if !strings.HasPrefix(text, "200\n") || !strings.HasSuffix(text, "</html>\n") {
			t.Errorf("%s isn't whole:\n%s", path, text)
		}
	}
	wants(t, show(source, "/"), words.Key("recipient_domain"))
}

package browser

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/fleet"
	"exiwatch/internal/redistest"
	"exiwatch/internal/testkit"
)

// startFleet starts daemons of one fleet, and has one account send through all of them, so that no host alone would
// alert.
func startFleet(t *testing.T, names ...string) (server *redistest.Server, hosts []*host) {
	t.Helper()
	server = redistest.Start(t)
	for _, name := range names {
		h := startHost(t, fmt.Sprintf("%s[fleet]\nengine = %q\nhost = %q\n", rules, server.URL(), name))
		h.send(3, letter{account: "alice@lab.test", subject: "Minutes of the board", address: "192.0.2.1"})
		h.send(12+len(hosts), letter{account: "mallory@lab.test", subject: "Your parcel", address: "203.0.113.7"})
		hosts = append(hosts, h)
	}
	return server, hosts
}

// TestFleetsPage: a page that is open gets the fleet's alerts, hosts and messages of hosts, and what other hosts say is
// text; it is as accessible as the others.
func TestFleetsPage(t *testing.T) {
	t.Parallel()
	server, hosts := startFleet(t, "mx1", "mx2", "mx3", "mx4")
	h := hosts[0]
	tab := newTab(t, 1280, 900)
	tab.open(h.url)
	tab.shows("open", "mallory@lab.test")
	tab.shows("open", "mx4 15, mx3 14, mx2 13 and 1 more")
	for _, name := range []string{"mx1", "mx2", "mx3", "mx4"} {
		tab.shows("hosts", name)
	}
	tab.shows("verdict", "mallory@lab.test is sending in bulk right now.")

	client, err := engine.Open(engine.Options{URLs: []string{server.URL()}, Name: "exiwatch"})
	testkit.Must(t, err)
	defer client.Close()
	const evil = `<img src=x onerror=alert(1)>"'&amp;`
	info, err := json.Marshal(fleet.HostInfo{Host: evil + strings.Repeat("x", 300), Version: evil, Rules: evil,
		Texts: []string{evil}, At: time.Now().Add(-time.Hour)})
	testkit.Must(t, err)
	testkit.Must(t, client.SetHost(t.Context(), evil, info))
	tab.shows("hosts", "<img src=x onerror=alert(1)>")
	if n := eval[int](tab, `document.querySelectorAll("main img").length`); n != 0 {
		t.Errorf("%d images are in the page", n)
	}
	tab.shows("verdict", "One host isn’t as it should be")
	account := "who?key=account&value=mallory@lab.test"
	tab.open(h.url + account)
	tab.until("the alert has its hosts", `document.querySelectorAll("#together tbody tr").length === 4`)
	h.axeFindsNothing([]string{"", account, "alerts", "find", "health"},
		[]string{"fleet", "fleet-account", "fleet-alerts", "fleet-find", "fleet-health"})
}

// TestPageOfAHostAlone: when the engine is gone, the page that is open says so, and is accessible.
func TestPageOfAHostAlone(t *testing.T) {
	t.Parallel()
	server, hosts := startFleet(t, "mx1", "mx2")
	h := hosts[1]
	tab := newTab(t, 1280, 900)
	tab.open(h.url)
	tab.shows("open", "mallory@lab.test")
	server.Kill()
	tab.shows("verdict", "This host counts alone: ")
	tab.until("and knows no better than its own log",
		`document.querySelector("h1").textContent === "Nobody is sending in bulk on this host."`)
	h.axeFindsNothing([]string{""}, []string{"fleet-alone"})
}

// shows waits until an element has a text.
func (tab *tab) shows(id, text string) {
	tab.t.Helper()
	tab.until(id+" shows "+text, fmt.Sprintf("document.getElementById(%q)?.textContent.includes(%q)", id, text))
}

package daemon

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
)

// fleetPageRules count ann as one in five minutes, and have each host serve its page at a socket of its own.
const fleetPageRules = "[[rule]]\nlimit = 5\nwindow = '5m'\n[[rule]]\nkey = 'account'\ncount = 'bytes'\n" +
	"limit = 35\nwindow = '1h'\n"

// emptyLogs are logs of hosts that have no line yet.
func emptyLogs(t *testing.T, hosts ...string) (logs []*fleetLog) {
	for _, host := range hosts {
		logs = append(logs, &fleetLog{host: host, path: testkit.Write(t, "mainlog", "")})
	}
	return logs
}

// lacks tells which of some texts a page doesn't have.
func lacks(page string, texts ...string) (missing []string) {
	for _, text := range texts {
		if !strings.Contains(page, text) {
			missing = append(missing, text)
		}
	}
	return missing
}

// TestFleetOnThePage: each host's page has the fleet's alerts and hosts. While the engine is stopped a page comes as
// soon as ever, and says that this host counts alone.
func TestFleetOnThePage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	logs := emptyLogs(t, "mx1", "mx2")
	f := startFleetOf(t, fmt.Sprintf("%s[web]\nlisten = 'unix:%s/HOST.sock'\n", fleetPageRules, dir), logs)
	w := f.all[0]
	now := time.Now().UTC()
	testkit.Append(t, logs[0].path, testkit.Sentinel("ann", now, 2)) // three messages
	testkit.Append(t, logs[1].path, testkit.Sentinel("ann", now, 4)) // five: 40 bytes in all
	for _, host := range []string{"mx1", "mx2"} {
		client, page := onlooker(t, filepath.Join(dir, host+".sock")), ""
		see := func(path string, texts ...string) {
			w.until(host+path+" says all", func() bool {
				var err error
				page, _, err = fetch(client, path)
				return err == nil && lacks(page, texts...) == nil
			}, func() any { return lacks(page, texts...) })
		}
		see("/", "ann</bdi> is sending in bulk right now.", "8 messages in 5 minutes", "40 bytes in 1 hour",
			`<span class="value">mx2</span> 5, <span class="value">mx1</span> 3<`, "Counted together on 2 hosts.",
			"<caption>Hosts of the fleet", ">leads, waited for<", ">waited for<")
		see("/who?key=account&value=ann", "Over a limit of the fleet right now.", "Hosts that logged them")
	}
	f.server.Pause()
	client, page, slowest := onlooker(t, filepath.Join(dir, "mx1.sock")), "", time.Duration(0)
	w.until("the page says that it counts alone", func() bool {
		var took time.Duration
		var err error
		page, took, err = fetch(client, "/")
		slowest = max(slowest, took)
		return err == nil && lacks(page, "This host counts alone:", "The engine doesn’t answer: ",
			"alerts of the fleet were open") == nil
	}, func() any { return page })
	if slowest > time.Second {
		t.Errorf("while the engine is stopped a page takes %v", slowest)
	}
	f.server.Resume()
	w.until("the page has the fleet's alerts again", func() bool {
		page, _, err := fetch(client, "/")
		return err == nil && lacks(page, "Counted together on 2 hosts.", "Open alerts of the fleet") == nil
	})
}

// TestLogsOfOneMachineOnThePage: the page of a fleet without an engine has its alerts, and no hosts.
func TestLogsOfOneMachineOnThePage(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "web.sock")
	c := configtest.Parse(t, fmt.Sprintf("%s[web]\nlisten = 'unix:%s'\n[fleet]\nengine = 'none'\n", fleetPageRules,
		socket))
	logs := emptyLogs(t, "a", "b")
	for _, l := range logs {
		c.Log = append(c.Log, l.path)
	}
	w := start(t, c, true, new(post))
	now := time.Now().UTC()
	for _, l := range logs {
		testkit.Append(t, l.path, testkit.Sentinel("ann", now, 3))
	}
	client, page := onlooker(t, socket), ""
	texts := []string{"ann</bdi> is sending in bulk right now.", "8 messages in 5 minutes", "all logs of this machine",
		logs[0].path + "</span> 4"}
	w.until("the page says all", func() bool {
		page, _, _ = fetch(client, "/")
		return lacks(page, texts...) == nil
	}, func() any { return lacks(page, texts...) })
	if strings.Contains(page, "Hosts of the fleet") {
		t.Errorf("hosts are listed:\n%s", page)
	}
}

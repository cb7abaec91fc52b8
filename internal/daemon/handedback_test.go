package daemon

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// TestRestartBeforeMailIsHandedBack: a daemon that starts while a filter has mail reads far enough back to know it
// again.
func TestRestartBeforeMailIsHandedBack(t *testing.T) {
	const rule = "[[rule]]\nlimit = 5\nwindow = \"1m\"\n"
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	arrival := func(after time.Duration, id, host string, n int) string {
		return fmt.Sprintf("%s 1xV%s-%06d-01 <= news@else.test H=h [%s] P=esmtp S=800 id=k%d@else.test T=\"%0300d\"\n",
			// long, as a start reads more than is needed of a short log
			at.Add(after).Format(time.DateTime), id, n, host, n, n)
	}
	var back strings.Builder
	came := []string{""} // each is read before the next one, so that there are places to begin at
	for i := range 20 {
		came[0] += arrival(time.Duration(i)*time.Second, "aaa", "198.51.100.9", i)
		back.WriteString(arrival(50*time.Minute+time.Duration(i)*time.Second, "bbb", "127.0.0.1", i))
	}
	for minute := 2; minute < 48; minute += 5 {
		part := ""
		for i := range 40 {
			part += arrival(time.Duration(minute)*time.Minute, "ccc", "198.51.100.9", 100*minute+i)
		}
		came = append(came, part)
	}
	c := configtest.Parse(t, rule)
	c.State = t.TempDir()
	mainlog := filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{mainlog}
	testkit.Append(t, mainlog, "")
	w := goOn(t, c, true, new(post))
	w.untilSays(ready)
	for i, part := range came {
		name := fmt.Sprintf("part%d", i)
		testkit.Append(t, mainlog, part+testkit.Sentinel(name, at.Add(time.Duration(5*i+1)*time.Minute), 5))
		w.untilRead(name)
	}
	w.until("every mail", w.allSent) // what isn't covered by a checkpoint is told again
	w.stop()
	all := w.opened()
	testkit.Append(t, mainlog, back.String()+testkit.Sentinel("end", at.Add(51*time.Minute), 5))
	w = goOn(t, c, true, new(post))
	w.untilRead("end")
	w.stop()
	var ids []string
	for _, a := range append(all, w.opened()...) {
		ids = append(ids, a.ID)
	}
	if diff := cmp.Diff(alertIDs(t, c, mainlog), ids); diff != "" || len(ids) != len(came)+1 {
		t.Errorf("%d alerts (-replay +daemon):\n%s", len(ids), diff)
	}
}

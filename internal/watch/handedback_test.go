package watch

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRestartBeforeMailIsHandedBack: a daemon that starts while a filter has mail reads far enough back to know it again.
func TestRestartBeforeMailIsHandedBack(t *testing.T) {
	const rule = "[[rule]]\nlimit = 5\nwindow = \"1m\"\n"
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	arrival := func(after time.Duration, id, host string, n int) string {
		return fmt.Sprintf("%s 1xV%s-%06d-01 <= news@else.test H=h [%s] P=esmtp S=800 id=k%d@else.test T=\"%0300d\"\n",
			at.Add(after).Format(time.DateTime), id, n, host, n, n) // long, as a start reads more than is needed of a short log
	}
	var came, back strings.Builder
	for i := range 20 {
		came.WriteString(arrival(time.Duration(i)*time.Second, "aaa", "198.51.100.9", i))
		back.WriteString(arrival(50*time.Minute+time.Duration(i)*time.Second, "bbb", "127.0.0.1", i))
	}
	for minute := range 48 {
		came.WriteString(arrival(time.Duration(minute+1)*time.Minute, "ccc", "198.51.100.9", 100+minute))
	}
	c := configured(t, rule)
	c.State = t.TempDir()
	mainlog := filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{mainlog}
	appendTo(t, mainlog, "")
	w := goOn(t, c, true, new(post))
	w.untilSays(ready)
	for line := range strings.Lines(came.String() + sentinel("middle", at.Add(49*time.Minute), 5)) { // so that marks are made
		appendTo(t, mainlog, line)
	}
	w.untilRead("middle")
	w.stop()
	all := w.opened()
	appendTo(t, mainlog, back.String()+sentinel("end", at.Add(51*time.Minute), 5))
	w = goOn(t, c, true, new(post))
	w.untilRead("end")
	w.stop()
	var ids []string
	for _, a := range append(all, w.opened()...) {
		ids = append(ids, a.ID)
	}
	if diff := cmp.Diff(alertIDs(t, c, mainlog), ids); diff != "" || len(ids) != 2 {
		t.Errorf("%d alerts (-replay +daemon):\n%s", len(ids), diff)
	}
}

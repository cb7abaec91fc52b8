package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
)

// A deaf transport refuses everything for now.
type deaf struct{}

func (deaf) Send(context.Context, mailer.Message) error { return errors.New("nobody is there") }

// TestHookIsTold: a hook is told of every event, by itself: whatever becomes of mails, and across restarts. Digests
// are for mails alone.
func TestHookIsTold(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, "[[rule]]\nlimit = 5\nwindow = '1m'\n[count]\nonly = ['all']\n[mail]\nmax_per_hour = 1")
	c.State = t.TempDir()
	mainlog := filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{mainlog}
	testkit.Append(t, mainlog, "")
	hook := new(post)
	c.Hook, c.Webhook = hook, deaf{}
	var w *watchman
	for i := range 6 {
		w = goOn(t, c, true, new(post))
		w.untilSays(ready)
		testkit.Append(t, mainlog, testkit.Sentinel(fmt.Sprintf("user%d", i), second(40*i), sentinelLimit*(1+i)))
		w.untilRead(fmt.Sprintf("user%d", i))
		w.stop()
	}
	want := replayEvents(t, c, mainlog)
	w = goOn(t, c, true, new(post))
	w.until("every notice", func() bool { return len(hook.taken()) >= len(want) })
	w.stop()
	var got []string
	for _, m := range hook.taken() {
		got = append(got, m.ID+"."+m.Event)
		var notice struct {
			Event string
			Alert struct{ ID string }
		}
		if err := json.Unmarshal(m.Data, &notice); err != nil || notice.Alert.ID != m.ID || notice.Event == "" {
			t.Errorf("notice %s.%s says %+v, %v", m.ID, m.Event, notice, err)
		}
	}
	if len(difference(want, got))+len(difference(got, want)) > 0 {
		t.Errorf("told %q, want %q", got, want)
	}
	for _, event := range []string{pipeline.Opened, "grew2", "grew5", pipeline.Ended} {
		if !slices.ContainsFunc(want, func(name string) bool { return filepath.Ext(name) == "."+event }) {
			t.Errorf("there is no event %s", event)
		}
	}
	waiting, err := filepath.Glob(filepath.Join(c.State, "webhook/waiting/*.eml"))
	if err != nil || len(waiting) != len(want) {
		t.Errorf("%d notices wait for the webhook, %v; want %d", len(waiting), err, len(want))
	}
}

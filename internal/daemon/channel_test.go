package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
	"exiwatch/window"
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

// TestWithdrawnIsTold: by mail, by hook and in short, now and when it was held.
func TestWithdrawnIsTold(t *testing.T) {
	n := eventOf("a", "a", pipeline.Withdrawn)
	n.fleet = mailer.FleetMark{Late: []string{"mx3"}}
	j := &job{told: n, mailed: true, hooked: true}
	w := &writer{composer: mailer.Composer{From: "exiwatch@mx.lab.test", To: []string{"root"}, Host: "mx.lab.test"},
		audience: func(mailer.Beginning) config.Audience { return config.Audience{To: []string{"root"}} }}
	mail, err := compose(w.composerOf(j), j.told, second(0))
	testkit.Must(t, err)
	c := &channel{short: &config.Notify{Events: []string{pipeline.Withdrawn}}}
	text, ok, err := c.text(w.composer, j)
	testkit.Must(t, err)
	if !ok {
		t.Error("a channel for it tells nothing")
	}
	held, _ := standing(itemOf(n), map[string]*window.Alert{"a": n.alerts[0]})
	for what, said := range map[string]string{"mail": string(mail.Data), "text": string(text.Data)} {
		if !strings.Contains(said, "Lines of mx3 came late") {
			t.Errorf("the %s doesn't say why: %s", what, said)
		}
	}
	if mail.Event != pipeline.Withdrawn || text.Event != pipeline.Withdrawn || len(held.fleet.Late) != 1 {
		t.Errorf("mail %s, text %s, held %+v", mail.Name(), text.Name(), held)
	}
	hook := &channel{name: hookChannel}
	w.messages = make(map[*channel][]mailer.Message)
	w.tellHook(hook, j)
	if told := w.messages[hook]; len(told) != 1 || !strings.Contains(string(told[0].Data), `"late_hosts":["mx3"]`) {
		t.Errorf("the hook gets %q", told)
	}
}

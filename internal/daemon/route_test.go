package daemon

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
)

// TestRoutes: each mail goes to those whom the routes name, and a digest is one for each of their sets, with their
// incidents alone. Each incident is in one of them.
func TestRoutes(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour+"\n[count]\nonly = ['all']\n[mail]\nto = ['root']\nmax_per_hour = 9\n"+
		"[[route]]\nmatch = 'account:phys*'\nto = ['einstein']\nonly = true\n"+
		"[[route]]\nmatch = 'user:zool*'\ncc = ['curie']")
	c.State = t.TempDir()
	log := filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{log}
	testkit.Append(t, log, "")
	p := new(post)
	w := goOn(t, c, true, p)
	testkit.Append(t, log, testkit.Sentinel("phys0", second(0), sentinelLimit))
	w.until("a mail", func() bool { return len(p.taken()) == 1 })
	w.stop()
	for i, name := range []string{"past1", "phys1", "zool1", "phys2", "past2"} {
		testkit.Append(t, log, testkit.Sentinel(name, second(10+i), sentinelLimit))
	}
	testkit.Append(t, log, testkit.Sentinel("zool2", second(0).Add(5*time.Hour), sentinelLimit))
	w = goOn(t, c, false, p)
	w.until("five mails", func() bool { return len(p.taken()) == 5 })
	w.stop()
	var got, names []string
	for _, m := range p.taken() {
		names = append(names, m.Name())
		got = append(got, fmt.Sprint(m.To, " ", len(alertsOf(m)), " ", strings.HasPrefix(m.Event, "d")))
		mine := map[string]string{"[root]": "past", "[einstein]": "phys", "[root curie]": "zool"}[fmt.Sprint(m.To)]
		for _, other := range []string{"past", "phys", "zool"} {
			if strings.Contains(string(m.Data), other) != (other == mine) {
				t.Errorf("the mail to %q tells of %s, want of %s alone", m.To, other, mine)
			}
		}
	}
	want := []string{
		"[einstein] 1 false", "[einstein] 3 true", "[root curie] 1 false", "[root curie] 1 true", "[root] 2 true",
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("mails to, of how many alerts, a digest: %q, want %q", got, want)
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 5 {
		t.Errorf("mails are named %q", names)
	}
	all, err := Incidents(c.State, time.Time{})
	testkit.Must(t, err)
	for _, i := range all {
		if i.Mail.State != "sent" {
			t.Errorf("the mail about %s is %s", i.Account, i.Mail.Words)
		}
	}
}

// TestRoutedTexts: a channel that a route names is told of that route's incidents alone.
func TestRoutedTexts(t *testing.T) {
	const url = "url = 'ntfy://ntfy.lab.test/topic'\n"
	c := configtest.Parse(t, "[[notify]]\nname = 'all'\n"+url+"[[notify]]\nname = 'physics'\n"+url+
		"[[route]]\nmatch = 'account:phys*'\nnotify = ['physics']")
	d := &Daemon{Config: c}
	all := d.channels()
	told := func(account string) (names []string) {
		w := &writer{channels: append([]*channel{{name: mailChannel}}, all...), audience: c.Audience,
			messages: make(map[*channel][]mailer.Message)}
		n := eventOf(account, account, pipeline.Opened)
		w.tellShort(&job{told: n, mailed: true})
		for _, channel := range all {
			if len(w.messages[channel]) == 1 {
				names = append(names, channel.short.Name)
			}
		}
		return names
	}
	if got := told("phys1"); !slices.Equal(got, []string{"all", "physics"}) {
		t.Errorf("of phys1 %q are told", got)
	}
	if got := told("zool1"); !slices.Equal(got, []string{"all"}) {
		t.Errorf("of zool1 %q are told", got)
	}
}

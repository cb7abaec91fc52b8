package live

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/parser"
	"exiwatch/window"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A bench has a model and an engine with real counters, and no terminal. Queries are answered at once.
type bench struct {
	t        *testing.T
	model    *model
	engine   *engine
	counters *window.Counters
	atEnd    bool
	share    float64
	left     bool // the model has quit
	fleet    bool // the arrivals are of a fleet
}

func (b *bench) Clock() window.Clock   { return b.counters.Clock() }
func (b *bench) Open() []*window.Alert { return b.counters.Open() }
func (b *bench) Scopes() []string      { return b.counters.Scopes() }
func (b *bench) AtEnd() bool           { return b.atEnd }
func (b *bench) Share() float64        { return b.share }

// now is the tests' wall clock: three minutes after the last of the arrivals that outbreak makes.
var now = start.Add(10 * time.Minute)

func newBench(t *testing.T, colour bool) *bench {
	rules := []window.Rule{
		{Name: "bulk sender", Key: window.Account, Count: window.Messages, Limit: 20, Window: 5 * time.Minute,
			Except: []window.Exception{
				{Match: func(v string) bool { return v == "newsletter@lab.test" }, Limit: 1000},
			}},
		{Name: "stolen password", Key: window.Account, Count: window.Hosts, Limit: 3, Window: time.Hour},
	}
	counters, err := window.New(rules)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, counters: counters, atEnd: true, share: 1}
	b.model = newModel(&View{Config: config.Config{Rules: rules}, Log: "/var/log/exim4/mainlog", Key: window.Account,
		Window: 5 * time.Minute, Colour: colour, Actions: Actions{
			Except: func(a, l, u, r string) string { return strings.Join([]string{a, l, u, r}, "|") },
		}}, now)
	b.engine = newEngine(rules, b.model.longest())
	b.engine.counters = b
	b.model.ask = func(q query) *answer { return b.engine.answer(q, now) }
	b.model.wait = func() bool { return false }
	return b
}

// newFleetBench has the arrivals of a fleet.
func newFleetBench(t *testing.T) *bench {
	b := newBench(t, false)
	b.fleet = true
	v := View{Fleet: func(time.Duration, pipeline.Listener) (Feed, error) { return nil, nil }}
	if _, err := v.open(b.engine, 0); err != nil {
		t.Fatal(err)
	}
	b.engine.counters, b.model.keys, b.model.log = b, newModel(&v, now).keys, "fleet lab"
	return b
}

// arrive has an arrival counted as a pipeline would.
func (b *bench) arrive(a *window.Arrival) {
	if b.fleet {
		a.Values[window.LogHost] = fmt.Appendf(nil, "mx%d", 1+int(a.Bytes/100)%3)
	}
	for _, ended := range b.counters.Advance(a.At) {
		b.engine.addEnded(ended)
	}
	b.counters.Count(a)
	b.engine.addArrival(&parser.Arrival{Time: a.At}, a)
	b.engine.addCounted(a)
}

// newArrival makes an arrival of the account, as internal/pipeline would.
func newArrival(at time.Time, n int, account, host, subject string) *window.Arrival {
	a := &window.Arrival{At: at, MessageID: fmt.Appendf(nil, "1xVMyU-%06d-2j", n), Recipients: 1,
		Bytes: int64(1000 + 100*(n%7))}
	for k, v := range map[window.Key]string{
		window.Account: account, window.Auth: account, window.Sender: account, window.Host: host,
		window.Network: host + "/24",
		window.Subject: subject, window.Helo: "client.lab.test", window.RecipientDomain: "example.org\nexample.net",
	} {
		a.Values[k] = []byte(v)
	}
	a.Values[window.Topic] = window.FoldSubject([]byte(subject), nil)
	return a
}

// outbreak has a dozen accounts send, and mallory much more, from many hosts.
func (b *bench) outbreak() {
	n := 0
	for second := range 420 {
		at := start.Add(time.Duration(second) * time.Second)
		if n++; second%7 == 0 {
			who := []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "newsletter"}[second/7%8]
			b.arrive(newArrival(at, n, who+"@lab.test", "192.0.2.7",
				[]string{"Lunch on Friday", "Re: minutes", "会議の資料"}[second%3]))
		}
		if second%13 == 0 {
			for range 2 {
				n++
				b.arrive(newArrival(at, n, "newsletter@lab.test", "192.0.2.9", "The news of November"))
			}
		}
		if second > 300 && second%2 == 0 {
			n++
			b.arrive(newArrival(at, n, "mallory@lab.test", fmt.Sprintf("203.0.113.%d", second%9),
				fmt.Sprintf("Your parcel %d is waiting", second)))
		}
	}
}

// tell gives the model a message, and an answer to each question that it asks then.
func (b *bench) tell(msg tea.Msg) {
	_, cmd := b.model.Update(msg)
	for b.model.asking {
		q := b.model.query
		q.frozen = b.model.frozen
		b.model.Update(answered{b.model.ask(q)})
	}
	if key, ok := msg.(tea.KeyPressMsg); ok && cmd != nil && (key.Code == 'q' || key.Mod == tea.ModCtrl) {
		_, b.left = cmd().(tea.QuitMsg)
	}
}

func (b *bench) size(width, height int) { b.tell(tea.WindowSizeMsg{Width: width, Height: height}) }

// named are the keys that have no character.
var named = map[string]rune{
	"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown,
	"pgup":   tea.KeyPgUp,
	"pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace,
	"left": tea.KeyLeft, "space": ' ',
}

// press presses keys, by the names that tea has for them.
func (b *bench) press(keys ...string) {
	for _, name := range keys {
		var key tea.KeyPressMsg
		if rest, ok := strings.CutPrefix(name, "shift+"); ok {
			key.Mod, name = tea.ModShift, rest
		}
		if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
			key.Mod, name = tea.ModCtrl, rest
		}
		if code, ok := named[name]; ok {
			key.Code = code
		} else {
			key.Code = []rune(name)[0]
			if key.Mod == 0 {
				key.Text = name
			}
		}
		b.tell(key)
	}
}

// screen is what the terminal would show.
func (b *bench) screen() string { return b.model.View().Content }

var styling = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// plain is the screen without its styles.
func (b *bench) plain() string { return styling.ReplaceAllString(b.screen(), "") }

// sees fails where a text isn't on the screen.
func (b *bench) sees(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if !strings.Contains(b.plain(), text) {
			b.t.Errorf("%q isn't on the screen:\n%s", text, b.plain())
		}
	}
}

func (b *bench) misses(text string) {
	b.t.Helper()
	if strings.Contains(b.plain(), text) {
		b.t.Errorf("%q is on the screen:\n%s", text, b.plain())
	}
}

// golden compares the screen with a golden file, in which escapes are written \e.
func (b *bench) golden(name string) {
	b.t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got := strings.ReplaceAll(b.screen(), "\x1b", `\e`) + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		b.t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

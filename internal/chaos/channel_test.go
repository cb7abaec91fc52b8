package chaos

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"exiwatch/internal/testkit"
)

// The listeners are all channels besides mail: a hook, which appends what it gets to a file, a webhook, and a
// [[notify]]. The services are out whenever the mail server is.
type listeners struct {
	post   *post
	port   int
	hooked string // the hook's file

	dropped map[string]bool // channel and event

	mu    sync.Mutex
	posts map[string][]string // bodies that were accepted, by path
}

// The paths of the services.
const (
	eventsPath = "/events"
	chatPath   = "/chat"
)

func newListeners(p *post, dir string) *listeners {
	l := &listeners{post: p, hooked: filepath.Join(dir, "hooked"), posts: make(map[string][]string)}
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(p.t, err)
	l.port = socket.Addr().(*net.TCPAddr).Port
	server := &http.Server{Handler: l}
	over := make(chan struct{})
	go func() {
		defer close(over)
		server.Serve(socket)
	}()
	p.t.Cleanup(func() { server.Close(); <-over })
	return l
}

// configuration is the part of the daemon's that is about the channels.
func (l *listeners) configuration() string {
	return fmt.Sprintf(`[hook]
command = ["/bin/sh", "-c", "cat >>%s"]
[webhook]
url = "http://127.0.0.1:%d%s"
[[notify]]
name = "chat"
url = "generic+http://127.0.0.1:%[2]d%[4]s"
`, l.hooked, l.port, eventsPath, chatPath)
}

func (l *listeners) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if m, _ := l.post.now(); err != nil || m != up {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.posts[r.URL.Path] = append(l.posts[r.URL.Path], string(body))
}

// dropped matches what the daemon says of a notice for which a spool had no room.
var dropped = regexp.MustCompile(`msg="a notice is lost" by=(\S+) id=(\S+) event=(\S+)`)

// judge compares what the channels got with what replay lists and what was mailed. They get everything at least once,
// but for what the daemon says is lost: in a storm a slow hook's spool gets full.
func (l *listeners) judge(want []listed, mails []letter, stderr string) {
	said, err := os.ReadFile(stderr)
	testkit.Must(l.post.t, err)
	l.dropped = make(map[string]bool)
	for _, found := range dropped.FindAllSubmatch(said, -1) {
		l.dropped[fmt.Sprintf("%s: %s.%s", found[1], found[2], found[3])] = true
	}
	hooked, err := os.ReadFile(l.hooked)
	testkit.Must(l.post.t, err)
	for channel, bodies := range map[string][]string{
		"hook": strings.SplitAfter(string(hooked), "\n"), "webhook": l.posts[eventsPath],
	} {
		l.tell(channel, eventsOf(want), noticesOf(bodies))
	}
	l.tell("notify", textsOf(want, mails), l.texts())
}

// tell tells what a channel lacks, got twice, or got without a reason.
func (l *listeners) tell(channel string, want, got map[string]int) {
	lost, twice, invented := missing(want, got)
	lost = slices.DeleteFunc(lost, func(name string) bool { return l.dropped[channel+": "+name] })
	l.post.t.Logf("%s: %d things were told twice", channel, len(twice))
	for _, name := range lost[:min(len(lost), maxTold)] {
		l.post.t.Errorf("%s: lost: %s", channel, name)
	}
	for _, name := range invented[:min(len(invented), maxTold)] {
		l.post.t.Errorf("%s: told, and nothing else tells it: %s", channel, name)
	}
}

// missing compares how often things were told with how often they were to be.
func missing(want, got map[string]int) (lost, twice, invented []string) {
	for name, n := range want {
		switch {
		case got[name] < n:
			lost = append(lost, name)
		case got[name] > n:
			twice = append(twice, name)
		}
	}
	for name := range got {
		if want[name] == 0 {
			invented = append(invented, name)
		}
	}
	return lost, twice, invented
}

// eventsOf are all events of alerts, as a hook is told of them.
func eventsOf(alerts []listed) map[string]int {
	events := make(map[string]int)
	for _, a := range alerts {
		events[a.ID+".opened"] = 1
		for _, g := range a.Grew {
			events[fmt.Sprintf("%s.grew%d", a.ID, g.Times)] = 1
		}
		if a.Ended != nil {
			events[a.ID+".ended"] = 1
		}
	}
	return events
}

// noticesOf are the events in bodies. The hook may have been killed within one, and then another follows in its line.
func noticesOf(bodies []string) map[string]int {
	events := make(map[string]int)
	for _, body := range bodies {
		var n struct {
			Event string
			Alert struct {
				ID    string
				Times int64
			}
		}
		begin := max(strings.LastIndex(body, `{"version":`), 0)
		if json.Unmarshal([]byte(body[begin:]), &n) != nil {
			continue
		}
		if n.Event == "grew" {
			n.Event = fmt.Sprintf("grew%d", n.Alert.Times)
		}
		events[n.Alert.ID+"."+n.Event]++
	}
	return events
}

// textsOf are the texts that mails go with. A text has no id, but names the account and what it did.
func textsOf(alerts []listed, mails []letter) map[string]int {
	values := make(map[string]string)
	for _, a := range alerts {
		values[a.ID] = a.Value
	}
	texts := make(map[string]int)
	for _, m := range mails {
		texts[values[m.alerts[0]]+" "+m.event]++
	}
	return texts
}

// texted matches a text: the mail server's host, who, and what became of the account's incident.
var texted = regexp.MustCompile(
	`^\S+: (?:host )?("(?:[^"\\]|\\.)*"|\S+) (?:(ended: )|grew to (\d+) times|(?:also )?(?:sent|wrote to|appeared on|had) )`)

// texts are the texts that the chat got, in the form of textsOf.
func (l *listeners) texts() map[string]int {
	texts := make(map[string]int)
	for _, text := range l.posts[chatPath] {
		found := texted.FindStringSubmatch(text)
		if found == nil {
			texts[text]++
			continue
		}
		who, event := found[1], "opened"
		if name, err := strconv.Unquote(who); err == nil {
			who = name
		}
		if found[2] != "" {
			event = "ended"
		} else if found[3] != "" {
			event = "grew" + found[3]
		}
		texts[who+" "+event]++
	}
	return texts
}

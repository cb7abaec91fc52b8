package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"exiwatch/mailer/transport"
)

// A Notify is a channel that says in short what each mail says.
type Notify struct {
	Name      string // of its folder, in metrics and in the daemon's log
	Transport transport.Transport
	Events    []string // opened, grew, ended or withdrawn: those that it tells of
	Subjects  string   // full, hashed or none
	Inline    bool     // its URL, which is a secret, is in the configuration itself
}

// notify is a Notify as written.
type notify struct {
	Name     string   `toml:"name"`
	URL      string   `toml:"url"`
	URLFile  string   `toml:"url_file"`
	Events   []string `toml:"events"`
	Subjects string   `toml:"subjects"`
}

// events are the values of notify.events.
var events = []string{"opened", "grew", "ended", "withdrawn"}

// notifyName is what a name may be made of: it becomes that of a folder.
var notifyName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// maxNotify limits the number of channels. Each has a folder and a goroutine.
const maxNotify = 32

// notifies checks all [[notify]]. A channel without a name has that of its service, with a number from the second on.
func (f *file) notifies(wrong *flaws) (all []Notify) {
	wrong.unlessf(len(f.Notify) <= maxNotify, "notify", "%d channels; expected %d at most", len(f.Notify), maxNotify)
	taken := make(map[string]bool)
	for _, w := range f.Notify {
		taken[w.Name] = true
	}
	for i, w := range f.Notify {
		path := fmt.Sprintf("notify[%d]", i)
		wrong.unless(w.Name == "" || notifyName.MatchString(w.Name), path+".name")
		same := slices.ContainsFunc(f.Notify[:i], func(n notify) bool { return n.Name == w.Name })
		wrong.unlessf(w.Name == "" || !same, path+".name", "named twice")
		t := w.transport(path, wrong)
		t.Name = w.Name
		for k := 1; t.Name == ""; k++ {
			name := t.Service()
			if k > 1 {
				name += strconv.Itoa(k)
			}
			if !taken[name] {
				t.Name, taken[name] = name, true
			}
		}
		n := w.notify(path, f.Mail.Subjects, wrong)
		n.Name, n.Transport = t.Name, t
		all = append(all, n)
	}
	return all
}

// transport makes the transport, and checks its URL.
func (w *notify) transport(path string, wrong *flaws) *transport.Notify {
	t, at := &transport.Notify{URL: w.URL}, path+".url"
	wrong.unlessf(w.URL == "" || w.URLFile == "", at, "expected url or url_file, not both")
	wrong.unless(w.URL != "" || w.URLFile != "", path+".url_file")
	if w.URLFile != "" {
		at = path + ".url_file"
		t.URL = strings.TrimSpace(wrong.text(at, w.URLFile))
	}
	err := t.Check()
	wrong.unlessf(err == nil, at, "no URL of a service: %w", err)
	return t
}

// notify checks the table at a path such as notify[0]. general are the subjects of [mail].
func (w *notify) notify(path, general string, wrong *flaws) Notify {
	n := Notify{Events: w.Events, Subjects: cmp.Or(w.Subjects, general, "full"), Inline: w.URL != ""}
	wrong.unless(slices.Contains(subjects, n.Subjects), path+".subjects")
	if w.Events == nil {
		n.Events = events
	}
	wrong.unless(len(n.Events) > 0, path+".events")
	for i, event := range n.Events {
		wrong.unless(slices.Contains(events, event), fmt.Sprintf("%s.events[%d]", path, i))
	}
	return n
}

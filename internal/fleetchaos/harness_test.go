package fleetchaos

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

var small = shape{seed: 1, hosts: 4, length: 5 * time.Minute, rate: 20, unit: leastUnit}

// TestSeedRepeats: the traffic follows from the seed.
func TestSeedRepeats(t *testing.T) {
	other := small
	other.seed = 2
	one := fmt.Sprint(traffic(small))
	if one != fmt.Sprint(traffic(small)) || one == fmt.Sprint(traffic(other)) {
		t.Error("the traffic doesn't follow from the seed")
	}
}

// TestSplit: every line is written once, into the log of its host, in order; and the logs begin and end together.
func TestSplit(t *testing.T) {
	var logs []*mainLog
	for range small.hosts {
		logs = append(logs, newMainLog(t, filepath.Join(t.TempDir(), "log")))
	}
	s := newScribe(small, logs, 1e6)
	testkit.Until(t, "everything is written", func() bool { return !s.writeDue() })
	s.close()
	total := 0
	for i, log := range logs {
		var want strings.Builder
		for _, l := range s.lines {
			if l.host == i {
				want.WriteString(small.stamped(l, s.stamp))
				total++
			}
		}
		text, err := os.ReadFile(log.path)
		testkit.Must(t, err)
		got, last, _ := strings.Cut(string(text), s.end.UTC().Format(time.DateTime))
		if got != want.String() || strings.Count(last, "\n") != 1 {
			t.Errorf("log %d isn't as it should be", i)
		}
		if n := strings.Count(got, "\n"); n < len(s.lines)/small.hosts/2 {
			t.Errorf("log %d has %d of %d lines", i, n, len(s.lines))
		}
	}
	if total != len(s.lines) || s.part() != 1 {
		t.Errorf("%d of %d lines, %v of them", total, len(s.lines), s.part())
	}
}

// TestCycle: no line is lost, and the files have the names that logrotate gives them.
func TestCycle(t *testing.T) {
	log := newMainLog(t, t.TempDir())
	for i := range 3 {
		log.write(fmt.Sprintln(i))
		log.cycle()
	}
	log.write("3\n")
	var names, texts []string
	testkit.Must(t, filepath.WalkDir(filepath.Dir(log.path), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		names, texts = append(names, d.Name()), append(texts, string(text))
		return err
	}))
	if want := []string{"mainlog", "mainlog.1", "mainlog.2", "mainlog.3"}; !slices.Equal(names, want) ||
		strings.Join(texts, "") != "3\n2\n1\n0\n" {
		t.Errorf("%q hold %q", names, texts)
	}
}

// referenceOf is what replay says of a small fleet.
func referenceOf(t *testing.T, s shape) ([]listed, *fleet) {
	if testing.Short() {
		t.Skip("it needs the program")
	}
	f := &fleet{t: t, dir: t.TempDir(), sink: &sink{t: t}}
	var logs []*mainLog
	for i := range s.hosts {
		h := newHost(t, f.dir, fmt.Sprintf("mx%d", i+1), setting{unit: s.unit}, f.sink, loopback, t.Logf)
		f.hosts, logs = append(f.hosts, h), append(logs, h.log)
	}
	f.scribe = newScribe(s, logs, 1e6)
	testkit.Until(t, "everything is written", func() bool { return !f.scribe.writeDue() })
	f.scribe.close()
	return reference(t, f.hosts, filepath.Join(f.dir, "replay.json")), f
}

// TestTrafficTells: each rule has alerts, all of which end, and most of them would be none of a single host's.
func TestTrafficTells(t *testing.T) {
	want, f := referenceOf(t, small)
	of := make(map[string]int)
	for _, a := range want {
		of[a.Key+" "+a.Count]++
		if a.Ended == nil {
			t.Errorf("%s doesn't end", a.episode())
		}
	}
	for _, r := range rules {
		if of[r.key+" "+r.count] == 0 {
			t.Errorf("no alert of the rule %s %s", r.key, r.count)
		}
	}
	alone := reference(t, f.hosts[:1], filepath.Join(f.dir, "alone.json"))
	if len(want) < 50 || len(alone) > len(want)/2 {
		t.Errorf("%d alerts of the fleet, %d of one host: %v", len(want), len(alone), of)
	}
}

// TestSkewShows: wrong clocks make other alerts.
func TestSkewShows(t *testing.T) {
	right, _ := referenceOf(t, small)
	wrong := small
	wrong.skew = skewed
	other, _ := referenceOf(t, wrong)
	episodes := func(all []listed) (list []string) {
		for _, a := range all {
			list = append(list, a.subject()+a.Value)
		}
		return list
	}
	if slices.Equal(episodes(right), episodes(other)) {
		t.Error("the same alerts with wrong clocks")
	}
}

// begin is when the alerts of TestJudge open.
var begin = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// alertOf is an alert of TestJudge: number n of an account.
func alertOf(id, account string, n int) noticedAlert {
	opened := begin.Add(time.Duration(n) * time.Hour)
	ended := opened.Add(time.Minute)
	return noticedAlert{ID: id, Key: "account", Count: "messages", Limit: 20, Window: "5m0s", Value: account,
		Opened: opened, Peak: 21, Messages: 30, Recipients: 30, Bytes: 3000, Closes: true, Ended: &ended}
}

// A teller makes notices and mails, a second apart.
type teller struct {
	notices []notice
	letters []letter
	at      time.Time
}

func (t *teller) tell(by, event string, a noticedAlert) *notice {
	t.at = t.at.Add(time.Second)
	if event != "ended" {
		a.Ended = nil
	}
	t.notices = append(t.notices, notice{Event: event, Alert: a, by: by, at: t.at})
	n := &t.notices[len(t.notices)-1]
	t.letters = append(t.letters, letter{alerts: []string{a.ID}, event: n.name(), messageID: a.ID + n.name(), by: by,
		at: t.at})
	return n
}

func (t *teller) whole(by string, a noticedAlert) {
	t.tell(by, "opened", a)
	t.tell(by, "ended", a)
}

// TestJudge: each kind of fault is found, and what is none isn't.
func TestJudge(t *testing.T) {
	one, two := alertOf("one", "a@lab.test", 0), alertOf("two", "a@lab.test", 2)
	want := []listed{{noticedAlert: one}, {noticedAlert: two, Grew: []struct{ Times int64 }{{2}}}}
	two.Times = 2
	rest := func(tell *teller) {
		tell.tell("mx1", "opened", two)
		tell.tell("mx2", "grew", two)
		tell.tell("mx2", "ended", two)
	}
	never := func(string, time.Time, time.Time) bool { return false }
	for name, test := range map[string]struct {
		tell  func(*teller)
		kills crash
		want  string // how a fault begins; "": there is none
	}{
		"right":   {func(s *teller) { s.whole("mx1", one) }, never, ""},
		"missing": {func(*teller) {}, never, "missing: one account"},
		"no end":  {func(s *teller) { s.tell("mx1", "opened", one) }, never, "extra: never ended: one"},
		"extra": {func(s *teller) {
			s.whole("mx1", one)
			s.whole("mx1", alertOf("other", "b@lab.test", 0))
		}, never, "extra: other"},
		"withdrawn": {func(s *teller) {
			s.whole("mx1", one)
			s.tell("mx1", "opened", alertOf("other", "b@lab.test", 0))
			s.tell("mx2", "withdrawn", alertOf("other", "b@lab.test", 0))
		}, never, ""},
		"alone": {func(s *teller) {
			s.whole("mx1", one)
			s.tell("mx1", "opened", alertOf("other", "b@lab.test", 0)).Alone = &struct{ Host string }{"mx1"}
		}, never, ""},
		"alone at first": {func(s *teller) {
			s.tell("mx2", "opened", alertOf("local", "a@lab.test", 0)).Alone = &struct{ Host string }{"mx2"}
			one := one
			one.ID = "local"
			s.tell("mx1", "ended", one)
		}, never, ""},
		"another id": {func(s *teller) {
			a := one
			a.ID = "late"
			s.whole("mx1", a)
		}, never, ""},
		"twice": {func(s *teller) {
			s.whole("mx1", one)
			s.tell("mx2", "opened", one)
		}, never, "told twice: one.opened by mx1"},
		"again after a kill": {func(s *teller) {
			s.tell("mx1", "opened", one)
			s.whole("mx1", one)
		}, func(string, time.Time, time.Time) bool { return true }, ""},
		"other totals": {func(s *teller) {
			a := one
			a.Messages++
			s.whole("mx1", a)
		}, never, "different: one account"},
		"unmailed": {func(s *teller) {
			s.whole("mx1", one)
			s.letters = s.letters[1:]
		}, never, "not mailed: one.opened"},
		"end mailed alone": {func(s *teller) {
			s.tell("mx1", "opened", one)
			s.tell("mx1", "ended", one).Alone = &struct{ Host string }{"mx1"}
			s.letters[1].event, s.letters[1].messageID = "aended", "one.aended"
			s.tell("mx1", "ended", one)
			s.letters = s.letters[:2]
		}, never, "not mailed: one.ended"},
	} {
		t.Run(name, func(t *testing.T) {
			tell := &teller{at: begin}
			test.tell(tell)
			rest(tell)
			faults := judge(want, tell.notices, tell.letters, test.kills).faults()
			switch {
			case test.want == "" && len(faults) > 0:
				t.Errorf("faults %q", faults)
			case test.want != "" && !slices.ContainsFunc(faults, func(s string) bool { return strings.HasPrefix(s, test.want) }):
				t.Errorf("faults %q, want %q", faults, test.want)
			}
		})
	}
	tell := &teller{at: begin}
	tell.whole("mx1", one)
	tell.tell("mx1", "opened", two)
	tell.tell("mx1", "ended", two)
	if faults := judge(want, tell.notices, tell.letters, never).faults(); len(faults) != 1 ||
		!strings.HasPrefix(faults[0], "missing: two.grew2") {
		t.Errorf("faults %q, want that grew2 is missing", faults)
	}
}

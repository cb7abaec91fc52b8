package testkit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Traffic makes a log in which some send in bursts, from several hosts, by login and from scripts, with other lines
// between, and now and then a line that comes late.
func Traffic(seed uint64, n int) (lines []string, end time.Time) {
	r := rand.New(rand.NewPCG(seed, 17))
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	busy := 0
	for i := range n {
		if r.IntN(30) == 0 {
			busy = r.IntN(6)
		}
		at = at.Add(time.Duration(r.IntN(9)) * time.Second)
		stamp := at
		if r.IntN(20) == 0 {
			stamp = at.Add(-time.Duration(r.IntN(4)) * time.Second)
		}
		who := busy
		if r.IntN(3) == 0 {
			who = r.IntN(6)
		}
		lines = append(lines, fmt.Sprintf("%s 1xV%03d-%06d-%02d %s\n", stamp.Format(time.DateTime), i/1000, i, who,
			entry(r, who)))
	}
	return lines, at
}

func entry(r *rand.Rand, who int) string {
	subject := []string{"Invoice 17", "Invoice 18", "Re: Lunch", `Gr\303\274\303\237e`, ""}[r.IntN(5)]
	rest := fmt.Sprintf(` S=%d T="%s" for%s`, 300+r.IntN(4000), subject, strings.Repeat(" x@example.org", 1+r.IntN(6)))
	switch {
	case r.IntN(8) == 0:
		return "=> x@example.org R=dnslookup T=remote_smtp H=mx.example.org [203.0.113.1]"
	case r.IntN(12) == 0:
		return "<= <> R=1xV000-000000-00 U=Debian-exim P=local" + rest
	case r.IntN(40) == 0:
		return "<= nobody nonsense"
	case who < 4:
		return fmt.Sprintf("<= user%d@lab.test H=(pc) [192.0.2.%d] P=esmtpa A=plain:user%d%s", who, 1+r.IntN(3), who,
			rest)
	}
	return fmt.Sprintf("<= web%d@lab.test U=web%d P=local%s", who, who, rest)
}

// Joinable puts a call some lines before each submission, and the line that names its user some lines behind it.
func Joinable(seed uint64, lines []string) []string {
	r := rand.New(rand.NewPCG(seed, 7))
	type late struct {
		at   int
		text string
	}
	var all []late
	for i, line := range lines {
		stamp, rest := line[:len(time.DateTime)+1], line[len(time.DateTime)+1:]
		user := strings.Index(rest, " U=web")
		if user < 0 {
			all = append(all, late{i, line})
			continue
		}
		name, id := rest[user+3:user+7], rest[:strings.IndexByte(rest, ' ')]
		before, behind := max(i-r.IntN(3), 0), min(i+r.IntN(4), len(lines)-1)
		all = append(all, late{before, fmt.Sprintf("%s[%d] cwd=/home/%s 2 args: sendmail -t\n",
			lines[before][:len(stamp)], i+1, name)}, late{i, fmt.Sprintf("%s[%d] %s", stamp, i+1, rest)},
			late{behind, lines[behind][:len(stamp)] + id + " Sender identification U=" + name + " D=lab.test S=x\n"})
	}
	slices.SortStableFunc(all, func(a, b late) int { return a.at - b.at })
	var texts []string
	for _, l := range all {
		texts = append(texts, l.text)
	}
	return texts
}

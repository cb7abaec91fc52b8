package chaos

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

var (
	subjects = []string{"Invoice 17", "Re: Lunch", `Gr\303\274\303\237e`, "", "Your parcel", `Account \"closed\"`, "Offer 2026-11", "*SPAM* Win"}
	words    = []string{"alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo", "lima", "mike", "november", "oscar",
		"papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey", "xray", "yankee", "zulu", "anna", "berta", "caesar", "dora", "emil", "friedrich"}
)

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// hostile are the ways in which a sender tries to be somebody else in the log, and what Exim logs then.
var hostile = []func(head string, who, host int, rest string) string{
	func(head string, who, host int, rest string) string { // in the subject, quoted
		return fmt.Sprintf(`%s <= user%d@lab.test H=(pc) [192.0.2.%d] P=esmtpa A=plain:user%d S=700 T="x\" A=plain:victim S=9 T=\"y" for v@example.org`+"\n", head, who, host, who)
	},
	func(head string, who, host int, rest string) string { // in HELO
		return fmt.Sprintf("%s <= user%d@lab.test H=(pc [203.0.113.9] P=esmtpa A=plain:victim) [192.0.2.%d] P=esmtpa A=plain:user%d%s", head, who, host, who, rest)
	},
	// with LFs in a quoted local part: one entry of three lines, of which the second is forged
	func(head string, who, host int, rest string) string {
		return fmt.Sprintf("%s <= \"a\n%s <= victim@lab.test U=victim P=local S=5\nb\"@lab.test U=web%d P=local%s", head, head, who, rest)
	},
	// the same entry twice, as when a message is received again from the queue
	func(head string, who, host int, rest string) string {
		line := fmt.Sprintf("%s <= web%d@lab.test U=web%d P=local%s", head, who, who, rest)
		return line + line
	},
	// behind the NULs that a crash of the machine leaves: so few that a file which begins so isn't like others
	// (tailer: 256)
	func(head string, who, host int, rest string) string {
		return fmt.Sprintf("%s%s <= web%d@lab.test U=web%d P=local%s", strings.Repeat("\x00", host), head, who, who, rest)
	},
}

// hugeLine is beyond the 64 kB that the program holds of a line, and beyond one of its chunks where it is longest.
const hugeLine = 400_000 // bytes, at most

// other is an entry that is no submission.
func (t *traffic) other() string {
	switch n := t.r.IntN(1000); {
	case n == 0:
		return t.head(0) + " H=(x) [203.0.113.1] rejected " + strings.Repeat("x", 60_000+t.r.IntN(hugeLine-60_000)) + "\n"
	case n < 20:
		return t.head(0) + " <= nobody nonsense\n"
	case n < 60:
		return t.head(0) + " <= <> R=1x0000-000000-00 U=Debian-exim P=local" + t.rest("Mail delivery failed")
	case n < 160:
		return fmt.Sprintf("%s <= x%d@example.com H=mx%d.example.com [198.51.100.%d] P=esmtp%s", t.head(0), n, n, n, t.rest(pick(t.r, subjects)+pick(t.r, words)))
	case n < 260:
		return fmt.Sprintf("%s cwd=/home/web%d/public_html 3 args: /usr/sbin/sendmail -t -i\n", t.stamp(), t.r.IntN(people))
	case n < 360:
		return t.stamp() + " plain authenticator failed for (User) [203.0.113.77]: 535 Incorrect authentication data (set_id=admin)\n"
	case n < 370:
		return t.head(0) + " Completed\n"
	}
	return t.delivery()
}

// lateLine is written by a process that still has a cycled log open. It comes a moment after the last line there.
func (t *traffic) lateLine() string {
	t.n++
	return fmt.Sprintf("%s 1x%04d-%06d-98 <= web39@lab.test U=web39 P=local S=400\n", t.at.Add(-cycleStep).Format(time.DateTime), t.n/1_000_000, t.n%1_000_000)
}

// filler is a long entry that counts for nobody.
func (t *traffic) filler() string {
	return t.head(0) + " H=(x) [203.0.113.1] rejected " + strings.Repeat("y", 4000) + "\n"
}

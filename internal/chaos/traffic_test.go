package chaos

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// maxLate is how many seconds a line's stamp may be behind: less than what the program takes for a clock set back
// (5), and less than cycleStep.
const maxLate = 4

// cycleStep is how far log time moves when the log is cycled, so that replay knows the files' order by their first
// stamps, late ones included.
const cycleStep = 6 * time.Second

// A traffic makes what Exim would log. Its time is its own and runs some thousand times as fast as the clock's.
type traffic struct {
	r     *rand.Rand
	at    time.Time
	n     int // messages so far
	own   int // of them, the daemon's mails
	burst burst
}

// A burst is somebody who sends in bulk.
type burst struct {
	who     int
	left    int // messages
	hosts   int
	subject string
}

func newTraffic(seed uint64) *traffic {
	return &traffic{r: rand.New(rand.NewPCG(seed, 1)), at: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
}

// next is one entry, its LF included: mostly one line, one write of Exim's in any case.
func (t *traffic) next() string {
	busy := t.burst.left > 0 && t.r.IntN(3) > 0
	if busy {
		t.at = t.at.Add(time.Duration(t.r.IntN(5)/3) * time.Second)
		t.burst.left--
		return t.message(t.burst.who, 1+t.r.IntN(t.burst.hosts), t.burst.subject)
	}
	if t.burst.left == 0 && t.r.IntN(200) == 0 {
		t.burst = burst{who: t.r.IntN(people), left: 3 + t.r.IntN(30), hosts: 1 + t.r.IntN(3),
			subject: pick(t.r, subjects)}
	}
	t.at = t.at.Add(time.Duration(t.r.IntN(6)) * time.Second)
	if t.r.IntN(3) == 0 {
		return t.message(t.r.IntN(people), 1+t.r.IntN(200), pick(t.r, subjects)+" "+pick(t.r, words))
	}
	return t.other()
}

// stamp is the time of a line: now and then it was taken some seconds before the line was written. It stays on its
// day, as %D goes by that.
func (t *traffic) stamp() string {
	if t.r.IntN(20) == 0 {
		if late := t.at.Add(-time.Duration(t.r.IntN(maxLate+1)) * time.Second); late.Day() == t.at.Day() {
			return late.Format(time.DateTime)
		}
	}
	return t.at.Format(time.DateTime)
}

// head is stamp and message id.
func (t *traffic) head(who int) string {
	t.n++
	return fmt.Sprintf("%s 1x%04d-%06d-%02d", t.stamp(), t.n/1_000_000, t.n%1_000_000, who)
}

// The first accounts of people authenticate, the others are scripts of this machine.
const (
	people = 40
	logins = 28
)

// message is the arrival of a message of somebody's.
func (t *traffic) message(who, host int, subject string) string {
	head, rest := t.head(who), t.rest(subject)
	if n := t.r.IntN(60); n < len(hostile) {
		return hostile[n](head, who, host, rest)
	}
	if who < logins {
		return fmt.Sprintf("%s <= user%d@lab.test H=(pc) [192.0.2.%d] P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no A=plain:user%d%s", head, who, host, who, rest)
	}
	return fmt.Sprintf("%s <= web%d@lab.test U=web%d P=local%s", head, who, who, rest)
}

// rest is what all arrivals end in, of different sizes and with one recipient or several.
func (t *traffic) rest(subject string) string {
	s := fmt.Sprintf(` S=%d T="%s" for`, 300+t.r.IntN(3000), subject)
	for range 1 + t.r.IntN(6)*t.r.IntN(2) {
		s += fmt.Sprintf(" r%d@example.org", t.r.IntN(1000))
	}
	return s + "\n"
}

// jump lets log time pass.
func (t *traffic) jump(d time.Duration) { t.at = t.at.Add(d) }

// sentinel opens an alert of an account of its own, behind everything before.
func (t *traffic) sentinel(account string) string {
	var s string
	for range sentinelLimit + 1 {
		t.n++
		s += fmt.Sprintf("%s 1x%04d-%06d-99 <= %s@lab.test U=%s P=local S=5\n", t.at.Format(time.DateTime),
			t.n/1_000_000, t.n%1_000_000, account, account)
	}
	return s
}

// ownMail is the arrival of a mail of the daemon's, as Exim logs it.
func (t *traffic) ownMail(messageID string, size int) string {
	t.own++
	return fmt.Sprintf("%s 1xMAIL-%06d-00 <= <> H=localhost (mx.lab.test) [127.0.0.1] P=esmtp S=%d id=%s\n",
		t.at.Format(time.DateTime), t.own, size, messageID)
}

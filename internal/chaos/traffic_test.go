package chaos

import (
	"fmt"
	"math/rand/v2"
	"strings"
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
	queue []string // ids of messages that aren't delivered yet, the latest ones
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
	return t.stamp() + " " + t.id(who)
}

// id is that of the message made last.
func (t *traffic) id(who int) string {
	return fmt.Sprintf("1x%04d-%06d-%02d", t.n/1_000_000, t.n%1_000_000, who)
}

// The first accounts of people authenticate, the others are scripts of this machine.
const (
	people = 40
	logins = 28
	inside = 36 // from here on: machines inside that send without a login
)

// message is the arrival of a message of somebody's.
func (t *traffic) message(who, host int, subject string) string {
	head, rest := t.head(who), t.rest(subject)
	if t.queue = append(t.queue, t.id(who)); len(t.queue) > maxQueue {
		t.queue = t.queue[1:]
	}
	if who >= inside {
		return fmt.Sprintf("%s <= scan%d@lab.test H=(scan) [10.0.0.%d] P=esmtp%s", head, who, who, rest)
	}
	if n := t.r.IntN(60); n < len(hostile) {
		return hostile[n](head, who, host, rest)
	}
	if who < logins {
		return fmt.Sprintf("%s <= user%d@lab.test H=(pc) [192.0.2.%d] P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no A=plain:user%d%s", head, who, host, who, rest)
	}
	return fmt.Sprintf("%s <= web%d@lab.test U=web%d P=local%s", head, who, who, rest)
}

// maxQueue is how many messages wait for their delivery.
const maxQueue = 20

// delivery is what becomes of a recipient of a message in the queue.
func (t *traffic) delivery() string {
	if len(t.queue) == 0 {
		return t.head(0) + " Completed\n"
	}
	n := t.r.IntN(len(t.queue))
	head := t.stamp() + " " + t.queue[n]
	const way = ` r%d@example.org R=dnslookup T=remote_smtp H=mx%d.example.org [203.0.113.%d]`
	to := fmt.Sprintf(way, t.r.IntN(1000), t.r.IntN(4), 1+t.r.IntN(4))
	var line string
	switch n := t.r.IntN(10); {
	case n < 4:
		line = head + " =>" + to + ` C="250 OK"` + "\n"
	case n < 5:
		line = head + " => r@lab.test <r@lab.test> R=local_user T=local_delivery\n"
	case n < 8:
		line = head + " **" + to + fmt.Sprintf(": SMTP error from remote mail server after RCPT TO:<r@example.org>: "+
			"550 5.7.1 no. %d %s\n", t.r.IntN(100), pick(t.r, words))
	default:
		at := strings.Index(to, " H=")
		return head + " ==" + to[:at] + " defer (-44)" + to[at:] + ": SMTP error from remote mail server: 421 later\n"
	}
	if t.r.IntN(3) > 0 {
		t.queue = append(t.queue[:n:n], t.queue[n+1:]...)
		line += head + " Completed\n"
	}
	return line
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

package pipelinetest

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// A Way is how an arrival came.
type Way int

const (
	Login Way = iota
	Submitted
	Inside  // from a host with a private address
	Outside // from one with a public address, which a configuration may call inside
	OwnBounce
	Back // over loopback, with the id= of another message
)

// A DeliveryLogLine is a line of a log, and what a test knows of it.
type DeliveryLogLine struct {
	Text string
	At   time.Time
	ID   string

	// Of an arrival. A sender may be empty.
	Arrival               bool
	Way                   Way
	Sender, Account, Host string
	HeaderID              string
	To                    []string // nil: not logged

	// Of a delivery line. Host is in brackets in H=.
	Flag, Address, Original string
	NoTry, Discarded        bool
	Error                   string
}

// deliveryLog draws the lines.
type deliveryLog struct {
	t     *rapid.T
	now   time.Time
	lines []DeliveryLogLine
	queue []*queuedMessage
	next  int
}

// A queuedMessage is one that Exim hasn't completed.
type queuedMessage struct {
	id, header string
	early      bool // its arrival is still to come
	remote     bool // a delivery names another host
	filtered   bool // all deliveries are to a filter
	back       bool // handed back by one
	hasCome    bool
	at         time.Time // when it came first
}

// DrawDeliveryLog draws a log of arrivals, and of all that can become of them.
func DrawDeliveryLog(t *rapid.T, lines int) []DeliveryLogLine {
	l := &deliveryLog{t: t, now: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)}
	for len(l.lines) < lines {
		passes := rapid.SampledFrom([]int{0, 0, 0, 0, 0, 1, 1, 5, 20, 61, 400, 3600, 25 * 3600}).Draw(t, "passes")
		if passes > 400 && l.draw("indeed", 4) > 0 {
			passes = 2
		}
		for _, m := range l.queue {
			if passes > 5 && m.early { // it comes within seconds
				l.arrival(m)
			}
		}
		l.now = l.now.Add(time.Duration(passes) * time.Second)
		l.write()
	}
	return l.lines
}

func (l *deliveryLog) draw(what string, n int) int { return rapid.IntRange(0, n-1).Draw(l.t, what) }

func (l *deliveryLog) pick(what string, of ...string) string {
	return rapid.SampledFrom(of).Draw(l.t, what)
}

// write draws an event.
func (l *deliveryLog) write() {
	kind := 19 - l.draw("kind", 20) // lower numbers are drawn more often
	switch {
	case kind == 1:
		l.delivery(l.message(), "")
		l.queue = l.queue[:len(l.queue)-1] // nobody knows this message
	case kind == 0:
		m := l.message()
		m.early = true
		l.delivery(m, ">>")
	case kind < 7 || len(l.queue) == 0:
		l.arrival(l.message())
	default:
		m := l.queue[l.draw("message", len(l.queue))]
		switch {
		case m.early || !m.hasCome:
			l.arrival(m)
		case kind < 9 && !m.remote && !m.back:
			l.handBack(m)
		case kind < 11:
			l.complete(m)
		case kind == 11 && l.draw("again", 3) == 0 && !m.back && !m.filtered && l.now.Sub(m.at) < 24*time.Hour:
			l.arrival(m)
		default:
			l.delivery(m, "")
		}
	}
}

// message adds a message to the queue.
func (l *deliveryLog) message() *queuedMessage {
	l.next++
	id := fmt.Sprintf("1xV%03d-%06d-%02d", l.next%1000, l.next, l.next%7)
	if l.next%2 == 0 {
		id = fmt.Sprintf("1xV%03d-%011d-%04d", l.next%1000, l.next, l.next%7)
	}
	m := &queuedMessage{id: id, header: id + "@site.test"}
	l.queue = append(l.queue, m)
	return m
}

func (l *deliveryLog) add(line DeliveryLogLine, text string) {
	line.At = l.now
	if l.draw("late", 20) == 19 {
		line.At = l.now.Add(-3 * time.Second)
	}
	line.Text = line.At.Format(time.DateTime) + " " + line.ID + " " + text
	l.lines = append(l.lines, line)
}

// arrival draws an arrival of a message.
func (l *deliveryLog) arrival(m *queuedMessage) {
	if !m.hasCome {
		m.early, m.hasCome, m.at = false, true, l.now
	}
	line := DeliveryLogLine{ID: m.id, Arrival: true, HeaderID: m.header, Sender: l.pick("sender", "a@lab.test", "b@far.test")}
	host := ""
	switch line.Way = Way(l.draw("way", 5)); line.Way {
	case Login:
		line.Account, line.Host = l.pick("login", "alice", "bob"), "198.51.100.7"
		host = " H=(pc) [198.51.100.7] P=esmtpa A=plain:" + line.Account
	case Submitted:
		line.Account = l.pick("user", "joe", "web")
		host = " U=" + line.Account + " P=local"
	case Inside, Outside:
		line.Host = l.pick("host", "10.0.0.1", "10.0.0.2")
		if line.Way == Outside {
			line.Host = "198.51.100.9"
		}
		if l.draw("empty sender", 8) == 7 {
			line.Sender = ""
		}
		host = " H=h [" + line.Host + "] P=esmtp"
	case OwnBounce:
		line.Sender = ""
		host = " R=1xV000-000000-00 U=Debian-exim P=local"
	}
	l.finish(line, host)
}

// handBack draws an arrival of a message that a filter hands back.
func (l *deliveryLog) handBack(m *queuedMessage) {
	m.filtered = true
	n := l.message()
	n.back, n.hasCome = true, true
	l.finish(DeliveryLogLine{ID: n.id, Arrival: true, Way: Back, HeaderID: m.header, Sender: "a@lab.test", Host: "127.0.0.1"}, " H=localhost [127.0.0.1] P=esmtp")
}

// finish draws the rest of an arrival.
func (l *deliveryLog) finish(line DeliveryLogLine, items string) {
	sender := line.Sender
	if sender == "" {
		sender = "<>"
	}
	text := "<= " + sender + items + " S=100 id=" + line.HeaderID
	line.To = rapid.SampledFrom([][]string{nil, {"x@far.test"}, {"z@lab.test"}, {"x@far.test", "z@lab.test"}}).Draw(l.t, "to")
	if line.To != nil {
		text += " for " + strings.Join(line.To, " ")
	}
	l.add(line, text)
}

func (l *deliveryLog) complete(m *queuedMessage) {
	l.add(DeliveryLogLine{ID: m.id, Flag: "Completed"}, "Completed")
	for i := range l.queue {
		if l.queue[i] == m {
			l.queue = append(l.queue[:i], l.queue[i+1:]...)
			return
		}
	}
}

// delivery draws what became of a recipient.
func (l *deliveryLog) delivery(m *queuedMessage, flag string) {
	if flag == "" {
		flag = l.pick("flag", "=>", "=>", "=>", "->", "**", "**", "==", "==", "*>", "Frozen", "discarded")
	}
	line := DeliveryLogLine{ID: m.id, Flag: flag, Address: l.pick("address", "x@far.test", "y@far.test", "z@lab.test")}
	line.Host = l.pick("peer", "", "127.0.0.1", "10.9.9.9", "198.51.100.25", "203.0.113.25", "203.0.113.25")
	if m.filtered && (flag == "=>" || flag == "->" || flag == ">>") && line.Host != "" {
		line.Host = "127.0.0.1"
	}
	text := flag + " " + line.Address
	if l.draw("has an original", 3) == 2 {
		line.Original = l.pick("original", "z@lab.test", "x@far.test", "X@far.test")
		if line.Original == line.Address {
			line.Original = ""
		} else {
			text += " <" + line.Original + ">"
		}
	}
	text += " R=r T=t"
	host := ""
	if line.Host != "" {
		host = " H=peer" + line.Host[:3] + " [" + line.Host + "]"
	}
	switch flag {
	case "**":
		line.Error = l.pick("error", "550 no such user", "554 spam", "550 blocked by zen.example")
		text += host + ": " + line.Error
	case "==":
		if line.NoTry = l.draw("no try", 4) == 3; line.NoTry {
			text += " defer (-53): retry time not reached"
			line.Host = ""
			break
		}
		line.Error = l.pick("delay", "421 later", "451 greylisted")
		text += " defer (-44)" + host + ": " + line.Error
	case "Frozen":
		text = "Frozen (delivery error message)"
	case "discarded":
		text = "=> :blackhole: <x@far.test> R=r"
		line.Flag, line.Discarded, line.Host = "=>", true, ""
	default:
		if line.Host != "" && line.Host != "127.0.0.1" && flag != "*>" {
			m.remote = true
		}
		text += host
	}
	l.add(line, text)
}

// DrawDeliveryConfig draws rules of several scopes that count arrivals, and what becomes of them.
func DrawDeliveryConfig(t *rapid.T) string {
	var b strings.Builder
	classes := []string{"authenticated", "local", "loopback", "relayed", "relayed", "forwarded", "bounces", "all"}
	only := rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("only = %q\n", rapid.SliceOfNDistinct(rapid.SampledFrom(classes), 1, 4, rapid.ID).Draw(t, "only"))
	})
	local := rapid.SampledFrom([]string{"", "local_domains = [\"lab.test\"]\n"})
	b.WriteString("[count]\n" + strings.ReplaceAll(only.Draw(t, "default"), "\" \"", "\", \"") + local.Draw(t, "local"))
	if rapid.Bool().Draw(t, "inside") {
		b.WriteString("inside = [\"198.51.100.0/24\"]\n")
	}
	rule := rapid.Custom(func(t *rapid.T) string {
		pick := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }
		count := pick("count", "messages", "messages", "recipients", "bounces", "deferrals", "bounce_share")
		text := fmt.Sprintf("[[rule]]\nkey = %q\ncount = %q\nlimit = %d\nwindow = %q\n", pick("key", "sender", "account", "host"),
			count, rapid.IntRange(1, 3).Draw(t, "limit"), pick("window", "10s", "1m", "10m"))
		if count == "bounce_share" {
			text += "floor = 2\n"
		}
		if rapid.IntRange(0, 2).Draw(t, "scope") == 2 {
			text += strings.ReplaceAll(only.Draw(t, "of the rule"), "\" \"", "\", \"") + local.Draw(t, "local")
		}
		return text
	})
	for _, r := range rapid.SliceOfNDistinct(rule, 1, 3, rapid.ID).Draw(t, "rules") {
		b.WriteString(r)
	}
	return b.String()
}

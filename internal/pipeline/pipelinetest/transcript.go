// Package pipelinetest compares what pipelines tell of a log.
package pipelinetest

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/parser"
	"exiwatch/window"

	"pgregory.net/rapid"
)

// A Transcript is everything that a pipeline tells.
type Transcript struct{ strings.Builder }

func (t *Transcript) Listener() pipeline.Listener {
	alert := func(what string, a *window.Alert) {
		fmt.Fprintf(t, "%s %s %s %s thread %s, %d of %d, peak %d, %d messages from %s to %s, ended %s, %v %v %+v %v\n",
			what, a.ID, a.Rule.String(), a.Value, a.Incident.ID, a.Count, a.Limit, a.Peak, a.Messages, a.First, a.Last,
			a.Ended, a.Samples, a.Top(window.Subject, 0), a.Fates, a.Refusals(0))
	}
	return pipeline.Listener{
		AllKeys: true,
		Arrival: func(a *parser.Arrival, w *window.Arrival) {
			fmt.Fprintf(t, "%s:%d %s %q %s\n", a.File, a.Line, w.At, w.Values, w.MessageID)
		},
		Counted: func(w *window.Arrival) { fmt.Fprintf(t, "counted %s %d\n", w.MessageID, w.Nature) },
		Other: func(e *parser.Entry) {
			fmt.Fprintf(t, "%s:%d kind %d %s %s %q %q %q %s\n", e.File, e.Line, e.Kind, e.MessageID, e.Reason,
				e.Directory, e.Arguments, e.User, e.Time)
		},
		Opened: func(all []*window.Alert) {
			for _, a := range all {
				alert("opened", a)
			}
		},
		Grew:  func(a *window.Alert) { alert("grew", a) },
		Ended: func(a *window.Alert) { alert("ended", a) },
	}
}

// Joined are rules that count by what several lines tell together.
const Joined = `
[[rule]]
key = "script"
limit = 1
window = "1h"
[[rule]]
key = "cpuser"
limit = 1
window = "5m"
`

// AnyLog generates a log with all that the order of its lines decides about: hours that occur twice, steps of the
// clock, late lines, entries in several lines or pieces, and rows of arrivals that open alerts.
func AnyLog(t *rapid.T, zone *time.Location) []byte {
	var log bytes.Buffer
	var ids []string
	now := time.Date(2026, 10, 25, 1, rapid.IntRange(0, 59).Draw(t, "minute"), 0, 0, zone)
	step := rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 4 * time.Minute, 9 * time.Minute}).Draw(t,
		"step")
	for i := range rapid.SampledFrom([]int{0, 1, 20, 60, 120}).Draw(t, "lines") {
		now = now.Add(step * rapid.SampledFrom([]time.Duration{0, 1, 2, 3}).Draw(t, "passes"))
		at := now
		switch rapid.IntRange(0, 40).Draw(t, "clock") { // lower numbers are drawn more often
		case 10:
			now = now.Add(-20 * time.Minute)
		case 20, 21:
			at = now.Add(-3 * time.Second)
		}
		stamp := at.Format("2006-01-02 15:04:05")
		id := messageID(at, i)
		ids = append(ids, id)
		near := ids[max(i-rapid.IntRange(0, 2).Draw(t, "back"), 0)]
		who := rapid.SampledFrom([]string{"alice", "bob", "Carol"}).Draw(t, "who")
		arrival := fmt.Sprintf("%s %s <= %s@Lab.test H=(pc) [2001:db8::%d] P=esmtpsa A=plain:%[3]s S=%d T=\"Re: Offer %d\"", stamp, id, who, i%3, 100+i, i%4)
		pid := rapid.SampledFrom([]string{"", "", "[1] ", "[2] "}).Draw(t, "pid")
		call := fmt.Sprintf("%s %scwd=/home/%s 3 args: /usr/sbin/sendmail -t -i", stamp, pid, who)
		submitted := fmt.Sprintf("%s %s%s <= joe@b U=joe P=local S=5", stamp, pid, id)
		kinds := []string{
			stamp + " " + id + ` <= "x`, // breaks off
			`y" @z.test U=joe P=local S=5 T="x" for a@b`,
			stamp + " " + id + ` <= root@b U=root P=local S=462 T="x" from <root@b> for "a`,
			`b"@c.test`,
			fmt.Sprintf("Oct 25 %s mx exim[%d]: [1/2] %s <= joe@b U=joe P=lo", at.Format("15:04:05"), i%3, id),
			fmt.Sprintf("Oct 25 %s mx exim[%d]: [2/2] cal S=7", at.Format("15:04:05"), i%3),
			call,
			call + "\n" + submitted,
			submitted,
			stamp + " " + id + " Sender identification U=" + who + " D=b S=joe@b\n" + call + "\n" + submitted,
			call + "\n" + submitted + "\n" + stamp + " " + id + " Sender identification U=joe D=b S=joe@b",
			stamp + " " + near + " Sender identification U=" + who + " D=b S=joe@b",
			stamp + " " + id + " <= nobody",
			"\x00\x00" + arrival,
			stamp + " " + near + " Completed",
			stamp + " " + near + " ** x@y R=r T=smtp H=h [203.0.113.1]: 550 no",
			strings.Replace(arrival, "A=plain", "U=plain", 1),
			fmt.Sprintf("Oct 25 %s mx exim[%d]: %s => x@y R=r T=smtp H=h [203.0.113.1]", at.Format("15:04:05"), i%3, near),
			stamp + " " + near + " => x@y R=r T=smtp H=h [203.0.113.1]" +
				strings.Repeat("x", rapid.IntRange(0, 300).Draw(t, "long")),
			strings.Replace(arrival, "T=\"", `T="Gr\303\274\303\237e \"`+"x", 1), // decoded
			strings.Replace(arrival, stamp, stamp+" +0100", 1),
		}
		if kind := 27 - rapid.IntRange(0, 27).Draw(t, "kind"); kind < len(kinds) {
			arrival = kinds[kind]
		}
		log.WriteString(arrival + "\n")
	}
	if rapid.Bool().Draw(t, "torn") {
		log.Truncate(max(log.Len()-1, 0))
	}
	return log.Bytes()
}

// messageID is the id of a message that came at a time, as line number i of a log.
func messageID(at time.Time, i int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	id := make([]byte, 6)
	for k, second := 5, at.Unix(); k >= 0; k, second = k-1, second/62 {
		id[k] = digits[second%62]
	}
	return fmt.Sprintf("%s-%06d-0%d", id, i, i%7)
}

package pipeline

import (
	"bytes"
	"slices"

	"exiwatch/parser"
)

// calls remembers the calls of Exim that the log shows (cwd= lines, +arguments), to say in which directory a local
// arrival was submitted. It remembers the log's last hour, and so follows from the log alone.
//
// With +pid the call and the arrival have the process id in common, also where one call submits several messages.
// Without it only the beginning of a message id helps: the second in which Exim began to read the message, which for
// a call that takes one message follows the cwd= line at once. The next arrival need not be that of the last call, as
// a message may be read slowly while others come and go. Where calls from several directories may be meant, none is.
type calls struct {
	all      []*call // the oldest first
	byPID    map[int]*call
	bySecond map[int64][]*call // by their stamp, those without a pid whose message hasn't come
}

// A call is one call of Exim to take a message.
type call struct {
	pid       int    // 0 without +pid
	second    int64  // of the stamp, since 1970
	at        int64  // second of the log's clock
	directory []byte // nil if the line may be forged
}

const (
	// callSeconds is how long a call may take until it has submitted its last message.
	callSeconds = 3600
	// maxCalls bounds what is remembered: nine calls a second for an hour, some 6 MB. Beyond it the oldest are
	// forgotten.
	maxCalls = 1 << 15
	// maxStart is how many seconds Exim may need from the cwd= line to the message.
	maxStart = 2
)

func newCalls() *calls { return &calls{byPID: make(map[int]*call), bySecond: make(map[int64][]*call)} }

// add notes a call that stands at a second of the log's clock, which arrivals have brought to now.
func (c *calls) add(e *parser.Entry, at, now int64) {
	c.forget(now)
	if len(c.all) == maxCalls {
		c.forgetFirst()
	}
	one := &call{pid: e.PID, second: e.Time.Unix(), at: at}
	if !e.Forgeable {
		one.directory = bytes.Clone(e.Directory)
	}
	c.all = append(c.all, one)
	if one.pid != 0 {
		c.byPID[one.pid] = one
	} else {
		c.bySecond[one.second] = append(c.bySecond[one.second], one)
	}
}

// forget drops what is too old. What stands behind a call with a stamp of the future stays, up to maxCalls.
func (c *calls) forget(now int64) {
	for len(c.all) > 0 && c.all[0].isOver(now) {
		c.forgetFirst()
	}
}

// isOver tells whether the call has taken too long to have a message at a second.
func (c *call) isOver(now int64) bool { return c.at+callSeconds <= now }

func (c *calls) forgetFirst() {
	one := c.all[0]
	if c.byPID[one.pid] == one {
		delete(c.byPID, one.pid)
	}
	c.take(one)
	c.all[0], c.all = nil, c.all[1:]
}

// take notes that the message of a call has come.
func (c *calls) take(one *call) {
	same := c.bySecond[one.second]
	if i := slices.Index(same, one); i >= 0 {
		same = slices.Delete(same, i, i+1)
	}
	if c.bySecond[one.second] = same; len(same) == 0 {
		delete(c.bySecond, one.second)
	}
}

// directoryOf returns the directory in which an arrival was submitted; nil if that isn't certain. It is asked once for
// each arrival. now is the second of the log's clock.
func (c *calls) directoryOf(a *parser.Arrival, now int64) []byte {
	if !isLocal(a) || a.Forgeable {
		return nil
	}
	c.forget(now)
	if a.PID != 0 {
		if one := c.byPID[a.PID]; one != nil && !one.isOver(now) {
			return one.directory
		}
		return nil
	}
	protocol := bytes.TrimPrefix(a.Protocol, []byte("utf8"))
	if a.Suspicious || string(protocol) != "local" { // in SMTP a message may begin long after the call
		return nil
	}
	one := c.callAt(begun(a.MessageID), now)
	if one == nil {
		return nil
	}
	c.take(one)
	return one.directory
}

// callAt returns the first call that may have begun to read a message at a second; nil if there are several that differ
// in their directory.
func (c *calls) callAt(second, now int64) (first *call) {
	for s := second - maxStart; s <= second; s++ {
		for _, one := range c.bySecond[s] {
			switch {
			case one.isOver(now):
			case first == nil:
				first = one
			case !bytes.Equal(first.directory, one.directory):
				return nil
			}
		}
	}
	return first
}

// begun returns the second at which Exim began to read a message: the first six characters of its id, in base 62 (spec,
// "Message identification").
func begun(messageID []byte) (second int64) {
	for _, c := range messageID[:min(6, len(messageID))] {
		second = second*62 + int64(bytes.IndexByte([]byte(base62), c))
	}
	return second
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

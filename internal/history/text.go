package history

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"exiwatch/internal/escape"
)

// maxHeld is how many steps are held to count deferrals that repeat. Behind them counting begins anew.
const maxHeld = 10_000

// A Text writes a message's history for people. Nothing in it can move a terminal's cursor.
type Text struct {
	out    *bufio.Writer
	colour bool
	held   []Step
	same   map[Delivery]int // deferrals, without their times: where they are in held
}

// NewText makes a Text that writes to w, in colours if they are wanted.
func NewText(w io.Writer, colour bool) *Text {
	return &Text{out: bufio.NewWriter(w), colour: colour, same: make(map[Delivery]int)}
}

// Step takes the next step.
func (t *Text) Step(s *Step) {
	if s.Kind == Deferred {
		key := s.Delivery
		key.Time = ""
		if at, ok := t.same[key]; ok {
			first := &t.held[at]
			first.Times, first.Last = first.Times+1, s.At
			return
		}
		t.same[key] = len(t.held)
	}
	t.held = append(t.held, *s)
	if last := &t.held[len(t.held)-1]; last.Kind == Deferred {
		last.Times = 1
	}
	if len(t.held) == maxHeld {
		t.write()
	}
}

// write writes the steps that are held.
func (t *Text) write() {
	for i := range t.held {
		t.step(&t.held[i])
	}
	t.held = t.held[:0]
	clear(t.same)
}

const layout = "2006-01-02 15:04:05 -0700"

func stamp(at time.Time) string { return at.Format(layout) }

// colours are the SGR codes of what is coloured.
var colours = map[StepKind]string{Received: "1", Delivered: "32", Deferred: "33", Refused: "31", Frozen: "31",
	Completed: "1"}

func (t *Text) step(s *Step) {
	at := strings.Repeat(" ", len(layout))
	if !s.At.IsZero() {
		at = stamp(s.At)
	}
	line := escape.Text(s.headline())
	if code := colours[s.Kind]; t.colour && code != "" {
		word, rest, _ := strings.Cut(line+" ", " ")
		line = strings.TrimSuffix("\x1b["+code+"m"+word+"\x1b[0m "+rest, " ")
	}
	fmt.Fprintf(t.out, "%s  %s\n", at, line)
	for _, detail := range s.details() {
		fmt.Fprintf(t.out, "%*s  %s\n", len(layout), "", escape.Text(detail))
	}
}

// End writes what is held, and where the message is at last. end is the time up to which the log was read. next gives
// the command that tells of another message.
func (t *Text) End(f *Fate, end time.Time, next func(id string) string) error {
	t.write()
	var lines []string
	switch {
	case f.Queued() && f.Frozen:
		lines = append(lines, "Frozen in the queue at "+stamp(end)+", the end of what was read")
	case f.Queued():
		lines = append(lines, "Still in the queue at "+stamp(end)+", the end of what was read")
	}
	if f.Arrived.IsZero() {
		lines = append(lines, "No line tells of its arrival: the log begins later, or Exim did not accept it")
	}
	others := func(what string, ids ...string) {
		for _, id := range ids {
			lines = append(lines, fmt.Sprintf(what+": %s", id, next(id)))
		}
	}
	if f.BounceOf != "" {
		others("Exim made it because of message %s", f.BounceOf)
	}
	others("Bounced as %s", f.BouncedAs...)
	others("Exim sent %s about it, a warning or an automatic reply", f.Notices...)
	others("Handed back by a content filter as %s", f.HandedBackAs...)
	if len(lines) > 0 {
		fmt.Fprintln(t.out)
	}
	for _, line := range lines {
		fmt.Fprintln(t.out, escape.Text(line))
	}
	return t.out.Flush()
}

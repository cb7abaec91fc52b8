package history

import (
	"fmt"
	"strings"
	"time"

	"exiwatch/internal/words"
	"exiwatch/parser"
)

// maxRecipients is how many recipients of an arrival the text names.
const maxRecipients = 20

// arrivalWords says in a few lines what an arrival says, the sender first. Nothing in them is escaped.
func arrivalWords(a *parser.Arrival) []string {
	head := "from " + sender(string(a.EnvelopeSender))
	if a.FakeReject {
		head += ", who was told that it is refused"
	}
	lines := []string{head, strings.Join(origins(a), ", ")}
	if a.BounceOf != nil {
		lines = append(lines, "about message "+string(a.BounceOf))
	}
	if a.Subject != nil {
		lines = append(lines, "subject: "+string(a.Subject))
	}
	if a.RecipientCount > 0 {
		lines = append(lines, "for "+recipients(a))
	}
	return lines
}

// sender shows an envelope sender.
func sender(s string) string {
	if s == "" {
		return "<>"
	}
	return s
}

// origins are the parts of the line that says how a message came.
func origins(a *parser.Arrival) (parts []string) {
	item := func(name string, value []byte) {
		if len(value) > 0 {
			parts = append(parts, name+string(value))
		}
	}
	item("logged in as ", a.AuthenticatedID)
	if a.HostAddress != nil || a.Host != nil || a.Helo != nil {
		parts = append(parts, "host "+host(string(a.Host), string(a.Helo), string(a.HostAddress), a.HostPort))
		item("ident ", a.Ident)
	} else {
		item("local user ", a.Ident)
	}
	item("protocol ", a.Protocol)
	if a.Size >= 0 {
		parts = append(parts, words.Size(a.Size))
	}
	item("header id ", a.HeaderMessageID)
	return parts
}

// host writes a host as Exim does: name (HELO) [address]:port.
func host(name, helo, address string, port int) string {
	var parts []string
	if name != "" {
		parts = append(parts, name)
	}
	if helo != "" {
		parts = append(parts, "("+helo+")")
	}
	if address != "" {
		address = "[" + address + "]"
		if port > 0 {
			address += fmt.Sprintf(":%d", port)
		}
		parts = append(parts, address)
	}
	return strings.Join(parts, " ")
}

// recipients names the first recipients, and says how many more there are.
func recipients(a *parser.Arrival) string {
	var names []string
	for name := range a.Recipients() {
		if len(names) == maxRecipients {
			break
		}
		names = append(names, string(name))
	}
	text := strings.Join(names, ", ")
	if more := a.RecipientCount - len(names); more > 0 {
		text += fmt.Sprintf(" and %s more", words.Number(int64(more)))
	}
	if a.Cut {
		text += ", perhaps others: Exim cut the list"
	}
	return text
}

// headline says what the step is, in one line.
func (s *Step) headline() string {
	switch s.Kind {
	case Received:
		return "received " + s.Words[0]
	case Completed:
		switch {
		case !s.Timed:
			return "completed"
		case s.Took < time.Second:
			return "completed, within a second of its arrival"
		}
		return "completed, " + words.Span(s.Took) + " after its arrival"
	case Frozen, Unfrozen:
		return strings.TrimSpace(string(s.Kind) + " " + s.Delivery.Event)
	case Other:
		return s.Text
	}
	return s.Delivery.headline(s)
}

// prepositions stand between what became of a recipient and the address.
var prepositions = map[StepKind]string{Delivered: "delivered to ", Refused: "refused for ", Deferred: "deferred for ",
	Discarded: "discarded for ", Suppressed: "not delivered, because of -N, to "}

// headline says what became of which recipient.
func (d *Delivery) headline(s *Step) string {
	who := d.Address
	switch {
	case d.Kind == Discarded && d.Original == "":
		return "discarded"
	case d.Kind == Discarded:
		who = d.Original
	case who == "" && d.Original == "":
		who = "an address that can't be told"
	case who == "":
		who = "<" + d.Original + ">"
	case d.Original != "":
		who += " <" + d.Original + ">"
	}
	text := prepositions[d.Kind] + who
	if s.Times > 1 {
		text += fmt.Sprintf(", %s until %s", words.Plural(int64(s.Times), "time"), stamp(s.Last))
	}
	return text
}

// details are the lines below the headline.
func (s *Step) details() (lines []string) {
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, name+value)
		}
	}
	if s.Kind == Received {
		for _, line := range s.Words[1:] {
			add("", line)
		}
	}
	d := &s.Delivery
	add("", d.way())
	add("answer: ", d.Reply)
	add("reason: ", d.Error)
	add("", s.Note)
	return lines
}

// way says how a delivery went, or was to go.
func (d *Delivery) way() string {
	var parts []string
	if name := host(d.Host, "", d.HostAddress, d.HostPort); name != "" {
		parts = append(parts, "host "+name)
	}
	if d.Router != "" {
		parts = append(parts, "router "+d.Router)
	}
	if d.Transport != "" {
		parts = append(parts, "transport "+d.Transport)
	}
	return strings.Join(parts, ", ")
}

package report

import (
	"strings"

	"exiwatch/parser"
)

// selectorNames are the log selectors whose items tell more. Exim's specification describes them under "Reducing or
// increasing what is logged".
var selectorNames = [...]string{"arguments", "incoming_interface", "incoming_port", "millisec", "pid",
	"received_recipients", "received_sender", "subject"}

// selectors tell of which selectors an item was seen, in the order of selectorNames.
type selectors struct {
	seen   [len(selectorNames)]bool
	remote bool // an arrival from a host was seen
}

func (s *selectors) arrival(a *parser.Arrival) {
	for i, seen := range [len(selectorNames)]bool{false, a.InterfaceAddress != nil, a.HostPort > 0, a.Millis, a.PID > 0,
		a.RecipientCount > 0, a.ReceivedSender != nil, a.Subject != nil} {
		s.seen[i] = s.seen[i] || seen
	}
	s.remote = s.remote || a.HostAddress != nil
}

func (s *selectors) other(e *parser.Entry) { s.seen[0] = s.seen[0] || e.Kind == parser.Submission }

// join adds what was seen elsewhere.
func (s *selectors) join(other *selectors) {
	for i, seen := range other.seen {
		s.seen[i] = s.seen[i] || seen
	}
	s.remote = s.remote || other.remote
}

// missing names the selectors of which no item was seen where one would have been.
func (s *selectors) missing() []string {
	names := []string{}
	for i, name := range selectorNames {
		if !s.seen[i] && (s.remote || !strings.HasPrefix(name, "incoming_")) {
			names = append(names, name)
		}
	}
	return names
}

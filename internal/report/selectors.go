package report

import "exiwatch/parser"

// selectors are the log selectors whose items tell more, and whether one was seen. Exim's specification describes
// them under "Reducing or increasing what is logged".
type selectors struct {
	arguments, interfaces, ports, millisec, pid, recipients, sender, subject bool
	remote                                                                   bool // an arrival from a host was seen
}

func (s *selectors) arrival(a *parser.Arrival) {
	s.interfaces = s.interfaces || a.InterfaceAddress != nil
	s.ports = s.ports || a.HostPort > 0
	s.millisec = s.millisec || a.Millis
	s.pid = s.pid || a.PID > 0
	s.recipients = s.recipients || a.RecipientCount > 0
	s.sender = s.sender || a.ReceivedSender != nil
	s.subject = s.subject || a.Subject != nil
	s.remote = s.remote || a.HostAddress != nil
}

func (s *selectors) other(e *parser.Entry) { s.arguments = s.arguments || e.Kind == parser.Submission }

// missing names the selectors of which no item was seen where one would have been.
func (s *selectors) missing() []string {
	names := []string{}
	for _, item := range []struct {
		name string
		seen bool
	}{
		{"arguments", s.arguments},
		{"incoming_interface", s.interfaces || !s.remote},
		{"incoming_port", s.ports || !s.remote},
		{"millisec", s.millisec},
		{"pid", s.pid},
		{"received_recipients", s.recipients},
		{"received_sender", s.sender},
		{"subject", s.subject},
	} {
		if !item.seen {
			names = append(names, item.name)
		}
	}
	return names
}

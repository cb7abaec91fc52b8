package report

import (
	"time"

	"exiwatch/parser"
)

// An arrival is a line of `exiwatch arrivals`. INTERFACE.md has its fields; those without an item in the log line are
// left out.
type arrivalJSON struct {
	File                string   `json:"file"`
	Line                int64    `json:"line"`
	Time                string   `json:"time"`
	PID                 int      `json:"pid,omitempty"`
	SyslogHost          *string  `json:"syslog_host,omitempty"`
	MessageID           string   `json:"message_id"`
	FakeReject          bool     `json:"fake_reject,omitempty"`
	EnvelopeSender      string   `json:"envelope_sender"`
	BounceOf            *string  `json:"bounce_of,omitempty"`
	Host                *string  `json:"host,omitempty"`
	Helo                *string  `json:"helo,omitempty"`
	HostAddress         *string  `json:"host_address,omitempty"`
	HostPort            int      `json:"host_port,omitempty"`
	InterfaceAddress    *string  `json:"interface_address,omitempty"`
	InterfacePort       int      `json:"interface_port,omitempty"`
	Ident               *string  `json:"ident,omitempty"`
	Protocol            *string  `json:"protocol,omitempty"`
	TLS                 *string  `json:"tls,omitempty"`
	Authenticator       *string  `json:"authenticator,omitempty"`
	AuthenticatedID     *string  `json:"authenticated_id,omitempty"`
	AuthenticatedSender *string  `json:"authenticated_sender,omitempty"`
	Size                *int64   `json:"size,omitempty"`
	HeaderMessageID     *string  `json:"header_message_id,omitempty"`
	Subject             *string  `json:"subject,omitempty"`
	ReceivedSender      *string  `json:"received_sender,omitempty"`
	Recipients          []string `json:"recipients,omitempty"`
	Suspicious          bool     `json:"suspicious,omitempty"`
	Overflowed          bool     `json:"overflowed,omitempty"`
}

// Arrival gives what json.Marshal makes the line of.
func Arrival(a *parser.Arrival) any {
	line := arrivalJSON{
		File: a.File, Line: a.Line, Time: Stamp(a.Time, a.Millis), PID: a.PID,
		SyslogHost: item(a.SyslogHost), MessageID: string(a.MessageID), FakeReject: a.FakeReject,
		EnvelopeSender: string(a.EnvelopeSender),
		BounceOf:       item(a.BounceOf),
		Host:           item(a.Host), Helo: item(a.Helo), HostAddress: item(a.HostAddress), HostPort: a.HostPort,
		InterfaceAddress: item(a.InterfaceAddress), InterfacePort: a.InterfacePort,
		Ident: item(a.Ident), Protocol: item(a.Protocol), TLS: item(a.TLS),
		Authenticator: item(a.Authenticator), AuthenticatedID: item(a.AuthenticatedID),
		AuthenticatedSender: item(a.AuthenticatedSender),
		HeaderMessageID:     item(a.HeaderMessageID), Subject: item(a.Subject), ReceivedSender: item(a.ReceivedSender),
		Suspicious: a.IsDoubtful(), Overflowed: a.Overflowed,
	}
	if a.Size >= 0 {
		line.Size = &a.Size
	}
	for recipient := range a.Recipients() {
		line.Recipients = append(line.Recipients, string(recipient))
	}
	return &line
}

// item gives b as a string, nil for an item that isn't there.
func item(b []byte) *string {
	if b == nil {
		return nil
	}
	s := string(b)
	return &s
}

// Stamp writes a time of the log as RFC 3339, with milliseconds where the log has them.
func Stamp(t time.Time, millis bool) string {
	if millis {
		return t.Format("2006-01-02T15:04:05.000Z07:00")
	}
	return t.Format(time.RFC3339)
}

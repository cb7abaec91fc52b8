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
	SyslogHost          logText  `json:"syslog_host,omitzero"`
	MessageID           logText  `json:"message_id"`
	FakeReject          bool     `json:"fake_reject,omitempty"`
	EnvelopeSender      logText  `json:"envelope_sender"`
	BounceOf            logText  `json:"bounce_of,omitzero"`
	Host                logText  `json:"host,omitzero"`
	Helo                logText  `json:"helo,omitzero"`
	HostAddress         logText  `json:"host_address,omitzero"`
	HostPort            int      `json:"host_port,omitempty"`
	InterfaceAddress    logText  `json:"interface_address,omitzero"`
	InterfacePort       int      `json:"interface_port,omitempty"`
	Ident               logText  `json:"ident,omitzero"`
	Protocol            logText  `json:"protocol,omitzero"`
	TLS                 logText  `json:"tls,omitzero"`
	Authenticator       logText  `json:"authenticator,omitzero"`
	AuthenticatedID     logText  `json:"authenticated_id,omitzero"`
	AuthenticatedSender logText  `json:"authenticated_sender,omitzero"`
	Size                *int64   `json:"size,omitempty"`
	HeaderMessageID     logText  `json:"header_message_id,omitzero"`
	Subject             logText  `json:"subject,omitzero"`
	ReceivedSender      logText  `json:"received_sender,omitzero"`
	Recipients          []string `json:"recipients,omitempty"`
	Suspicious          bool     `json:"suspicious,omitempty"`
	Overflowed          bool     `json:"overflowed,omitempty"`
}

// Arrival gives what json.Marshal makes the line of.
func Arrival(a *parser.Arrival) any {
	line := arrivalJSON{
		File: a.File, Line: a.Line, Time: Stamp(a.Time, a.Millis), PID: a.PID,
		SyslogHost: a.SyslogHost, MessageID: a.MessageID, FakeReject: a.FakeReject,
		EnvelopeSender: a.EnvelopeSender,
		BounceOf:       a.BounceOf,
		Host:           a.Host, Helo: a.Helo, HostAddress: a.HostAddress, HostPort: a.HostPort,
		InterfaceAddress: a.InterfaceAddress, InterfacePort: a.InterfacePort,
		Ident: a.Ident, Protocol: a.Protocol, TLS: a.TLS,
		Authenticator: a.Authenticator, AuthenticatedID: a.AuthenticatedID,
		AuthenticatedSender: a.AuthenticatedSender,
		HeaderMessageID:     a.HeaderMessageID, Subject: a.Subject, ReceivedSender: a.ReceivedSender,
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

// A logText is an item as it was logged, in JSON a string. It is nil where the line doesn't have the item.
type logText []byte

// MarshalText gives the text.
func (t logText) MarshalText() ([]byte, error) { return t, nil }

// Stamp writes a time of the log as RFC 3339, with milliseconds where the log has them.
func Stamp(t time.Time, millis bool) string {
	if millis {
		return t.Format("2006-01-02T15:04:05.000Z07:00")
	}
	return t.Format(time.RFC3339)
}

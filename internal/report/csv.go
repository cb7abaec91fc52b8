package report

import (
	"io"
	"strings"

	"exiwatch/internal/csvsafe"
	"exiwatch/parser"
)

// An ArrivalCSV writes arrivals as CSV: the fields of INTERFACE.md in its order, named in the first row.
type ArrivalCSV struct{ csv *csvsafe.Writer }

var arrivalColumns = []string{
	"file", "line", "time", "pid", "message_id", "fake_reject", "envelope_sender", "bounce_of", "host", "helo",
	"host_address", "host_port", "interface_address", "interface_port", "ident", "protocol", "tls", "authenticator",
	"authenticated_id", "authenticated_sender", "size", "header_message_id", "subject", "received_sender", "recipients",
	"suspicious", "overflowed", "syslog_host",
}

// NewArrivalCSV returns an ArrivalCSV that writes to w. The first error comes from Flush.
func NewArrivalCSV(w io.Writer) ArrivalCSV {
	c := ArrivalCSV{csvsafe.NewWriter(w)}
	c.csv.Write(arrivalColumns...)
	return c
}

// Write writes a row. A cell is empty where the log line doesn't have the item. The recipients are one cell, as logged.
func (c ArrivalCSV) Write(a *parser.Arrival) {
	c.csv.String(a.File)
	c.csv.Int(a.Line)
	c.csv.String(Stamp(a.Time, a.Millis))
	c.number(int64(a.PID), a.PID != 0)
	c.csv.Bytes(a.MessageID)
	c.truth(a.FakeReject)
	c.csv.Bytes(a.EnvelopeSender)
	c.csv.Bytes(a.BounceOf)
	c.csv.Bytes(a.Host)
	c.csv.Bytes(a.Helo)
	c.csv.Bytes(a.HostAddress)
	c.number(int64(a.HostPort), a.HostPort != 0)
	c.csv.Bytes(a.InterfaceAddress)
	c.number(int64(a.InterfacePort), a.InterfacePort != 0)
	c.csv.Bytes(a.Ident)
	c.csv.Bytes(a.Protocol)
	c.csv.Bytes(a.TLS)
	c.csv.Bytes(a.Authenticator)
	c.csv.Bytes(a.AuthenticatedID)
	c.csv.Bytes(a.AuthenticatedSender)
	c.number(a.Size, a.Size >= 0)
	c.csv.Bytes(a.HeaderMessageID)
	c.csv.Bytes(a.Subject)
	c.csv.Bytes(a.ReceivedSender)
	c.csv.Bytes(a.RecipientList)
	c.truth(a.IsDoubtful())
	c.truth(a.Overflowed)
	c.csv.Bytes(a.SyslogHost)
	c.csv.End()
}

// Flush writes what was held back. It returns the first error of all that was written.
func (c ArrivalCSV) Flush() error { return c.csv.Flush() }

// number adds a cell that is empty unless the line has the number.
func (c ArrivalCSV) number(n int64, logged bool) {
	if logged {
		c.csv.Int(n)
	} else {
		c.csv.String("")
	}
}

// truth adds a cell that is true or empty.
func (c ArrivalCSV) truth(is bool) {
	if is {
		c.csv.String("true")
	} else {
		c.csv.String("")
	}
}

// alertColumns are the columns of CSV. The names are those of an Alert in JSON where it has them.
var alertColumns = []string{
	"id", "incident", "account", "rule", "key", "value", "opened", "ended", "count", "limit", "window", "peak",
	"messages", "recipients", "bytes", "suspicious", "crossed_by", "subject_1", "subject_2", "subject_3",
	"delivered", "refused", "deferred", "queued", "refusal_1", "refusal_2", "refusal_3", "block_lists",
}

// How many of alertColumns are subjects, and how many are refusals.
const (
	subjectColumns = 3
	refusalColumns = 3
)

// CSV writes a row for each alert, in the order in which they opened. account is that of the incident.
func (s *Summary) CSV(w io.Writer) error {
	out := csvsafe.NewWriter(w)
	out.Write(alertColumns...)
	for _, o := range s.alerts {
		a := o.document()
		for _, text := range []string{a.ID, a.Incident, o.incident().About.Value, a.Rule, a.Key, a.Value,
			a.Opened.cell(), a.Ended.cell(), a.Count} {
			out.String(text)
		}
		out.Int(a.Limit)
		out.String(a.Window)
		for _, n := range []int64{a.Peak, a.Messages, a.Recipients, a.Bytes, a.Suspicious} {
			out.Int(n)
		}
		out.String(a.CrossedBy)
		for i := range subjectColumns {
			subject := ""
			if i < len(a.Subjects) {
				subject = a.Subjects[i].Subject
			}
			out.String(subject)
		}
		for _, n := range []int64{a.Delivered, a.Refused, a.Deferred, a.Queued} {
			out.Int(n)
		}
		for i := range refusalColumns {
			why := ""
			if i < len(a.Refusals) {
				why = a.Refusals[i].Text
			}
			out.String(why)
		}
		out.String(strings.Join(a.BlockLists, ", "))
		out.End()
	}
	return out.Flush()
}

// cell is empty for the zero Time.
func (t Time) cell() string {
	if t.IsZero() {
		return ""
	}
	return Stamp(t.Time, t.Millis)
}

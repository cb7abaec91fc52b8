package live

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"exiwatch/internal/csvsafe"
	"exiwatch/internal/escape"
	"exiwatch/window"

	tea "charm.land/bubbletea/v2"
)

// An export is an answer for programs.
type export struct {
	Log       string      `json:"log"`
	Last      *time.Time  `json:"last"` // stamp of the log's last arrival; null: none yet
	PerMinute int64       `json:"arrivals_per_minute"`
	Incidents int         `json:"open_incidents"`
	Key       string      `json:"key"`
	Window    string      `json:"window"`
	Order     string      `json:"order"`
	Filter    string      `json:"filter,omitempty"`
	DataFrom  *time.Time  `json:"data_from,omitempty"` // memory holds no more of the window
	Values    int         `json:"values"`              // in the ranking
	Rows      []exportRow `json:"rows"`

	// Of a page with the details of one value, whose row is the only one.
	Sections map[string][]sectionRow `json:"sections,omitempty"`
	Arrivals []arrivalRow            `json:"arrivals,omitempty"`
	Alerts   []alertRow              `json:"alerts,omitempty"`
}

// An exportRow is a rankingRow.
type exportRow struct {
	Value      string     `json:"value"`
	Messages   int64      `json:"messages"`
	Recipients int64      `json:"recipients"`
	Bytes      int64      `json:"bytes"`
	Hosts      int64      `json:"hosts"`
	Last       *time.Time `json:"last"`
	Limit      int64      `json:"limit,omitempty"` // on what the ranking is by
	Over       bool       `json:"over"`
	Alert      bool       `json:"alert"` // one is open
	Topic      string     `json:"topic,omitempty"`
}

// A sectionRow is a valueTally.
type sectionRow struct {
	Value    string `json:"value"`
	Messages int64  `json:"messages"`
	Subjects int    `json:"subjects,omitempty"` // of a topic
}

// An arrivalRow is a recentMessage.
type arrivalRow struct {
	Time       time.Time `json:"time"`
	MessageID  string    `json:"message_id"`
	Host       string    `json:"host"`
	Subject    string    `json:"subject"`
	Recipients int64     `json:"recipients"`
	Size       int64     `json:"size"`
}

// An alertRow is an alert on the value.
type alertRow struct {
	Rule     string     `json:"rule"`
	Opened   time.Time  `json:"opened"`
	Ended    *time.Time `json:"ended"`
	Peak     int64      `json:"peak"`
	Limit    int64      `json:"limit"`
	Messages int64      `json:"messages"`
}

// optional is a time for JSON; nil for the zero time.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func newExport(log string, a *answer) *export {
	x := &export{Log: log, Last: optional(a.last), PerMinute: a.perMinute, Incidents: a.incidents,
		Key: a.query.key.String(), Window: a.query.window.String(), Order: a.query.order.String(),
		Filter: a.query.filter, DataFrom: optional(a.missing), Values: a.values, Rows: []exportRow{}}
	rows := a.rows
	if a.detail != nil {
		rows = []rankingRow{a.detail.row}
		x.addDetail(a.detail)
	}
	for _, l := range rows {
		x.Rows = append(x.Rows, exportRow{l.value, l.messages, l.recipients, l.bytes, l.hosts, optional(l.seen),
			l.limit, l.over(), l.alert, l.topic})
	}
	return x
}

func (x *export) addDetail(d *detail) {
	x.Values, x.Sections = 1, make(map[string][]sectionRow)
	for _, s := range d.sections {
		for _, t := range s.rows {
			row := sectionRow{Value: t.value, Messages: t.messages}
			if s.key == window.Topic {
				row.Subjects = t.subjects
			}
			x.Sections[s.key.String()] = append(x.Sections[s.key.String()], row)
		}
	}
	for _, a := range d.arrivals {
		x.Arrivals = append(x.Arrivals, arrivalRow{a.at, a.messageID, a.host, a.subject, a.recipients, a.bytes})
	}
	for _, incident := range d.incidents {
		for _, a := range incident.alerts {
			x.Alerts = append(x.Alerts, alertRow{a.Rule.Name, a.Opened, optional(a.Ended), a.Peak, a.Limit, a.Messages})
		}
	}
}

// writeJSON writes all.
func (x *export) writeJSON(out io.Writer) error {
	e := escape.NewJSON(out)
	e.SetIndent("", "  ")
	return e.Encode(x)
}

// writeCSV writes the ranking, or a value's last arrivals.
func (x *export) writeCSV(out io.Writer) error {
	w := csvsafe.NewWriter(out)
	var errs []error
	write := func(cells ...string) { errs = append(errs, w.Write(cells...)) }
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	if x.Sections != nil {
		write("time", "message_id", "host", "subject", "recipients", "size")
		for _, a := range x.Arrivals {
			write(a.Time.Format(time.RFC3339), a.MessageID, a.Host, a.Subject, count(a.Recipients), count(a.Size))
		}
		return errors.Join(append(errs, w.Flush())...)
	}
	write(x.Key, "messages", "recipients", "bytes", "hosts", "last", "limit", "over", "alert", "topic")
	for _, r := range x.Rows {
		last, limit := "", ""
		if r.Last != nil {
			last = r.Last.Format(time.RFC3339)
		}
		if r.Limit > 0 {
			limit = count(r.Limit)
		}
		write(r.Value, count(r.Messages), count(r.Recipients), count(r.Bytes), count(r.Hosts), last, limit,
			strconv.FormatBool(r.Over), strconv.FormatBool(r.Alert), r.Topic)
	}
	return errors.Join(append(errs, w.Flush())...)
}

// An exportFormat is a format, as a file's name ends.
type exportFormat string

const (
	exportCSV  exportFormat = "csv"
	exportJSON exportFormat = "json"
)

// export writes what is shown into a new file: of a ranking, all rows at the moment that is shown.
func (m *model) export(format exportFormat) tea.Cmd {
	if m.answer == nil {
		return nil
	}
	q, ask, log := m.answer.query, m.ask, m.log
	moment := m.answer.asOf
	q.frozen, q.top, q.rows, q.topics = &moment, 0, maxRows, true
	return func() tea.Msg {
		a := ask(q)
		if a == nil {
			return nil
		}
		name := "exiwatch-live-" + time.Now().Format("20060102-150405") + "." + string(format)
		x := newExport(log, a)
		write := x.writeCSV
		if format == exportJSON {
			write = x.writeJSON
		}
		if err := writeNew(name, write); err != nil {
			return said("! " + err.Error())
		}
		return said("written to " + name)
	}
}

// writeNew writes a file that isn't there yet, and leaves none behind if that fails. It holds addresses and subjects.
func writeNew(name string, write func(io.Writer) error) error {
	const owner = 0o600
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, owner)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists: it is left as it is", name)
	}
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", name, err), os.Remove(name))
	}
	return nil
}

package mailer

import (
	"cmp"
	"fmt"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/jordan-wright/email"
)

// A mimeMail is a mail before it is written out. It stands between us and github.com/jordan-wright/email, which
// composes the MIME structure, and which has traps:
//
//   - It splits From, To and Cc at every comma and copies what it can't parse, line ends included. So address refuses
//     control characters, commas and names that can't be shown, and Composer.header writes the addresses.
//   - It joins the words of an encoded subject with spaces and never folds a line. So encodeWords encodes, and fold
//     folds.
//   - It writes headers in random order, with random boundaries. So fold sorts the headers and nameBoundaries renames
//     the boundaries: the same mail is the same bytes.
//   - It leaves out the type parameter of multipart/related (RFC 2387, 3.1), which nameBoundaries adds.
//   - Its Send, Pool and SendWithTLS are not used: they hang, and inject headers.
//
// verify reads every mail back, and refuses it if anything else came out than was meant.
//
// A later mail about an alert has In-Reply-To and References, by which mutt, Thunderbird and most others thread. Some
// also want an equal subject. RFC 5256 (2.1) ignores a Re: and a text in [] at the beginning, and so does Gmail,
// as Phabricator's users found. So the news is there: "Re: [ended: 412 messages in 27m3s] Mail Abuse Alert: …".
// Outlook compares the Thread-Topic instead, if that comes before the Subject ([MS-OXCMAIL], 2.2.3.2.7). In case a
// client takes the subjects for different, each mail says by itself who did what.
type mimeMail struct {
	id, event string   // name the mail
	alerts    []string // values of X-Exiwatch-Alert
	incidents []string // that it is about
	headline  string   // the subject, and that of its thread
	note      string   // what is new in the incident's thread, without text of the log; "" if the mail begins one
	content   content
}

// subject is the text of the Subject header.
func (d *mimeMail) subject() string {
	if d.note == "" {
		return d.headline
	}
	return "Re: [" + d.note + "] " + d.headline
}

// ids lists the alerts that the mail is about.
func (d *mimeMail) ids() []string { return strings.Fields(strings.Join(d.alerts, " ")) }

// picture is the Content-ID of the chart, without angle brackets.
func (d *mimeMail) picture(host string) string { return "chart." + d.id + "." + d.event + "@" + host }

// compose writes a mail out and reads it back.
func (c Composer) compose(d mimeMail, now time.Time) (Message, error) {
	if err := c.Check(); err != nil {
		return Message{}, err
	}
	for _, id := range append(d.ids(), d.id) {
		if !ValidName(id + "." + d.event) {
			return Message{}, fmt.Errorf("composing a mail: %q is not the id and event of an alert", id+"."+d.event)
		}
	}
	d.content.Name = cmp.Or(d.content.Name, c.name())
	if len(c.Missing) > 0 {
		d.content.Facts = append([]sentence{c.missing()}, d.content.Facts...)
	}
	data, err := c.write(d, now)
	if err != nil {
		return Message{}, fmt.Errorf("composing the mail %s of alert %s: %w", d.event, d.id, err)
	}
	about := d.ids()
	for _, id := range d.incidents {
		if !slices.Contains(about, id) {
			about = append(about, id)
		}
	}
	return Message{ID: d.id, Alerts: about, Event: d.event, To: c.recipients(), Data: data}, nil
}

// missing names the parts of the log that were never counted.
func (c Composer) missing() sentence {
	const most = 3
	places := inWords(c.Missing[0], valueWidth)
	for _, place := range c.Missing[1:min(len(c.Missing), most)] {
		places = sentencef("%s, %s", places, inWords(place, valueWidth))
	}
	if more := len(c.Missing) - most; more > 0 {
		places = sentencef("%s and %d more", places, more)
	}
	return sentencef("Not counted: %s. The log could not be read there, so alerts may be missing. "+
		"Run exiwatch check: it says what to do.", places)
}

// write returns the bytes of a mail.
func (c Composer) write(d mimeMail, now time.Time) ([]byte, error) {
	e, err := c.fill(d, now)
	if err != nil {
		return nil, err
	}
	raw, err := e.Bytes()
	if err != nil {
		return nil, err
	}
	data := fold(nameBoundaries(raw))
	return data, verify(data, e, d)
}

// fill hands a mail to the composing library.
func (c Composer) fill(d mimeMail, now time.Time) (email.Email, error) {
	e := email.Email{
		From:    c.header(c.From)[0],
		To:      c.header(c.To...),
		Cc:      c.header(c.Cc...),
		Subject: encodeWords(d.subject()),
		Text:    []byte(d.content.text()),
		Headers: c.headers(d, now),
	}
	var err error
	if e.HTML, err = d.content.html(d.picture(c.Host)); err != nil || d.content.Sparkline == nil {
		return e, err
	}
	png, err := d.content.Sparkline.png()
	e.Attachments = []*email.Attachment{{
		Filename: "chart.png", ContentType: "image/png", Content: png, HTMLRelated: true,
		Header: textproto.MIMEHeader{"Content-Id": {"<" + d.picture(c.Host) + ">"}},
	}}
	return e, err
}

// headers returns the headers that tell programs what the mail is.
func (c Composer) headers(d mimeMail, now time.Time) textproto.MIMEHeader {
	h := textproto.MIMEHeader{
		"Date":                     {now.Format(time.RFC1123Z)},
		"Message-Id":               {"<" + MessageID(d.id, d.event, c.Host, c.Key) + ">"},
		"Thread-Topic":             {encodeWords(d.headline)},
		"Auto-Submitted":           {"auto-generated"}, // RFC 3834: no vacation answers
		"X-Auto-Response-Suppress": {"All"},            // the same for Exchange
		"X-Exiwatch-Alert":         d.alerts,
		"X-Exiwatch-Event":         {d.content.Event},
	}
	if len(d.incidents) > 0 {
		h["X-Exiwatch-Incident"] = []string{strings.Join(d.incidents, " ")}
	}
	if d.note != "" {
		opened := "<" + MessageID(d.incidents[0], "opened", c.Host, c.Key) + ">"
		h["In-Reply-To"], h["References"] = []string{opened}, []string{opened}
	}
	return h
}

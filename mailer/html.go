package mailer

import (
	"bytes"
	_ "embed"
	"html/template"
)

// page is the HTML of a mail. Styles are in the elements, for clients that drop style sheets; the style sheet has
// what only it can say: how the mail looks in a dark theme. Widths follow the screen; long values break anywhere.
//
//go:embed page.html
var page string

var pageTemplate = template.Must(template.New("mail").Parse(page))

// html returns the content as HTML. picture is the chart's Content-ID.
func (s *content) html(picture string) ([]byte, error) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, struct {
		*content
		Picture template.URL // made of names that were checked
		Accent  string
	}{s, template.URL("cid:" + picture), accents[s.Event]})
	return b.Bytes(), err
}

// accents are the colours of the kinds of mail.
var accents = map[string]string{"opened": "#d92d20", "grew": "#d92d20", "ended": "#3b8a55", withdrawn: "#475467",
	"digest": "#c2610c", testEvent: "#475467", SummaryEvent: "#3b6ea5"}

// Package htmlreport writes what a replay found into one HTML file that looks like the live page. The file opens from
// a disk, loads nothing, and needs no script. Whatever the log holds, it is no longer than maxSize.
package htmlreport

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"regexp"
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/report"
	"exiwatch/internal/suggest"
)

// A Page is the content of a report.
type Page struct {
	Document    report.Document
	Hours       []report.Hour
	Effects     []report.Effect
	Suggestions *suggest.Suggestions // nil: not asked for
	Logs        []string             // that were read
	Selected    string               // the selection of arrivals, as on the command line; empty: all
	Version     string
	Made        time.Time
}

// maxSize is the greatest length of a page.
const maxSize = 1_000_000 // bytes

// bounds limit lists. The page says how much each list leaves out.
type bounds struct {
	alerts int // with a card
	rows   int // of each ranking
}

var widest = bounds{alerts: 150, rows: 400}

// Write writes the page, with as much in its lists as maxSize permits.
func (p *Page) Write(w io.Writer) error {
	var out bytes.Buffer
	for b := widest; ; b = (bounds{alerts: b.alerts / 2, rows: (b.rows + 1) / 2}) {
		out.Reset()
		if err := pageTemplate.Execute(&out, p.view(b)); err != nil {
			return err
		}
		if out.Len() <= maxSize || b.alerts == 0 && b.rows == 1 {
			break
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// style is the live page's style and this page's own.
var style = htmlkit.CSS + pageCSS

// policy permits the page's own style and nothing else.
var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'"
}()

var pageTemplate = template.Must(htmlkit.New("page").Funcs(template.FuncMap{
	"style":  func() template.CSS { return template.CSS(style) }, // ours, without text from the log
	"policy": func() string { return policy },
	"clock":  func(t time.Time) string { return t.Format("2 Jan 2006 15:04:05") },
	"day":    func(t time.Time) string { return t.Format(dayLayout) },
	"days":   days,
}).Parse(pageHTML))

const dayLayout = "2 Jan 2006"

// days says on which days the log's arrivals were.
func days(d report.Document) string {
	first, last := d.First.Format(dayLayout), d.Last.Format(dayLayout)
	if first == last {
		return "on " + first
	}
	return "from " + first + " to " + last
}

// HeadSize is how much of a file IsPage needs to see.
const HeadSize = 4096 // bytes

// head is how the pages of all versions begin.
var head = regexp.MustCompile(`^(?i:<!doctype html>)(?s:.*)<title>Who sent how much.* · exiwatch</title>`)

// IsPage tells whether a file that begins with these bytes is a page that Write wrote, in this or an earlier version.
func IsPage(begin []byte) bool { return head.Match(begin) }

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
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/report"
	"exiwatch/internal/suggest"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// A Page is what is told.
type Page struct {
	Document    report.Document
	Hours       []report.Hour
	Rules       []window.Rule        // that counted
	Suggestions *suggest.Suggestions // nil: none were asked for
	Logs        []string             // that were read
	Selected    string               // which arrivals were chosen, as on the command line; empty: all
	Version     string
	Made        time.Time
}

// maxSize is how long a page is at the most.
const maxSize = 1_000_000 // bytes

// bounds are how much is shown. The page says of each list what is left out.
type bounds struct {
	alerts int // told of at length
	rows   int // of each ranking
}

var widest = bounds{alerts: 150, rows: 400}

// Write writes the page. As much is shown as there is room for.
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

// style is that of the live page, and what only this one has.
var style = htmlkit.CSS + pageCSS

// policy lets the page have its style and nothing else.
var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'"
}()

var pageTemplate = template.Must(htmlkit.New("page").Funcs(template.FuncMap{
	"style":    func() template.CSS { return template.CSS(style) }, // ours: nothing of the log is in it
	"policy":   func() string { return policy },
	"show":     show,
	"noun":     words.Key,
	"measured": words.Measured,
	"long":     words.Window,
	"stamp":    func(t time.Time) string { return t.Format(time.RFC3339) },
	"clock":    func(t time.Time) string { return t.Format("2 Jan 2006 15:04:05") },
	"day":      func(t time.Time) string { return t.Format("2 Jan 2006") },
	"days":     days,
	"n":        func(n int) int64 { return int64(n) },
}).Parse(pageHTML))

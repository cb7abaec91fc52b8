// Package htmlreport writes what a replay found into one HTML file that looks like the live page. The file opens from
// a disk, loads nothing, and is whole without its script. Whatever the log holds, it is no longer than maxSize.
package htmlreport

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/htmlkit"
	"exiwatch/internal/report"
	"exiwatch/internal/suggest"
	"exiwatch/internal/words"
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
	incidents int // with a row and a card
	rows      int // of each ranking
}

var widest = bounds{incidents: 300, rows: 400}

// fewRows is how many rows a ranking has before incidents are left out for it.
const fewRows = 50

// smaller are the next bounds to try.
func (b bounds) smaller() bounds {
	if b.rows > fewRows {
		return bounds{b.incidents, b.rows / 2}
	}
	return bounds{b.incidents * 3 / 4, max(b.rows*3/4, 1)}
}

// Write writes the page, with as much in its lists as maxSize permits.
func (p *Page) Write(w io.Writer) error {
	var out bytes.Buffer
	incidents := p.incidents()
	for b := widest; ; b = b.smaller() {
		out.Reset()
		if err := pageTemplate.Execute(&out, p.view(incidents, b)); err != nil {
			return err
		}
		if out.Len() <= maxSize || b.incidents == 0 && b.rows == 1 {
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

// script sorts and searches tables, and opens what a link leads to.
//
//go:embed page.js
var script string

// policy permits the page's own style and script, and nothing else.
var policy = "default-src 'none'; style-src " + source(style) + "; script-src " + source(script) +
	"; base-uri 'none'; form-action 'none'"

// source names an element by its content, for a Content Security Policy.
func source(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var pageTemplate = template.Must(htmlkit.New("page").Funcs(template.FuncMap{
	"style":  func() template.CSS { return template.CSS(style) }, // ours, without text from the log
	"script": func() template.JS { return template.JS(script) },
	"policy": func() string { return policy },
	"clock":  func(t time.Time) string { return t.Format("2 Jan 2006 15:04:05") },
	"day":    func(t time.Time) string { return t.Format(dayLayout) },
	"days":   days,
	"span":   words.Span,
	"value":  value,
}).Parse(pageHTML))

// value is a value of the log as an element. Its lines break at @ and dots first, but for those of a host's address.
func value(logged string) template.HTML {
	text := template.HTMLEscapeString(escape.Shown(logged))
	if _, err := netip.ParseAddr(strings.Trim(logged, "[]")); err != nil {
		text = breaks.Replace(text)
	}
	return template.HTML(`<bdi>` + text + `</bdi>`)
}

var breaks = strings.NewReplacer("@", "<wbr>@", ".", "<wbr>.")

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

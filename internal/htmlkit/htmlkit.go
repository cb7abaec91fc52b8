// Package htmlkit is what HTML pages of exiwatch share, be they served or written into a file: a style sheet, light and
// dark, and templates of bars, sparklines and charts. It needs no script, no inline style and nothing from elsewhere.
package htmlkit

import (
	_ "embed"
	"fmt"
	"html/template"
	"reflect"
	"strings"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/mailer"
	"exiwatch/window"
)

// CSS is the style sheet. A page that can't fetch it puts it into a style element.
//
//go:embed htmlkit.css
var CSS string

//go:embed pieces.html
var pieces string

// funcs are the functions of templates: how numbers, times and what is logged are written. Numbers may be of any
// integer type. Keys and measures may be names, too.
var funcs = template.FuncMap{
	"number": func(n reflect.Value) string { return words.Number(reflect.Indirect(n).Int()) },
	"plural": func(n reflect.Value, noun string) string { return words.Plural(reflect.Indirect(n).Int(), noun) },
	"size":   words.Size, "percent": words.Percent, "long": words.Window,
	"amount":   func(n int64, measure any) string { return words.Amount(n, fmt.Sprint(measure)) },
	"measured": func(measure any, n int64) string { return words.Measured(fmt.Sprint(measure), n) },
	"noun":     func(key any) string { return words.Key(fmt.Sprint(key)) },
	"heading":  func(key any) string { return words.Heading(fmt.Sprint(key)) },
	"show":     escape.Shown, // which html/template escapes, as all text
	"stamp":    func(t time.Time) string { return t.Format(time.RFC3339) },
	"bar":      NewBar,
	"fates":    func(f window.Fates) string { return strings.Join(mailer.FatesSentences(f, words.Number), " ") },
}

// New makes a template that has the pieces: "bar" (a Bar), "spark" (a Spark), "columns" (a Columns), "outcome" and
// "reasons" (a mailer.Outcome).
func New(name string) *template.Template {
	return template.Must(template.New(name).Funcs(funcs).Parse(pieces))
}

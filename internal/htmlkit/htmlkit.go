// Package htmlkit is what HTML pages of exiwatch share, be they served or written into a file: a style sheet, light and
// dark, and templates of bars, sparklines and charts. It needs no script, no inline style and nothing from elsewhere.
package htmlkit

import (
	_ "embed"
	"html/template"

	"exiwatch/internal/words"
)

// CSS is the style sheet. A page that can't fetch it puts it into a style element.
//
//go:embed htmlkit.css
var CSS string

//go:embed pieces.html
var pieces string

// Funcs are the functions of templates: how numbers and times are written.
var Funcs = template.FuncMap{
	"number": words.Number, "size": words.Size, "amount": words.Amount, "plural": words.Plural,
	"percent": words.Percent,
	"span":    words.Span,
	"bar":     NewBar, "spark": NewSpark, "share": NewShare,
}

// New makes a template that has the pieces: "bar" (a Bar), "spark" (a Spark), "columns" (a Columns).
func New(name string) *template.Template {
	return template.Must(template.New(name).Funcs(Funcs).Parse(pieces))
}

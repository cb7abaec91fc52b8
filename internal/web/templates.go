package web

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/words"
)

//go:embed page.html
var pageHTML string

// templates are those of all pages. Text from the log goes through show, and like all text through html/template.
var templates = template.Must(htmlkit.New("web").Funcs(template.FuncMap{
	"show": show, "noun": noun, "heading": heading, "long": words.Window, "limitInWindow": limitInWindow,
	"measured": measured, "clock": clock, "headroom": headroom,
	"amount": amount, "eventsOf": eventsOf,
	"drawing": func(c *htmlkit.Columns) (string, error) {
		b, err := json.Marshal(c.Drawing())
		return string(b), err
	},
	"what": func(v any) string {
		switch v.(type) {
		case *overview:
			return "overview"
		case *history:
			return "history"
		case *health:
			return "health"
		}
		return "detail"
	},
	"on":    func(p *page, v any) inPage { return inPage{p, v} },
	"stamp": func(t time.Time) string { return t.Format(time.RFC3339) },
}).Parse(pageHTML))

// inPage is a part of a page, for a template that needs the page, too.
type inPage struct {
	Page *page
	It   any
}

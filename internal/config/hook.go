package config

import (
	"net/http"
	"strings"

	"exiwatch/mailer/transport"
)

// hook is [hook] as written.
type hook struct {
	Command []string `toml:"command"`
	Timeout string   `toml:"timeout"`
}

func (h *hook) transport(wrong *flaws) transport.Transport {
	if h == nil {
		return nil
	}
	t := &transport.Hook{Command: h.Command, Timeout: wrong.duration("hook.timeout", h.Timeout)}
	wrong.unless(t.Check() == nil, "hook.command")
	return t
}

// webhook is [webhook] as written.
type webhook struct {
	URL       string `toml:"url"`
	TokenFile string `toml:"token_file"`
}

func (w *webhook) transport(wrong *flaws) transport.Transport {
	if w == nil {
		return nil
	}
	t := &transport.Webhook{URL: w.URL}
	wrong.unless(t.Check() == nil, "webhook.url")
	if w.TokenFile != "" {
		token := strings.TrimSpace(wrong.text("webhook.token_file", w.TokenFile))
		t.Header = http.Header{"Authorization": {"Bearer " + token}}
	}
	wrong.unless(t.Check() == nil, "webhook.token_file")
	return t
}

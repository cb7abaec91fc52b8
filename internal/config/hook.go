package config

import (
	"net/http"
	"os"
	"strings"
	"time"

	"exiwatch/mailer/transport"
)

// hook is [hook] as written.
type hook struct {
	Command []string `toml:"command"`
	Timeout string   `toml:"timeout"`
}

func (h *hook) transport() (transport.Transport, error) {
	if h == nil {
		return nil, nil
	}
	t := &transport.Hook{Command: h.Command}
	if h.Timeout != "" {
		var err error
		if t.Timeout, err = time.ParseDuration(h.Timeout); err != nil || t.Timeout <= 0 {
			return nil, &flaw{path: "hook.timeout"}
		}
	}
	if t.Check() != nil {
		return nil, &flaw{path: "hook.command"}
	}
	return t, nil
}

// webhook is [webhook] as written.
type webhook struct {
	URL       string `toml:"url"`
	TokenFile string `toml:"token_file"`
}

func (w *webhook) transport() (transport.Transport, error) {
	if w == nil {
		return nil, nil
	}
	t := &transport.Webhook{URL: w.URL}
	if t.Check() != nil {
		return nil, &flaw{path: "webhook.url"}
	}
	if w.TokenFile != "" {
		b, err := os.ReadFile(w.TokenFile)
		if err != nil {
			return nil, unreadable("webhook.token_file", err)
		}
		t.Header = http.Header{"Authorization": {"Bearer " + strings.TrimSpace(string(b))}}
	}
	if t.Check() != nil {
		return nil, &flaw{path: "webhook.token_file"}
	}
	return t, nil
}

package browser

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"exiwatch/internal/testkit"
)

// waitFor waits until a page has some words.
func (h *host) waitFor(path, words string) {
	h.t.Helper()
	var text string
	testkit.Until(h.t, fmt.Sprintf("/%s has %q", path, words), func() bool {
		text = h.get(path)
		return strings.Contains(text, words)
	}, func() any { return regexp.MustCompile("<title>.*</title>|[0-9]+ open").FindAllString(text, -1) })
}

// get fetches a page.
func (h *host) get(path string) string {
	h.t.Helper()
	r, err := http.Get(h.url + path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		h.t.Fatalf("/%s: %s, %v", path, r.Status, err)
	}
	return string(text)
}

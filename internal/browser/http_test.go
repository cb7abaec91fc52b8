package browser

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// waitFor waits until a page has some words.
func (h *host) waitFor(path, words string) {
	h.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		text := h.get(path)
		if strings.Contains(text, words) {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("/%s hasn't %q, its title is %q", path, words, regexp.MustCompile("<title>.*</title>|[0-9]+ open").FindAllString(text, -1))
		}
	}
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

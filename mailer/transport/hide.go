package transport

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"exiwatch/internal/escape"
)

// ownServers are services whose URL names a server. In others' the host may be a token or a user's key.
var ownServers = []string{"generic", "gotify", "matrix", "ntfy"}

// hidden stands for what may not be shown.
const hidden = "…"

// shortestSecret is how long a part of a URL is at least that is hidden by itself, wherever it stands.
const shortestSecret = 4 // bytes

var (
	aURL  = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s"'<>]*`)
	aWord = regexp.MustCompile(`[0-9A-Za-z]+`)
)

// hide takes out of a text all URLs, and all parts of a secret one. It hides too much rather than too little.
func hide(text, secret string) string {
	text = aURL.ReplaceAllString(text, "$1"+hidden)
	for _, part := range parts(secret) {
		text = strings.ReplaceAll(text, part, hidden)
	}
	return escape.Truncate(escape.Text(text), maxReason)
}

// parts are the parts of a URL that nobody may see, as written and decoded, the longest first. The names of its query
// are none.
func parts(secret string) (all []string) {
	scheme, rest, _ := strings.Cut(secret, "://")
	scheme, _, _ = strings.Cut(scheme, "+")
	wholes := []string{rest}
	if u, err := url.Parse(secret); err == nil {
		password, _ := u.User.Password()
		all = wholes
		wholes = []string{u.User.String(), u.User.Username(), password, u.Path, u.EscapedPath(), u.Fragment}
		for _, values := range u.Query() {
			wholes = append(wholes, values...)
		}
		if !slices.Contains(ownServers, scheme) {
			wholes = append(wholes, u.Host)
		}
	}
	for _, whole := range wholes {
		all = append(all, whole)
		all = append(all, strings.FieldsFunc(whole, func(r rune) bool { return strings.ContainsRune("/,;:@#", r) })...)
		all = append(all, aWord.FindAllString(whole, -1)...)
	}
	all = slices.DeleteFunc(all, func(part string) bool { return len(part) < shortestSecret || part == scheme })
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

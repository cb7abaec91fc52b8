package web

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"exiwatch/internal/loopback"
)

// headers go with every answer. The policy allows scripts and styles only as files from this server.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cache-Control":                "no-store",
}

// authorize decides who may see anything. port is the listener's; 0 for a UNIX socket, which a tunnel may show on any
// port.
func (s *Server) authorize(port int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			reject(w, http.StatusMethodNotAllowed, "these pages are read-only")
			return
		case !loopback.AllowedHost(r.Host, port):
			reject(w, http.StatusMisdirectedRequest,
				"this page answers only on a loopback address with its own port, such as http://127.0.0.1:8025/")
			return
		case port == 0:
			next.ServeHTTP(w, r)
			return
		}
		token, rest, found := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if !found || s.Token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(s.Token)) != 1 {
			reject(w, http.StatusForbidden,
				"the address lacks its token: exiwatch open prints the whole address to users who may read the token")
			return
		}
		r.URL.Path, r.URL.RawPath = "/"+rest, ""
		next.ServeHTTP(w, r)
	})
}

// reject answers with an error and closes the connection.
func reject(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Connection", "close")
	http.Error(w, why, status)
}

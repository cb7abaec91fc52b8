// Package metrics exports the daemon's health to Prometheus: numbers only, no address, subject or host from a log.
package metrics

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"exiwatch/internal/loopback"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Limits of a client. Prometheus keeps one connection and sends some hundred bytes of headers.
const (
	maxConnections = 16
	maxScrapes     = 4       // at a time; others are told 503
	maxHeader      = 8 << 10 // bytes
	headerTime     = 2 * time.Second
	writeTime      = 10 * time.Second // Prometheus' scrape_timeout
	idleTime       = 2 * time.Minute  // twice its scrape_interval
)

// Path is where the metrics are.
const Path = "/metrics"

// Handler answers GET requests of Path, and nothing else. read is called at each, by several goroutines at a time.
func Handler(version string, read func() Snapshot, log *slog.Logger) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(&collector{version, read}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	scrape := promhttp.HandlerFor(r, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError),
		MaxRequestsInFlight: maxScrapes,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch {
		case q.URL.Path != Path:
			http.NotFound(w, q)
		case q.Method != http.MethodGet:
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, "only GET", http.StatusMethodNotAllowed)
		default:
			scrape.ServeHTTP(w, q)
		}
	})
}

// Serve serves a handler until ctx ends, which is no error, and then closes the listener and what is connected. On
// loopback a request must name it, as that of the live page must. On other addresses the machine's names are unknown.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	if a, ok := l.Addr().(*net.TCPAddr); ok && a.IP.IsLoopback() {
		h = requireLoopbackHost(a.Port, h)
	}
	server := http.Server{
		Handler: h, ReadTimeout: headerTime, WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo), // clients' mistakes are not worth a message
	}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	defer server.Close()
	err := loopback.NewLimiter(maxConnections).Serve(&server, l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// requireLoopbackHost refuses pages of sites whose names resolve to loopback (DNS rebinding).
func requireLoopbackHost(port int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !loopback.AllowedHost(q.Host, port) {
			w.Header().Set("Connection", "close")
			http.Error(w, "metrics answer to a loopback address with its own port only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, q)
	})
}

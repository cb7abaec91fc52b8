package web

import (
	"context"
	"embed"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/loopback"
)

// A Server serves the pages. A port needs a Token.
type Server struct {
	Source Source
	Name   string // of the machine
	Token  string
	Log    *slog.Logger

	builder pageBuilder
	broker  broker
}

// Bounds on what clients can make the server hold.
const (
	maxConnections = 250
	maxClients     = 100     // of these
	maxHeader      = 8 << 10 // bytes
	headerPatience = 2 * time.Second
	answerPatience = 20 * time.Second
	idlePatience   = 60 * time.Second
)

//go:embed static
var static embed.FS

// Serve answers on the listeners until ctx ends, and then closes them.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	s.builder.server, s.builder.checkRequests = s, make(chan struct{}, 1)
	s.builder.searches = searches{source: s.Source, wake: make(chan struct{}, 1)}
	s.broker = broker{builder: &s.builder, subscriptions: make(map[string]*subscription)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wait sync.WaitGroup
	defer wait.Wait()
	wait.Go(func() { s.broker.run(ctx) })
	wait.Go(func() { s.builder.runChecks(ctx) })
	wait.Go(func() { s.builder.searches.run(ctx) })
	failed := make(chan error, len(listeners))
	limiter := loopback.NewLimiter(maxConnections)
	for _, l := range listeners {
		port := 0
		if a, ok := l.Addr().(*net.TCPAddr); ok {
			port = a.Port
		}
		server := &http.Server{
			Handler: s.authorize(port, s.routes()), ReadHeaderTimeout: headerPatience,
			WriteTimeout: answerPatience, IdleTimeout: idlePatience, MaxHeaderBytes: maxHeader,
			ErrorLog:    log.New(io.Discard, "", 0), // clients' broken connections are not worth a message
			BaseContext: func(net.Listener) context.Context { return ctx },
		}
		wait.Go(func() {
			if err := limiter.Serve(server, l); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
		wait.Go(func() {
			<-ctx.Done()
			server.Close()
		})
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.FileServerFS(static))
	mux.HandleFunc("GET /static/look.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Write([]byte(htmlkit.CSS))
	})
	mux.HandleFunc("GET /events", s.broker.serveEvents)
	for _, path := range []string{"/{$}", "/who", "/find", "/alerts", "/health"} {
		mux.HandleFunc("GET "+path, s.builder.servePage)
	}
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		reject(w, http.StatusNotFound, "there is no such page; exiwatch open prints the address of the first one")
	})
	return mux
}

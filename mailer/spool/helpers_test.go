package spool

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"exiwatch/mailer"
	"exiwatch/mailer/transport"

	"github.com/emersion/go-smtp"
)

// conversation is how long a conversation that hangs lasts: the time that transport.SMTP gives one.
const conversation = 30 * time.Second

// hardly is how long a delivery that ends at once may take on a busy machine.
const hardly = 20 * time.Second

// alertNotice is what the tests send to hooks and webhooks.
var alertNotice = mailer.Message{ID: "abc", Event: "opened", Data: []byte(`{"version":1}` + "\n")}

// serve runs a mail server until the test's end.
func serve(t *testing.T, b smtp.Backend) (address string) {
	t.Helper()
	server := smtp.NewServer(b)
	server.Domain = "mx.lab.test"
	server.ReadTimeout, server.WriteTimeout = 10*time.Second, 10*time.Second
	server.ErrorLog = log.New(io.Discard, "", 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-done })
	return l.Addr().String()
}

// receive runs a webhook's server until the test's end. It counts its requests before it answers them.
func receive(t *testing.T, answer http.HandlerFunc) (to transport.Webhook, times *atomic.Int32) {
	t.Helper()
	times = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		times.Add(1)
		answer(w, q)
	}))
	t.Cleanup(server.Close)
	return transport.Webhook{URL: server.URL}, times
}

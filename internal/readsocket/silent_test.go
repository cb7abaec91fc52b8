package readsocket

import (
	"context"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"exiwatch/window"
)

// share is how many of MaxConnections one peer may have.
const share = MaxConnections * 7 / 8

// soon is how long Exim may wait for an answer, whoever else is connected.
const soon = time.Second

// TestSilentConnectionsGiveWay: whoever holds as many connections as he likes, and always opens more, doesn't keep a
// question from its answer. He may send nothing, or the beginning of a request.
func TestSilentConnectionsGiveWay(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Key: window.Sender, Ask: byName}
	path := serving(t, s, tcp)
	for _, flooded := range []string{tcp.Addr().String(), path} {
		for _, text := range []string{"", "o"} {
			hold(t, flooded, text)
			for _, asked := range []string{tcp.Addr().String(), path} {
				askAmid(t, flooded, text, asked)
			}
		}
	}
	if s.Stats().Refused == 0 {
		t.Error("nothing was closed: there was no flood")
	}
}

// hold opens more connections than there may be and sends a text over each.
func hold(t *testing.T, address, text string) {
	t.Helper()
	for range MaxConnections + 100 {
		c := connect(t, address)
		io.WriteString(c, text)
	}
}

func connect(t *testing.T, address string) net.Conn {
	t.Helper()
	network := "tcp"
	if isPath(address) {
		network = "unix"
	}
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// askAmid asks again and again, and opens some connections between the beginning of each connection and its question.
func askAmid(t *testing.T, flooded, text, asked string) {
	t.Helper()
	var took []time.Duration
	for range 21 {
		began := time.Now()
		c := connect(t, asked)
		c.SetDeadline(began.Add(patience))
		for range 20 {
			io.WriteString(connect(t, flooded), text)
		}
		io.WriteString(c, "over\n")
		if got := answer(t, c); got != "yes" {
			t.Errorf("%s is flooded with %q: a question to %s is answered %q, want yes", flooded, text, asked, got)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	if took[len(took)/2] > soon {
		t.Errorf("%s is flooded with %q: answers by %s take %v", flooded, text, asked, took)
	}
}

// TestTCPLeavesRoomForTheSocket: questions over TCP, however many, don't keep out who asks at the socket file.
func TestTCPLeavesRoomForTheSocket(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	looked, let := make(chan bool, 2*MaxConnections), make(chan bool)
	s := &Server{Key: window.Sender, Ask: func(ctx context.Context, q Question) (int64, bool, error) {
		if q.Terms[0].Value == "slow" {
			looked <- true
			<-let
		}
		return byName(ctx, q)
	}}
	path := serving(t, s, tcp)
	for range share {
		io.WriteString(connect(t, tcp.Addr().String()), "slow\n")
		<-looked
	}
	if got, err := Ask(t.Context(), tcp.Addr().String(), "over"); got != "" {
		t.Errorf("one more over TCP is answered %q, %v", got, err)
	}
	if got, err := Ask(t.Context(), path, "over"); got != "yes" {
		t.Errorf("at the socket file: %q, %v, want yes", got, err)
	}
	close(let)
}

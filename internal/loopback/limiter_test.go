package loopback

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

// A crowd is a limiter of 16 connections, and who is connected.
type crowd struct {
	*Limiter
	conns []*Conn
}

func newCrowd() *crowd { return &crowd{Limiter: NewLimiter(16)} }

// comes has a user connect. It gives the connection that went for it, the new one itself if it was refused, nil if
// there was room.
func (c *crowd) comes(uid uint32) (out *Conn) {
	conn := &Conn{limiter: c.Limiter, peer: peer{uid: uid}}
	out = c.admit(conn)
	if out != conn {
		c.conns = append(c.conns, conn)
	}
	return out
}

func (c *crowd) fill(uid uint32, n int, busy bool) {
	for range n {
		c.comes(uid)
		if busy {
			c.conns[len(c.conns)-1].Busy()
		}
	}
}

const attacker, exim = 1000, 101

// TestLongestSilentGoes, and no other.
func TestLongestSilentGoes(t *testing.T) {
	c := newCrowd()
	c.fill(attacker, 14, false)
	for i := range 30 {
		if out := c.comes(attacker); out != c.conns[i] || len(c.open) != 14 {
			t.Fatalf("connection %d: the wrong one goes, of %d", i, len(c.open))
		}
	}
}

// TestByteByByteGainsNothing: a wait begins once, and again only when a request was answered.
func TestByteByByteGainsNothing(t *testing.T) {
	c := newCrowd()
	c.fill(attacker, 14, false)
	c.conns[0].Wait() // it waits already
	c.conns[1].Busy()
	c.conns[1].Wait()
	if out := c.comes(attacker); out != c.conns[0] {
		t.Error("the one that has waited longest stays")
	}
	for range 12 {
		if out := c.comes(attacker); out == c.conns[1] {
			t.Error("one that has asked goes before those that were silent for longer")
		}
	}
	if out := c.comes(attacker); out != c.conns[1] {
		t.Error("one that has asked stays for ever")
	}
}

// TestOnePeerLeavesRoom for others, whatever his connections do.
func TestOnePeerLeavesRoom(t *testing.T) {
	for _, busy := range []bool{true, false} {
		c := newCrowd()
		c.fill(attacker, 20, busy)
		for i := range 2 {
			if out := c.comes(exim); out != nil {
				t.Errorf("busy %t: for connection %d of another one somebody has to go", busy, i)
			}
		}
	}
}

// TestPeerWithTheMostSilentGives: one that asks doesn't lose a connection to one that floods.
func TestPeerWithTheMostSilentGives(t *testing.T) {
	c := newCrowd()
	c.fill(exim, 10, true)
	c.fill(exim, 1, false)
	c.fill(attacker, 5, false)
	first := c.conns[11]
	for range 100 {
		out := c.comes(attacker)
		if out == nil || out.peer.uid != attacker {
			t.Fatalf("%+v goes for a flood", out)
		}
		if len(c.open) != 16 {
			t.Fatalf("%d connections are open", len(c.open))
		}
	}
	if out := c.comes(exim); out == nil || out.peer.uid != attacker || out == first {
		t.Errorf("%+v goes for one that asks", out)
	}
}

// TestNobodyWaits: the new one is refused, and there is room when one has gone.
func TestNobodyWaits(t *testing.T) {
	c := newCrowd()
	c.fill(exim, 14, true)
	before := len(c.conns)
	if c.comes(exim); len(c.conns) != before {
		t.Error("a connection beyond the share of its peer is taken")
	}
	c.fill(attacker, 2, true)
	before = len(c.conns)
	if c.comes(attacker); len(c.conns) != before {
		t.Error("a connection too many is taken")
	}
	c.remove(c.conns[0])
	c.remove(c.conns[0])
	if out := c.comes(attacker); out != nil {
		t.Error("there is no room after one has gone")
	}
	for _, conn := range c.conns {
		c.remove(conn)
	}
	if len(c.open) != 0 || len(c.peers) != 0 {
		t.Errorf("%d connections and %d peers are kept", len(c.open), len(c.peers))
	}
}

// accepted is what a listener has of a client's connection.
func accepted(t *testing.T, l net.Listener, network, from string) *Conn {
	t.Helper()
	var d net.Dialer
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	client, err := d.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*Conn)
}

// TestPeers: any address of loopback is the same peer; a user of a UNIX socket is one of his own.
func TestPeers(t *testing.T) {
	limiter := NewLimiter(16)
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	var peers []peer
	for _, from := range []string{"127.0.0.1", "127.0.0.2", "127.9.9.9"} {
		peers = append(peers, accepted(t, limiter.Listener(tcp), "tcp", from).peer)
	}
	if peers[0] != peers[1] || peers[0] != peers[2] || peers[0].network != loopback {
		t.Errorf("peers of loopback: %v", peers)
	}
	unix, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	if p := accepted(t, limiter.Listener(unix), "unix", "").peer; p != (peer{uid: uint32(os.Getuid())}) {
		t.Errorf("at a UNIX socket the peer is %v", p)
	}
}

func TestAllowedHost(t *testing.T) {
	for _, test := range []struct {
		host string
		port int
		want bool
	}{
		{"127.0.0.1:8025", 8025, true}, {"localhost:8025", 8025, true}, {"LocalHost:8025", 8025, true},
		{"[::1]:8025", 8025, true},
		{"localhost", 80, true}, {"localhost:80", 80, true},
		{"localhost", 0, true}, {"localhost:9999", 0, true}, {"[::1]", 0, true},
		{"evil.test:8025", 8025, false}, {"evil.test", 0, false}, {"127.0.0.1.evil.test:8025", 8025, false},
		{"127.0.0.2:8025", 8025, false}, {"192.0.2.1:8025", 8025, false},
		{"127.0.0.1:1", 8025, false}, {"127.0.0.1", 8025, false}, {"", 8025, false},
		{"", 0, false}, {":8025", 8025, false},
	} {
		if got := AllowedHost(test.host, test.port); got != test.want {
			t.Errorf("AllowedHost(%q, %d) = %t, want %t", test.host, test.port, got, test.want)
		}
	}
}

package fleetchaos

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"

	"golang.org/x/sys/unix"
)

// A island is a network namespace that a cable connects with this one.
type island struct {
	t           testing.TB
	name        string
	cable       string // this end of it
	here, there string // addresses
}

// newIsland makes one, which ends with the test. The addresses are used within the machine alone.
func newIsland(t testing.TB, number int) *island {
	t.Helper()
	n := (os.Getpid()*7 + number) % 16384 // a network of four addresses each
	i := &island{t: t, name: fmt.Sprintf("exiwatch-%d-%d", os.Getpid(), number), cable: fmt.Sprintf("exwa%d", n),
		here: fmt.Sprintf("10.213.%d.%d", n/64, n%64*4+1), there: fmt.Sprintf("10.213.%d.%d", n/64, n%64*4+2)}
	other := fmt.Sprintf("exwb%d", n)
	i.ip("netns", "add", i.name)
	t.Cleanup(func() {
		_ = exec.Command("ip", "netns", "del", i.name).Run() // the cable goes with it
		_ = exec.Command("ip", "link", "del", i.cable).Run()
	})
	i.ip("link", "add", i.cable, "type", "veth", "peer", "name", other)
	i.ip("link", "set", other, "netns", i.name)
	i.ip("addr", "add", i.here+"/30", "dev", i.cable)
	i.ip("link", "set", i.cable, "up")
	for _, args := range [][]string{{"link", "set", "lo", "up"}, {"addr", "add", i.there + "/30", "dev", other},
		{"link", "set", other, "up"}} {
		i.ip(append([]string{"-n", i.name}, args...)...)
	}
	return i
}

func (i *island) ip(args ...string) {
	i.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		i.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func (i *island) cut()     { i.ip("link", "set", i.cable, "down") }
func (i *island) connect() { i.ip("link", "set", i.cable, "up") }

// within is what a command begins with that is to run there.
func (i *island) within() []string { return []string{"ip", "netns", "exec", i.name} }

// listen opens a socket on the island's loopback. A socket stays in the namespace of the thread that made it.
func (i *island) listen() (l net.Listener, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocks it: the thread ends with the goroutine
		var namespace *os.File
		if namespace, err = os.Open("/var/run/netns/" + i.name); err != nil {
			return
		}
		defer namespace.Close()
		if err = unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err == nil {
			l, err = loopback()
		}
	}()
	<-done
	return l, err
}

// partition has every other host on an island, whose cable is cut and connected again. The engine is not there.
func partition(t *testing.T, seed uint64) {
	p := newPlan(scenario{}, seed)
	i := newIsland(t, int(seed%1000))
	there := func(host int) bool { return host%2 == 1 }
	p.lines = []string{"bind 127.0.0.1 " + i.here, "protected-mode no"}
	p.within = func(host int) []string {
		if there(host) {
			return i.within()
		}
		return nil
	}
	p.open = func(host int) func() (net.Listener, error) {
		if there(host) {
			return i.listen
		}
		return loopback
	}
	p.urls = func(host int, urls []string) []string {
		if there(host) {
			return []string{strings.Replace(urls[0], "127.0.0.1", i.here, 1)}
		}
		return urls
	}
	f := newFleet(t, p)
	f.start()
	for _, part := range []float64{0.2, 0.6} {
		f.until(part)
		f.note("the cable is cut")
		i.cut()
		f.pause(*outage/2 + f.upTo(*outage))
		i.connect()
		f.note("the cable is connected")
	}
	f.finish()
}

// TestIsland: what runs there and listens there doesn't hear what is here, but by the cable.
func TestIsland(t *testing.T) {
	needNamespaces(t)
	i := newIsland(t, 999)
	l, err := i.listen()
	testkit.Must(t, err)
	defer l.Close()
	if c, err := net.DialTimeout("tcp", l.Addr().String(), time.Second); err == nil {
		c.Close()
		t.Error("the island's loopback is this machine's")
	}
	ping := func() bool {
		here, err := net.Listen("tcp", i.here+":0")
		testkit.Must(t, err)
		defer here.Close()
		command := fmt.Sprintf("exec 3<>/dev/tcp/%s", strings.Replace(here.Addr().String(), ":", "/", 1))
		args := append(i.within(), "timeout", "2", "bash", "-c", command)
		return exec.Command(args[0], args[1:]...).Run() == nil
	}
	if !ping() {
		t.Error("the cable doesn't connect")
	}
	i.cut()
	if ping() {
		t.Error("the cable connects although it is cut")
	}
	i.connect()
	testkit.Until(t, "the cable connects again", ping)
}

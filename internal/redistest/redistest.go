// Package redistest runs real Redis servers on 127.0.0.1 for tests: one, a cluster of three, or two behind a Sentinel.
package redistest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/testkit"

	"github.com/redis/go-redis/v9"
)

const program = "redis-server"

// A Server is a redis-server with a folder of its own. It ends with the test, however that ends.
type Server struct {
	Port int
	Dir  string

	t       testing.TB
	name    string
	config  []string
	process *process
}

// A process is one that this package started.
type process struct {
	cmd    *exec.Cmd
	output bytes.Buffer // read it when ended is closed
	ended  chan struct{}
}

// Start starts a server and waits until it answers. Lines are of its configuration (redis.conf): "appendonly yes",
// for one. With "port 0" among them it is Port for TLS. The test is skipped where there is no redis-server, but never
// under CI=true.
func Start(t testing.TB, lines ...string) *Server {
	t.Helper()
	need(t)
	s := newServer(t, lines...)
	s.start()
	return s
}

func need(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("needs redis-server: run .ci/needs")
	}
	t.Skip("needs redis-server")
}

func newServer(t testing.TB, lines ...string) *Server {
	t.Helper()
	s := &Server{t: t, Port: freePort(t), Dir: t.TempDir(), name: "redis", config: lines}
	t.Cleanup(s.Kill)
	return s
}

// freePort is one that nobody listens on.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Addr is HOST:PORT.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)) }

// URL is the server's, without TLS.
func (s *Server) URL() string { return "redis://" + s.Addr() }

// Pid is the process of the server.
func (s *Server) Pid() int { return s.process.cmd.Process.Pid }

// start runs the server with its configuration. What it keeps is in Dir.
func (s *Server) start() {
	s.t.Helper()
	config := filepath.Join(s.Dir, s.name+".conf")
	if _, err := os.Stat(config); err != nil { // a Sentinel rewrites its own
		port := "port " + strconv.Itoa(s.Port)
		for _, line := range s.config {
			if line == "port 0" {
				port = "tls-port " + strconv.Itoa(s.Port)
			}
		}
		lines := append([]string{"bind 127.0.0.1", port, "dir " + s.Dir, `save ""`, "daemonize no", "loglevel notice"},
			s.config...)
		testkit.Must(s.t, os.WriteFile(config, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	}
	arguments := []string{config}
	if s.name == "sentinel" {
		arguments = append(arguments, "--sentinel")
	}
	var err error
	s.process, err = run(program, arguments...)
	testkit.Must(s.t, err)
	testkit.Until(s.t, "redis-server answers", func() bool {
		select {
		case <-s.process.ended:
			s.t.Fatalf("redis-server has ended:\n%s", s.process.output.String())
		default:
		}
		return s.answers()
	})
}

// run starts a process that the kernel ends with this one. That holds for the thread that starts it, so that thread
// waits for it.
func run(name string, arguments ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, arguments...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
			close(p.ended)
		}
	}()
	return p, <-started
}

// answers reports whether the server takes commands: one that loads its data doesn't yet.
func (s *Server) answers() bool {
	c, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	for _, line := range s.config {
		if line == "port 0" { // TLS
			return true
		}
	}
	testkit.Must(s.t, c.SetDeadline(time.Now().Add(time.Second)))
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	answer := make([]byte, 100)
	n, _ := c.Read(answer)
	return bytes.HasPrefix(answer[:n], []byte("+PONG")) || bytes.HasPrefix(answer[:n], []byte("-NOAUTH"))
}

// Do has the server do a command without any password, and returns the answer.
func (s *Server) Do(arguments ...any) any {
	s.t.Helper()
	client := redis.NewClient(&redis.Options{Addr: s.Addr(), Protocol: 2, DisableIdentity: true, PipelinePoolSize: -1})
	defer client.Close()
	answer, err := client.Do(context.Background(), arguments...).Result()
	if err != nil && err != redis.Nil {
		s.t.Fatalf("%v: %v", arguments, err)
	}
	return answer
}

// Stop ends the server as an administrator does, and waits for its end.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill kills the server, and waits for its end. It does nothing if the server doesn't run.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

func (s *Server) end(signal syscall.Signal) {
	if s.process == nil {
		return
	}
	select {
	case <-s.process.ended:
		return
	default:
	}
	_ = s.process.cmd.Process.Signal(signal)
	<-s.process.ended
}

// Pause stops the server's process: connections are accepted by the kernel, and nobody answers.
func (s *Server) Pause() {
	s.t.Helper()
	testkit.Must(s.t, s.process.cmd.Process.Signal(syscall.SIGSTOP))
	testkit.Until(s.t, "redis-server is stopped", func() bool {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.Pid()))
		_, state, _ := bytes.Cut(stat, []byte(") "))
		return bytes.HasPrefix(state, []byte("T"))
	})
}

// Resume lets it run again.
func (s *Server) Resume() {
	s.t.Helper()
	testkit.Must(s.t, s.process.cmd.Process.Signal(syscall.SIGCONT))
}

// Restart kills the server, if it runs, and starts it again on its port: empty, or with what it has kept by
// "appendonly yes".
func (s *Server) Restart(empty bool) {
	s.t.Helper()
	s.Kill()
	if empty {
		testkit.Must(s.t, os.RemoveAll(filepath.Join(s.Dir, "appendonlydir")))
		_ = os.Remove(filepath.Join(s.Dir, "dump.rdb"))
	}
	s.start()
}

package deliverylab

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// networkVariable is the environment variable that names the test that has a network of its own.
const networkVariable = "EXIWATCH_TEST_NETWORK"

// networks are what the loopback interface has there, besides 127.0.0.0/8 and ::1.
var networks = []string{
	"10.0.0.0/8", "192.168.0.0/16", "fd00:7::1/128", "fd00:7::9/128", // hosts inside, Exim among them
	"198.51.100.0/24",                 // hosts inside with public addresses
	"192.0.2.0/24", "2001:db8::7/128", // clients outside
	"203.0.113.0/24", "2001:db8::25/128", // servers outside
}

// inNetwork runs a test once more, among processes and in a network of its own; there it reports true, here false.
func inNetwork(t *testing.T) bool {
	t.Helper()
	if os.Getenv(networkVariable) == t.Name() {
		ip(t, "link", "set", "lo", "up")
		for _, network := range networks {
			ip(t, append([]string{"address", "add", network, "dev", "lo"}, atOnce(network)...)...)
		}
		return true
	}
	need(t)
	t.Parallel()
	// The shell buries the processes that Exim leaves behind.
	cmd := exec.Command("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
		"sh", "-c", `"$@"; exit $?`, "sh", os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$",
		"-test.v", "-test.timeout="+timeLeft(t))
	cmd.Env = append(os.Environ(), networkVariable+"="+t.Name(), programVariable+"="+program)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("in its network: %v\n%s", err, out)
	} else if testing.Verbose() {
		t.Logf("in its network:\n%s", out)
	}
	return false
}

// atOnce has an IPv6 address usable at once: nobody else can have it.
func atOnce(network string) []string {
	if strings.Contains(network, ":") {
		return []string{"nodad"}
	}
	return nil
}

// timeLeft is how long the test may take, as a flag.
func timeLeft(t *testing.T) string {
	deadline, bounded := t.Deadline()
	if !bounded {
		return "0"
	}
	return (time.Until(deadline) * 9 / 10).String()
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// need skips a test where a program is missing, which on the gate's machine is a failure.
func need(t *testing.T) {
	t.Helper()
	unable := t.Skip
	switch {
	case testing.Short():
		t.Skip("takes some seconds")
	case os.Getenv("CI") == "true":
		unable = t.Fatal
	}
	for _, name := range []string{"exim4", "unshare", "ip"} {
		if _, err := exec.LookPath(name); err != nil {
			unable(err)
		}
	}
	if os.Getuid() != 0 {
		unable("only root may start Exim with a configuration of its own")
	}
	if _, err := user.Lookup(eximUser); err != nil {
		unable(err)
	}
}

// TestNetwork: public addresses are on the loopback interface, and nothing but it is there.
func TestNetwork(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	out, err := exec.Command("ip", "-o", "link").CombinedOutput()
	testkit.Must(t, err)
	if n := strings.Count(string(out), "\n"); n != 1 || !strings.Contains(string(out), "LOOPBACK") {
		t.Errorf("%d interfaces:\n%s", n, out)
	}
	for _, address := range []string{"203.0.113.77", "2001:db8::25"} {
		s := newServer(t, newLedger(), conduct{}, address)
		if got := s.host; got != address {
			t.Error(fmt.Sprint("listens on ", got))
		}
	}
}

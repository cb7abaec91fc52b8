package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestPluginAsksTheDaemon: what the plugin of Nagios says follows what the daemon counts, and that it has ended.
func TestPluginAsksTheDaemon(t *testing.T) {
	needPrograms(t, "curl", "awk")
	p := newPlot(t, nowhere)
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	p.configure(read(t, p.config) + fmt.Sprintf("[metrics]\nlisten = %q\n", address))
	says := func(want string, code int) {
		t.Helper()
		until(t, want, func() bool {
			cmd := exec.Command("../../packaging/check_exiwatch", "-c", "1", "-u", "http://"+address+"/metrics")
			out, _ := cmd.CombinedOutput()
			return strings.HasPrefix(string(out), "EXIWATCH "+want) && cmd.ProcessState.ExitCode() == code
		})
	}
	d := startProcess(t, "run", "--config", p.config)
	says("OK - 0 open incidents, 1 log followed | ", 0)
	p.write(burst("alice", 0, 30))
	says("WARNING - 1 open incident | ", 1)
	p.write(burst("bob", 30, 60))
	says("CRITICAL - 2 open incidents | ", 2)
	d.end()
	says("CRITICAL - no metrics at http://"+address, 2)
}

package packaging

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/metrics"
)

// plugin runs check_exiwatch and gives what it prints and its exit code.
func plugin(t *testing.T, environment []string, args ...string) (text string, code int) {
	t.Helper()
	cmd := exec.Command("/bin/sh", append([]string{"check_exiwatch"}, args...)...)
	cmd.Env = environment
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// served are the metrics of a daemon at the end of a URL.
func served(t *testing.T, s metrics.Snapshot) (url string) {
	t.Helper()
	server := httptest.NewServer(metrics.Handler("1", func() metrics.Snapshot { return s }, slog.Default()))
	t.Cleanup(server.Close)
	return server.URL + metrics.Path
}

// perfdata is what Nagios reads behind the text, of at least one value.
var perfdata = regexp.MustCompile(`^[^|\n]+ \|( [a-z]+=\d+[a-zB]?(;\d*){2};\d*(;\d*)?)+\n$`)

// TestPlugin: one line, and the exit code, for each way in which a daemon may be.
func TestPlugin(t *testing.T) {
	need(t, "curl", "awk")
	const file = "/var/log/exim4/mainlog"
	quiet := metrics.Log{Path: file, Idle: time.Minute}
	for _, test := range []struct {
		name string
		s    metrics.Snapshot
		args string
		code int
		says string
	}{
		{"well", metrics.Snapshot{Logs: []metrics.Log{quiet, quiet}}, "", 0, "OK - 0 open incidents, 1 log followed | incidents=0;0;;0 "},
		{"two logs", metrics.Snapshot{Logs: []metrics.Log{quiet, {Path: "b"}}}, "", 0, "2 logs followed"},
		{"incidents", metrics.Snapshot{Incidents: 2, Rules: []metrics.Rule{{Name: "a b", Open: 2}, {Name: "c", Open: 1}}}, "", 1,
			"WARNING - 2 open incidents | incidents=2;0;;0 alerts=3;;;0 "},
		{"as many as allowed", metrics.Snapshot{Incidents: 2}, "-w 2 -c 5", 0, "OK - 2 open incidents, "},
		{"too many", metrics.Snapshot{Incidents: 6}, "-w 2 -c 5", 2, "CRITICAL - 6 open incidents | incidents=6;2;5;0 "},
		{"one is critical", metrics.Snapshot{Incidents: 1}, "-c 0", 2, "CRITICAL - 1 open incident |"},
		{"silent", metrics.Snapshot{Logs: []metrics.Log{{Path: file, Idle: 2 * time.Hour}}}, "", 1,
			"WARNING - no line in " + file + " for an hour"},
		{"slow", metrics.Snapshot{Logs: []metrics.Log{{Path: "a|b \"c", Behind: 2 << 20}}}, "", 1, "WARNING - a?b \\\"c is read too slowly"},
		{"stuck", metrics.Snapshot{Logs: []metrics.Log{{Path: file, Behind: 9000, Idle: time.Hour}}, Incidents: 1}, "", 2,
			"CRITICAL - " + file + " is not read, 1 open incident |"},
		{"half a line", metrics.Snapshot{Logs: []metrics.Log{{Path: file, Behind: 90, Idle: time.Hour}}}, "", 0, "OK"},
		{"mail waits", metrics.Snapshot{Channels: []metrics.Channel{{Name: "mail", Waiting: 3, Oldest: time.Hour},
			{Name: "hook"}}}, "", 2, "CRITICAL - mail has waited for 60 minutes | "},
		{"disk full", metrics.Snapshot{Unspooled: 1}, "", 2, "CRITICAL - mail cannot be written"},
	} {
		url := served(t, test.s)
		text, code := plugin(t, os.Environ(), append(strings.Fields(test.args), "-u", url)...)
		if code != test.code || !strings.HasPrefix(text, "EXIWATCH ") || !strings.Contains(text, test.says) ||
			!perfdata.MatchString(text) {
			t.Errorf("%s: exit code %d, want %d, and %q with perfdata in %q", test.name, code, test.code, test.says, text)
		}
	}
}

// TestPluginWithoutAnAnswer: a daemon that doesn't run is critical; what the plugin can't judge is unknown.
func TestPluginWithoutAnAnswer(t *testing.T) {
	need(t, "curl", "wget", "awk")
	bare := filepath.Join(t.TempDir(), "bin")
	wget := filepath.Join(t.TempDir(), "bin")
	for _, link := range [][2]string{{bare, "awk"}, {wget, "awk"}, {wget, "wget"}} {
		program, err := exec.LookPath(link[1])
		err = errors.Join(err, os.MkdirAll(link[0], 0o700), os.Symlink(program, filepath.Join(link[0], link[1])))
		if err != nil {
			t.Fatal(err)
		}
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("exiwatch_build_info{version=\"0.1.0\"} 1\n"))
	}))
	defer old.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	well := served(t, metrics.Snapshot{})
	for _, test := range []struct {
		path string // where programs are; "": everywhere
		args string
		code int
		says string
	}{
		{"", "-u " + gone.URL, 2, "CRITICAL - no metrics at " + gone.URL + " (curl: "},
		{wget, "-u " + gone.URL, 2, "CRITICAL - no metrics at " + gone.URL + " (failed: Connection refused"},
		{"", "-u " + other.URL, 2, "404"},
		{wget, "-u " + other.URL, 2, "404"},
		{wget, "-u " + well, 0, "OK - 0 open incidents"},
		{bare, "-u " + well, 3, "UNKNOWN - this plugin needs curl or wget"},
		{"", "-u " + old.URL, 3, "UNKNOWN - the daemon is too old"},
		{"", "-w x", 3, "UNKNOWN - -w x: expected a whole number"},
		{"", "-c -1", 3, "UNKNOWN - -c -1: expected a whole number"},
		{"", "well", 3, "UNKNOWN - unknown argument well"},
		{"", "-x", 3, "Usage: "},
		{"", "-h", 3, "Usage: check_exiwatch"},
	} {
		environment := append(os.Environ(), "http_proxy="+other.URL)
		if test.path != "" {
			environment = append(environment, "PATH="+test.path)
		}
		text, code := plugin(t, environment, strings.Fields(test.args)...)
		if code != test.code || !strings.Contains(text, test.says) {
			t.Errorf("%s: exit code %d, want %d, and %q in %q", test.args, code, test.code, test.says, text)
		}
	}
}

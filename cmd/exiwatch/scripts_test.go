package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"exiwatch/internal/report"
	"exiwatch/internal/testkit"
)

// scriptsConfiguration has Exim log how it is called.
const scriptsConfiguration = `
primary_hostname = mx.lab.test
spool_directory = DIR/spool
log_file_path = DIR/log/%slog
log_selector = +arguments +pid
timezone = UTC
keep_environment =
queue_only
tls_advertise_hosts =
acl_smtp_rcpt = accept
begin routers
everybody:
  driver = redirect
  data = :blackhole:
`

const (
	aMessage = "To: a@lab.test\nSubject: x\n\nbody\n"
	aDialog  = "HELO x\r\nMAIL FROM:<a@lab.test>\r\nRCPT TO:<b@lab.test>\r\nDATA\r\nSubject: s\r\n\r\nx\r\n.\r\nQUIT\r\n"
)

// scriptCalls are ways to call Exim: the name it is called by, its arguments, and what it reads.
var scriptCalls = []struct {
	args  []string
	stdin string
}{
	{[]string{"sendmail", "-t"}, aMessage},
	{[]string{"sendmail", "-ti"}, aMessage},
	{[]string{"sendmail", "-t", "-i", "-f", "a@b.example"}, aMessage},
	{[]string{"sendmail", "-i", "a@lab.test"}, aMessage},
	{[]string{"sendmail", "a@lab.test", "-q"}, aMessage},
	{[]string{"sendmail", "--", "a@lab.test"}, aMessage},
	{[]string{"sendmail", "-bm", "a@lab.test"}, aMessage},
	{[]string{"sendmail", "-bnq", "-t"}, aMessage},
	{[]string{"exim", "-bs"}, aDialog},
	{[]string{"exim", "-bS"}, aDialog},
	{[]string{"rsmtp"}, aDialog},
	{[]string{"rmail", "a@lab.test"}, aMessage},
	{[]string{"sendmail", ""}, aMessage},
	{[]string{"sendmail", "-t", "-F", "Shop -q"}, aMessage},
	{[]string{"sendmail", "-t", "-F", `x" -q "y`}, aMessage},
	{[]string{"sendmail", "-t", "-f", "-q@x.example"}, aMessage},
	{[]string{"sendmail", "-t", "-r", "-Mc@x.example"}, aMessage},
	{[]string{"sendmail", "-t", "-F", "-q"}, aMessage},
	{[]string{"sendmail", "-t", "-oMr", "-q"}, aMessage},
	{[]string{"sendmail", "-t", "-X", "-bp"}, aMessage},
	{[]string{"sendmail", "-O", "-bp", "-t"}, aMessage},
	{[]string{"sendmail", "-B", "8BITMIME", "-t"}, aMessage},
	{[]string{"sendmail", "-h", "3", "-t"}, aMessage},
	{[]string{"sendmail", "-oA", "-q", "-t"}, aMessage},
	{[]string{"sendmail", "-or", "5m", "-t"}, aMessage},
	{[]string{"sendmail", "-oB", "3", "-t"}, aMessage},
	{[]string{"sendmail", "-oB", "-t"}, aMessage},
	{[]string{"sendmail", "-t", "-odq", "-oem", "-v"}, aMessage},
	{[]string{"sendmail", "-t", "-f", ""}, aMessage},
	{[]string{"sendmail", "-t", "-E1xVMya-0007ZB-31"}, aMessage},

	{[]string{"sendmail"}, aMessage},
	{[]string{"sendmail", "-i"}, aMessage},
	{[]string{"sendmail", "-bm"}, aMessage},
	{[]string{"sendmail", "-F", "-t"}, aMessage},
	{[]string{"sendmail", "-tls-on-connect"}, aMessage},
	{[]string{"mailq"}, ""},
	{[]string{"newaliases"}, ""},
	{[]string{"runq"}, ""},
	{[]string{"exim", "-bp"}, ""},
	{[]string{"exim", "-bpc"}, ""},
	{[]string{"exim", "-bpru"}, ""},
	{[]string{"exim", "-bi"}, ""},
	{[]string{"exim", "-bP", "config"}, ""},
	{[]string{"exim", "-q"}, ""},
	{[]string{"exim", "-R", "nowhere.test"}, ""},
	{[]string{"exim", "-S", "nowhere.test"}, ""},
	{[]string{"exim", "-Mvl", "1xVMya-0007ZB-31"}, ""},
	{[]string{"exim", "-Mrm", "1xVMya-0007ZB-31"}, ""},
}

// TestScriptsAsEximLogsThem: each call has a directory of its own, and those are ranked from which a message came.
func TestScriptsAsEximLogsThem(t *testing.T) {
	need(t, "exim4")
	dir, err := os.MkdirTemp("/tmp", "exiwatch-exim-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	e := &eximHost{t: t, dir: dir}
	e.folders()
	conf := e.write("exim.conf", strings.ReplaceAll(scriptsConfiguration, "DIR", dir))
	exim, err := exec.LookPath("exim4")
	if err != nil {
		t.Fatal(err)
	}
	for i, call := range scriptCalls {
		cwd := filepath.Join(dir, fmt.Sprint("d", i))
		if err := os.Mkdir(cwd, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Cmd{Path: exim, Args: append([]string{call.args[0], "-C", conf}, call.args[1:]...), Dir: cwd,
			Stdin: strings.NewReader(call.stdin)}
		cmd.Run() // some calls are refused
	}
	var rows []report.Row
	out, stderr, status := exiwatch(t, "", "top", "script", "--json", "-n", "0", e.mainlog())
	if err := json.Unmarshal([]byte(out), &rows); err != nil || status != exitDone {
		t.Fatal(err, stderr)
	}
	took := tookMessages(read(t, e.mainlog()))
	for i, call := range scriptCalls {
		cwd := filepath.Join(dir, fmt.Sprint("d", i))
		ranked := slices.ContainsFunc(rows, func(r report.Row) bool { return r.Value == cwd && r.Messages == 1 })
		if took, logged := took[cwd]; !logged || ranked != took {
			t.Errorf("%q: Exim logged the call: %t, took a message: %t, top script counts it: %t", call.args, logged,
				took, ranked)
		}
	}
	if len(rows) < 30 || len(rows) == len(scriptCalls) {
		t.Errorf("%d calls of %d took a message", len(rows), len(scriptCalls))
	}
}

// tookMessages tells of each directory whether the process that was called there logged an arrival.
func tookMessages(log string) map[string]bool {
	took := map[string]bool{}
	for _, call := range regexp.MustCompile(`(\[\d+\]) cwd=(\S+) `).FindAllStringSubmatch(log, -1) {
		took[call[2]] = regexp.MustCompile(regexp.QuoteMeta(call[1]) + ` \S+ <= `).MatchString(log)
	}
	return took
}

// TestScriptRuleOnARealLog: a message that Exim reads slowly counts for the directory of its own call, whatever comes
// meanwhile, and so does each message of a session.
func TestScriptRuleOnARealLog(t *testing.T) {
	need(t, "exim4")
	dir, err := os.MkdirTemp("/tmp", "exiwatch-exim-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	e := &eximHost{t: t, dir: dir}
	e.folders()
	conf := e.write("exim.conf", strings.ReplaceAll(scriptsConfiguration, "DIR", dir))
	call := func(directory string, args ...string) *exec.Cmd {
		cmd := exec.Command("exim4", append([]string{"-C", conf}, args...)...)
		cmd.Dir = filepath.Join(dir, directory)
		testkit.Must(t, os.MkdirAll(cmd.Dir, 0o755))
		return cmd
	}
	slow := call("shop", "-t")
	stdin, err := slow.StdinPipe()
	testkit.Must(t, err)
	testkit.Must(t, slow.Start())
	testkit.Until(t, "Exim logs the call", func() bool {
		log, _ := os.ReadFile(e.mainlog())
		return strings.Contains(string(log), "cwd="+slow.Dir)
	})
	for _, cmd := range []*exec.Cmd{call("blog", "-t"), call("blog", "-t"), call("shop", "-bs")} {
		cmd.Stdin = strings.NewReader(aMessage)
		if cmd.Args[len(cmd.Args)-1] == "-bs" {
			cmd.Stdin = strings.NewReader(strings.TrimSuffix(aDialog, "QUIT\r\n") + aDialog)
		}
		testkit.Must(t, cmd.Run())
	}
	_, err = stdin.Write([]byte(aMessage))
	testkit.Must(t, errors.Join(err, stdin.Close(), slow.Wait()))

	out, stderr, status := exiwatch(t, "", "replay", "--config", os.DevNull, "--rule", "script 1/1h", "--json", e.mainlog())
	var doc report.Document
	if err := json.Unmarshal([]byte(out), &doc); err != nil || status != exitDone {
		t.Fatal(err, stderr)
	}
	var got []string
	for i, a := range doc.Alerts {
		got = append(got, fmt.Sprintf("%s %s=%s, %d messages", filepath.Base(a.Value), doc.Incidents[i].Key,
			filepath.Base(doc.Incidents[i].Account), a.Messages))
	}
	want := []string{"blog script=blog, 2 messages", "shop script=shop, 3 messages"}
	if !slices.Equal(got, want) {
		t.Errorf("alerts %q, want %q of\n%s", got, want, read(t, e.mainlog()))
	}
}

// TestUsersOfMessages: cPanel's line may stand before the arrival or behind it, and several times.
func TestUsersOfMessages(t *testing.T) {
	const (
		arrival = "2026-11-23 10:00:00 1xV00%d-000001-01 <= a@ann.example H=(pc) [192.0.2.%d] P=esmtpa A=plain:a S=100 for x@y z@y\n"
		user    = "2026-11-23 10:00:00 1xV00%d-000001-01 Sender identification U=%s D=ann.example S=ann\n"
	)
	log := fmt.Sprintf(user+arrival, 1, "ann", 1, 1) + // before
		fmt.Sprintf(arrival+user, 2, 2, 2, "ann") + // behind
		fmt.Sprintf(arrival+arrival+user, 3, 3, 3, 3, 3, "ann") + // taken twice
		fmt.Sprintf(arrival+user+user, 4, 4, 4, "bob", 4, "bob") + // tried again
		fmt.Sprintf(arrival, 5, 5) + // without
		fmt.Sprintf(user, 6, "eve") + // of an arrival in another log
		fmt.Sprintf(arrival+arrival+user+user, 7, 7, 8, 8, 7, "carl", 8, "carl") // two at once
	for args, want := range map[string]string{
		"": "4 ann|2 carl|1 bob", "--count recipients": "8 ann|4 carl|2 bob",
		"--count bytes": "400 ann|200 carl|100 bob",
		"--count hosts": "3 ann|2 carl|1 bob", "--count addresses": "2 carl|2 bob|2 ann",
		"--host 192.0.2.3": "2 ann",
	} {
		out, stderr, status := exiwatch(t, log, append(append([]string{"top", "cpuser"}, strings.Fields(args)...),
			"-")...)
		if got := strings.Join(rowsOf(out), "|"); got != want || status != exitDone {
			t.Errorf("top cpuser %s = %q, want %q: %s", args, got, want, stderr)
		}
	}
}

// TestTimesOfScripts: calls are chosen by their time, as arrivals are.
func TestTimesOfScripts(t *testing.T) {
	for args, want := range map[string]string{
		"":                             "2 /home/ann/public_html/shop|1 /home/bob/my site",
		"--since=2026-11-23T10:00:01Z": "1 /home/bob/my site|1 /home/ann/public_html/shop",
		"--until=2026-11-23T10:00:02Z": "2 /home/ann/public_html/shop",
		"--since=2026-11-23T10:00:03Z": "",
	} {
		out, stderr, status := exiwatch(t, shopLog, append(append([]string{"top", "script", "--timezone", "UTC"},
			strings.Fields(args)...), "-")...)
		if got := strings.Join(rowsOf(out), "|"); got != want || status != exitDone {
			t.Errorf("top script %s = %q, want %q: %s", args, got, want, stderr)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/live"
	"exiwatch/window"

	"golang.org/x/sys/unix"
)

// live runs the program on a log.
func (x *tmux) live(environment, log string, args ...string) {
	x.t.Helper()
	program := os.Args[0]
	for _, arg := range append([]string{"live", "--config", "/dev/null", log}, args...) {
		program += " '" + arg + "'"
	}
	x.enter(fmt.Sprintf("%s GORACE=atexit_sleep_ms=0 %s=1 %s; echo status $?", environment, asProgram, program))
}

// A growing log is written while the test looks.
type growing struct {
	t    *testing.T
	path string
	n    int
}

func (g *growing) arrive(times int, account, host, subject string) {
	g.t.Helper()
	var text bytes.Buffer
	for range times {
		g.n++
		fmt.Fprintf(&text,
			"%s 1xV%03d-%06d-01 <= %s@lab.test H=(pc) [%s] P=esmtpsa A=plain:%s@lab.test S=%d T=\"%s\" for x@example.org\n",
			time.Now().UTC().Format("2006-01-02 15:04:05 -0700"), g.n/1000, g.n, account, host, account, 1000+g.n,
			subject)
	}
	if err := appendLine(g.path, text.Bytes()); err != nil {
		g.t.Fatal(err)
	}
}

// TestLiveInATerminal drives the program through every key, on a log that grows.
func TestLiveInATerminal(t *testing.T) {
	g := &growing{t: t, path: filepath.Join(t.TempDir(), "mainlog")}
	g.arrive(7, "alice", "192.0.2.1", "Lunch on Friday")
	g.arrive(3, "bob", "192.0.2.2", `\033[31m\r\nred`)
	x := startTmux(t, 80, 24)
	x.settings(g.path + ".before")
	x.enter("echo be''fore")
	x.sees("before")
	x.live("", g.path)
	x.sees("alice@lab.test", "accounts in 5m by messages, limit 20 messages", "1-2 of 2", "10 arrivals/min",
		"0 open incidents", "!before")
	g.arrive(30, "mallory", "203.0.113.7", "Your parcel is waiting")
	g.arrive(12, "mallory", "203.0.113.8", "Your parcel is waiting")
	x.sees("▲>     42 ██████×2", "mallory@lab.test", "52 arrivals/min", "1 open incident")
	for _, step := range []struct {
		key  string
		sees []string
	}{
		{"r", []string{"by recipients", "no limit"}},
		{"b", []string{"by bytes", "BYTES"}},
		{"h", []string{"by hosts"}},
		{"l", []string{"by last"}},
		{"n", []string{"by name", "ACCOUNT"}},
		{"m", []string{"by messages, limit 20"}},
		{"s", []string{"by recipients"}},
		{"S", []string{"by messages"}},
		{"1", []string{"in 1m"}}, {"3", []string{"in 15m"}}, {"4", []string{"in 1h"}}, {"5", []string{"in 1d"}},
		{"2", []string{"in 5m"}},
		{"w", []string{"in 15m"}}, {"W", []string{"in 5m"}},
		{"Tab", []string{"envelope senders in 5m"}},
		{"Tab", []string{"authenticated ids in 5m"}},
		{"Tab", []string{"local users in 5m", "no counted message"}},
		{"Tab", []string{"hosts in 5m", "203.0.113.7"}},
		{"Tab", []string{"networks in 5m", "203.0.113.0/24"}},
		{"Tab", []string{"topics in 5m", "your parcel is waiting"}},
		{"Tab", []string{"subjects in 5m", `\x1b[31m\r\nred`}},
		{"Tab", []string{"sender domains in 5m"}},
		{"Tab", []string{"account domains in 5m"}},
		{"Tab", []string{"accounts in 5m"}},
		{"BTab", []string{"account domains in 5m"}},
		{"Tab", []string{"accounts in 5m"}},
		{"j", []string{" >      7"}}, {"k", []string{"▲>     42"}}, {"Down", []string{" >      7"}},
		{"Up", []string{"▲>     42"}},
		{"End", []string{" >      3"}}, {"Home", []string{"▲>     42"}}, {"G", []string{" >      3"}},
		{"g", []string{"▲>     42"}},
		{"PageDown", []string{" >      3"}}, {"PageUp", []string{"▲>     42"}},
		{"/", []string{"filter: █"}}, {"B", []string{"filter: B█", "1-3 of 3"}},
		{"o", []string{"filter: Bo█", "1-1 of 1", "bob@lab.test"}},
		{"BSpace", []string{"filter: B█"}}, {"Enter", []string{", filter B"}},
		{"Escape", []string{"!filter B", "1-3 of 3"}},
		{"?", []string{"PgUp PgDn", "freeze the screen"}}, {"x", []string{"1-3 of 3"}},
		{"Space", []string{"FROZEN at"}}, {"Space", []string{"!FROZEN"}},
		{"Enter", []string{"account mallory@lab.test", "42 100%  Your parcel is waiting", "30  71%  203.0.113.7",
			"12  29%  203.0.113.8", "Envelope senders",
			"HELO names", "example.org", "alert since"}},
		{"w", []string{"42 messages in 15m"}}, {"W", []string{"42 messages in 5m"}},
		{"End", []string{"account mallory@lab.test", "1xV000-000011-01"}}, {"Home", []string{"Topics"}},
		{"Escape", []string{"accounts in 5m"}},
	} {
		x.press(step.key)
		x.sees(step.sees...)
	}
	x.press("Space")
	x.sees("FROZEN at")
	g.arrive(9, "zoe", "192.0.2.9", "New")
	x.press("Space")
	x.sees("zoe@lab.test", "!FROZEN")
	x.run("resize-window", "-x", "120", "-y", "30")
	x.sees("top topic", "Your parcel is waiting", "q quit")
	x.run("resize-window", "-x", "60", "-y", "15")
	x.sees("exiwatch live needs 60×20, this is 60×15")
	x.run("resize-window", "-x", "60", "-y", "20")
	x.sees("zoe@lab.test", "? help", "!needs", "!rcpts")
	x.run("resize-window", "-x", "100", "-y", "30")
	if lines := strings.Split(x.sees("zoe@lab.test", "space freeze"), "\n"); !strings.HasPrefix(lines[29],
		"q quit") {
		t.Errorf("the keys are not on the last of 30 lines:\n%s", strings.Join(lines, "\n"))
	}
	x.press("q")
	x.leftClean(g.path)
}

// leftClean waits for the program's end, and compares the terminal with what it was before.
func (x *tmux) leftClean(log string) {
	x.t.Helper()
	x.sees("before", "status 0", "!exiwatch live  ") // what was on the screen is back
	if state := x.run("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"); state != "0 1 0\n" {
		x.t.Errorf("alternate screen, cursor, mouse: %s", state)
	}
	x.settings(log + ".after")
	// the first one has the size
	lines := func(name string) []string { return strings.Split(read(x.t, name), "\n")[1:] }
	if before, after := lines(log+".before"), lines(log+".after"); strings.Join(before, "") != strings.Join(after, "") {
		x.t.Errorf("the terminal was\n%s\nand is\n%s", before, after)
	}
}

// TestLiveLeavesTheTerminalClean however it ends, and whatever the terminal is.
func TestLiveLeavesTheTerminalClean(t *testing.T) {
	for _, test := range []struct {
		name, environment string
		end               func(*testing.T, *tmux)
	}{
		{"Ctrl+C", "NO_COLOR=1", func(_ *testing.T, x *tmux) { x.press("C-c") }},
		{"SIGTERM", "", terminateLive},
		{"dumb", "TERM=dumb", terminateLive},
		{"no UTF-8", "LC_ALL=C", terminateLive},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := &growing{t: t, path: filepath.Join(t.TempDir(), "mainlog")}
			g.arrive(30, "alice", "192.0.2.1", "Lunch")
			x := startTmux(t, 80, 24)
			x.settings(g.path + ".before")
			x.enter("echo be''fore")
			x.sees("before")
			x.live(test.environment, g.path)
			x.sees("alice@lab.test", "1 open incident")
			isASCII := strings.Contains(x.screen(), "!>")
			if wanted := test.environment == "TERM=dumb" || test.environment == "LC_ALL=C"; isASCII != wanted {
				t.Errorf("ASCII: %t, want %t:\n%s", isASCII, wanted, x.screen())
			}
			coloured := strings.Contains(x.run("capture-pane", "-p", "-e"), "\x1b[31m") ||
				strings.Contains(x.run("capture-pane", "-p", "-e"), "\x1b[1;31m")
			if coloured {
				t.Error("the cursor's row has colours")
			}
			test.end(t, x)
			x.leftClean(g.path)
		})
	}
}

// terminateLive sends SIGTERM to what runs in the terminal: the shell's only child.
func terminateLive(t *testing.T, x *tmux) {
	shell := strings.TrimSpace(x.run("display-message", "-p", "#{pane_pid}"))
	children, err := os.ReadFile("/proc/" + shell + "/task/" + shell + "/children")
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Fields(string(children))[0])
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGTERM)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestLiveActs: the wheel scrolls, a click chooses an account, and a, o and e do what the commands do.
func TestLiveActs(t *testing.T) {
	g := &growing{t: t, path: filepath.Join(t.TempDir(), "mainlog")}
	g.arrive(30, "alice", "192.0.2.1", "Lunch")
	g.arrive(7, "bob", "192.0.2.2", "=1+1")
	dir := filepath.Dir(g.path)
	config := filepath.Join(dir, "exiwatch.toml")
	writeFile(t, config, fmt.Sprintf("state = %q\n[web]\nlisten = '127.0.0.1:8025'\n", filepath.Join(dir, "state")))
	x := startTmux(t, 80, 24)
	x.enter("cd '" + dir + "'")
	x.live("env -u DISPLAY -u WAYLAND_DISPLAY", g.path, "--config", config)
	x.sees("▲>     30", "1-2 of 2")
	x.press("-l", "\x1b[<0;10;5M\x1b[<0;10;5m") // a click on the second row
	x.sees(" >      7")
	x.press("-l", "\x1b[<64;10;5M") // the wheel
	x.sees("▲>     30")
	x.press("a")
	x.sees("except alice@lab.test, limit: 100█")
	for _, field := range []string{"until", "reason", "alice@lab.test may have up to 100 until"} {
		x.press("Enter")
		x.sees(field)
	}
	x.sees("except.d/", "No running daemon was found")
	if out := except(t, config, "list"); !strings.Contains(out, "alice@lab.test\n        limit 100 of ") ||
		!strings.Contains(out, "added in exiwatch live") {
		t.Errorf("except list prints %s", out)
	}
	x.press("Escape")
	x.sees("1-2 of 2")
	x.press("a", "C-u", "5", "Enter", "Enter", "Enter")
	x.sees("expected more than the rule's limit, 20")
	x.press("o")
	x.sees("hint: the daemon makes it")
	x.press("x", "e")
	x.sees("written to exiwatch-live-")
	files, err := filepath.Glob(filepath.Join(dir, "exiwatch-live-*.csv"))
	if err != nil || len(files) != 1 || !strings.Contains(read(t, files[0]), "bob@lab.test,7,") ||
		!strings.Contains(read(t, files[0]), ",'=1+1\r\n") {
		t.Errorf("the files are %q, %v", files, err)
	}
	x.press("q")
	x.sees("status 0")
}

// TestLiveOnce: one ranking as text and as JSON, without a terminal.
func TestLiveOnce(t *testing.T) {
	g := &growing{t: t, path: filepath.Join(t.TempDir(), "mainlog")}
	g.arrive(42, "alice", "192.0.2.1", `\033[31m会議`)
	g.arrive(3, "bob", "192.0.2.2", "Lunch")
	once := func(args ...string) string {
		t.Helper()
		out, stderr, status := exiwatch(t, "", append([]string{"live", "--once", "--config", "/dev/null", g.path}, args...)...)
		if status != exitDone || stderr != "" {
			t.Fatalf("live --once %q: status %d: %s", args, status, stderr)
		}
		return out
	}
	text := once()
	for _, want := range []string{"1 open incident\n", " accounts in 5m by messages, limit 20 messages", "1-2 of 2\n",
		"!      42 ######x2     42", "alice@lab.test", `\x1b[31m????`, "\n        3 #"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if text := once("--rows", "1", "--key", "host", "--window", "1h"); strings.Count(text, "\n") != 4 ||
		!strings.Contains(text, "192.0.2.1") || !strings.Contains(text, "1-1 of 2") {
		t.Errorf("one row of the hosts:\n%s", text)
	}
	var all struct {
		Key, Window string
		Incidents   int `json:"open_incidents"`
		Rows        []struct {
			Value    string
			Messages int
			Over     bool
			Topic    string
		}
	}
	if err := json.Unmarshal([]byte(once("--json", "-n", "0")), &all); err != nil || all.Key != "account" ||
		all.Incidents != 1 || len(all.Rows) != 2 || all.Rows[0].Messages != 42 || !all.Rows[0].Over ||
		all.Rows[0].Topic != "\x1b[31m会議" {
		t.Errorf("%+v, %v", all, err)
	}
	writeFile(t, g.path, "")
	if text := once(); !strings.Contains(text, "no arrival yet") {
		t.Errorf("an empty log gives\n%s", text)
	}
	writeFile(t, g.path, "nothing of Exim's\n")
	for _, log := range []string{g.path, g.path + ".not"} {
		out, stderr, status := exiwatch(t, "", "live", "--once", "--config", "/dev/null", log)
		if status != exitFailure || out != "" || !strings.Contains(stderr, "error: ") {
			t.Errorf("%s: status %d: %s%s", log, status, out, stderr)
		}
	}
}

// TestOpenTellsNoArgument: other users see a program's arguments, so the page's token isn't among them.
func TestOpenTellsNoArgument(t *testing.T) {
	dir := t.TempDir()
	config, seen := filepath.Join(dir, "exiwatch.toml"), filepath.Join(dir, "seen")
	state, token := filepath.Join(dir, "state"), strings.Repeat("ab23", 8)
	writeFile(t, config, fmt.Sprintf("state = %q\n[web]\nlisten = '127.0.0.1:8025'\n", state))
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, "web-token"), []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "xdg-open"), "#!/bin/sh\n{ echo \"$*\"; cat \"$1\"; } >"+seen+".part && mv "+seen+".part "+
		seen+"\n")
	if err := os.Chmod(filepath.Join(dir, "xdg-open"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("DISPLAY", ":7")
	t.Setenv("TMPDIR", dir)
	p := pageOpener{file: config}
	if text := told(p.open); !strings.HasPrefix(text, "http://127.0.0.1:8025/"+token+"/\n") {
		t.Errorf("it says %q", text)
	}
	until(t, "xdg-open was run", func() bool { _, err := os.Stat(seen); return err == nil })
	args, page, _ := strings.Cut(read(t, seen), "\n")
	if strings.Contains(args, token) || !strings.Contains(page, "url=http://127.0.0.1:8025/"+token+"/") {
		t.Errorf("xdg-open is given %q, which holds %q", args, page)
	}
	if info, err := os.Stat(args); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	p.close()
	if _, err := os.Stat(args); !os.IsNotExist(err) {
		t.Errorf("the file is left: %v", err)
	}
}

// TestLivePanic: what goes wrong where the log is followed is told when the terminal is as it was.
func TestLivePanic(t *testing.T) {
	g := &growing{t: t, path: filepath.Join(t.TempDir(), "mainlog")}
	g.arrive(1, "alice", "192.0.2.1", "Lunch")
	outside, inside := terminal(t)
	if err := unix.IoctlSetWinsize(int(inside.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	c.State = t.TempDir()
	c.Rules[0].Except = []window.Exception{{Limit: 100, Match: func(string) bool { panic("out of order") }}}
	v := live.View{Config: c, Log: g.path, Key: window.Account, Window: 5 * time.Minute}
	written := make(chan string)
	go func() {
		var all []byte
		buffer := make([]byte, 4096)
		for !bytes.Contains(all, []byte("end of the test")) {
			n, err := outside.Read(buffer)
			if all = append(all, buffer[:n]...); err != nil {
				break
			}
		}
		written <- string(all)
	}()
	err := v.Run(context.Background(), inside, inside)
	fmt.Fprint(inside, "end of the test")
	if err == nil || !strings.Contains(err.Error(), "panic: out of order") {
		t.Errorf("the error is %v", err)
	}
	text := <-written
	entered, left := strings.LastIndex(text, "\x1b[?1049h"), strings.LastIndex(text, "\x1b[?1049l")
	if entered > left {
		t.Errorf("the terminal was left in the alternate screen: %q", text)
	}
}

// TestLiveNeedsATerminal, and says what does without.
func TestLiveNeedsATerminal(t *testing.T) {
	for args, want := range map[string]string{
		"live":                  "exiwatch: hint: exiwatch live --once",
		"live --json":           "need --once",
		"live --rows 5":         "need --once",
		"live a b":              "follows one log",
		"live --key nonsense":   "--key",
		"live --window 1second": "--window",
	} {
		_, stderr, status := exiwatch(t, "", strings.Fields(args)...)
		if status == exitDone || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d: %s", args, status, stderr)
		}
	}
}

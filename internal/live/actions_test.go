package live

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/window"

	tea "charm.land/bubbletea/v2"
)

// act presses a key and has what it starts done.
func (b *bench) act(key tea.KeyPressMsg) {
	b.t.Helper()
	_, cmd := b.model.Update(key)
	if cmd == nil {
		b.t.Fatalf("%s starts nothing", key)
	}
	b.tell(cmd())
}

// exported is the only file in the current folder, which goes.
func exported(t *testing.T, ending string) string {
	t.Helper()
	names, err := filepath.Glob("*")
	if err != nil || len(names) != 1 || filepath.Ext(names[0]) != ending {
		t.Fatalf("the folder has %q, %v; want one %s", names, err, ending)
	}
	info, err := os.Stat(names[0])
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%s: mode %v, %v", names[0], info.Mode(), err)
	}
	text, err := os.ReadFile(names[0])
	if err := errors.Join(err, os.Remove(names[0])); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestExport: all rows that the filter lets through, as they were at the moment that is shown.
func TestExport(t *testing.T) {
	t.Chdir(t.TempDir())
	b := newBench(t, false)
	b.outbreak()
	for n := range 95 {
		b.arrive(newArrival(start.Add(7*time.Minute), 5000+n, fmt.Sprintf("=user%02d", n), "192.0.2.1", "@x"))
	}
	b.size(80, 24)
	b.press("space", "/", "u", "s", "e", "enter")
	b.arrive(newArrival(start.Add(7*time.Minute), 9000, "user later", "192.0.2.1", "x"))
	b.act(tea.KeyPressMsg{Code: 'e', Text: "e"})
	b.sees("written to exiwatch-live-2", ".csv")
	rows, err := csv.NewReader(strings.NewReader(exported(t, ".csv"))).ReadAll()
	if err != nil || len(rows) != 96 {
		t.Fatalf("%d rows, %v; want the headings and 95", len(rows), err)
	}
	if got := strings.Join(rows[95], "|"); got !=
		"'=user94|1|1|"+rows[95][3]+"|1|2026-11-23T14:07:00Z|20|false|false|'@x" {
		t.Errorf("the last row is %s", got)
	}
	b.act(tea.KeyPressMsg{Code: 'E', Text: "E"})
	var x export
	if err := json.Unmarshal([]byte(exported(t, ".json")), &x); err != nil || len(x.Rows) != 95 || x.Filter != "use" ||
		x.Rows[0].Value != "=user00" || x.Window != "5m0s" || x.Incidents != 1 {
		t.Errorf("%+v, %v", x, err)
	}
}

// TestExportOfAnAccount: JSON has all that its page has, CSV its last arrivals.
func TestExportOfAnAccount(t *testing.T) {
	t.Chdir(t.TempDir())
	b := newBench(t, false)
	b.outbreak()
	b.size(80, 24)
	b.press("enter")
	b.act(tea.KeyPressMsg{Code: 'E', Text: "E"})
	var x export
	if err := json.Unmarshal([]byte(exported(t, ".json")), &x); err != nil || len(x.Rows) != 1 || !x.Rows[0].Over ||
		len(x.Arrivals) != maxArrivals || len(x.Alerts) != 2 || len(x.Sections["host"]) != 9 ||
		x.Sections["topic"][0].Subjects != 59 {
		t.Errorf("%+v, %v", x, err)
	}
	b.act(tea.KeyPressMsg{Code: 'e', Text: "e"})
	rows, err := csv.NewReader(strings.NewReader(exported(t, ".csv"))).ReadAll()
	if err != nil || len(rows) != 1+maxArrivals || rows[1][3] != "Your parcel 418 is waiting" {
		t.Errorf("%q, %v", rows, err)
	}
}

// TestExportOverwritesNothing, neither a file nor what a link leads to.
func TestExportOverwritesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	x := newExport("mainlog", &answer{})
	if err := os.WriteFile("old", []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("elsewhere", "link"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"old", "link"} {
		if err := writeNew(name, x.writeCSV); err == nil || !strings.Contains(err.Error(), name+" exists") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text, err := os.ReadFile("old"); string(text) != "precious" {
		t.Errorf("old holds %q, %v", text, err)
	}
	if _, err := os.Stat("elsewhere"); !os.IsNotExist(err) {
		t.Errorf("the link was followed: %v", err)
	}
}

// TestExceptForm: each field has a default; what is typed is what is added.
func TestExceptForm(t *testing.T) {
	b := newBench(t, false)
	b.outbreak()
	b.size(80, 24)
	b.press("a", "enter", "enter")
	b.act(tea.KeyPressMsg{Code: tea.KeyEnter})
	b.sees("mallory@lab.test|200|30d|added in exiwatch live")
	b.press("down", "a")
	b.misses("mallory@lab.test|")
	b.press("ctrl+u", "7", "5", "enter")
	b.sees("until (2027-01-31, 30d, 12h): 30d█")
	b.press("up")
	b.sees("limit: 75█")
	b.press("enter", "enter")
	b.press(strings.Split("backspace backspace backspace backspace backspace", " ")...)
	b.press("esc")
	if b.model.form != nil {
		t.Error("Esc doesn't leave the form")
	}
	b.press("a", "backspace", "enter", "ctrl+u", "1", "d", "enter", "ctrl+u")
	b.tell(tea.PasteMsg{Content: "a list"})
	b.act(tea.KeyPressMsg{Code: tea.KeyEnter})
	b.sees("newsletter@lab.test|20|1d|a list")
}

// TestExceptForWhat: an exception is for an account, and for no pattern that an attacker chose as a name.
func TestExceptForWhat(t *testing.T) {
	b := newBench(t, false)
	b.size(80, 24)
	b.press("a") // there is nobody
	if b.model.form != nil {
		t.Error("there is a form for nobody")
	}
	for n := range 5 {
		b.arrive(newArrival(start, n, "<*@lab.test>", "192.0.2.1", "x"))
	}
	b.tell(updated{})
	b.press("a")
	b.sees("take the * or ?")
	b.press("x", "tab", "a")
	b.sees("An exception is for an account")
	b.press("tab")
	if b.model.form != nil || b.model.query.key != window.Auth {
		t.Errorf("the form is %v, the key %v", b.model.form, b.model.query.key)
	}
}

// TestPages: what an action says is shown whole, until a key is pressed.
func TestPages(t *testing.T) {
	b := newBench(t, false)
	b.outbreak()
	b.size(60, 20)
	b.model.actions.Open = func() string { return "http://127.0.0.1:8025/" + strings.Repeat("ab", 40) + "/\n\nssh\n" }
	b.act(tea.KeyPressMsg{Code: 'o', Text: "o"})
	b.sees("http://127.0.0.1:8025/"+strings.Repeat("ab", 19), "\n"+strings.Repeat("ab", 21)+"/", "ssh", "any key goes back")
	b.press("o")
	b.sees("accounts in 5m")
	b.press("?")
	b.misses("Shift with the mouse")
	b.press("end")
	b.sees("Shift with the mouse")
	b.press("up", "pgup")
	b.sees("Home End")
	b.press("?")
	b.sees("accounts in 5m")
}

// TestMouse: the wheel scrolls, a click chooses the row under it.
func TestMouse(t *testing.T) {
	b := newBench(t, false)
	for n := range 95 {
		b.arrive(newArrival(start, n, fmt.Sprintf("%02d", n), "192.0.2.1", "x"))
	}
	b.size(60, 20)
	wheel := func(button tea.MouseButton) { b.tell(tea.MouseWheelMsg{Button: button}) }
	click := func(line int) { b.tell(tea.MouseClickMsg{Y: line, Button: tea.MouseLeft}) }
	for _, test := range []struct {
		do   func()
		want string
	}{
		{func() { wheel(tea.MouseWheelDown) }, "03"}, {func() { wheel(tea.MouseWheelUp) }, "00"},
		{func() { wheel(tea.MouseWheelLeft) }, "00"},
		{func() { click(5) }, "02"}, {func() { click(18) }, "15"}, {func() { click(3) }, "00"},
		{func() { click(0) }, "00"}, {func() { click(2) }, "00"}, {func() { click(19) }, "00"},
		{func() { b.press("end"); click(3) }, "79"},
		{func() { b.press("?"); click(5); wheel(tea.MouseWheelDown); b.press("x") }, "79"},
		{func() { b.press("/"); click(5); wheel(tea.MouseWheelDown); b.press("esc") }, "00"},
	} {
		if test.do(); b.model.query.value != test.want {
			t.Fatalf("the cursor is on %s, want %s", b.model.query.value, test.want)
		}
	}
	for line := range strings.Lines(b.plain()) {
		if strings.Contains(line, ">") && !strings.Contains(line, "00") {
			t.Errorf("the cursor is drawn in %q", line)
		}
	}
	b.press("enter", "pgdown")
	wheel(tea.MouseWheelUp)
	b.sees("HELO names")
}

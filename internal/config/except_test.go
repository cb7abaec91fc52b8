package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/private"
)

// written makes a configuration in a folder of its own, and files in except.d.
func written(t *testing.T, text string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "exiwatch.toml")
	put := func(path, text string, mode fs.FileMode) {
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	put(name, text, 0o640)
	if files != nil {
		if err := os.Mkdir(filepath.Join(dir, exceptFolder), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	for file, text := range files {
		put(filepath.Join(dir, exceptFolder, file), text, 0o640)
	}
	return name
}

// limitOf is the limit of a value by each rule.
func limitOf(c *Config, value string) (limits []int64) {
	for _, r := range c.Rules {
		limit := r.Limit
		for i := len(r.Except) - 1; i >= 0; i-- {
			if r.Except[i].Match(value) {
				limit = r.Except[i].Limit
			}
		}
		limits = append(limits, limit)
	}
	return limits
}

// TestExceptFolder: its files come first, the highest limit before others; the configuration's own follow; an exception
// never lowers a limit.
func TestExceptFolder(t *testing.T) {
	name := written(t, `timezone = "UTC"
[[rule]]
[[rule.except]]
match = "a*"
limit = 30
[[rule]]
name = "slow"
key = "auth"
limit = 100
window = "1h"
[[rule]]
key = "host"
[[except]]
match = "b*"
limit = 150
`, map[string]string{
		"1.toml": "[[except]]\nmatch = 'ann'\nlimit = 50\nuntil = 2026-11-22\n\n" +
			"[[except]]\nrule = 'slow'\nmatch = 'ann'\nlimit = 101\n",
		"2.toml":  "[[except]]\nmatch = 'ann'\nlimit = 60\n[[except]]\nrule = 'account 20/5m'\nmatch = 'eve'\nlimit = 70",
		".3.toml": "broken", "4.toml~": "broken",
	})
	c, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string][3]int64{"ann": {60, 101, 20}, "alf": {30, 100, 20}, "bob": {150, 150, 20},
		"eve": {70, 100, 20}, "tom": {20, 100, 20}} {
		if got := limitOf(&c, value); [3]int64(got) != want {
			t.Errorf("limits of %s = %v, want %v", value, got, want)
		}
	}
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	var got []string
	for _, e := range c.Exceptions {
		row := filepath.Base(e.File) + " " + e.Match + " " + strings.Join(e.Rules, "+") + " " + e.End()
		if e.Ended(now) {
			row += " ended"
		}
		got = append(got, row)
	}
	const want = "exiwatch.toml a* account 20/5m |exiwatch.toml b* account 20/5m+slow |" +
		"1.toml ann account 20/5m 2026-11-22 ended|1.toml ann slow |2.toml ann account 20/5m |2.toml eve account 20/5m "
	if strings.Join(got, "|") != want {
		t.Errorf("exceptions\n%s\nwant\n%s", strings.Join(got, "|"), want)
	}
	if line := c.Exceptions[3].Line; line != 6 {
		t.Errorf("the second of 1.toml is in line %d, want 6", line)
	}
}

// TestBrokenExceptFolder: it is an error of the configuration, with the place in the file.
func TestBrokenExceptFolder(t *testing.T) {
	for text, want := range map[string]string{
		"[[except]]\nmatch = 'a'\nlimit = 20\n":                   "x.toml:3:9: except.limit = 20: expected more than the rule's limit, 20",
		"[[except]]\nmatch = 'a'\nlimit = 50\nuntil = 'Sunday'":   "x.toml:4:9: except.until = 'Sunday': expected a date",
		"[[except]]\nlimit = 50":                                  "x.toml:1:3: except.match: missing; expected",
		"[[except]]\nmatch = 'a'\nlimit = 50\nrule = 'bulk send'": `x.toml:4:8: except.rule = 'bulk send': unknown rule; did you mean "bulk sender"?`,
		"[[except]]\nmatch = 'a'\nlimits = 50":                    `x.toml:3:1: unknown key "except.limits"; did you mean "except.limit"?`,
		"state = '/x'":                                            "x.toml:1:1: unknown key",
		"[[except":                                                "x.toml:1:",
		strings.Repeat("#", maxExceptFile+1):                      "more than",
	} {
		_, err := Read(written(t, "", map[string]string{"x.toml": text}))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want one that says %q", text, err, want)
		}
	}
	_, err := Parse("c.toml", []byte("[[rule]]\nkey = 'host'\n[[except]]\nmatch = 'a'\nlimit = 50"))
	if err == nil || !strings.Contains(err.Error(), "c.toml:3:3: except.rule: missing, and no rule counts") {
		t.Errorf("no rule for it: %v", err)
	}
}

// TestPlantedExceptFolder: nobody plants exceptions by a link, or in a folder that others can write.
func TestPlantedExceptFolder(t *testing.T) {
	for what, plant := range map[string]func(folder string) error{
		"a linked file": func(folder string) error {
			return os.Symlink(filepath.Join(filepath.Dir(folder), "exiwatch.toml"), filepath.Join(folder, "x.toml"))
		},
		"a folder in place of a file": func(folder string) error { return os.Mkdir(filepath.Join(folder, "x.toml"), 0o700) },
		"a FIFO":                      func(folder string) error { return syscall.Mkfifo(filepath.Join(folder, "x.toml"), 0o600) },
		"a writable folder":           func(folder string) error { return os.Chmod(folder, 0o777) },
		"a linked folder": func(folder string) error {
			return errors.Join(os.Remove(folder), os.Symlink(os.TempDir(), folder))
		},
	} {
		name := written(t, "", map[string]string{})
		folder := filepath.Join(filepath.Dir(name), exceptFolder)
		if err := plant(folder); err != nil {
			t.Fatal(err)
		}
		var unsafe *private.Error
		if _, err := Read(name); !errors.As(err, &unsafe) {
			t.Errorf("%s: %v, want a *private.Error", what, err)
		}
		if _, err := AddException(name, Draft{Match: "a", Limit: 50}); !errors.As(err, &unsafe) {
			t.Errorf("%s, add: %v, want a *private.Error", what, err)
		}
	}
}

var tomorrow = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

// TestAddException: what it writes reads back whole, has the configuration's permissions, and is replaced and removed.
func TestAddException(t *testing.T) {
	for _, d := range []Draft{
		{Match: "ann@lab.test", Limit: 50, Reason: "a list", Until: tomorrow},
		{Match: "o'b\"rien\\\n\x1b\u202e]", Limit: 50, Reason: "'''\"\"\"\r\n[[except]]\n", Until: tomorrow},
		{Match: "ann", Rule: "many recipients", Limit: 1000, Until: tomorrow.Add(90 * time.Minute)},
	} {
		name := written(t, "timezone = 'UTC'\n", nil)
		path, err := AddException(name, d)
		if err != nil {
			t.Errorf("%+v: %v", d, err)
			continue
		}
		c, err := Read(name)
		if err != nil || len(c.Exceptions) != 1 {
			t.Fatalf("%+v: %+v, %v", d, c.Exceptions, err)
		}
		e := c.Exceptions[0]
		if e.Match != d.Match || e.Limit != d.Limit || e.Reason != d.Reason || !e.Until.Equal(d.Until) ||
			e.File != path || e.Line != 2 {
			t.Errorf("%+v reads back as %+v", d, e)
		}
		for path, want := range map[string]fs.FileMode{path: 0o640, filepath.Dir(path): fs.ModeDir | 0o750} {
			if info, err := os.Stat(path); err != nil || info.Mode() != want {
				t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
			}
		}
		d.Limit *= 2
		if again, err := AddException(name, d); err != nil || again != path {
			t.Errorf("again: %s, %v, want %s", again, err, path)
		}
		removed, kept, err := RemoveExceptions(name, strings.ToUpper(d.Match), d.Rule)
		if err != nil || len(removed) != 1 || len(kept) != 0 {
			t.Errorf("removed %q, kept %q, %v", removed, kept, err)
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	}
}

// TestAddExceptionRefuses: nothing is written unless the whole is valid.
func TestAddExceptionRefuses(t *testing.T) {
	for want, d := range map[string]Draft{
		"limit: expected more than the rule's limit, 20":  {Match: "a", Limit: 20},
		"match: expected a value":                         {Limit: 50},
		`rule: unknown rule; did you mean "bulk sender"?`: {Match: "a", Limit: 50, Rule: "bulk sendr"},
		"limit: expected more than the rule's limit, 500": {Match: "a", Limit: 50, Rule: "many recipients"},
	} {
		name := written(t, "", nil)
		if _, err := AddException(name, d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want one that says %q", d, err, want)
		}
		if _, err := os.Lstat(filepath.Join(filepath.Dir(name), exceptFolder)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%+v: there is a folder: %v", d, err)
		}
	}
	d := Draft{Match: "a", Limit: 50, Until: tomorrow}
	broken := []string{written(t, "limit = 3", nil), written(t, "", map[string]string{"x.toml": "x"}), "/dev/null"}
	for _, name := range broken {
		if path, err := AddException(name, d); err == nil {
			t.Errorf("beside %s it writes %s", name, path)
		}
	}
}

// TestHandwrittenExceptions stay as they are.
func TestHandwrittenExceptions(t *testing.T) {
	name := written(t, "", nil)
	d := Draft{Match: "ann", Limit: 50, Until: tomorrow}
	path, err := AddException(name, d)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	changed := string(text) + "# until she is back\n"
	if err := os.WriteFile(path, []byte(changed), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := AddException(name, d); err == nil || !strings.Contains(err.Error(), "changed by hand") {
		t.Errorf("add over a changed file: %v", err)
	}
	removed, kept, err := RemoveExceptions(name, "ann", "")
	if err != nil || len(removed) > 0 || len(kept) != 1 || kept[0] != path {
		t.Errorf("removed %q, kept %q, %v", removed, kept, err)
	}
	if now, _ := os.ReadFile(path); string(now) != changed {
		t.Errorf("the file is now %q", now)
	}
}

// TestRemoveWhatBroke: an exception for a rule that is gone can be removed, though the whole is broken by it.
func TestRemoveWhatBroke(t *testing.T) {
	name := written(t, "[[rule]]\nname = 'old'\n", nil)
	if _, err := AddException(name, Draft{Rule: "old", Match: "ann", Limit: 50, Until: tomorrow}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(name); err == nil || !strings.Contains(err.Error(), "unknown rule") {
		t.Errorf("a rule that is gone: %v", err)
	}
	if removed, _, err := RemoveExceptions(name, "ann", ""); err != nil || len(removed) != 1 {
		t.Errorf("removed %q, %v", removed, err)
	}
	if _, err := Read(name); err != nil {
		t.Error(err)
	}
}

package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// TestStatedDefaults: a configuration that states them all means what an empty one means, and with each optional table
// what the table means without keys.
func TestStatedDefaults(t *testing.T) {
	tables := map[string]string{ // and what each needs
		"": "", "count": "", "mail": "", "summary": "", "metrics": "", "hook": "command = ['/bin/true']\n",
		"fleet": "engine = 'none'\n", "socket": "", "web": "listen = 'unix:/run/w.sock'\n", "[notify]": "url = 'ntfy://ntfy.sh/x'\n",
		"[route]": "match = 'account:a'\nto = ['b']\n", "[rule]": "",
	}
	stated := 0
	for table, needs := range tables {
		bare, full := "["+table+"]\n"+needs, "["+table+"]\n"+needs
		if table == "" {
			bare, full = "", ""
		}
		for key, value := range defaults {
			of, name := "", key
			if i := strings.LastIndexByte(key, '.'); i >= 0 {
				of, name = key[:i], key[i+1:]
			}
			if of == strings.Trim(table, "[]") {
				full += name + " = " + value + "\n"
				stated++
			}
		}
		want, err := Parse("a", []byte(bare))
		if err != nil {
			t.Fatalf("%s: %v", bare, err)
		}
		got, err := Parse("a", []byte(full))
		if err != nil {
			t.Fatalf("%s: %v", full, err)
		}
		if wantText, gotText := comparable(want), comparable(got); gotText != wantText {
			t.Errorf("%s means\n%s\nbut\n%s\nmeans\n%s", bare, wantText, full, gotText)
		}
	}
	if stated != len(defaults) {
		t.Errorf("%d of %d defaults were stated", stated, len(defaults))
	}
}

// comparable is a configuration as text. What has another default elsewhere is taken for that.
func comparable(c Config) string {
	if c.Mail.Subject == "" {
		c.Mail.Subject = "Mail Abuse Alert" // mailer.DefaultSubject
	}
	if c.WaitForFile == 0 {
		c.WaitForFile = 3600e9 // follow's
	}
	charset := c.Charset == nil || reflect.ValueOf(c.Charset).Pointer() == reflect.ValueOf(windows1252()).Pointer()
	c.Charset, c.Zone = nil, nil
	hook, _ := json.Marshal(c.Hook)
	c.Hook = nil
	text, err := json.Marshal(struct {
		C       any
		Charset bool
	}{c, charset})
	if err != nil {
		panic(err)
	}
	return string(text) + strings.Replace(string(hook), `"Timeout":0`, `"Timeout":10000000000`, 1)
}

func windows1252() any {
	c, _ := Parse("", []byte(`charset = "windows-1252"`))
	return c.Charset
}

// TestEffective: what stands in the file and in except.d with its place, and defaults.
func TestEffective(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "exiwatch.toml")
	text := "state = '/tmp/x'\n[[rule]]\nname = 'a'\nlimit = 7\n[[rule.except]]\nmatch = 'b'\nlimit = 9\n[mail]\n" +
		"to = [\n  'ann@lab.test', # the boss\n  'bob@lab.test']\n[[notify]]\nurl = 'ntfy://secret@ntfy.sh/x'\n" +
		"[web]\nlisten = '127.0.0.1:1'\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "except.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	extra := filepath.Join(dir, "except.d", "c.toml")
	if err := os.WriteFile(extra, []byte("[[except]]\nmatch = 'c'\nlimit = 70\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := Effective(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Setting{
		{"state", "'/tmp/x'", name + ":1"}, {"charset", `"windows-1252"`, "default"}, {"rule[0].limit", "7", name + ":4"},
		{"rule[0].window", `"5m"`, "default"}, {"rule[0].except[0].limit", "9", name + ":7"},
		{"mail.to", "[\n  'ann@lab.test', # the boss\n  'bob@lab.test']", name + ":9"}, {"mail.via", `"sendmail"`, "default"},
		{"notify[0].url", "******", name + ":13"}, {"web.listen", "'127.0.0.1:1'", name + ":15"},
		{"except[0].limit", "70", extra + ":3"},
	} {
		if !slices.Contains(all, want) {
			t.Errorf("no %q in %q", want, all)
		}
	}
	for _, s := range all {
		if strings.Contains(s.Value, "secret") || strings.HasPrefix(s.Key, "socket") || strings.HasPrefix(s.Key, "rule[1]") {
			t.Errorf("it has %q", s)
		}
	}
}

// TestSchema: each key that errors know is in it, with what is expected and its default, and no other.
func TestSchema(t *testing.T) {
	seen := make(map[string]*Schema)
	var walk func(key string, s *Schema)
	walk = func(key string, s *Schema) {
		seen[key] = s
		for name, property := range s.Properties {
			walk(strings.TrimPrefix(key+"."+name, "."), property)
		}
		if s.Items != nil && s.Items.Properties != nil {
			walk(key, s.Items)
		} else if s.Items != nil && expected[key+"[]"] != "" {
			walk(key+"[]", s.Items)
		}
	}
	walk("", Describe())
	for key, text := range expected {
		if s := seen[key]; s == nil || s.Description != text {
			t.Errorf("%s: %+v, want %q", key, s, text)
		}
	}
	for key := range seen {
		if key != "" && expected[key] == "" {
			t.Errorf("%s isn't described", key)
		}
	}
	for key, text := range defaults {
		var value struct{ V any }
		if err := toml.Unmarshal([]byte("V = "+text), &value); err != nil || !reflect.DeepEqual(value.V, seen[key].Default) {
			t.Errorf("%s: default %v, want %s, %v", key, seen[key].Default, text, err)
		}
	}
}

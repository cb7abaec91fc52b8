package config

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"exiwatch/mailer/transport"
	"exiwatch/window"

	"github.com/pelletier/go-toml/v2"
)

// keys gives the keys of a configuration, such as rule.except.limit, as the types have them.
func keys(t reflect.Type, prefix string) (all []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return []string{strings.TrimSuffix(prefix, ".")}
	}
	for i := range t.NumField() {
		all = append(all, keys(t.Field(i).Type, prefix+t.Field(i).Tag.Get("toml")+".")...)
	}
	return all
}

// has tells whether a document has a key; of tables in lists, whether any has.
func has(document any, key string) bool {
	if list, ok := document.([]any); ok {
		return slices.ContainsFunc(list, func(one any) bool { return has(one, key) })
	}
	name, rest, nested := strings.Cut(key, ".")
	table, ok := document.(map[string]any)
	if !ok {
		return false
	}
	value, ok := table[name]
	return ok && (!nested || has(value, rest))
}

func text(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// commented is a key or table that is commented out: prose has a space behind its #.
var commented = regexp.MustCompile(`(?m)^#([a-z_\[])`)

// aGroup stands for the package's group, which this machine hasn't got.
func aGroup(text string) string {
	return strings.ReplaceAll(text, `group = "exiwatch"`, `group = "root"`)
}

// TestEveryKeyIsExplained: in the packaged file, which loads as it is and with everything in it that is commented
// out, in help config, and in the manual page.
func TestEveryKeyIsExplained(t *testing.T) {
	packaged := aGroup(text(t, "../../packaging/exiwatch.toml"))
	whole := commented.ReplaceAllString(packaged, "$1")
	_, help, _ := strings.Cut(text(t, "../../cmd/exiwatch/help-config.txt"), "\n\n")
	page := text(t, "../../packaging/man/exiwatch.toml.5")
	documents := map[string]any{}
	for name, text := range map[string]string{"exiwatch.toml": whole, "help config": aGroup(help)} {
		if _, err := Parse(name, []byte(text)); err != nil {
			t.Error(err)
		}
		var document map[string]any
		if err := toml.Unmarshal([]byte(text), &document); err != nil {
			t.Fatal(name, err)
		}
		documents[name] = document
	}
	all := keys(reflect.TypeFor[file](), "")
	if len(all) < 30 {
		t.Fatalf("only %d keys: %q", len(all), all)
	}
	for _, key := range all {
		for name, document := range documents {
			// it says that in a sentence
			inRule := name == "help config" &&
				regexp.MustCompile(`^rule\.(only|ignore|local_domains)$`).MatchString(key)
			if !inRule && !has(document, key) {
				t.Errorf("%s doesn't explain %s", name, key)
			}
		}
		if !regexp.MustCompile(`(?m)^\.It Ic (\S+ , )*` + regexp.QuoteMeta(key) + `( ,|$)`).MatchString(page) {
			t.Errorf("exiwatch.toml(5) doesn't explain %s", key)
		}
	}
}

// TestPackagedConfiguration is that of an empty file, but that mail goes by SMTP, for in the service no program can
// become root, and that Exim may ask.
func TestPackagedConfiguration(t *testing.T) {
	packaged, err := Parse("exiwatch.toml", []byte(aGroup(text(t, "../../packaging/exiwatch.toml"))))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Mail.Transport = &transport.SMTP{Address: "127.0.0.1:25"}
	want.Socket = &Socket{Path: DefaultSocket, Mode: DefaultSocketMode, UID: -1, GID: 0, Key: window.Account}
	if !reflect.DeepEqual(packaged, want) {
		t.Errorf("the packaged configuration is %+v, want %+v", packaged, want)
	}
}

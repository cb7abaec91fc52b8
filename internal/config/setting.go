package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strconv"
	"strings"

	"exiwatch/mailer"
	"exiwatch/window"
)

// A Setting is a key with the value that applies.
type Setting struct {
	Key    string `json:"key"`    // such as mail.to or rule[0].limit
	Value  string `json:"value"`  // as TOML; a secret is ******
	Origin string `json:"origin"` // default, FILE:LINE, or what found it
}

// defaults are the values of keys that a configuration needn't have, as TOML, where there are any.
var defaults = map[string]string{
	"state": strconv.Quote(DefaultState), "charset": `"windows-1252"`, "wait_for_file": `"1h"`,
	"count.only":       `["authenticated", "local", "loopback", "relayed"]`,
	"count.exim_users": `["Debian-exim", "exim", "mailnull", "mail", "eximuser"]`,
	"rule.key":         `"account"`, "rule.count": `"messages"`, "rule.limit": `20`, "rule.window": `"5m"`,
	"mail.to": `["root"]`, "mail.subject": strconv.Quote(mailer.DefaultSubject), "mail.via": `"sendmail"`,
	"mail.max_per_hour": `20`, "mail.subjects": `"full"`,
	"hook.timeout": `"10s"`, "notify.events": `["opened", "grew", "ended", "withdrawn"]`,
	"route.only": `false`, "route.go_on": `false`,
	"socket.path": strconv.Quote(DefaultSocket), "socket.mode": `"0660"`, "socket.key": `"sender"`,
	"metrics.listen": strconv.Quote(DefaultMetrics), "web.mode": `"0660"`,
	"summary.every": `"day"`, "summary.at": `"07:00"`,
	"fleet.name": strconv.Quote(DefaultFleet), "fleet.patience": `"10s"`,
}

// Effective lists the keys of the configuration file name, also those that have a default, in the order of the manual.
// An empty name is that of DefaultFile, if that exists. It fails as Read does.
func Effective(name string) ([]Setting, error) {
	if _, err := Read(name); err != nil {
		return nil, err
	}
	optional := name == ""
	name = cmp.Or(name, DefaultFile)
	text, err := os.ReadFile(name)
	if err != nil && (!optional || !errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	l := lister{file: name, places: placesOf(text)}
	l.table("", reflect.TypeFor[file]())
	return l.settings, l.files(name)
}

// A lister lists settings.
type lister struct {
	file     string
	places   map[string]place
	settings []Setting
}

// table lists the keys of the table at a path, which is a struct of the given type.
func (l *lister) table(path string, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		at := strings.TrimPrefix(path+"."+f.Tag.Get("toml"), ".")
		switch item := f.Type; {
		case item.Kind() == reflect.Struct:
			l.table(at, item)
		case item.Kind() == reflect.Pointer && item.Elem().Kind() == reflect.Struct:
			if l.written(at) {
				l.table(at, item.Elem())
			}
		case item.Kind() == reflect.Slice && item.Elem().Kind() == reflect.Struct:
			l.tables(at, item.Elem())
		default:
			l.key(at)
		}
	}
}

// tables lists those of a list of tables. Without any [[rule]] it lists the default rules.
func (l *lister) tables(path string, t reflect.Type) {
	n := 0
	for ; l.written(fmt.Sprintf("%s[%d]", path, n)); n++ {
		l.table(fmt.Sprintf("%s[%d]", path, n), t)
	}
	if path != "rule" || n > 0 {
		return
	}
	for i, r := range defaultRules {
		for _, s := range [][2]string{{"name", strconv.Quote(r.Name)}, {"key", strconv.Quote(r.Key.String())},
			{"count", strconv.Quote(r.Count.String())}, {"limit", strconv.FormatInt(r.Limit, 10)},
			{"window", strconv.Quote(window.FormatWindow(r.Window))}} {
			l.settings = append(l.settings, Setting{fmt.Sprintf("rule[%d].%s", i, s[0]), s[1], "default"})
		}
	}
}

// written reports whether the file has something at a path.
func (l *lister) written(path string) bool {
	_, found := l.places[path]
	for at := range l.places {
		found = found || strings.HasPrefix(at, path+".")
	}
	return found
}

// key lists a key that has a value.
func (l *lister) key(path string) {
	if at, found := l.places[path]; found {
		value := at.text
		if isSecret(keyOf(path), value) {
			value = "******"
		}
		l.settings = append(l.settings, Setting{path, value, fmt.Sprintf("%s:%d", l.file, at.line)})
	} else if value := defaults[keyOf(path)]; value != "" {
		l.settings = append(l.settings, Setting{path, value, "default"})
	}
}

// files lists the exceptions that stand in except.d.
func (l *lister) files(name string) error {
	files, err := exceptFiles(name)
	for _, f := range files {
		one := lister{file: f.path, places: placesOf(f.text)}
		one.tables("except", reflect.TypeFor[extra]())
		l.settings = append(l.settings, one.settings...)
	}
	return err
}

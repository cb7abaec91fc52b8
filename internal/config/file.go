package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"exiwatch/parser"

	"github.com/pelletier/go-toml/v2"
)

// file is the configuration as written.
type file struct {
	Log      any      `toml:"log"`
	State    string   `toml:"state"`
	Timezone string   `toml:"timezone"`
	Charset  string   `toml:"charset"`
	CycledTo []string `toml:"cycled_to"`
	WaitFor  string   `toml:"wait_for_file"`
	Count    count    `toml:"count"`
	Rule     []rule   `toml:"rule"`
	Except   []extra  `toml:"except"`
	Mail     mail     `toml:"mail"`
	Hook     *hook    `toml:"hook"`
	Webhook  *webhook `toml:"webhook"`
	Notify   []notify `toml:"notify"`
	Route    []route  `toml:"route"`
	Socket   *socket  `toml:"socket"`
	Metrics  *metrics `toml:"metrics"`
	Web      *web     `toml:"web"`
	Summary  *summary `toml:"summary"`
	Fleet    *fleet   `toml:"fleet"`
}

// Read reads the configuration file name, and the exceptions in the folder except.d beside it. For an empty name it
// reads DefaultFile if that exists.
func Read(name string) (Config, error) {
	c, err := readFile(name)
	if err != nil {
		return Config{}, err
	}
	files, err := exceptFiles(cmp.Or(name, DefaultFile))
	if err == nil {
		err = c.addFiles(files)
	}
	if err != nil {
		return Config{}, err
	}
	return c, nil
}

// readFile reads a configuration without except.d.
func readFile(name string) (Config, error) {
	optional := name == ""
	if optional {
		name = DefaultFile
	}
	b, err := os.ReadFile(name)
	if optional && errors.Is(err, fs.ErrNotExist) {
		return Default(), nil
	}
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	c, err := Parse(name, b)
	c.File = name
	return c, err
}

// Parse parses the text of a configuration. Errors mention name. It reads no except.d.
func Parse(name string, text []byte) (Config, error) {
	f := file{Mail: mail{MaxPerHour: 20}, Count: count{
		Only:      []string{"authenticated", "local", Loopback, Relayed},
		EximUsers: []string{"Debian-exim", "exim", "mailnull", "mail", "eximuser"},
	}}
	if err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(&f); err != nil {
		return Config{}, described(name, text, err)
	}
	var wrong flaws
	c := f.config(name, &wrong)
	if wrong.first != nil {
		return Config{}, wrong.first.in(name, placesOf(text))
	}
	locate(c.Exceptions, name, text)
	return c, nil
}

// maxFolders limits the folders of cycled files. The daemon reads each of them at every rotation.
const maxFolders = 16

// config checks the file called name and makes a Config.
func (f *file) config(name string, wrong *flaws) (c Config) {
	var err error
	c.State = cmp.Or(f.State, DefaultState)
	c.Log = logs(f.Log, wrong)
	if c.Zone, err = Zone(f.Timezone); err != nil {
		wrong.add("timezone", err)
		return c
	}
	if f.Charset != "" {
		var known bool
		c.Charset, known = parser.Charset(f.Charset)
		wrong.unless(known, "charset")
	}
	c.CycledTo = f.CycledTo
	n := len(f.CycledTo)
	wrong.unlessf(n <= maxFolders, "cycled_to", "%d folders; expected %d at most", n, maxFolders)
	for i, path := range f.CycledTo {
		item := fmt.Sprintf("cycled_to[%d]", i)
		wrong.unless(filepath.IsAbs(path), item)
		wrong.unlessf(!slices.Contains(f.CycledTo[:i], path), item, "named twice")
	}
	c.WaitForFile = wrong.duration("wait_for_file", f.WaitFor)
	c.Rules, c.Scopes = f.rules(c.Zone, wrong)
	c.Exceptions = f.exceptions(c.Zone, c.Rules)
	c.addExtras(f.Except, wrong)
	c.Mail = f.Mail.mail(c.Zone, wrong)
	c.Hook = f.Hook.transport(wrong)
	c.Webhook = f.Webhook.transport(wrong)
	c.Notify = f.notifies(wrong)
	c.Routes = f.routes(c.Notify, wrong)
	c.RuleTo = f.ruleTo(c.Rules, wrong)
	c.Socket = f.Socket.socket(c.Rules, wrong)
	c.Metrics = f.Metrics.address(wrong)
	c.Web = f.Web.web(wrong)
	c.Summary = f.Summary.summary(c.Log, wrong)
	c.Fleet = f.Fleet.fleet(c.Log, wrong)
	c.Secrets = f.secrets(name)
	return c
}

// secrets lists the files with a password, a token or a URL that is one.
func (f *file) secrets(name string) []string {
	all := []string{f.Mail.PasswordFile}
	if f.Webhook != nil {
		all = append(all, f.Webhook.TokenFile, name)
	}
	if f.Fleet != nil {
		all = append(all, f.Fleet.PasswordFile)
	}
	for _, n := range f.Notify {
		all = append(all, n.URLFile)
		if n.URL != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return slices.DeleteFunc(all, func(path string) bool { return path == "" })
}

// Zone finds a time zone by a name such as Europe/Berlin. It returns the machine's for "".
func Zone(name string) (*time.Location, error) {
	if name == "" {
		return time.Local, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("expected %s", expected["timezone"])
	}
	return zone, nil
}

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"exiwatch/parser"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/encoding"
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
	Mail     mail     `toml:"mail"`
	Hook     *hook    `toml:"hook"`
	Webhook  *webhook `toml:"webhook"`
	Socket   *socket  `toml:"socket"`
	Metrics  *metrics `toml:"metrics"`
	Web      *web     `toml:"web"`
}

// Read reads the configuration file name. For an empty name it reads DefaultFile if that exists.
func Read(name string) (Config, error) {
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
	return Parse(name, b)
}

// Parse parses the text of a configuration. Errors mention name.
func Parse(name string, text []byte) (Config, error) {
	var f file
	d := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return Config{}, described(name, text, err)
	}
	c, err := f.config()
	if wrong := (*flaw)(nil); errors.As(err, &wrong) {
		return Config{}, wrong.in(name, placesOf(text))
	}
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	c.Secrets = f.secrets(name)
	return c, nil
}

// secrets are the files that hold a secret. name is the configuration's own file.
func (f *file) secrets(name string) (paths []string) {
	if f.Mail.PasswordFile != "" {
		paths = append(paths, f.Mail.PasswordFile)
	}
	if f.Webhook == nil {
		return paths
	}
	if f.Webhook.TokenFile != "" {
		paths = append(paths, f.Webhook.TokenFile)
	}
	return append(paths, name)
}

// config checks the file and makes a Config.
func (f *file) config() (c Config, err error) {
	c.State = f.State
	if c.State == "" {
		c.State = DefaultState
	}
	if c.Log, err = logs(f.Log); err != nil {
		return c, err
	}
	if c.Zone, err = Zone(f.Timezone); err != nil {
		return c, &flaw{"timezone", err}
	}
	if c.Charset, err = charset(f.Charset); err != nil {
		return c, err
	}
	if c.CycledTo, err = folders(f.CycledTo); err != nil {
		return c, err
	}
	if c.WaitForFile, err = waiting(f.WaitFor); err != nil {
		return c, err
	}
	if c.Rules, c.Scopes, err = f.rules(c.Zone); err != nil {
		return c, err
	}
	if c.Mail, err = f.Mail.mail(); err != nil {
		return c, err
	}
	if c.Hook, err = f.Hook.transport(); err != nil {
		return c, err
	}
	if c.Webhook, err = f.Webhook.transport(); err != nil {
		return c, err
	}
	if c.Socket, err = f.Socket.socket(c.Rules); err != nil {
		return c, err
	}
	if c.Metrics, err = f.Metrics.address(); err != nil {
		return c, err
	}
	c.Web, err = f.Web.web()
	return c, err
}

// charset finds a charset by a name such as windows-1251. It returns nil for "".
func charset(name string) (encoding.Encoding, error) {
	if name == "" {
		return nil, nil
	}
	found, ok := parser.Charset(name)
	if !ok {
		return nil, &flaw{path: "charset"}
	}
	return found, nil
}

// maxFolders limits the folders of cycled files. The daemon reads each of them at every rotation.
const maxFolders = 16

// folders checks cycled_to.
func folders(paths []string) ([]string, error) {
	if len(paths) > maxFolders {
		return nil, flawf("cycled_to", "%d folders; expected %d at most", len(paths), maxFolders)
	}
	for i, path := range paths {
		item := fmt.Sprintf("cycled_to[%d]", i)
		if !filepath.IsAbs(path) {
			return nil, &flaw{path: item}
		}
		if slices.Contains(paths[:i], path) {
			return nil, flawf(item, "named twice")
		}
	}
	return paths, nil
}

// waiting parses wait_for_file. It returns 0 if it isn't set.
func waiting(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, &flaw{path: "wait_for_file"}
	}
	return d, nil
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

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
	"strings"
	"time"

	"exiwatch/mailer"

	"exiwatch/parser"
	"github.com/pelletier/go-toml/v2"

	"golang.org/x/text/encoding"
)

// file is the configuration as it is written. INTERFACE.md has its keys.
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

type mail struct {
	To           []string `toml:"to"`
	Cc           []string `toml:"cc"`
	From         string   `toml:"from"`
	Subject      string   `toml:"subject"`
	Via          string   `toml:"via"`
	User         string   `toml:"user"`
	PasswordFile string   `toml:"password_file"`
	TLS          string   `toml:"tls"`
	MaxPerHour   *int     `toml:"max_per_hour"`
	Subjects     string   `toml:"subjects"`
}

// Read reads the configuration file name. With an empty name it reads DefaultFile if that is there.
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

// Parse reads the text of a configuration; name is for errors.
func Parse(name string, text []byte) (Config, error) {
	var f file
	d := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return Config{}, placed(name, err)
	}
	c, err := f.config()
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	c.Secrets = f.secrets(name)
	return c, nil
}

// secrets are the files that hold one; name is that of the configuration.
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

// placed puts name:line:column before an error of the TOML reader.
func placed(name string, err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		var all []error
		for _, e := range unknown.Errors {
			line, column := e.Position()
			all = append(all, fmt.Errorf("%s:%d:%d: unknown key %q", name, line, column, strings.Join(e.Key(), ".")))
		}
		return errors.Join(all...)
	}
	var syntax *toml.DecodeError
	if errors.As(err, &syntax) {
		line, column := syntax.Position()
		return fmt.Errorf("%s:%d:%d: %s", name, line, column, strings.TrimPrefix(syntax.Error(), "toml: "))
	}
	return fmt.Errorf("%s: %w", name, err)
}

// config checks what is written and makes a Config of it.
func (f *file) config() (c Config, err error) {
	c.State = f.State
	if c.State == "" {
		c.State = DefaultState
	}
	if c.Log, err = logs(f.Log); err != nil {
		return c, err
	}
	if c.Zone, err = Zone(f.Timezone); err != nil {
		return c, err
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
	if c.Mail, err = f.mail(); err != nil {
		return c, err
	}
	if c.Hook, err = f.Hook.transport(); err != nil {
		return c, err
	}
	if c.Webhook, err = f.Webhook.transport(); err != nil {
		return c, err
	}
	if c.Socket, err = f.socket(c.Rules); err != nil {
		return c, err
	}
	if c.Metrics, err = f.Metrics.address(); err != nil {
		return c, err
	}
	c.Web, err = f.Web.web()
	return c, err
}

// charset gives the charset of a name such as windows-1251, nil for "".
func charset(name string) (encoding.Encoding, error) {
	if name == "" {
		return nil, nil
	}
	found, ok := parser.Charset(name)
	if !ok {
		return nil,
			fmt.Errorf("charset %q is not known: names are those of web and mail, such as windows-1251 or gb18030",
				name)
	}
	return found, nil
}

// maxFolders is how many folders cycled files may be in: the daemon looks into each whenever a log is cycled.
const maxFolders = 16

// folders checks cycled_to.
func folders(paths []string) ([]string, error) {
	if len(paths) > maxFolders {
		return nil, fmt.Errorf("cycled_to: %d folders: want at most %d", len(paths), maxFolders)
	}
	for i, path := range paths {
		if !filepath.IsAbs(path) {
			return nil, fmt.Errorf("cycled_to: %q: want the absolute path of a folder", path)
		}
		if slices.Contains(paths[:i], path) {
			return nil, fmt.Errorf("cycled_to: %s is named twice", path)
		}
	}
	return paths, nil
}

// waiting reads wait_for_file; 0 where it isn't set.
func waiting(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("wait_for_file %q: want a duration such as 1h", text)
	}
	return d, nil
}

// Zone gives the time zone of a name such as Europe/Berlin, the machine's for "".
func Zone(name string) (*time.Location, error) {
	if name == "" {
		return time.Local, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil,
			fmt.Errorf("timezone %q is not known: names are those of the tz database, such as Europe/Berlin or UTC",
				name)
	}
	return zone, nil
}

// subjects are what mails may say of them.
var subjects = []string{"full", "hashed", "none"}

// defaultPerHour is how many mails go in an hour.
const defaultPerHour = 20

func (f *file) mail() (Mail, error) {
	m := Mail{To: f.Mail.To, Cc: f.Mail.Cc, From: f.Mail.From, Subject: f.Mail.Subject}
	if len(m.To) == 0 {
		m.To = []string{"root"}
	}
	m.MaxPerHour = defaultPerHour
	if n := f.Mail.MaxPerHour; n != nil {
		if m.MaxPerHour = *n; *n < 0 {
			return m, fmt.Errorf("mail.max_per_hour = %d: want how many mails may go in an hour, or 0 for all", *n)
		}
	}
	m.Subjects = cmp.Or(f.Mail.Subjects, "full")
	if !slices.Contains(subjects, m.Subjects) {
		return m, fmt.Errorf("mail.subjects = %q: want one of %s", m.Subjects, strings.Join(subjects, ", "))
	}
	via := f.Mail.Via
	if via == "" {
		via = "sendmail"
	}
	composer := mailer.Composer{From: cmp.Or(m.From, "exiwatch@localhost"), To: m.To, Cc: m.Cc, Subject: m.Subject,
		Host: "localhost"}
	err := composer.Check()
	if err != nil {
		return m, fmt.Errorf("mail: %w", err)
	}
	if m.Transport, err = mailer.ParseTransport(via); err != nil {
		return m, fmt.Errorf("mail.via: %w", err)
	}
	smtp, ok := m.Transport.(*mailer.SMTP)
	if !ok {
		if f.Mail.User != "" || f.Mail.PasswordFile != "" || f.Mail.TLS != "" {
			return m, errors.New("mail: user, password_file and tls go with via = \"smtp://…\"")
		}
		return m, nil
	}
	smtp.User, smtp.TLS = f.Mail.User, f.Mail.TLS
	if f.Mail.PasswordFile != "" {
		b, err := os.ReadFile(f.Mail.PasswordFile)
		if err != nil {
			return m, fmt.Errorf("mail.password_file: %w", err)
		}
		smtp.Password = strings.TrimRight(string(b), "\r\n")
	}
	if err := smtp.Check(); err != nil {
		return m, fmt.Errorf("mail: %w", err)
	}
	return m, nil
}

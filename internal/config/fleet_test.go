package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// engineFiles writes a password and a certificate into files.
func engineFiles(t *testing.T) (password, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	testkit.Must(t, err)
	own := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, own, own, &key.PublicKey, key)
	testkit.Must(t, err)
	password, ca = filepath.Join(t.TempDir(), "password"), filepath.Join(t.TempDir(), "ca.pem")
	testkit.Must(t, os.WriteFile(password, []byte("s3cret\n"), 0o600))
	testkit.Must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return password, ca
}

func TestFleet(t *testing.T) {
	of := func(urls ...string) *Fleet { return &Fleet{Engine: urls, Name: "exiwatch", Patience: 10 * time.Second} }
	password, ca := engineFiles(t)
	for text, want := range map[string]*Fleet{
		"":                                                          nil,
		"[fleet]\nengine = 'none'":                                  of(),
		"[fleet]\nengine = 'redis://r:1'":                           of("redis://r:1"),
		"[fleet]\nengine = 'redis://192.0.2.1'":                     of("redis://192.0.2.1:6379"),
		"[fleet]\nengine = 'rediss://[::1]'":                        of("rediss://[::1]:6379"),
		"[fleet]\nengine = ['redis://r:1/']":                        of("redis://r:1"),
		"[fleet]\nengine = ['redis://a:1', 'redis://b:1']":          of("redis://a:1", "redis://b:1"),
		"[fleet]\nengine = 'redis+sentinel://a,b:1,[::1]:2/main_1'": of("redis+sentinel://a:26379,b:1,[::1]:2/main_1"),
		"log = '-'\n[fleet]\nengine = 'none'":                       of(),
		"[fleet]\nengine = 'rediss://u@r:1'\nname = 'lab.2'\nhost = 'mx1'\npatience = '1m30s'\npassword_file = '" +
			password + "'\nca = '" + ca + "'": {Engine: []string{"rediss://u@r:1"}, Name: "lab.2", Host: "mx1",
			PasswordFile: password, CA: ca, Patience: 90 * time.Second},
	} {
		c, err := Parse("x.toml", []byte(text))
		if diff := cmp.Diff(want, c.Fleet); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
		if secret := want != nil && want.PasswordFile != ""; secret != slices.Contains(c.Secrets, password) {
			t.Errorf("%q: secrets %q", text, c.Secrets)
		}
	}
}

// TestFleetErrors have a place, say what was expected, and tell no password.
func TestFleetErrors(t *testing.T) {
	password, ca := engineFiles(t)
	engine := func(url string) string { return "[fleet]\nengine = '" + url + "'" }
	for _, test := range []struct{ text, want string }{
		{"[fleet]", `x.toml:1:2: fleet.engine: missing; expected "redis://HOST:PORT"`},
		{"[fleet]\nengine = 1", `x.toml:2:10: fleet.engine = 1: expected "redis://HOST:PORT"`},
		{"[fleet]\nengine = []", `expected "redis://HOST:PORT"`},
		{"[fleet]\nengine = ['redis://a:1', 2]", `x.toml:2:26: fleet.engine = 2: expected a URL`},
		{"[fleet]\nengines = 'none'", `unknown key "fleet.engines"; did you mean "fleet.engine"?`},
		{engine("redi://a:1"), `or "none"; did you mean "redis://a:1"?`},
		{engine("valkeys://a:1"), `did you mean "rediss://a:1"?`},
		{engine("redis+sentinels://a:1/m"), `did you mean "redis+sentinel://a:1/m"?`},
		{engine("redis.lab.test:6379"), `did you mean "redis://redis.lab.test:6379"?`},
		{engine("rediss"), `did you mean "rediss://HOST:PORT"?`},
		{engine("nona"), `did you mean "none"?`},
		{engine("http://a:1"), `a list of the URLs of a cluster, or "none"`},
		{engine(""), `a list of the URLs of a cluster, or "none"`},
		{engine("redis://:s3cret@a:1"), `x.toml:2:10: fleet.engine: expected no password here: use fleet.password_file`},
		{engine("redis://u:s3cr:@t@a:1"), `expected no password here`},
		{"[fleet]\nengine = ['redis://a:1', 'redis://u:s3cret@b:1']", `expected no password here`},
		{engine("redi://u:s3cret@a:1"), `x.toml:2:10: fleet.engine: expected "redis://HOST:PORT"`},
		{engine("redis://u v@a:1"), `expected a user`},
		{engine("redis://a:1/2"), `expected nothing behind the port`},
		{engine("redis://a:1,b:1"), `a cluster is a list of URLs`},
		{engine("redis://a:0"), `expected a port from 1 to 65535`},
		{engine("redis://a:65536"), `expected a port from 1 to 65535`},
		{engine("redis://2001:db8::1:6379"), `an IPv6 address in brackets`},
		{engine("redis://:1"), `expected a host's name or address before the port`},
		{engine("redis://"), `expected a host's name or address before the port`},
		{engine("redis://a b:1"), `expected a host's name or address before the port`},
		{engine("redis+sentinel://a:1"), `expected the name of the master, as Sentinel knows it, at the end`},
		{"[fleet]\nengine = ['redis://a:1', 'none']", `x.toml:2:26: fleet.engine = 'none': expected "none" alone`},
		{"[fleet]\nengine = ['redis://a', 'redis://a:6379']", `x.toml:2:24: fleet.engine = 'redis://a:6379': named twice`},
		{"[fleet]\nengine = ['redis://a', 'rediss://b']", `the same scheme and user`},
		{"[fleet]\nengine = ['redis://a', 'redis+sentinel://b/m']", `expected one URL of Sentinel`},
		{engine("none") + "\nname = 'a b'", `x.toml:3:8: fleet.name = 'a b': expected 1 to 64 letters`},
		{engine("none") + "\nname = '" + strings.Repeat("a", 65) + "'", `fleet.name`},
		{engine("none") + "\nhost = 'mx{1}'", `fleet.host = 'mx{1}': expected 1 to 64 letters`},
		{engine("none") + "\npatience = '1s'", `fleet.patience = '1s': expected a duration from "2s" to "10m"`},
		{engine("none") + "\npatience = '601s'", `expected a duration from "2s" to "10m"`},
		{engine("none") + "\npatience = 'long'", `expected a duration from "2s" to "10m"`},
		{engine("none") + "\npassword_file = '" + password + "'", `fleet.password_file`},
		{engine("none") + "\nca = '" + ca + "'", `needs an engine over TLS`},
		{engine("redis://a:1") + "\nca = '" + ca + "'", `needs an engine over TLS`},
		{engine("rediss://a:1") + "\nca = '" + password + "'", `has no certificate in PEM form`},
		{engine("rediss://a:1") + "\npassword_file = '/dev/null'", `has no password in its first line`},
		{engine("rediss://u@a:1"), `fleet.password_file: missing; the user in fleet.engine needs one`},
		{engine("rediss://a:1") + "\npassword_file = '/no/file'", `cannot be read: no such file`},
		{"log = '-'\n" + engine("redis://a:1"), `x.toml:2:2: [fleet] needs a log that can be read again`},
	} {
		_, err := Parse("x.toml", []byte(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3c") {
			t.Errorf("%q: %v, want %q", test.text, err, test.want)
		}
	}
}

// TestFleetSettings: config show hides no URL, for none may have a password.
func TestFleetSettings(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.toml")
	password, _ := engineFiles(t)
	text := "[fleet]\nengine = ['redis://u@a:1']\nhost = 'mx1'\npassword_file = '" + password + "'\n"
	testkit.Must(t, os.WriteFile(name, []byte(text), 0o600))
	all, err := Effective(name)
	testkit.Must(t, err)
	for _, want := range []Setting{
		{"fleet.engine", "['redis://u@a:1']", name + ":2"}, {"fleet.name", `"exiwatch"`, "default"},
		{"fleet.host", "'mx1'", name + ":3"}, {"fleet.patience", `"10s"`, "default"},
	} {
		if !slices.Contains(all, want) {
			t.Errorf("no %q in %q", want, all)
		}
	}
}

// TestFleetOfTheDocuments: the examples of docs/fleet.md are configurations.
func TestFleetOfTheDocuments(t *testing.T) {
	password, ca := engineFiles(t)
	page := strings.NewReplacer("/etc/exiwatch/redis.password", password, "/etc/exiwatch/redis-ca.pem", ca).
		Replace(text(t, "../../docs/fleet.md"))
	blocks := strings.Split(page, "```toml\n")[1:]
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		if c, err := Parse("fleet.md", []byte(block)); err != nil || c.Fleet == nil {
			t.Errorf("%s: %v", block, err)
		}
	}
	if len(blocks) < 3 {
		t.Errorf("only %d examples", len(blocks))
	}
}

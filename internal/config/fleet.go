package config

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"exiwatch/internal/words"
)

// A Fleet is the hosts that count as one, and the engine (Redis or Valkey) over which they do.
type Fleet struct {
	// Engine is one URL, or several of a cluster, each with its port and without a password. Empty: there is no engine,
	// and the logs of this machine count as one.
	//
	//	redis://[USER@]HOST:PORT, or rediss:// over TLS
	//	redis+sentinel://[USER@]HOST:PORT[,HOST:PORT…]/MASTER, or rediss+sentinel://
	Engine []string
	Name   string // of the fleet
	// Host names this machine; all lines of its logs are that host's. Empty: it is the machine's name, and lines that
	// syslog wrote are those of the host that syslog names.
	Host         string
	PasswordFile string // holds the engine's password in its first line; "": there is none
	CA           string // file of certificates, in PEM, to trust instead of the machine's; "": none
	Patience     time.Duration
}

// Defaults of a Fleet.
const (
	DefaultFleet    = "exiwatch"
	DefaultPatience = 10 * time.Second
)

// fleet is a Fleet as written.
type fleet struct {
	Engine       any    `toml:"engine"`
	Name         string `toml:"name"`
	Host         string `toml:"host"`
	PasswordFile string `toml:"password_file"`
	CA           string `toml:"ca"`
	Patience     string `toml:"patience"`
}

// fleetName is what the names of a fleet and of its hosts are made of: they become parts of the engine's keys.
var fleetName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z._-]{1,64}$`) })

// Bounds of fleet.patience. Each host says every second how far it is.
const (
	leastPatience = 2 * time.Second
	mostPatience  = 10 * time.Minute
)

// fleet checks [fleet]. It returns nil without one.
func (w *fleet) fleet(logs []string, wrong *flaws) *Fleet {
	if w == nil {
		return nil
	}
	f := &Fleet{Name: cmp.Or(w.Name, DefaultFleet), Host: w.Host, PasswordFile: w.PasswordFile, CA: w.CA,
		Patience: DefaultPatience}
	f.Engine = engines(w.Engine, wrong)
	wrong.unless(fleetName().MatchString(f.Name), "fleet.name")
	wrong.unless(f.Host == "" || fleetName().MatchString(f.Host), "fleet.host")
	if w.Patience != "" {
		f.Patience = wrong.duration("fleet.patience", w.Patience)
		wrong.unless(leastPatience <= f.Patience && f.Patience <= mostPatience, "fleet.patience")
	}
	hasEngine := len(f.Engine) > 0
	wrong.unlessf(!hasEngine || !slices.Contains(logs, Stdin), "fleet",
		"[fleet] needs a log that can be read again, which the standard input can't")
	f.files(wrong)
	return f
}

// files checks the files of a fleet.
func (f *Fleet) files(wrong *flaws) {
	if f.PasswordFile != "" {
		wrong.unlessf(len(f.Engine) > 0, "fleet.password_file", "needs an engine")
		password, _, _ := strings.Cut(wrong.text("fleet.password_file", f.PasswordFile), "\n")
		wrong.unlessf(strings.TrimSuffix(password, "\r") != "", "fleet.password_file",
			"has no password in its first line")
	}
	hasUser := slices.ContainsFunc(f.Engine, func(u string) bool { return strings.Contains(u, "@") })
	wrong.unlessf(!hasUser || f.PasswordFile != "", "fleet.password_file",
		"missing; the user in fleet.engine needs one")
	if f.CA != "" {
		wrong.unlessf(slices.ContainsFunc(f.Engine, func(u string) bool { return strings.HasPrefix(u, "rediss") }),
			"fleet.ca", `needs an engine over TLS, such as "rediss://HOST:PORT"`)
		pem := wrong.text("fleet.ca", f.CA)
		wrong.unlessf(x509.NewCertPool().AppendCertsFromPEM([]byte(pem)), "fleet.ca", "has no certificate in PEM form")
	}
}

// noEngine is the value of fleet.engine for logs of one machine.
const noEngine = "none"

// engineSchemes are those of an engine's URLs, and the port of each that names none.
var engineSchemes = map[string]string{
	"redis": "6379", "rediss": "6379", "redis+sentinel": "26379", "rediss+sentinel": "26379",
}

// engines parses fleet.engine: a text, or the list of a cluster's nodes.
func engines(written any, wrong *flaws) (urls []string) {
	path := func(i int) string { return fmt.Sprintf("fleet.engine[%d]", i) }
	list, isList := written.([]any)
	if !isList && written != nil {
		list, path = []any{written}, func(int) string { return "fleet.engine" }
	}
	wrong.unless(len(list) > 0, "fleet.engine")
	for i, item := range list {
		text, ok := item.(string)
		wrong.unless(ok, path(i))
		if text == noEngine && ok {
			wrong.unlessf(len(list) == 1, path(i), `expected "none" alone, or the URLs of a cluster`)
			continue
		}
		u, err := parseEngine(text)
		wrong.add(path(i), err)
		wrong.unlessf(len(list) == 1 || !u.sentinel(), path(i), "expected one URL of Sentinel, with all its hosts: %s",
			expected["fleet.engine"])
		wrong.unlessf(!slices.Contains(urls, u.String()), path(i), "named twice")
		if i > 0 && len(urls) > 0 {
			first, _ := parseEngine(urls[0])
			wrong.unlessf(u.scheme == first.scheme && u.user == first.user, path(i),
				"expected a URL that begins like the first one's: all nodes of a cluster have the same scheme and user")
		}
		urls = append(urls, u.String())
	}
	return urls
}

// An engineURL is a URL of an engine in its parts.
type engineURL struct {
	scheme, user string
	hosts        []string // each with its port
	master       string   // that Sentinel knows
}

func (u engineURL) sentinel() bool { return strings.HasSuffix(u.scheme, "sentinel") }

// String writes the URL, with each port.
func (u engineURL) String() string {
	text := u.scheme + "://"
	if u.user != "" {
		text += u.user + "@"
	}
	text += strings.Join(u.hosts, ",")
	if u.sentinel() {
		text += "/" + u.master
	}
	return text
}

// Note: url.Parse can't be used. It takes no list of hosts with ports (Go 1.26 on).

// parseEngine parses a URL of an engine.
func parseEngine(text string) (u engineURL, err error) {
	scheme, rest, found := strings.Cut(text, "://")
	port, known := engineSchemes[scheme]
	if !found || !known {
		return u, unknownEngine(text, scheme, found)
	}
	u.scheme = scheme
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		u.user, rest = rest[:i], rest[i+1:]
		if strings.Contains(u.user, ":") {
			return u, errors.New("expected no password here: use fleet.password_file")
		}
		if !fleetName().MatchString(u.user) {
			return u, errors.New(`expected a user of letters, digits, ".", "_" and "-" before the @`)
		}
	}
	hosts, path, _ := strings.Cut(rest, "/")
	switch {
	case u.sentinel():
		if u.master = path; !fleetName().MatchString(path) {
			return u, fmt.Errorf("expected the name of the master, as Sentinel knows it, at the end: %q", scheme+
				"://HOST:PORT,HOST:PORT/MASTER")
		}
	case strings.Contains(hosts, ","):
		return u, errors.New("expected one host in each URL; a cluster is a list of URLs")
	case path != "":
		return u, errors.New("expected nothing behind the port: exiwatch keeps its keys in database 0")
	}
	for host := range strings.SplitSeq(hosts, ",") {
		address, err := hostAndPort(host, port)
		if err != nil {
			return u, err
		}
		u.hosts = append(u.hosts, address)
	}
	return u, nil
}

// unknownEngine is the error for a URL with an unknown scheme, or for a text that is no URL.
func unknownEngine(text, scheme string, isURL bool) error {
	problem := errors.New("expected " + expected["fleet.engine"])
	if strings.Contains(text, "@") { // it may hold a password
		return problem
	}
	meant, end := closestEngine(strings.ToLower(scheme)), strings.TrimPrefix(text, scheme)
	if _, _, err := net.SplitHostPort(text); !isURL && err == nil && meant == "" {
		meant, end = "redis", "://"+text
	} else if !isURL && meant != noEngine {
		end = "://HOST:PORT"
	}
	if meant == "" || isURL && meant == noEngine {
		return problem
	}
	return fmt.Errorf("%w; did you mean %q?", problem, meant+end)
}

// closestEngine is the scheme, or noEngine, that a text misspells; "" if there is none.
func closestEngine(scheme string) string {
	if engineSchemes[scheme] != "" {
		return scheme
	}
	switch scheme {
	case "valkey", "tcp": // as some clients of Valkey write
		return "redis"
	case "valkeys", "tls":
		return "rediss"
	}
	return words.Closest(scheme, append(slices.Sorted(maps.Keys(engineSchemes)), noEngine))
}

// engineHost is a name or an address of a host.
var engineHost = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9A-Za-z._-]{1,253}$|^[0-9A-Fa-f:.]{2,45}$`)
})

// hostAndPort adds the default port to a host that has none.
func hostAndPort(text, port string) (string, error) {
	host := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if h, p, err := net.SplitHostPort(text); err == nil {
		host, port = h, p
	} else if strings.Count(text, ":") > 0 && !strings.HasPrefix(text, "[") {
		return "", errors.New(`expected HOST:PORT, an IPv6 address in brackets, such as "[2001:db8::1]:6379"`)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", errors.New("expected a port from 1 to 65535")
	}
	if !engineHost().MatchString(host) {
		return "", errors.New("expected a host's name or address before the port")
	}
	return net.JoinHostPort(host, port), nil
}

// CheckHost says what is wrong with the name of a host in a fleet; nil: nothing.
func CheckHost(name string) error {
	if !fleetName().MatchString(name) {
		return fmt.Errorf("host %q: expected 1 to 64 letters, digits, dots, hyphens and underscores", name)
	}
	return nil
}

package engine

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Options say which engine to use.
type Options struct {
	// URLs is one URL, or several of the nodes of a cluster (not all of them are needed):
	//
	//	redis://[USER@]HOST[:PORT][/DB]
	//	rediss://…, with TLS
	//	redis+sentinel://[USER@]HOST[:PORT][,HOST[:PORT]…]/MASTER, or rediss+sentinel://…
	//
	// They have no password, as configurations and process lists are seen by others: see PasswordFile.
	// Sentinels are asked without a password.
	URLs []string
	// Name is the fleet's. Fleets of other names may use the same engine.
	Name string
	// PasswordFile holds the password in its first line. Open reads it once.
	PasswordFile string
	// CA is a file of PEM certificates. If it isn't empty, it replaces the system's certificates.
	CA string
	// Timeout is for each operation. 0 is DefaultTimeout.
	Timeout time.Duration
}

// DefaultTimeout is how long an operation waits for the engine, connecting included.
const DefaultTimeout = 2 * time.Second

const (
	redisPort, sentinelPort = "6379", "26379"

	// poolSize is how many connections are kept to a node: the publisher's, the leader's, the follower's, one to renew
	// the lease, and two to spare.
	poolSize = 6
	// retries of the library in an operation: a connection may have been closed by the server since its last use.
	retries = 1

	maxFile = 1 << 20 // bytes of a password's or a certificates' file
)

// goodName keeps a fleet's name from being part of another's keys, and of patterns in an ACL.
var goodName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`) })

// An address is what a URL says.
type address struct {
	tls, sentinel bool
	user          string
	hosts         []string // HOST:PORT
	master        string
	db            int
}

// where names an address without its user.
func (a address) where() string {
	text := "redis"
	if a.tls {
		text += "s"
	}
	if a.sentinel {
		text += "+sentinel"
	}
	text += "://" + strings.Join(a.hosts, ",")
	switch {
	case a.sentinel:
		text += "/" + a.master
	case a.db > 0:
		text += "/" + strconv.Itoa(a.db)
	}
	return text
}

const wantURL = "want redis://HOST:PORT, rediss://HOST:PORT or redis+sentinel://HOST:PORT,HOST:PORT/MASTER"

// CheckURLs tells what is wrong with Options.URLs. Its errors have no passwords.
func CheckURLs(urls []string) error {
	_, err := parseURLs(urls)
	return err
}

// parseURLs reads one address. Nodes of a cluster are several hosts of one address without a sentinel.
func parseURLs(urls []string) (all address, err error) {
	if len(urls) == 0 {
		return all, errors.New("no URL of an engine: " + wantURL)
	}
	for i, text := range urls {
		a, err := parseURL(text)
		switch {
		case err != nil:
			return all, fmt.Errorf("the engine %q: %w", redact(text), err)
		case len(urls) > 1 && a.sentinel:
			return all, fmt.Errorf("the engine %q: Sentinels are named in one URL, with commas between", redact(text))
		case len(urls) > 1 && a.db != 0:
			return all, fmt.Errorf("the engine %q: a cluster has no database but 0", redact(text))
		case i == 0:
			all = a
			continue
		case a.tls != all.tls || a.user != all.user:
			return all, fmt.Errorf("the engine %q: all nodes of a cluster need the same scheme and user", redact(text))
		}
		all.hosts = append(all.hosts, a.hosts...)
	}
	return all, nil
}

// redact leaves out what may be a user and a password.
func redact(text string) string {
	scheme, rest, found := strings.Cut(text, "://")
	if at := strings.LastIndex(rest, "@"); found && at >= 0 {
		return scheme + "://…" + rest[at:]
	}
	if at := strings.LastIndex(text, "@"); !found && at >= 0 {
		return "…" + text[at:]
	}
	return text
}

// parseURL reads a URL. net/url wants one host alone, and quotes passwords in its errors.
func parseURL(text string) (a address, err error) {
	scheme, rest, found := strings.Cut(text, "://")
	switch {
	case !found:
		return a, errors.New(wantURL)
	case scheme == "redis":
	case scheme == "rediss":
		a.tls = true
	case scheme == "redis+sentinel":
		a.sentinel = true
	case scheme == "rediss+sentinel":
		a.tls, a.sentinel = true, true
	default:
		return a, errors.New("unknown scheme: " + wantURL)
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		user, _, password := strings.Cut(rest[:at], ":")
		if password {
			return a, errors.New("a URL must not have a password: put it in a file, and name that by password_file")
		}
		if a.user, err = url.PathUnescape(user); err != nil {
			return a, errors.New("the user isn't encoded as in a URL")
		}
		rest = rest[at+1:]
	}
	hosts, path, _ := strings.Cut(rest, "/")
	if strings.ContainsAny(rest, "?#") {
		return a, errors.New("a URL here has no ? and no #")
	}
	if a.hosts, err = parseHosts(hosts, a.sentinel); err != nil {
		return a, err
	}
	return a, a.parsePath(path)
}

func (a *address) parsePath(path string) (err error) {
	switch {
	case a.sentinel && (path == "" || strings.Contains(path, "/")):
		return errors.New("the URL of Sentinels ends with the name of the master: /MASTER")
	case a.sentinel:
		a.master, err = url.PathUnescape(path)
	case path != "":
		a.db, err = strconv.Atoi(path)
	}
	if err != nil || a.db < 0 {
		return fmt.Errorf("unexpected %q behind the host", "/"+path)
	}
	return nil
}

func parseHosts(text string, sentinel bool) (hosts []string, err error) {
	for _, part := range strings.Split(text, ",") {
		host, port, err := net.SplitHostPort(part)
		if err != nil {
			host, port = strings.Trim(part, "[]"), redisPort
			if sentinel {
				port = sentinelPort
			}
			if strings.Contains(host, ":") && !strings.HasPrefix(part, "[") {
				return nil, fmt.Errorf("%q is no HOST:PORT", part)
			}
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" ||
			strings.ContainsAny(host, " \t\n[]") {
			return nil, fmt.Errorf("%q is no HOST:PORT", part)
		}
		hosts = append(hosts, net.JoinHostPort(host, port))
	}
	if len(hosts) > 1 && !sentinel {
		return nil, errors.New("only Sentinels are named in one URL: nodes of a cluster have one each")
	}
	return hosts, nil
}

// universal makes the library's options of ours.
func (o Options) universal(a address) (*redis.UniversalOptions, error) {
	password, err := o.password()
	if err != nil {
		return nil, err
	}
	if a.user != "" && password == "" {
		return nil, fmt.Errorf("the engine %s: a user in the URL needs a password_file", a.where())
	}
	trust, err := o.trust(a)
	if err != nil {
		return nil, err
	}
	return &redis.UniversalOptions{
		Addrs: a.hosts, MasterName: a.master, DB: a.db,
		Username: a.user, Password: password, TLSConfig: trust,
		Protocol: 2, DisableIdentity: true, ContextTimeoutEnabled: true,
		DialTimeout: o.Timeout, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout,
		DialerRetries: 1, MaxRetries: retries, MaxRedirects: 2, MaxRetryBackoff: 100 * time.Millisecond,
		PoolSize: poolSize, PipelinePoolSize: -1, FailingTimeoutSeconds: 1,
	}, nil
}

func (o Options) password() (string, error) {
	if o.PasswordFile == "" {
		return "", nil
	}
	text, err := readFile(o.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("reading the engine's password: %w", err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 {
		return "", fmt.Errorf("reading the engine's password: the first line of %s is empty", o.PasswordFile)
	}
	return string(line), nil
}

// trust are the certificates to trust; nil without TLS.
func (o Options) trust(a address) (*tls.Config, error) {
	switch {
	case !a.tls && o.CA != "":
		return nil, fmt.Errorf("the engine %s: ca needs a URL with TLS: rediss://", a.where())
	case !a.tls:
		return nil, nil
	case o.CA == "":
		return &tls.Config{MinVersion: tls.VersionTLS12}, nil
	}
	text, err := readFile(o.CA)
	if err != nil {
		return nil, fmt.Errorf("reading the engine's certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("reading the engine's certificates: %s has none in PEM format", o.CA)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s has more than %d bytes", name, maxFile)
	}
	return text, err
}

package transport

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/matrix"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/slack"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/teams"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/gotify"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/pushover"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/specialized/generic"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
	"github.com/nicholas-fedor/shoutrrr/pkg/util/jsonclient"
)

// A service is one of shoutrrr's, which somebody has looked at: whether it reports each failure, and what text from a
// log could do there.
type service struct {
	create  func() types.Service
	read    func(*url.URL) error // reads the URL; nil: Initialize does, without connecting
	escapes *strings.Replacer    // of the text; nil: the service shows it as it is
}

// services are those that a Notify may use, by the URL's scheme. Note: shoutrrr has more of them.
var services = map[string]service{
	"discord":  {create: func() types.Service { return new(discord.Service) }, escapes: noLinks},
	"generic":  {create: func() types.Service { return new(generic.Service) }},
	"gotify":   {create: func() types.Service { return new(gotify.Service) }},
	"matrix":   {create: func() types.Service { return new(matrix.Service) }, read: readMatrix},
	"ntfy":     {create: func() types.Service { return new(ntfy.Service) }},
	"pushover": {create: func() types.Service { return new(pushover.Service) }},
	"slack":    {create: func() types.Service { return new(slack.Service) }, escapes: noMarkup},
	"teams":    {create: func() types.Service { return new(teams.Service) }, escapes: noMarkup},
	"telegram": {create: func() types.Service { return new(telegram.Service) }},
}

// Text from the log may not mention everybody on a channel (<!channel>), nor hide where a link leads. A plain address
// stays one.
var (
	noLinks  = strings.NewReplacer("](", "] (")
	noMarkup = strings.NewReplacer("](", "] (", "&", "&amp;", "<", "&lt;", ">", "&gt;")
)

// Services lists the schemes of URLs that a Notify may have.
func Services() []string { return slices.Sorted(maps.Keys(services)) }

// readMatrix reads a URL. Initialize would log in.
func readMatrix(u *url.URL) error {
	c := new(matrix.Config)
	err := c.SetURL(u)
	switch {
	case err != nil:
		return err
	case c.Host == "":
		return errors.New("it names no server")
	case len(c.Rooms) == 0: // else a user who is in no room tells nobody, and that would be a success
		return errors.New("it names no room; add ?rooms=…")
	}
	return nil
}

// parseService reads a URL, and finds its service. generic+https://… and teams+https://… are as shoutrrr has them.
func parseService(text string) (*url.URL, service, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, service{}, errors.New("it is no URL") // err quotes it
	}
	scheme, _, custom := strings.Cut(u.Scheme, "+")
	s, ok := services[scheme]
	if !ok {
		return nil, s, fmt.Errorf("its scheme is none of %s", strings.Join(Services(), ", "))
	}
	if convert, ok := s.create().(types.CustomURLService); ok && custom {
		err = guard(func() error {
			u, err = convert.GetConfigURLFromCustom(u)
			return err
		})
	} else if custom {
		err = fmt.Errorf("expected %s://", scheme)
	}
	if err != nil {
		return nil, s, err
	}
	query := u.Query()
	if scheme == "gotify" && !query.Has("title") { // else it is "Shoutrrr notification"
		query.Set("title", "exiwatch")
		u.RawQuery = query.Encode()
	}
	return u, s, nil
}

// open makes the service ready to send. Matrix logs in.
func (s service) open(u *url.URL) (types.Service, error) {
	opened := s.create()
	if err := opened.Initialize(u, nil); err != nil {
		return nil, err
	}
	// Two services make a connection pool of their own, which nobody closes, and which knows no proxy.
	switch opened := opened.(type) {
	case *ntfy.Service:
		if !opened.Config.DisableTLSVerification {
			opened.SetHTTPClient(&http.Client{Timeout: notifyTimeout})
		}
	case *gotify.Service:
		if !opened.Config.InsecureSkipVerify {
			opened.GetHTTPClient().Transport = nil
		}
	}
	return opened, nil
}

// check returns an error if the service can't read the URL.
func (s service) check(u *url.URL) error {
	for name, values := range u.Query() {
		if strings.EqualFold(name, "parsemode") && !strings.EqualFold(values[0], "none") {
			return errors.New("parsemode would make markup of text from the log; leave it out")
		}
	}
	if isOpen(u) && !loopback(u.Hostname()) {
		return errors.New("without TLS, or without a look at the certificate, only for this machine")
	}
	if s.read != nil {
		return s.read(u)
	}
	return s.create().Initialize(u, nil)
}

// isOpen reports whether others could read along, or answer in the service's place.
func isOpen(u *url.URL) bool {
	for name, values := range u.Query() {
		value := strings.ToLower(values[0])
		switch strings.ToLower(name) {
		case "disabletls", "disabletlsverification", "insecureskipverify":
			if !slices.Contains([]string{"no", "n", "false", "0"}, value) {
				return true
			}
		case "scheme":
			if u.Scheme == "ntfy" && value != "https" {
				return true
			}
		}
	}
	return false
}

// defuse makes a text safe for the service.
func (s service) defuse(text string) string {
	if s.escapes == nil {
		return text
	}
	return s.escapes.Replace(text)
}

// shoutrrr takes a request to Telegram for a success if it fails without an answer in JSON: without a connection, or
// with a proxy's page of HTML. So each request gets such an answer. Telegram alone uses this client.
func init() {
	jsonclient.DefaultClient = jsonclient.NewWithHTTPClient(
		&http.Client{Transport: jsonAnswers{}, Timeout: notifyTimeout})
}

package deliverylab

import (
	"fmt"
	"slices"
	"strings"
)

// A gatewayCount is what rules are told to count.
type gatewayCount struct {
	name, class  string // without a class: what counts by default
	inside       string // besides private addresses: as in the configuration
	localDomains bool   // are configured
}

var gatewayCounts = []gatewayCount{
	{"relayed", "relayed", `"198.51.100.0/24"`, true},
	{"forwarded", "forwarded", `"198.51.100.0/24"`, true},
	{"relayed, nothing configured", "relayed", "", false},
	{"forwarded, nothing configured", "forwarded", "", false},
	{"default", "", `"198.51.100.0/24"`, true},
}

// text is the section of the configuration.
func (c gatewayCount) text() (text string) {
	if c.class != "" {
		text = fmt.Sprintf("only = [%q]\n", c.class)
	}
	if c.localDomains {
		text += `local_domains = ["lab.test", "inner.test", "lmtp.test", "hosted.test"]` + "\n"
	}
	return text + "inside = [" + c.inside + "]\n"
}

// isInside tells whether a host is one of ours. Networks end at a dot or a colon.
func (c gatewayCount) isInside(host string) bool {
	for _, network := range []string{"10.", "192.168.", "fd00:"} {
		if strings.HasPrefix(host, network) {
			return true
		}
	}
	for network := range strings.SplitSeq(c.inside, ", ") {
		network, _, _ = strings.Cut(strings.Trim(network, `"`), "0/24")
		if network != "" && strings.HasPrefix(host, network) {
			return true
		}
	}
	return false
}

func (c gatewayCount) isLocal(address string) bool {
	_, domain, _ := strings.Cut(strings.ToLower(address), "@")
	return c.localDomains && slices.Contains([]string{"lab.test", "inner.test", "lmtp.test", "hosted.test"}, domain)
}

// counts tells whether a letter counts by a recipient that a host was asked to take. The recipient's address was
// another one when it arrived if it was forwarded.
func (c gatewayCount) counts(one letter, arrived, final, host string) bool {
	public := host != "" && host != "127.0.0.1" && !c.isInside(host)
	if !public || one.sender == "" {
		return false
	}
	forwarded := !strings.EqualFold(arrived, final) && (!c.localDomains || c.isLocal(arrived))
	if c.class == "forwarded" {
		return forwarded
	}
	return !forwarded && c.isInside(one.from) && !c.isLocal(final)
}

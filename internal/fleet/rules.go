package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/config"
	"exiwatch/window"
)

// Rules names the rules of a host with their exceptions: hosts that judge alike have the same. Which arrivals a host
// counts at all is its own matter.
type Rules [8]byte

// RulesOf returns the name of a configuration's rules.
func RulesOf(c *config.Config) (r Rules) {
	text, _ := json.Marshal(RuleTexts(c)) // strings can always be written
	sum := sha256.Sum256(text)
	copy(r[:], sum[:])
	return r
}

// RuleTexts are the rules, in their order, and the exceptions. Hosts differ where these do.
func RuleTexts(c *config.Config) (all []string) {
	for _, rule := range c.Rules {
		all = append(all, rule.String())
	}
	var exceptions []string
	for _, e := range c.Exceptions {
		text := fmt.Sprintf("%s: %s %d", strings.Join(e.Rules, ", "), e.Match, e.Limit)
		if !e.Until.IsZero() {
			text += " until " + e.Until.UTC().Format(time.RFC3339)
		}
		exceptions = append(exceptions, text)
	}
	slices.Sort(exceptions)
	return append(all, exceptions...)
}

func (r Rules) String() string { return hex.EncodeToString(r[:]) }

// Scopes names the scopes of rules and their order. Only arrivals whose host has the same can be counted: the bits of
// window.Arrival.Outside mean these.
type Scopes [8]byte

// ScopesOf returns the name of the rules' scopes.
func ScopesOf(rules []window.Rule) (s Scopes) {
	var texts []string
	if counters, err := window.New(rules); err == nil { // else whoever counts by them says so
		texts = counters.Scopes()
	}
	sum := sha256.Sum256(written(texts))
	copy(s[:], sum[:])
	return s
}

// Untils says for each host of a log before which second of its clock everything has been published.
type Untils map[string]int64

func (u Untils) encode() []byte {
	text, _ := json.Marshal(u) // numbers can always be written
	return text
}

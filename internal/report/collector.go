package report

import (
	"bytes"

	"exiwatch/window"
)

// A collector has what one goroutine has collected of the arrivals.
type collector struct {
	keys     []window.Key // ranked keys, besides Account
	bits     [window.NumKeys]uint8
	rankings [window.NumKeys]Ranking
	// accounts rank arrivals by the set of keys that have the account as their value, too: each is looked up once
	accounts [1 << len(aliasKeys)]Ranking
	hourly   bool // count hours
	hours    hours

	uncounted Uncounted

	sets  []uint8 // of the arrivals being added
	items []Item
}

// aliasKeys are the keys whose value is often the account. Each is a bit of a set.
var aliasKeys = [...]window.Key{window.Sender, window.Auth, window.User}

// noAccount stands for the set of an arrival that isn't ranked by account.
const noAccount = 1 << len(aliasKeys)

// add adds arrivals, key by key, so that each table stays in the processor's cache.
func (c *collector) add(receptions []Reception) {
	c.sets = c.sets[:0]
	var occur uint
	for _, a := range receptions {
		set := c.aliasSet(a)
		c.sets = append(c.sets, set)
		occur |= 1 << set
	}
	for set := range c.accounts {
		if occur>>set&1 == 1 {
			c.rank(&c.accounts[set], window.Account, receptions, func(of uint8) bool { return int(of) == set })
		}
	}
	for _, key := range c.keys {
		c.rank(&c.rankings[key], key, receptions, func(of uint8) bool { return of&c.bits[key] == 0 })
	}
	for i := range receptions {
		a := &receptions[i]
		if a.Class != Counted {
			c.uncounted.Add(a.Class, a.Values)
		}
		if c.hourly {
			c.hours.add(a.Values)
		}
	}
}

// aliasSet gives the ranked keys whose value is the account. A bounce that no rule counts is nobody's mail: its account
// isn't ranked.
func (c *collector) aliasSet(a Reception) (set uint8) {
	account := a.Values.Values[window.Account]
	switch {
	case a.Class == ClassBounces:
		return noAccount
	case account == nil:
		return 0
	}
	for _, key := range aliasKeys {
		if value := a.Values.Values[key]; c.bits[key] != 0 && value != nil && bytes.Equal(value, account) {
			set |= c.bits[key]
		}
	}
	return set
}

// rank adds the values of a key of the arrivals whose set is wanted.
func (c *collector) rank(r *Ranking, key window.Key, receptions []Reception, wanted func(set uint8) bool) {
	c.items = c.items[:0]
	for i, a := range receptions {
		if value := a.Values.Values[key]; value != nil && wanted(c.sets[i]) {
			c.items = append(c.items, Item{Value: value, Recipients: a.Values.Recipients, Bytes: a.Values.Bytes})
		}
	}
	r.AddAll(c.items)
}

// join moves what other has into c.
func (c *collector) join(other *collector) {
	for key := range c.rankings {
		c.rankings[key].Join(&other.rankings[key])
	}
	for set := range c.accounts {
		c.accounts[set].Join(&other.accounts[set])
	}
	c.uncounted.Join(&other.uncounted)
	c.hours.join(&other.hours)
}

// mergeAliases adds the accounts to the rankings of their alias keys.
func (c *collector) mergeAliases() {
	for set := range c.accounts {
		accounts := &c.accounts[set]
		for _, key := range c.keys {
			if uint8(set)&c.bits[key] != 0 {
				c.rankings[key].include(accounts)
			}
		}
		c.rankings[window.Account].Join(accounts)
	}
}

package report

import (
	"bytes"

	"exiwatch/window"
)

// collector is what one goroutine has of the arrivals.
type collector struct {
	keys     []window.Key // that are ranked, besides Account
	bits     [window.NumKeys]uint8
	rankings [window.NumKeys]Ranking
	// of arrivals by the set of keys under which their account stands as well: it is looked up once
	accounts [1 << len(aliasKeys)]Ranking
	hourly   bool // hours are counted
	hours    hours

	uncounted Uncounted

	sets  []uint8 // of the arrivals at hand
	items []Item
}

// aliasKeys are the keys under which an arrival's account often stands as well. Each is a bit of a set.
var aliasKeys = [...]window.Key{window.Sender, window.Auth, window.User}

func newCollector(keys []window.Key, hourly bool) *collector {
	g := &collector{hourly: hourly}
	for _, key := range keys {
		if key != window.Account {
			g.keys = append(g.keys, key)
		}
		for i, other := range aliasKeys {
			if key == other {
				g.bits[key] = 1 << i
			}
		}
	}
	return g
}

// add adds arrivals: their values of one key after those of another, so that each table is near while it is needed.
func (c *collector) add(receptions []Reception) {
	c.sets = c.sets[:0]
	var occur uint
	for _, a := range receptions {
		set := c.aliasSet(a.Values)
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
		if a := &receptions[i]; a.Class != Counted {
			c.uncounted.Add(a.Class, a.Values)
		}
	}
	if !c.hourly {
		return
	}
	for _, a := range receptions {
		c.hours.add(a.Values)
	}
}

// aliasSet says under which of the ranked keys the account stands as well.
func (c *collector) aliasSet(w *window.Arrival) (set uint8) {
	account := w.Values[window.Account]
	if account == nil {
		return 0
	}
	for _, key := range aliasKeys {
		if value := w.Values[key]; c.bits[key] != 0 && value != nil && bytes.Equal(value, account) {
			set |= c.bits[key]
		}
	}
	return set
}

// rank adds the values of a key, of the arrivals whose set is wanted.
func (c *collector) rank(r *Ranking, key window.Key, receptions []Reception, wanted func(set uint8) bool) {
	c.items = c.items[:0]
	for i, a := range receptions {
		if value := a.Values.Values[key]; value != nil && wanted(c.sets[i]) {
			c.items = append(c.items, Item{Value: value, Recipients: a.Values.Recipients, Bytes: a.Values.Bytes})
		}
	}
	r.AddAll(c.items)
}

// join adds what other has ranked, and leaves nothing in it.
func (c *collector) join(other *collector) {
	for key := range c.rankings {
		c.rankings[key].Join(&other.rankings[key])
	}
	for set := range c.accounts {
		c.accounts[set].Join(&other.accounts[set])
	}
}

// mergeAliases puts the accounts into the rankings of all keys under which they stand.
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

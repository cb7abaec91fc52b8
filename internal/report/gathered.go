package report

import (
	"bytes"

	"exiwatch/window"
)

// gathered is what one goroutine has of the arrivals.
type gathered struct {
	keys     []window.Key // that are ranked, besides Account
	bits     [window.NumKeys]uint8
	rankings [window.NumKeys]Ranking
	// of arrivals by the set of keys under which their account stands as well: it is looked up once
	accounts [1 << len(alike)]Ranking
	hourly   bool // hours are counted
	hours    hours

	uncounted Uncounted

	sets  []uint8 // of the arrivals at hand
	items []Item
}

// alike are the keys under which an arrival's account often stands as well. Each is a bit of a set.
var alike = [...]window.Key{window.Sender, window.Auth, window.User}

func newGathered(keys []window.Key, hourly bool) *gathered {
	g := &gathered{hourly: hourly}
	for _, key := range keys {
		if key != window.Account {
			g.keys = append(g.keys, key)
		}
		for i, other := range alike {
			if key == other {
				g.bits[key] = 1 << i
			}
		}
	}
	return g
}

// add adds arrivals: their values of one key after those of another, so that each table is near while it is needed.
func (g *gathered) add(receptions []Reception) {
	g.sets = g.sets[:0]
	var occur uint
	for _, a := range receptions {
		set := g.set(a.Values)
		g.sets = append(g.sets, set)
		occur |= 1 << set
	}
	for set := range g.accounts {
		if occur>>set&1 == 1 {
			g.rank(&g.accounts[set], window.Account, receptions, func(of uint8) bool { return int(of) == set })
		}
	}
	for _, key := range g.keys {
		g.rank(&g.rankings[key], key, receptions, func(of uint8) bool { return of&g.bits[key] == 0 })
	}
	for i := range receptions {
		if a := &receptions[i]; a.Class != Counted {
			g.uncounted.Add(a.Class, a.Values)
		}
	}
	if !g.hourly {
		return
	}
	for _, a := range receptions {
		g.hours.add(a.Values)
	}
}

// set says under which of the ranked keys the account stands as well.
func (g *gathered) set(w *window.Arrival) (set uint8) {
	account := w.Values[window.Account]
	if account == nil {
		return 0
	}
	for _, key := range alike {
		if value := w.Values[key]; g.bits[key] != 0 && value != nil && bytes.Equal(value, account) {
			set |= g.bits[key]
		}
	}
	return set
}

// rank adds the values of a key, of the arrivals whose set is wanted.
func (g *gathered) rank(r *Ranking, key window.Key, receptions []Reception, wanted func(set uint8) bool) {
	g.items = g.items[:0]
	for i, a := range receptions {
		if value := a.Values.Values[key]; value != nil && wanted(g.sets[i]) {
			g.items = append(g.items, Item{Value: value, Recipients: a.Values.Recipients, Bytes: a.Values.Bytes})
		}
	}
	r.AddAll(g.items)
}

// join adds what other has ranked, and leaves nothing in it.
func (g *gathered) join(other *gathered) {
	for key := range g.rankings {
		g.rankings[key].Join(&other.rankings[key])
	}
	for set := range g.accounts {
		g.accounts[set].Join(&other.accounts[set])
	}
}

// share puts the accounts into the rankings of all keys under which they stand.
func (g *gathered) share() {
	for set := range g.accounts {
		accounts := &g.accounts[set]
		for _, key := range g.keys {
			if uint8(set)&g.bits[key] != 0 {
				g.rankings[key].include(accounts)
			}
		}
		g.rankings[window.Account].Join(accounts)
	}
}

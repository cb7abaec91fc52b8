package fleet

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	"exiwatch/internal/engine"
	"exiwatch/window"
)

// A base is what was open when everything before a second had been counted. Counting again begins there: alerts may be
// open for longer than the streams are kept.
type base struct {
	second  int64
	saved   window.Saved
	unknown bool // it is what the streams say, as far as they reach back
}

// basePause is how far apart bases are, in seconds.
func (t *term) basePause() int64 { return t.pointPause() }

// noteBase keeps what is open now as a base, if the last one is old enough.
func (t *term) noteBase() {
	second := t.merger.Released()
	if t.unbased || second < t.bases[len(t.bases)-1].second+t.basePause() {
		return
	}
	t.bases = append(t.bases, base{second: second, saved: t.counter.Save()})
	t.thinBases()
}

// thinBases keeps few bases: the older they are, the farther apart. The engine's is one of them.
func (t *term) thinBases() {
	b := t.bases
	newest := b[len(b)-1].second
	for i := 1; i+1 < len(b); i++ {
		if b[i].second != t.kept.second && b[i+1].second-b[i-1].second <= (newest-b[i+1].second)/2 {
			t.bases = slices.Delete(b, i, i+1)
			return
		}
	}
	if oldest := newest - 4*t.reach() - 3600; len(b) > 2 && b[1].second < oldest {
		t.bases = slices.Delete(b, 0, 1)
	}
}

// basesBefore are the bases up to a second, the oldest in any case: what comes later than that only counts for what is
// still to come.
func (t *term) basesBefore(second int64) []base {
	n, _ := slices.BinarySearchFunc(t.bases, second+1, func(b base, second int64) int {
		return cmp.Compare(b.second, second)
	})
	return slices.Clone(t.bases[:max(n, 1)])
}

// finalBase is the latest base that no late lines will change, and behind which all that is held will be found again. A
// next leader begins there.
func (t *term) finalBase() base {
	known := t.known() - endMargin
	if held := t.firstHeld(); held != 0 {
		known = min(known, held)
	}
	return t.baseBefore(known)
}

// baseBefore is the latest base up to a second; the oldest of all if there is none.
func (t *term) baseBefore(second int64) base {
	all := t.basesBefore(second)
	return all[len(all)-1]
}

// countThrough counts silently to a second, through the last of the bases, from which alerts go on.
func (t *term) countThrough(until int64) {
	if b := &t.bases[len(t.bases)-1]; t.unbased {
		if t.count(min(until, b.second)); until < b.second {
			return
		}
		if t.unbased = false; b.unknown {
			b.saved, b.unknown = t.counter.Save(), false
		} else {
			t.counter.Restore(b.saved)
		}
	}
	t.count(until)
}

// A keptBase is the base that the engine has, or gets.
type keptBase struct {
	second int64
	fields map[string]string // its alerts and incidents, as the engine has them
	sum    uint64            // of these
}

func keep(b *base) keptBase {
	k := keptBase{second: b.second, fields: make(map[string]string)}
	for i := range b.saved.Alerts {
		k.fields[b.saved.Alerts[i].ID] = string(written(&b.saved.Alerts[i]))
	}
	for i := range b.saved.Incidents {
		k.fields[incidentPrefix+b.saved.Incidents[i].ID] = string(written(&b.saved.Incidents[i]))
	}
	k.sum = sumOf(k.fields)
	return k
}

// sumOf tells whether the fields of a base are all there: a leader may die while it writes many.
func sumOf(fields map[string]string) uint64 {
	sum := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, text := range []string{name, fields[name]} {
			_, _ = fmt.Fprintf(sum, "%d %s", len(text), text)
		}
	}
	return sum.Sum64()
}

// addBase adds to a commit what the engine lacks of the final base. Until there is an answer it isn't known what of
// that it has.
func (t *term) addBase(c *engine.Commit) {
	if b := t.finalBase(); b.second > t.kept.second { // an older one needs lines that the engine may have lost
		t.kept = keep(&b)
	}
	for name, text := range t.kept.fields {
		if t.inEngine[name] != text {
			c.Put[name] = []byte(text)
			t.inEngine[name] = ""
		}
	}
	for name := range t.inEngine {
		if _, ok := t.kept.fields[name]; !ok {
			c.Drop = append(c.Drop, name)
			t.inEngine[name] = ""
		}
	}
}

// noteKept notes that the engine has got what a commit had of the base.
func (t *term) noteKept(c *engine.Commit) {
	for name, text := range c.Put {
		t.inEngine[name] = string(text)
	}
	for _, name := range c.Drop {
		delete(t.inEngine, name)
	}
}

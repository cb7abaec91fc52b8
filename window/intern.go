package window

import "bytes"

// An intern gives each distinct value a small number for as long as somebody holds it. Number 0 is no value.
type intern struct {
	ids    map[string]uint32
	values []string
	holds  []uint32
	free   []uint32
	text   int // bytes of all values
}

func newIntern() intern {
	return intern{ids: make(map[string]uint32), values: make([]string, 1), holds: make([]uint32, 1)}
}

// hold returns the number of value, to be released once for each hold; 0 for nil.
func (t *intern) hold(value []byte) uint32 {
	if value == nil {
		return 0
	}
	return t.number(value)
}

// likely names the key before this one whose value an arrival often has for this one too.
var likely = [NumValues]Key{Auth: Sender, User: Sender, Account: Auth}

// holdAll returns the numbers of an arrival's values. One that is repeated need not be looked up.
func (t *intern) holdAll(values *[NumValues][]byte) (ids [NumValues]uint32) {
	for k, value := range values {
		if id := ids[likely[k]]; id != 0 && value != nil && bytes.Equal(value, values[likely[k]]) {
			ids[k] = id
			t.keep(id)
		} else {
			ids[k] = t.hold(value)
		}
	}
	return ids
}

// number is hold, but that nil is the empty value.
func (t *intern) number(value []byte) uint32 {
	if id, ok := t.ids[string(value)]; ok {
		t.holds[id]++
		return id
	}
	id := t.unused()
	t.values[id] = string(value)
	t.holds[id] = 1
	t.ids[t.values[id]] = id
	t.text += len(value)
	return id
}

// keep holds a value that somebody else holds already.
func (t *intern) keep(id uint32) { t.holds[id]++ }

func (t *intern) unused() uint32 {
	if n := len(t.free); n > 0 {
		id := t.free[n-1]
		t.free = t.free[:n-1]
		return id
	}
	t.values = append(t.values, "")
	t.holds = append(t.holds, 0)
	return uint32(len(t.values) - 1)
}

// release gives a hold back; the value is forgotten with the last one, and the whole table with the last value.
func (t *intern) release(id uint32) {
	if id == 0 {
		return
	}
	t.holds[id]--
	if t.holds[id] > 0 {
		return
	}
	delete(t.ids, t.values[id])
	t.text -= len(t.values[id])
	t.values[id] = ""
	t.free = append(t.free, id)
	if len(t.ids) == 0 {
		*t = newIntern()
	}
}

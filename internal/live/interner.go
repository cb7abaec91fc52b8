package live

// An interner gives each distinct value a small number, for as long as a row holds it. Number 0 means no value.
type interner struct {
	ids    map[string]uint32
	values []string
	holds  []uint32
	free   []uint32
	text   int // bytes of all values
}

func newInterner() interner {
	return interner{ids: make(map[string]uint32), values: make([]string, 1), holds: make([]uint32, 1)}
}

// hold returns the number of a value, 0 for nil.
func (t *interner) hold(value []byte) uint32 {
	if value == nil {
		return 0
	}
	id, ok := t.ids[string(value)]
	if !ok {
		id = t.assign(string(value))
	}
	t.holds[id]++
	return id
}

func (t *interner) assign(value string) (id uint32) {
	if n := len(t.free); n > 0 {
		id, t.free = t.free[n-1], t.free[:n-1]
		t.values[id] = value
	} else {
		id = uint32(len(t.values))
		t.values, t.holds = append(t.values, value), append(t.holds, 0)
	}
	t.ids[value] = id
	t.text += len(value)
	return id
}

// release undoes one hold. With the last hold the value goes, too.
func (t *interner) release(id uint32) {
	if id == 0 {
		return
	}
	if t.holds[id]--; t.holds[id] > 0 {
		return
	}
	delete(t.ids, t.values[id])
	t.text -= len(t.values[id])
	t.values[id] = ""
	t.free = append(t.free, id)
}

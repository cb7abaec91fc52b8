package window

import "bytes"

// A family's table finds the counter of a value: positions of counters, each at the first free place from its hash on.

// find returns the position of a value's counter, or 0. The hash is that of Counters.hash.
func (f *family) find(value []byte, hash uint32) uint32 {
	if len(f.table) == 0 {
		return 0
	}
	for i := f.slot(hash); ; i = f.slot(i + 1) {
		n := f.table[i]
		if n == 0 {
			return 0
		}
		if c := f.counters.at(n); c.hash == hash && bytes.Equal(f.texts.of(c.text), value) {
			return n
		}
	}
}

func (f *family) slot(i uint32) uint32 { return i & uint32(len(f.table)-1) }

// enter puts counter n into the table, which is to be full to three quarters at most.
func (f *family) enter(n uint32) {
	if 4*(f.held+1) > 3*len(f.table) {
		was := f.table
		f.table = make([]uint32, max(2*len(was), minTable))
		for _, n := range was {
			if n != 0 {
				f.place(n)
			}
		}
	}
	f.place(n)
}

const minTable = 16 // a power of two

func (f *family) place(n uint32) {
	i := f.slot(f.counters.at(n).hash)
	for f.table[i] != 0 {
		i = f.slot(i + 1)
	}
	f.table[i] = n
}

// remove takes counter n out of the table. Those behind it that would be looked for in its place move up.
func (f *family) remove(n uint32) {
	i := f.slot(f.counters.at(n).hash)
	for f.table[i] != n {
		i = f.slot(i + 1)
	}
	for j := f.slot(i + 1); f.table[j] != 0; j = f.slot(j + 1) {
		home := f.slot(f.counters.at(f.table[j]).hash)
		if f.slot(j-home) >= f.slot(j-i) {
			f.table[i] = f.table[j]
			i = j
		}
	}
	f.table[i] = 0
}

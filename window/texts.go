package window

// Texts are the values of a family's counters, in chunks that are never copied but by family.pack.
type Arena struct {
	chunks     [][]byte
	held, gone int // bytes of the values that are needed, and of others
}

const chunkLen = 1 << 16 // bytes, but for a value that is longer

// A text is where one of them is: its chunk's number and its place there, 16 bits each.
type Ref struct{ at, len uint32 }

// Add holds a value.
func (t *Arena) Add(value []byte) Ref {
	last := len(t.chunks) - 1
	if last < 0 || len(t.chunks[last])+len(value) >= chunkLen {
		t.chunks = append(t.chunks, make([]byte, 0, max(chunkLen, len(value))))
		last++
	}
	at := len(t.chunks[last])
	t.chunks[last] = append(t.chunks[last], value...)
	t.held += len(value)
	return Ref{uint32(last*chunkLen + at), uint32(len(value))}
}

// Get returns a value that is held.
func (t *Arena) Get(p Ref) []byte { return t.chunks[p.at/chunkLen][p.at%chunkLen:][:p.len] }

// Release lets a value go.
func (t *Arena) Release(p Ref) {
	t.held -= int(p.len)
	t.gone += int(p.len)
}

// Fragmented reports whether it pays to put what is held somewhere else.
func (t *Arena) Fragmented() bool { return t.gone > t.held+chunkLen }

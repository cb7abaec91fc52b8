package window

// Texts are the values of a family's counters, in chunks that are never copied but by family.pack.
type texts struct {
	chunks     [][]byte
	held, gone int // bytes of the values that are needed, and of others
}

const chunkLen = 1 << 16 // bytes, but for a value that is longer

// A text is where one of them is: its chunk's number and its place there, 16 bits each.
type text struct{ at, len uint32 }

// put holds a value.
func (t *texts) put(value []byte) text {
	last := len(t.chunks) - 1
	if last < 0 || len(t.chunks[last])+len(value) >= chunkLen {
		t.chunks = append(t.chunks, make([]byte, 0, max(chunkLen, len(value))))
		last++
	}
	at := len(t.chunks[last])
	t.chunks[last] = append(t.chunks[last], value...)
	t.held += len(value)
	return text{uint32(last*chunkLen + at), uint32(len(value))}
}

// of returns a value that is held.
func (t *texts) of(p text) []byte { return t.chunks[p.at/chunkLen][p.at%chunkLen:][:p.len] }

// release lets a value go.
func (t *texts) release(p text) {
	t.held -= int(p.len)
	t.gone += int(p.len)
}

// sparse reports whether it pays to put what is held somewhere else.
func (t *texts) sparse() bool { return t.gone > t.held+chunkLen }

package pool

// An Arena holds byte strings in chunks. It never moves one; when many have been released, the owner copies the others
// into a new arena. The zero value is empty.
type Arena struct {
	chunks         [][]byte
	held, released int // bytes
}

const chunkLen = 1 << 16 // bytes; a longer string has a longer chunk

// A Ref is where a string lies: the chunk's number and the place in the chunk, 16 bits each, and the length.
type Ref struct{ at, len uint32 }

// Add copies a string into the arena.
func (a *Arena) Add(value []byte) Ref {
	last := len(a.chunks) - 1
	if last < 0 || len(a.chunks[last])+len(value) >= chunkLen {
		a.chunks = append(a.chunks, make([]byte, 0, max(chunkLen, len(value))))
		last++
	}
	at := len(a.chunks[last])
	a.chunks[last] = append(a.chunks[last], value...)
	a.held += len(value)
	return Ref{uint32(last*chunkLen + at), uint32(len(value))}
}

// Get returns a string, which must not be changed.
func (a *Arena) Get(r Ref) []byte { return a.chunks[r.at/chunkLen][r.at%chunkLen:][:r.len] }

// Release says that a string is no longer needed. Its memory stays until the arena goes.
func (a *Arena) Release(r Ref) {
	a.held -= int(r.len)
	a.released += int(r.len)
}

// Held is the length of all strings that are needed, in bytes.
func (a *Arena) Held() int { return a.held }

// Fragmented reports whether it pays to copy the strings that are needed into a new arena.
func (a *Arena) Fragmented() bool { return a.released > a.held+chunkLen }

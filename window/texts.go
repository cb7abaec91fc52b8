package window

import "encoding/binary"

// Texts are the values of a family's counters, each behind its length.
type texts struct {
	data []byte
	held int // bytes of the values that are held
	gone int // bytes of data that are not needed any more
}

// put holds a value and returns where it is.
func (t *texts) put(value []byte) uint32 {
	at := len(t.data)
	t.held += len(value)
	t.data = append(binary.AppendUvarint(t.data, uint64(len(value))), value...)
	return uint32(at)
}

// at returns a value that is held.
func (t *texts) at(at uint32) []byte {
	length, n := binary.Uvarint(t.data[at:])
	from := int(at) + n
	return t.data[from : from+int(length)]
}

// release lets a value go.
func (t *texts) release(at uint32) {
	n := len(t.at(at))
	t.held -= n
	t.gone += n + 1
}

// sparse reports whether it pays to put what is held somewhere else.
func (t *texts) sparse() bool { return t.gone > len(t.data)/2 && t.gone > 1<<16 }

package fleet

import (
	"encoding/binary"
	"errors"
	"fmt"

	"exiwatch/internal/merge"

	"github.com/klauspost/compress/zstd"
)

// A Portion is one append to a stream: batches of the hosts whose lines a log holds.
type Portion struct {
	Rules   Rules // of the publisher
	Last    int64 // the highest Record.Now in it
	Batches []HostRecords
}

// A HostRecords is a batch of one host.
type HostRecords struct {
	Host    string
	Records merge.Records
}

const (
	entryVersion = 1
	entryHead    = 1 + len(Rules{}) + 8 // bytes
	// maxEntry bounds an entry: far more than 500 arrivals of the longest lines.
	maxEntry = 16 << 20 // bytes
)

var errEntry = errors.New("an entry that exiwatch can't have written")

// A Packer packs entries. It isn't safe for several goroutines.
type Packer struct {
	encoder *zstd.Encoder
	plain   []byte
}

// NewPacker makes a packer.
func NewPacker() *Packer {
	e, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false))
	return &Packer{encoder: e} // its options are right
}

// Pack returns the entry as bytes of its own.
func (p *Packer) Pack(e *Portion) []byte {
	head := append([]byte{entryVersion}, e.Rules[:]...)
	head = binary.BigEndian.AppendUint64(head, uint64(e.Last))
	p.plain = p.plain[:0]
	for _, b := range e.Batches {
		p.plain = appendText(p.plain, []byte(b.Host))
		p.plain = appendText(p.plain, b.Records)
	}
	return p.encoder.EncodeAll(p.plain, head)
}

func appendText(dst, text []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// An Unpacker unpacks entries. It isn't safe for several goroutines.
type Unpacker struct{ decoder *zstd.Decoder }

// NewUnpacker makes an unpacker.
func NewUnpacker() *Unpacker {
	d, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxEntry),
		zstd.WithDecoderLowmem(true)) // its options are right
	return &Unpacker{decoder: d}
}

// LastOf returns the highest Record.Now of a packed entry without unpacking it; ok is false if it can't be one.
func LastOf(packed []byte) (last int64, ok bool) {
	if len(packed) < entryHead || packed[0] != entryVersion {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(packed[entryHead-8:])), true
}

// Unpack returns an entry, whose batches are its own.
func (u *Unpacker) Unpack(packed []byte) (e Portion, err error) {
	var ok bool
	if e.Last, ok = LastOf(packed); !ok {
		return e, errEntry
	}
	copy(e.Rules[:], packed[1:])
	plain, err := u.decoder.DecodeAll(packed[entryHead:], nil)
	if err != nil {
		return e, fmt.Errorf("%w: %w", errEntry, err)
	}
	for len(plain) > 0 {
		var host, batch []byte
		if host, plain, ok = cutText(plain); ok {
			batch, plain, ok = cutText(plain)
		}
		if !ok {
			return e, errEntry
		}
		e.Batches = append(e.Batches, HostRecords{string(host), batch})
	}
	return e, nil
}

func cutText(data []byte) (text, rest []byte, ok bool) {
	n, size := binary.Uvarint(data)
	if size <= 0 || n > uint64(len(data)-size) {
		return nil, nil, false
	}
	end := size + int(n)
	return data[size:end:end], data[end:], true
}

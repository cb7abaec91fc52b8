package fleet

import (
	"encoding/binary"
	"errors"
	"fmt"

	"exiwatch/internal/merge"

	"github.com/klauspost/compress/zstd"
)

// A Bundle is one append to a stream: batches of the hosts whose lines a log holds.
type Bundle struct {
	Scopes  Scopes // of the publisher
	Last    int64  // the highest Record.Now in it
	Batches []HostRecords
}

// A HostRecords is a batch of one host.
type HostRecords struct {
	Host    string
	Records merge.Records
}

const (
	bundleVersion = 1
	bundleHead    = 1 + len(Scopes{}) + 8 // bytes
	// maxBundle bounds a bundle: far more than 500 arrivals of the longest lines.
	maxBundle = 16 << 20 // bytes
)

var errBundle = errors.New("a bundle that exiwatch can't have written")

// A Packer packs bundles. It isn't safe for several goroutines.
type Packer struct {
	encoder *zstd.Encoder
	plain   []byte
}

// NewPacker makes a packer.
func NewPacker() *Packer {
	e, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false))
	return &Packer{encoder: e} // its options are right
}

// Pack returns the bundle as bytes of its own.
func (p *Packer) Pack(e *Bundle) []byte {
	head := append([]byte{bundleVersion}, e.Scopes[:]...)
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

// An Unpacker unpacks bundles. It isn't safe for several goroutines.
type Unpacker struct{ decoder *zstd.Decoder }

// NewUnpacker makes an unpacker.
func NewUnpacker() *Unpacker {
	d, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBundle),
		zstd.WithDecoderLowmem(true)) // its options are right
	return &Unpacker{decoder: d}
}

// LastOf returns the highest Record.Now of a packed bundle without unpacking it; ok is false if it can't be one.
func LastOf(packed []byte) (last int64, ok bool) {
	if len(packed) < bundleHead || packed[0] != bundleVersion {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(packed[bundleHead-8:])), true
}

// Unpack returns a bundle, whose batches are its own.
func (u *Unpacker) Unpack(packed []byte) (e Bundle, err error) {
	var ok bool
	if e.Last, ok = LastOf(packed); !ok {
		return e, errBundle
	}
	copy(e.Scopes[:], packed[1:])
	plain, err := u.decoder.DecodeAll(packed[bundleHead:], nil)
	if err != nil {
		return e, fmt.Errorf("%w: %w", errBundle, err)
	}
	for len(plain) > 0 {
		var host, batch []byte
		if host, plain, ok = cutText(plain); ok {
			batch, plain, ok = cutText(plain)
		}
		if !ok {
			return e, errBundle
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

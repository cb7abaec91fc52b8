package tailer

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"io"
	"math/bits"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// headerLength is how many bytes tell the formats apart. The longest header is lzma's.
const headerLength = 13

// maxWindow bounds the memory that a compressed log can demand, in bytes: `zstd --long` asks for this much, `xz -9` for
// half.
const maxWindow = 128 << 20

// uncompress gives the content of r, whose first bytes are head. The caller calls done when it has read enough.
func uncompress(r *bufio.Reader, head []byte) (plain io.Reader, done func(), err error) {
	done = func() {}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}): // RFC 1952
		plain, err = gzip.NewReader(r)
	case bytes.HasPrefix(head, []byte("BZh")):
		plain = bzip2.NewReader(r)
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		plain, err = xz.NewReader(r)
	case isZstd(head):
		var decoder *zstd.Decoder
		decoder, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err == nil {
			plain, done = decoder, decoder.Close
		}
	case bytes.HasPrefix(head, []byte("\x04\x22\x4d\x18")):
		plain = lz4.NewReader(r)
	case isLZMA(head):
		plain, err = lzma.ReaderConfig{DictCap: maxWindow}.NewReader(r)
		plain = &drainingReader{r: plain}
	default:
		plain = r
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // the header breaks off
	}
	return plain, done, err
}

// isZstd recognizes a zstd frame, or a skippable frame before one (RFC 8878, 3.1).
func isZstd(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	magic := binary.LittleEndian.Uint32(head)
	return magic == 0xfd2fb528 || magic&^0xf == 0x184d2a50
}

// isLZMA recognizes the header of an .lzma file, which has no magic bytes. It asks what xz's own lzma decoder asks: the
// properties that every encoder uses (0x5d), a dictionary of 2^n or 2^n+2^(n-1) bytes, and a size that is unknown or
// below 256 GiB.
func isLZMA(head []byte) bool {
	if len(head) < headerLength || head[0] != 0x5d {
		return false
	}
	dictionary := binary.LittleEndian.Uint32(head[1:])
	if dictionary < 1<<12 || dictionary > maxWindow {
		return false
	}
	top := dictionary & (1<<(bits.Len32(dictionary)-1) - 1) // without its highest bit
	if top != 0 && top != 1<<(bits.Len32(dictionary)-2) {
		return false
	}
	size := binary.LittleEndian.Uint64(head[5:])
	return size == 1<<64-1 || size < 1<<38
}

// A drainingReader is an lzma reader that gives all it has uncompressed when its input breaks off.
//
// QUIRK: lzma.Reader fails first, and gives the last megabytes only if it is read on.
type drainingReader struct {
	r      io.Reader
	failed error
}

func (d *drainingReader) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	if d.failed == nil && err == io.ErrUnexpectedEOF {
		d.failed, err = err, nil
		if n == 0 {
			n, err = d.r.Read(p)
		}
	}
	if d.failed != nil && err == io.EOF {
		err = d.failed
	}
	return n, err
}

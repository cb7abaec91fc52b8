package tailer

import (
	"bytes"
	"fmt"
	"io/fs"
	"syscall"
)

// fingerprintLength is how many bytes of a file's start are looked at to know it again: Exim's first lines hold a
// stamp and a message id, so this many hardly ever begin two logs.
const fingerprintLength = 256

// A Position says where in which file a line ends. The zero Position is the start of whatever file there is.
type Position struct {
	Device, Inode uint64 // 0 when the file was read through a plain io.Reader
	// Fingerprint is the FNV-1a hash of the file's first min(256, Offset) bytes, uncompressed: what lies before a
	// Position never changes, so it holds while the file grows and after it was renamed, copied or compressed.
	Fingerprint uint64
	Offset      int64 // bytes from the start, uncompressed
}

// Validate says why no line can end there.
func (p Position) Validate() error {
	if p.Offset < 0 || p.Offset > maxOffset {
		return fmt.Errorf("byte %d of a log: out of range", p.Offset)
	}
	return nil
}

// maxOffset is larger than any file and far from overflow.
const maxOffset = 1 << 60 // bytes

// fingerprint is the Fingerprint of a position at offset in a file that begins with head, of which as much is needed
// as fingerprintLength and offset ask for.
func fingerprint(head []byte, offset int64) uint64 {
	const basis, prime = 14695981039346656037, 1099511628211 // FNV-1a, 64 bits
	h := uint64(basis)
	for _, b := range head[:min(int64(len(head)), offset, fingerprintLength)] {
		h = (h ^ uint64(b)) * prime
	}
	return h
}

// isIn tells whether this is a position in the file of that identity which begins with head, or in one it is a copy of.
// Copies are known by what they hold: nothing, or nothing but NULs as a crash may leave them, says too little.
func (p Position) isIn(is identity, head []byte) bool {
	if p.Offset == 0 {
		return p.identity() == is
	}
	length := min(p.Offset, fingerprintLength)
	if int64(len(head)) < length || fingerprint(head, length) != p.Fingerprint {
		return false
	}
	return p.identity() == is || len(bytes.Trim(head[:length], "\x00")) > 0
}

// identity is what the kernel knows a file by, as long as somebody holds it open or linked.
type identity struct{ device, inode uint64 }

func identify(info fs.FileInfo) identity {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}
	}
	return identity{device: uint64(stat.Dev), inode: uint64(stat.Ino)}
}

func (p Position) identity() identity { return identity{p.Device, p.Inode} }

// SameFile tells whether two positions lie in one file, or in a copy of it that may be compressed.
func (p Position) SameFile(q Position) bool {
	if p.identity() == q.identity() && p.Inode != 0 {
		return true
	}
	whole := min(p.Offset, q.Offset) >= fingerprintLength // for both, so that they can be compared
	return p.Fingerprint == q.Fingerprint && (whole || p.Offset == q.Offset) && p.Offset > 0
}

package tailer

import (
	"bytes"
	"fmt"
	"io/fs"
	"syscall"
)

// fingerprintLength is how many bytes of a file's start make its Fingerprint. Exim's first lines hold a stamp and a
// message id, so two logs hardly ever begin with the same bytes. If they do, Longer tells them apart.
const fingerprintLength = 256

// A Position says where in which file a line ends. The zero Position is the start of whatever file there is.
type Position struct {
	Device, Inode uint64 // 0 if the file was read through a plain io.Reader
	// Fingerprint is the FNV-1a hash of the file's first min(256, Offset) bytes behind NULs, uncompressed. What lies
	// before a Position never changes. So the hash stays when the file grows, or is renamed, copied or compressed.
	Fingerprint uint64
	Offset      int64 // bytes from the start, uncompressed
	// NULs is how many NULs the file begins with, up to Offset and 1 MiB. Older versions didn't skip them.
	NULs int64 `json:",omitempty"`
	// Longer are hashes of the first min(512, Offset) bytes behind NULs, of min(1024, Offset) and so on. A hash is 0 if
	// the one before covers as many bytes. Older versions wrote none.
	Longer [6]uint32 `json:",omitzero"`
}

// Validate says why no line can end there; nil if one can.
func (p Position) Validate() error {
	if p.Offset < 0 || p.Offset > maxOffset {
		return fmt.Errorf("byte %d of a log is out of range: expected 0 to %d", p.Offset, int64(maxOffset))
	}
	if p.NULs < 0 || p.NULs > min(p.Offset, maxNULs) {
		return fmt.Errorf("%d NULs at the start of a log are out of range: expected 0 to %d",
			p.NULs, min(p.Offset, maxNULs))
	}
	return nil
}

// maxOffset is larger than any file and far from overflow.
const maxOffset = 1 << 60 // bytes

// withOffset is the position at offset in the file of p, whose head is given.
func (p Position) withOffset(offset int64, head []byte) Position {
	nuls, text := splitHead(head)
	nuls = min(nuls, offset)
	if p.NULs != nuls || p.behind() < headLength || offset-nuls < headLength { // else the hashes stay the same
		p.NULs = nuls
		p.Fingerprint, p.Longer = fingerprints(text[:min(int64(len(text)), offset-nuls)])
	}
	p.Offset = offset
	return p
}

// behind is how many bytes lie between the NULs and Offset.
func (p Position) behind() int64 { return p.Offset - p.NULs }

// fingerprints are the hashes in a Position of the text before it, without NULs.
func fingerprints(text []byte) (first uint64, longer [len(Position{}.Longer)]uint32) {
	const basis, prime = 14695981039346656037, 1099511628211 // FNV-1a, 64 bits
	h, from := uint64(basis), 0
	hash := func(to int) {
		for _, b := range text[from:to] {
			h = (h ^ uint64(b)) * prime
		}
		from = to
	}
	hash(min(len(text), fingerprintLength))
	first = h
	for i := range longer {
		if from == len(text) {
			break
		}
		hash(min(len(text), fingerprintLength<<(i+1)))
		longer[i] = uint32(h>>32 ^ h)
	}
	return first, longer
}

// isIn tells whether this is a position in the file of that identity which begins with head, or in a file it is a copy
// of. Copies are recognized by their content. No content, or nothing but NULs as a crash may leave them, proves
// nothing.
func (p Position) isIn(is identity, head []byte) bool {
	if p.Offset == 0 {
		return p.identity() == is
	}
	nuls, text := splitHead(head)
	if p.NULs == 0 && nuls > 0 { // an older version wrote it, which didn't skip them
		nuls, text = 0, append(make([]byte, min(nuls, fingerprintLength)), text...)
	}
	here := Position{NULs: nuls, Offset: min(p.Offset, nuls+int64(len(text)))}
	here.NULs = min(here.NULs, here.Offset)
	text = text[:here.behind()]
	here.Fingerprint, here.Longer = fingerprints(text)
	if here.behind() < min(p.behind(), fingerprintLength) || !p.agrees(here) {
		return false
	}
	return p.identity() == is || len(bytes.Trim(text[:min(len(text), fingerprintLength)], "\x00")) > 0
}

// agrees tells whether two positions may lie in files that begin alike: hashes of the same number of bytes are the
// same.
func (p Position) agrees(q Position) bool {
	of := func(length int64) bool { return min(p.behind(), length) == min(q.behind(), length) }
	if p.NULs != q.NULs || of(fingerprintLength) && p.Fingerprint != q.Fingerprint {
		return false
	}
	for i := range p.Longer {
		if a, b := p.Longer[i], q.Longer[i]; a != b && a != 0 && b != 0 && of(fingerprintLength<<(i+1)) {
			return false
		}
	}
	return true
}

// fills tells whether a head is long enough to be compared with all that p says.
func (p Position) fills(head []byte) bool {
	_, text := splitHead(head)
	return int64(len(text)) >= min(p.behind(), headLength)
}

// An identity is how the kernel knows a file, as long as the file is open or has a name.
type identity struct{ device, inode uint64 }

func identify(info fs.FileInfo) identity {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}
	}
	return identity{device: uint64(stat.Dev), inode: uint64(stat.Ino)}
}

func (p Position) identity() identity { return identity{p.Device, p.Inode} }

// SameFile tells whether two positions lie in one file, or one of them in a copy of the other's file, which may be
// compressed.
func (p Position) SameFile(q Position) bool {
	if p.identity() == q.identity() && p.Inode != 0 {
		return true
	}
	whole := min(p.behind(), q.behind()) >= fingerprintLength // for both, so that they can be compared
	return p.agrees(q) && (whole || p.Offset == q.Offset) && p.Offset > 0
}

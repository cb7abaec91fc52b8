package tailer

import (
	"bytes"
	"fmt"
	"io/fs"
	"syscall"
)

// fingerprintLength is how many bytes of a file's start make its Fingerprint: Exim's first lines hold a stamp and a
// message id, so this many hardly ever begin two logs. Where they do, Longer tells them apart.
const fingerprintLength = 256

// A Position says where in which file a line ends. The zero Position is the start of whatever file there is.
type Position struct {
	Device, Inode uint64 // 0 when the file was read through a plain io.Reader
	// Fingerprint is the FNV-1a hash of the file's first min(256, Offset) bytes behind NULs, uncompressed: what lies
	// before a Position never changes, so it holds while the file grows and after it was renamed, copied or compressed.
	Fingerprint uint64
	Offset      int64 // bytes from the start, uncompressed
	// NULs is how many of them the file begins with, up to Offset and 1 MiB. An older version didn't skip them.
	NULs int64 `json:",omitempty"`
	// Longer are hashes of the first min(512, Offset) bytes behind NULs, of min(1024, Offset) and so on. One is 0 if
	// the one before is of as many bytes, and all are in what an older version wrote.
	Longer [6]uint32 `json:",omitzero"`
}

// Validate says why no line can end there.
func (p Position) Validate() error {
	if p.Offset < 0 || p.Offset > maxOffset {
		return fmt.Errorf("byte %d of a log: out of range", p.Offset)
	}
	if p.NULs < 0 || p.NULs > min(p.Offset, maxNULs) {
		return fmt.Errorf("%d NULs before byte %d of a log: out of range", p.NULs, p.Offset)
	}
	return nil
}

// maxOffset is larger than any file and far from overflow.
const maxOffset = 1 << 60 // bytes

// withOffset is a position at offset in the file of p, which begins with head.
func (p Position) withOffset(offset int64, head []byte) Position {
	nuls, text := splitHead(head)
	nuls = min(nuls, offset)
	if p.NULs != nuls || p.behind() < headLength || offset-nuls < headLength { // else nothing of it changes
		p.NULs = nuls
		p.Fingerprint, p.Longer = fingerprints(text[:min(int64(len(text)), offset-nuls)])
	}
	p.Offset = offset
	return p
}

// behind is how many bytes lie between NULs and Offset.
func (p Position) behind() int64 { return p.Offset - p.NULs }

// fingerprints are the hashes of a Position, of the text before it and behind NULs.
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

// isIn tells whether this is a position in the file of that identity which begins with head, or in one it is a copy of.
// Copies are known by what they hold: nothing, or nothing but NULs as a crash may leave them, says too little.
func (p Position) isIn(is identity, head []byte) bool {
	if p.Offset == 0 {
		return p.identity() == is
	}
	nuls, text := splitHead(head)
	if p.NULs == 0 && nuls > 0 { // an older version's, which didn't skip them
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

// agrees tells whether two positions may lie in files that begin alike: their hashes are the same, where they are of
// the same number of bytes.
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

// fills tells whether a head is long enough for all that p says to be compared with it.
func (p Position) fills(head []byte) bool {
	_, text := splitHead(head)
	return int64(len(text)) >= min(p.behind(), headLength)
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
	whole := min(p.behind(), q.behind()) >= fingerprintLength // for both, so that they can be compared
	return p.agrees(q) && (whole || p.Offset == q.Offset) && p.Offset > 0
}

package tailer

import (
	"bytes"
	"encoding/binary"
	"io"
)

const (
	// headLength is how many bytes of a file's start are compared at most, behind NULs: logs may have a header in
	// common that somebody's script writes.
	headLength = fingerprintLength << len(Position{}.Longer)
	// maxNULs is how many NULs at a file's start are skipped: a crash leaves a block or so, a writer without O_APPEND
	// as many as there were bytes before the file was truncated. A file that begins with more is known by its inode
	// alone.
	maxNULs = 1 << 20
	// headOfNULs is how long a head is without its text: a NUL, and the number of them as eight bytes.
	headOfNULs = 1 + 8
)

// A head is the first bytes of a file, uncompressed, up to headLength. NULs at its start, up to maxNULs, are counted
// and stand there as one, followed by their number. Heads are kept as []byte, for they are mostly just that.

// splitHead gives the number of NULs at the start, and what stands behind them.
func splitHead(head []byte) (nuls int64, text []byte) {
	if len(head) < headOfNULs || head[0] != 0 {
		return 0, head
	}
	return int64(binary.BigEndian.Uint64(head[1:])), head[headOfNULs:]
}

// isWhole tells whether a head can't become longer.
func isWhole(head []byte) bool {
	_, text := splitHead(head)
	return len(text) >= headLength
}

// extendHead adds what stands behind a head in its file. It doesn't change the array of head.
func extendHead(head, more []byte) []byte {
	nuls, text := splitHead(head)
	if len(text) == 0 {
		n := min(len(more)-len(bytes.TrimLeft(more, "\x00")), int(maxNULs-nuls))
		if more, nuls = more[n:], nuls+int64(n); nuls > 0 {
			head = binary.BigEndian.AppendUint64([]byte{0}, uint64(nuls))
		}
	}
	return append(head[:len(head):len(head)], more[:min(len(more), headLength-len(text))]...)
}

// continues tells whether a file that begins with head may have begun with before when it was shorter.
func continues(head, before []byte) bool {
	if bytes.HasPrefix(head, before) {
		return true
	}
	nuls, _ := splitHead(head)
	fewer, text := splitHead(before)
	return fewer > 0 && len(text) == 0 && fewer < nuls
}

// alike tells whether two heads may be those of one file at two moments.
func alike(a, b []byte) bool { return continues(a, b) || continues(b, a) }

// readHead reads a file's head.
func readHead(file io.ReaderAt) ([]byte, error) {
	return headFrom(nil, io.NewSectionReader(file, 0, maxNULs+headLength))
}

// headFrom reads on behind a head until it is whole or in ends.
func headFrom(head []byte, in io.Reader) ([]byte, error) {
	buf := make([]byte, headLength)
	for !isWhole(head) {
		n, err := io.ReadFull(in, buf)
		head = extendHead(head, buf[:n])
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return head, err
		}
	}
	return head, nil
}

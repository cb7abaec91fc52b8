package tailer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// A ReadError says where a log can't be read any further. What came before is good.
type ReadError struct {
	Name string
	Byte int64 // in the stored file, compressed or not
	Err  error
}

func (e *ReadError) Error() string {
	return fmt.Sprintf("reading %s at byte %d: %v", e.Name, e.Byte, e.Err)
}
func (e *ReadError) Unwrap() error { return e.Err }

// NamesFile tells whether an error says which log it is about. A *ReadError and a *FormatError do.
func NamesFile(err error) bool {
	_, read := errors.AsType[*ReadError](err)
	_, format := errors.AsType[*FormatError](err)
	return read || format
}

// A File is an open finished log. It gives the content uncompressed.
type File struct {
	file    *os.File
	size    int64
	regular bool
	stream  *stream
}

// Open opens a finished log, plain or compressed with gzip, bzip2, xz, zstd, lz4 or lzma. The content decides which it
// is, not the name. If several compressed streams follow each other, all are read. The caller closes the file. The
// error is a *FormatError if the file is an archive, or has another format that this package doesn't read.
func Open(name string) (*File, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	s, err := newStream(file, name)
	if err != nil {
		file.Close()
		return nil, err
	}
	return &File{file: file, size: info.Size(), regular: info.Mode().IsRegular(), stream: s}, nil
}

// Read gives the log's bytes. Its error is io.EOF or a *ReadError.
func (f *File) Read(p []byte) (int, error) { return f.stream.Read(p) }

// Size is the size of the stored file, in bytes, when it was opened.
func (f *File) Size() int64 { return f.size }

// Progress is how many of the stored bytes were read, a little more than was handed out, and the size of the file. Any
// goroutine may call it.
func (f *File) Progress() (done, size int64) { return f.stream.stored.Load(), f.size }

// Compressed tells whether this is a compressed file and not a pipe. Reading it takes processor time, but never waits.
func (f *File) Compressed() bool { return f.regular && f.stream.compressed }

// Close closes the file, also before its end.
func (f *File) Close() error {
	f.stream.Close()
	return f.file.Close()
}

// OpenReader does for r what Open does for a file. It doesn't close r.
func OpenReader(r io.Reader) (io.ReadCloser, error) {
	name := "input"
	if named, ok := r.(interface{ Name() string }); ok {
		name = named.Name()
	}
	return newStream(r, name)
}

// A stream uncompresses a source and counts how much of it was read.
type stream struct {
	source     io.Reader
	name       string
	stored     atomic.Int64 // bytes read from source
	plain      io.Reader    // what source holds, uncompressed
	compressed bool
	close      func()
	head       []byte // was looked at, and is still to be read
	failed     error  // comes behind head
}

// bufferSize is less than one read of a plain log takes. So such a read goes straight into the reader's own buffer.
const bufferSize = 64 << 10 // bytes

func newStream(source io.Reader, name string) (*stream, error) {
	s := &stream{source: source, name: name}
	buffered := bufio.NewReaderSize((*countingReader)(s), bufferSize)
	head, err := buffered.Peek(headerLength)
	if err != nil && err != io.EOF {
		return nil, s.wrapError(err)
	}
	s.plain, s.close, err = uncompress(buffered, head)
	if err != nil {
		return nil, s.wrapError(err)
	}
	s.compressed = s.plain != io.Reader(buffered)
	s.head = s.peek()
	if err := refuse(s.head, name); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// peek reads the bytes that refuse looks at, or fewer if the stream ends or fails before.
func (s *stream) peek() []byte {
	head := make([]byte, 0, refuseLength)
	for idle := 0; len(head) < refuseLength && s.failed == nil && idle < 100; idle++ {
		n, _ := s.Read(head[len(head):refuseLength])
		if head = head[:len(head)+n]; n > 0 {
			idle = 0
		}
	}
	return head
}

func (s *stream) Read(p []byte) (n int, err error) {
	if len(s.head) > 0 {
		n = copy(p, s.head)
		s.head = s.head[n:]
		return n, nil
	}
	if s.failed == nil {
		if n, err = s.plain.Read(p); err != nil {
			s.failed = s.wrapError(err)
		}
	}
	return n, s.failed
}

// Close ends the uncompressing. Nothing more can be read.
func (s *stream) Close() error {
	if s.close != nil {
		s.close()
		s.close = nil
	}
	s.head, s.failed = nil, os.ErrClosed
	return nil
}

func (s *stream) wrapError(err error) error {
	if err == io.EOF || NamesFile(err) {
		return err
	}
	return &ReadError{Name: s.name, Byte: s.stored.Load(), Err: err}
}

// A countingReader is the stream's source, and counts what is read of it.
type countingReader stream

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.source.Read(p)
	c.stored.Add(int64(n))
	return n, err
}

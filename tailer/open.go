package tailer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// A ReadError says where a log could not be read on. What came before it is good.
type ReadError struct {
	Name string
	Byte int64 // of the file as it is stored: compressed, if it is
	Err  error
}

func (e *ReadError) Error() string {
	return fmt.Sprintf("reading %s at byte %d: %v", e.Name, e.Byte, e.Err)
}
func (e *ReadError) Unwrap() error { return e.Err }

// NamesFile tells whether an error says which log it is about: a *ReadError and a *FormatError do.
func NamesFile(err error) bool {
	var read *ReadError
	var format *FormatError
	return errors.As(err, &read) || errors.As(err, &format)
}

// A File is a finished log being read; what it gives is uncompressed.
type File struct {
	file    *os.File
	size    int64
	regular bool
	stream  *stream
}

// Open opens a finished log, plain or compressed with gzip, bzip2, xz, zstd, lz4 or lzma, which is told by its
// content and not by its name. Members and streams put one behind the other are read to the end of the last. The
// caller closes it. It fails with a *FormatError if the file is an archive, or in another format that it can't read.
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

// Read gives the log's bytes; its error is io.EOF or a *ReadError.
func (f *File) Read(p []byte) (int, error) { return f.stream.Read(p) }

// Size is the size of the file as it is stored, in bytes, when it was opened.
func (f *File) Size() int64 { return f.size }

// Progress is how many of the stored bytes have been read, a little ahead of what was given out, and the size of the
// file. It may be called from any goroutine.
func (f *File) Progress() (done, size int64) { return f.stream.stored.Load(), f.size }

// Compressed tells whether this is a compressed file, and not a pipe: reading it takes time, but doesn't wait.
func (f *File) Compressed() bool { return f.regular && f.stream.compressed }

// Close closes the file. It doesn't fail for being closed before its end.
func (f *File) Close() error {
	f.stream.Close()
	return f.file.Close()
}

// OpenReader does for what r gives what Open does for a file; r itself is left open.
func OpenReader(r io.Reader) (io.ReadCloser, error) {
	name := "input"
	if named, ok := r.(interface{ Name() string }); ok {
		name = named.Name()
	}
	return newStream(r, name)
}

// A stream uncompresses a source and knows how far it has read in it.
type stream struct {
	source     io.Reader
	name       string
	stored     atomic.Int64 // bytes read from source
	plain      io.Reader    // what source holds, uncompressed
	compressed bool
	close      func()
	failed     error
}

// bufferSize is less than is read of a plain log at once: so that goes into the reader's own buffer.
const bufferSize = 64 << 10 // bytes

func newStream(source io.Reader, name string) (*stream, error) {
	s := &stream{source: source, name: name}
	buffered := bufio.NewReaderSize((*counted)(s), bufferSize)
	head, err := buffered.Peek(headerLength)
	if err != nil && err != io.EOF {
		return nil, s.explain(err)
	}
	s.plain, s.close, err = uncompress(buffered, head)
	if err != nil {
		return nil, s.explain(err)
	}
	s.compressed = s.plain != io.Reader(buffered)
	begun := begin(s.plain, refuseLength)
	s.plain = begun
	if err := refuse(begun.head, name); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *stream) Read(p []byte) (int, error) {
	if s.failed != nil {
		return 0, s.failed
	}
	n, err := s.plain.Read(p)
	if err != nil {
		s.failed = s.explain(err)
	}
	return n, s.failed
}

// Close ends the uncompressing. Reading goes no further.
func (s *stream) Close() error {
	if s.close != nil {
		s.close()
		s.close = nil
	}
	s.failed = os.ErrClosed
	return nil
}

func (s *stream) explain(err error) error {
	if err == io.EOF || NamesFile(err) {
		return err
	}
	return &ReadError{Name: s.name, Byte: s.stored.Load(), Err: err}
}

// counted is the stream's source, counting.
type counted stream

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.source.Read(p)
	c.stored.Add(int64(n))
	return n, err
}

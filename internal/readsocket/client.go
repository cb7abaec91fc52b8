package readsocket

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

// A client is a connection with its buffers and deadlines.
type client struct {
	conn  net.Conn
	in    *bufio.Reader
	out   *bufio.Writer
	end   time.Time     // deadline of the whole connection
	pause time.Duration // time limit of the next read
}

func newClient(conn net.Conn) *client {
	c := &client{conn: conn, end: time.Now().Add(MaxLife)}
	c.in, c.out = bufio.NewReaderSize(c, MaxRequest), bufio.NewWriterSize(conn, 512)
	conn.SetWriteDeadline(c.end)
	return c
}

// Read sends the answers so far, then reads from the connection.
func (c *client) Read(p []byte) (int, error) {
	if err := c.out.Flush(); err != nil {
		return 0, err
	}
	deadline := time.Now().Add(c.pause)
	if deadline.After(c.end) {
		deadline = c.end
	}
	c.conn.SetReadDeadline(deadline)
	c.pause = MaxIdle
	return c.conn.Read(p)
}

// An ending is what follows a request.
type ending int

const (
	newline ending = iota // perhaps another request
	last                  // nothing
	tooLong               // the rest of the request
	nothing               // and there was no request
)

// request reads the next request. asked says that it isn't the first. A request ends at an LF, or when the client
// closes its half or waits. Only the first request may be empty.
func (c *client) request(asked bool) (line string, end ending) {
	c.pause = MaxIdle
	if asked {
		c.pause = lull
	}
	text, err := c.in.ReadSlice('\n')
	switch {
	case err == nil:
		return string(text[:len(text)-1]), newline
	case errors.Is(err, bufio.ErrBufferFull):
		return string(text), tooLong
	case len(text) > 0, errors.Is(err, io.EOF) && !asked:
		return string(text), last
	}
	return "", nothing
}

// maxRest is how much further input hangUp reads. Without reading it, a reset could overtake the answer.
const maxRest = 64 << 10 // bytes

// hangUp closes a connection whose client may still be sending.
func (c *client) hangUp() {
	c.out.Flush()
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	for rest := 0; rest < maxRest; {
		c.pause = lull
		n, err := c.Read(make([]byte, MaxRequest))
		if rest += n; err != nil {
			return
		}
	}
}

// isPath reports whether an address is a UNIX socket's path, not HOST:PORT.
func isPath(address string) bool {
	return strings.Contains(address, "/") || !strings.Contains(address, ":")
}

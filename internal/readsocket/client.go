package readsocket

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"time"

	"exiwatch/internal/loopback"
)

// A client is a connection with its buffers and deadlines.
type client struct {
	conn  *loopback.Conn
	in    *bufio.Reader
	out   *bufio.Writer
	end   time.Time     // deadline of the whole connection
	pause time.Duration // time limit of the next read
}

func newClient(conn *loopback.Conn) *client {
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
	c.conn.SetReadDeadline(time.Now().Add(min(c.pause, time.Until(c.end))))
	c.pause = MaxIdle
	return c.conn.Read(p)
}

// request reads the next request; ok is false if there is none. asked says that it isn't the first. A request ends at
// an LF, or when the client closes its half or waits: end then says why. Only the first request may be empty. If it is
// too long, end is bufio.ErrBufferFull.
func (c *client) request(asked bool) (line string, ok bool, end error) {
	c.pause = MaxIdle
	if asked {
		c.pause = lull
	}
	text, end := c.in.ReadSlice('\n')
	return strings.TrimSuffix(string(text), "\n"), len(text) > 0 || errors.Is(end, io.EOF) && !asked, end
}

// maxRest is how much further input hangUp reads. Without reading it, a reset could overtake the answer.
const maxRest = 64 << 10 // bytes

// hangUp closes a connection whose client may still be sending.
func (c *client) hangUp() {
	c.out.Flush()
	c.conn.CloseWrite()
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

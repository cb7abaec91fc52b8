package readsocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
)

// maxAnswer is how much of an answer Ask reads: MaxRequests numbers of 64 bits, each with an LF.
const maxAnswer = MaxRequests * 21 // bytes

// ErrNoAnswer means that the server closed the connection without an answer: it has too many connections.
var ErrNoAnswer = errors.New("no answer: the server has too many connections")

// Ask asks as Exim's ${readsocket does: it sends the request, closes its half of the connection and reads the answer.
// The address is a path or HOST:PORT.
func Ask(ctx context.Context, address, request string) (string, error) {
	network := "tcp"
	if isPath(address) {
		network = "unix"
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return "", fmt.Errorf("asking: %w", err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if _, err := io.WriteString(c, request); err != nil {
		return "", askError(ctx, address, err)
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return "", askError(ctx, address, err)
	}
	answer, err := io.ReadAll(io.LimitReader(c, maxAnswer))
	if err != nil {
		return "", askError(ctx, address, err)
	}
	if len(answer) == 0 {
		return "", askError(ctx, address, ErrNoAnswer)
	}
	return string(answer), nil
}

func askError(ctx context.Context, address string, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return fmt.Errorf("asking %s: %w", address, err)
}

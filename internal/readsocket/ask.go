package readsocket

import (
	"cmp"
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
	if _, err = io.WriteString(c, request); err == nil {
		err = c.(interface{ CloseWrite() error }).CloseWrite()
	}
	var answer []byte
	if err == nil {
		answer, err = io.ReadAll(io.LimitReader(c, maxAnswer))
	}
	if err == nil && len(answer) == 0 {
		err = ErrNoAnswer
	}
	if err != nil {
		return "", fmt.Errorf("asking %s: %w", address, cmp.Or(context.Cause(ctx), err))
	}
	return string(answer), nil
}

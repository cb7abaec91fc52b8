package check

import (
	"context"
	"errors"
	"strings"
	"time"

	"exiwatch/internal/daemon"
	"exiwatch/internal/escape"
	"exiwatch/internal/private"
)

// silences shows what exiwatch silence holds back.
func (c *checks) silences(context.Context) (all []Result) {
	const name = "silences"
	silenced, err := daemon.Silences(c.Config.State, time.Now())
	var unsafe *private.Error
	if errors.As(err, &unsafe) {
		return fail(name, strings.ToUpper(unsafe.Hint[:1])+unsafe.Hint[1:], "%v", err)
	}
	for _, s := range silenced { // none if the folder can't be read, of which state tells
		all = append(all, pass(name, "%s is %s", escape.Text(s.Match), escape.Text(s.String()))...)
	}
	return all
}

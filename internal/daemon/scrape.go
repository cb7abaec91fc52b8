package daemon

import (
	"context"
	"net"
	"time"

	"exiwatch/internal/metrics"
)

// listenPause is how long to wait before trying a taken port again. On a shared host anybody can take one: that must
// not stop the daemon.
const listenPause = 2 * time.Second

// serveMetrics serves them until ctx ends.
func (d *Daemon) serveMetrics(ctx context.Context) {
	handler := metrics.Handler(d.Version, func() metrics.Snapshot { return d.snapshot(ctx) }, d.Log)
	told := ""
	for ctx.Err() == nil {
		l, err := net.Listen("tcp", d.Config.Metrics.String())
		if err == nil {
			d.Log.Info("metrics are served", "address", l.Addr().String())
			told, err = "", metrics.Serve(ctx, l, handler)
		}
		if err == nil {
			return
		}
		if text := err.Error(); text != told {
			told = text
			d.Log.Error("metrics can't be served: it is tried again", "error", err)
		}
		select {
		case <-time.After(listenPause):
		case <-ctx.Done():
		}
	}
}

package fleetchaos

import (
	"fmt"
	"testing"

	"exiwatch/internal/redistest"
)

// A backend is the engine's servers.
type backend struct {
	urls     []string
	nodes    []*redistest.Server // masters
	replica  *redistest.Server   // of nodes[0], if there is one
	sentinel *redistest.Server
}

// durable are lines of redis.conf with which a server that is killed has everything again.
var durable = []string{"appendonly yes", "appendfsync always"}

// single is one server.
func single(t testing.TB, lines ...string) backend {
	s := redistest.Start(t, append(durable, lines...)...)
	return backend{urls: []string{s.URL()}, nodes: []*redistest.Server{s}}
}

func cluster(t testing.TB, _ ...string) (b backend) {
	b.nodes = redistest.StartCluster(t, durable...)
	for _, n := range b.nodes {
		b.urls = append(b.urls, n.URL())
	}
	return b
}

func replicated(t testing.TB, _ ...string) backend {
	r := redistest.StartSentinel(t, durable...)
	return backend{urls: []string{fmt.Sprintf("redis+sentinel://%s/lab", r.Sentinel.Addr())},
		nodes: []*redistest.Server{r.Master}, replica: r.Replica, sentinel: r.Sentinel}
}

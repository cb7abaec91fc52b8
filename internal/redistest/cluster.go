package redistest

import (
	"fmt"
	"strings"
	"testing"

	"exiwatch/internal/testkit"
)

// slots of a cluster.
const slots = 16384

// StartCluster starts a cluster of three masters without replicas. The slots of one that has died are missing; the
// others go on (cluster-require-full-coverage no).
func StartCluster(t testing.TB, lines ...string) (nodes []*Server) {
	t.Helper()
	need(t)
	for range 3 {
		nodes = append(nodes, Start(t, append([]string{"cluster-enabled yes", "cluster-node-timeout 1000",
			fmt.Sprintf("cluster-port %d", freePort(t)), "cluster-config-file nodes.conf",
			"cluster-require-full-coverage no"}, lines...)...))
	}
	for i, node := range nodes {
		node.Do("cluster", "addslotsrange", i*slots/len(nodes), (i+1)*slots/len(nodes)-1)
		node.Do("cluster", "set-config-epoch", i+1)
	}
	for _, node := range nodes[1:] {
		node.Do("cluster", "meet", "127.0.0.1", nodes[0].Port, busPort(nodes[0]))
	}
	for _, node := range nodes {
		testkit.Until(t, "the cluster is one", func() bool {
			info := fmt.Sprint(node.Do("cluster", "info"))
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_slots_ok:16384") &&
				strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return nodes
}

// busPort is where the other nodes connect to.
func busPort(s *Server) (port int) {
	for _, line := range s.config {
		if text, found := strings.CutPrefix(line, "cluster-port "); found {
			fmt.Sscan(text, &port)
		}
	}
	return port
}

// Replicated is a master with a replica, and a Sentinel that watches both by the name "lab".
type Replicated struct{ Master, Replica, Sentinel *Server }

// StartSentinel starts them. The Sentinel alone decides that the master is down, after it was silent for a second.
func StartSentinel(t testing.TB, lines ...string) (r Replicated) {
	t.Helper()
	r.Master = Start(t, lines...)
	r.Replica = Start(t, append([]string{fmt.Sprintf("replicaof 127.0.0.1 %d", r.Master.Port)}, lines...)...)
	testkit.Until(t, "the replica has what the master has", func() bool {
		return strings.Contains(fmt.Sprint(r.Replica.Do("info", "replication")), "master_link_status:up")
	})
	r.Sentinel = newServer(t, fmt.Sprintf("sentinel monitor lab 127.0.0.1 %d 1", r.Master.Port),
		"sentinel down-after-milliseconds lab 1000", "sentinel failover-timeout lab 10000")
	r.Sentinel.name = "sentinel"
	r.Sentinel.start()
	testkit.Until(t, "the Sentinel knows the replica", func() bool {
		list := fmt.Sprint(r.Sentinel.Do("sentinel", "replicas", "lab"))
		return strings.Contains(list, fmt.Sprint("127.0.0.1:", r.Replica.Port)) && strings.Contains(list, "flags slave ") &&
			strings.Contains(list, "master-link-status ok")
	})
	return r
}

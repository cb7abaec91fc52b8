package engine

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHosts(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := context.Background()
		must(t, c.SetHost(ctx, "mx1", []byte(`{"host":"mx1"}`)))
		must(t, c.SetHost(ctx, "mx1#2", []byte(`{"host":"mx1","log":2}`)))
		must(t, c.SetHost(ctx, "mx1", []byte(`{"host":"mx1","version":"1"}`)))
		_, err := c.Append(ctx, "mx1#2", batchOf(ID{}, ID{0, 1}))
		must(t, err)
		must(t, c.RemoveHost(ctx, "mx1#2"))
		hosts, err := c.Hosts(ctx)
		if must(t, err); !cmp.Equal(hosts, map[string][]byte{"mx1": []byte(`{"host":"mx1","version":"1"}`)}) {
			t.Errorf("Hosts = %s", hosts)
		}
		if end, err := c.End(ctx, "mx1#2"); err != nil || end.Born != "" {
			t.Errorf("a removed host's stream ends at %+v, %v", end, err)
		}
	})
}

// TestOneKey: all hosts that begin at the same time have one.
func TestOneKey(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		keys := make([]string, 10)
		together(len(keys), func(i int) {
			key, err := c.Key(context.Background())
			if err != nil {
				t.Error(err)
			}
			keys[i] = string(key)
		})
		for _, key := range keys {
			if key != keys[0] || len(key) < 40 {
				t.Fatalf("keys %q", keys)
			}
		}
	})
}

package daemon

import (
	"testing"

	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

// TestRekey: the alerts of a checkpoint from before values were folded.
func TestRekey(t *testing.T) {
	saved := func(rule, value, tally string) pipeline.SavedAlert {
		s := window.SavedAlert{Rule: rule, Value: []byte(value)}
		if tally != "" {
			s.ValueCounts = []window.SavedValues{{Key: tally, Rows: []window.SavedValue{{Value: []byte("x")}}}}
		}
		return pipeline.SavedAlert{SavedAlert: s}
	}
	c := checkpoint{Logs: map[string]*follow.Checkpoint{"mainlog": {Saved: pipeline.Saved{Alerts: []pipeline.SavedAlert{
		saved("account 20/5m", "Alice", "auth"),
		saved("account 20/5m", "aLICE", "auth"),
		saved("account 20/1h", "ALICE", "auth"),
		saved("account 20/5m", "Debian-exim", "user"),
		saved("account 20/5m", "Web17@Shop.test", ""),
		saved("account 20/5m", "<>", ""),
		saved("sender 20/5m", "A@b.test", ""),
		saved("user 20/5m", "Alice", "user"),
	}}}}}
	want := []string{
		"account 20/5m alice", "account 20/1h alice", "account 20/5m Debian-exim", "account 20/5m <web#@shop.test>",
		"account 20/5m <>",
		"sender 20/5m a@b.test", "user 20/5m Alice",
	}
	for range 2 { // the second time nothing changes
		c.rekey()
		var got []string
		for _, s := range c.Logs["mainlog"].Alerts {
			got = append(got, s.Rule+" "+string(s.Value))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

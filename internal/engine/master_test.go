package engine

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/redistest"
)

func TestMasters(t *testing.T) {
	ctx := context.Background()
	server := redistest.Start(t, "maxmemory 64mb", "maxmemory-policy allkeys-lru", "appendonly yes")
	c := connected(t, server)
	all, err := c.Masters(ctx)
	must(t, err)
	s := all[0]
	if len(all) != 1 || s.Kind != "redis" || s.IsOld() || !s.Told || s.Policy != "allkeys-lru" || !s.AppendOnly ||
		s.Snapshots || !s.SaveTold || s.Most != 64<<20 || s.Used == 0 {
		t.Errorf("%+v", all)
	}
	server.Do("config", "set", "save", "3600 1", "appendonly", "no")
	if all, err = c.Masters(ctx); err != nil || !all[0].Snapshots || all[0].AppendOnly {
		t.Errorf("%+v, %v", all, err)
	}
	user := withUser(t, []string{asUser(server)}, []*redistest.Server{server}, aclLeader)
	if all, err = user.Masters(ctx); err != nil || all[0].Told || all[0].Version != s.Version {
		t.Errorf("a user who may not run INFO: %+v, %v", all, err)
	}
	user = withUser(t, []string{asUser(server)}, []*redistest.Server{server}, aclLeader+" +info")
	if all, err = user.Masters(ctx); err != nil || !all[0].Told || all[0].SaveTold {
		t.Errorf("a user who may not run CONFIG: %+v, %v", all, err)
	}
}

func TestMastersOfACluster(t *testing.T) {
	var urls []string
	nodes := redistest.StartCluster(t)
	for _, node := range nodes {
		urls = append(urls, node.URL())
	}
	all, err := open(t, Options{URLs: urls}).Masters(context.Background())
	must(t, err)
	for _, node := range nodes {
		if !slices.ContainsFunc(all, func(s Master) bool { return s.Addr == node.Addr() && s.Told }) {
			t.Errorf("%s isn't among %+v", node.Addr(), all)
		}
	}
}

func TestIsOld(t *testing.T) {
	for version, want := range map[string]bool{"5.0.14": true, "6.0.16": true, "6.1.240": true, "6.2.0": false,
		"6.2": false, "7.0.15": false, "10.0.0": false, "": true} {
		if got := (Master{Kind: "redis", Version: version}).IsOld(); got != want {
			t.Errorf("IsOld of %q = %t, want %t", version, got, want)
		}
	}
	if (Master{Kind: "valkey", Version: "1.0"}).IsOld() {
		t.Error("a Valkey is old")
	}
}

// TestClockOffset: both clocks are this machine's, so they differ by the time that an answer takes.
func TestClockOffset(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		if offset, err := c.ClockOffset(context.Background()); err != nil || offset.Abs() > time.Second {
			t.Errorf("ClockOffset = %v, %v", offset, err)
		}
	})
}

func TestStanding(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := context.Background()
		if s, err := c.Standing(ctx); err != nil || s.Seq != 0 || s.Leader != "" || !s.Committed.IsZero() {
			t.Errorf("of an empty engine: %+v, %v", s, err)
		}
		leads(t, c, token)
		commits(t, c, Commit{Token: token, Done: blob("done")})
		s, err := c.Standing(ctx)
		if err != nil || s.Seq != 1 || s.Leader != token || string(s.Done) != "done" ||
			time.Since(s.Committed).Abs() > time.Minute {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := context.Background()
		_, err := c.Append(ctx, "mx1", batchOf(ID{}, ID{1<<63 - 2, 1 << 62}))
		must(t, err)
		ends, err := c.Ends(ctx, []string{"mx1", "mx2"})
		if err != nil || len(ends) != 2 || string(ends["mx1"].Untils) != "until 9223372036854775806-4611686018427387904" ||
			ends["mx2"].Born != "" {
			t.Errorf("%+v, %v", ends, err)
		}
		if ends, err = c.Ends(ctx, nil); err != nil || len(ends) != 0 {
			t.Errorf("of no stream: %+v, %v", ends, err)
		}
	})
}

// TestTries: they find each right that is missing, and change nothing.
func TestTries(t *testing.T) {
	server := redistest.Start(t)
	nodes, urls := []*redistest.Server{server}, []string{asUser(server)}
	ctx := context.Background()
	admin := connected(t, server)
	_, err := admin.Append(ctx, "mx2", batchOf(ID{}, ID{0, 1}))
	must(t, err)
	leads(t, admin, token)
	commits(t, admin, Commit{Token: token, Verdicts: []Verdict{{ID: "a", JSON: blob("A")}}})
	before := keysOf(server)

	publisher := withUser(t, urls, nodes, aclPublisher)
	must(t, publisher.TryPublish(ctx, "mx1"))
	if err := publisher.TryLead(ctx, "mx1"); !IsDenied(err) {
		t.Errorf("a publisher may lead: %v", err)
	}
	if err := publisher.TryPublish(ctx, "mx2"); !IsDenied(err) {
		t.Errorf("mx1 may publish as mx2: %v", err)
	}
	leader := withUser(t, urls, nodes, aclLeader)
	must(t, leader.TryPublish(ctx, "mx1"))
	must(t, leader.TryLead(ctx, "mx1"))
	for _, right := range strings.Fields(aclLeader) {
		if !strings.ContainsRune("~%+", rune(right[0])) || right == "+time" { // ClockOffset needs that one alone
			continue
		}
		fewer := withUser(t, urls, nodes, strings.Replace(aclLeader+" ", " "+right+" ", " ", 1))
		err := fewer.TryPublish(ctx, "mx1")
		if err == nil {
			err = fewer.TryLead(ctx, "mx1")
		}
		if !IsDenied(err) {
			t.Errorf("without %s: %v", right, err)
		}
	}
	if after := keysOf(server); after != before {
		t.Errorf("there were %s, and are %s", before, after)
	}
}

// keysOf are the keys that a server has.
func keysOf(s *redistest.Server) string {
	var names []string
	for _, name := range s.Do("keys", "*").([]any) {
		names = append(names, name.(string))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestCommitsWithoutTheTime: a user who may not ask it leads nevertheless.
func TestCommitsWithoutTheTime(t *testing.T) {
	server := redistest.Start(t)
	c := withUser(t, []string{asUser(server)}, []*redistest.Server{server}, strings.Replace(aclLeader, " +time", "", 1))
	leads(t, c, token)
	commits(t, c, Commit{Token: token})
	if s, err := c.Standing(context.Background()); err != nil || s.Seq != 1 || !s.Committed.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
}

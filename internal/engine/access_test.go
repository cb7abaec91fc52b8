package engine

import (
	"context"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/redistest"
	"exiwatch/internal/testkit"
)

// TestTLS: the engine's certificate is checked.
func TestTLS(t *testing.T) {
	ca, lines := redistest.TLS(t)
	otherCA, _ := redistest.TLS(t)
	server := redistest.Start(t, lines...)
	url := "rediss://" + server.Addr()
	c := open(t, Options{URLs: []string{url}, CA: ca})
	testkit.Until(t, "a batch is appended", func() bool {
		at, err := c.Append(context.Background(), "mx1", batchOf(ID{}, ID{0, 1}))
		return err == nil && at.ID == ID{0, 1}
	})
	for _, call := range everything(c) {
		must(t, call(context.Background()))
	}
	for what, o := range map[string]Options{
		"the system's certificates": {URLs: []string{url}},
		"another authority":         {URLs: []string{url}, CA: otherCA},
		"another name":              {URLs: []string{strings.Replace(url, "127.0.0.1", "127.0.0.2", 1)}, CA: ca},
	} {
		if _, err := open(t, o).End(context.Background(), "mx1"); err == nil {
			t.Errorf("with %s it connects", what)
		}
	}
	begin := time.Now()
	if _, err := connected(t, server).End(context.Background(), "mx1"); err == nil {
		t.Error("without TLS it connects")
	}
	soon(t, "End without TLS", begin)
}

// Least privilege: what to write behind "ACL SETUSER NAME on >PASSWORD" for a host whose stream is mx1, of the fleet
// lab. In a cluster aclCluster comes to both. %R~ needs Redis 7 or Valkey: with Redis 6.2 it is ~, which allows more.
const (
	// aclPublisher is for a host that publishes and follows, and never leads. It can alter no other host's stream and
	// nothing that the leader has found.
	aclPublisher = "resetkeys resetchannels -@all" +
		" ~xw:{lab/mx1}:* ~xw:{lab/mx1#*}:*" +
		" ~xw:{lab}:hosts ~xw:{lab}:local ~xw:{lab}:key" +
		" %R~xw:{lab}:state %R~xw:{lab}:lead %R~xw:{lab}:now %R~xw:{lab}:verdicts %R~xw:{lab}:told" +
		" +eval +evalsha +hget +hmget +hgetall +hset +hincrby +hdel +hlen +hscan +exists +unlink +get +set +setnx" +
		" +xadd +xtrim +xrange +xrevrange +time"
	// aclLeader is for a host that may lead. It reads all streams, and alters its own.
	aclLeader = "resetkeys resetchannels -@all" +
		" ~xw:{lab/mx1}:* ~xw:{lab/mx1#*}:* %R~xw:{lab/*}:* ~xw:{lab}:*" +
		" +eval +evalsha +hget +hmget +hgetall +hset +hsetnx +hincrby +hdel +hlen +hscan +exists +unlink +del +get +set" +
		" +setnx +xadd +xtrim +xrange +xrevrange +time"
	aclCluster = " +cluster|slots +cluster|shards +command +readonly"
)

const password = "a long password"

// withUser makes a user, and opens engines for it.
func withUser(t *testing.T, urls []string, nodes []*redistest.Server, acl string) *Client {
	t.Helper()
	for _, node := range nodes {
		rules := []any{"acl", "setuser", "mx1", "reset", "on", ">" + password}
		for _, rule := range strings.Fields(acl) {
			rules = append(rules, rule)
		}
		node.Do(rules...)
	}
	file := testkit.Write(t, "password", password+"\n")
	return open(t, Options{URLs: urls, PasswordFile: file})
}

func asUser(s *redistest.Server) string { return strings.Replace(s.URL(), "//", "//mx1@", 1) }

// publisherDoes what a host that never leads does.
func publisherDoes(t *testing.T, c *Client) {
	t.Helper()
	ctx := context.Background()
	for _, stream := range []string{"mx1", "mx1#2"} {
		a := batchOf(ID{}, ID{0, 10})
		_, err := c.Append(ctx, stream, a)
		must(t, err)
		a = batchOf(ID{0, 10}, ID{0, 20})
		a.Trim = ID{0, 5}
		_, err = c.Append(ctx, stream, a)
		must(t, err)
		_, err = c.Append(ctx, stream, Append{After: ID{0, 20}})
		must(t, err)
		must(t, c.redis.Unlink(ctx, c.streamKey(stream, "log")).Err()) // as if it was lost
		_, err = c.Append(ctx, stream, batchOf(ID{}, ID{0, 10}))
		must(t, err)
		_, err = c.End(ctx, stream)
		must(t, err)
		must(t, c.SetHost(ctx, stream, blob("{}")))
	}
	_, err := c.Hosts(ctx)
	must(t, err)
	_, err = c.Key(ctx)
	must(t, err)
	_, err = c.Leader(ctx)
	must(t, err)
	must(t, c.SetLocal(ctx, "l", blob("L")))
	_, err = c.Local(ctx)
	must(t, err)
	must(t, c.DropLocal(ctx, "l"))
	_, err = c.Told(ctx, "a")
	must(t, err)
	v, err := c.Verdicts(ctx, "")
	must(t, err)
	_, err = c.Verdicts(ctx, v.From)
	must(t, err)
	must(t, c.RemoveHost(ctx, "mx1#2"))
}

// leaderDoes what a leader does.
func leaderDoes(t *testing.T, c *Client) {
	t.Helper()
	ctx := context.Background()
	_, err := c.Poll(ctx, []Cursor{{"mx1", ID{}}, {"mx2", ID{}}}, 10)
	must(t, err)
	leads(t, c, token)
	leads(t, c, token)
	m := large(chunk + 1)
	m.Tell = append(m.Tell, m.Tell[0])
	m.Drop, m.Forget = []string{"0000"}, []string{"0001.opened"}
	m.Verdicts = append(m.Verdicts, Verdict{ID: "0000", Ended: true})
	m.Rules = blob("rules")
	commits(t, c, m)
	s := stateOf(t, c)
	s.Local = map[string][]byte{"l": blob("L")}
	must(t, c.Reseed(ctx, s, token))
	must(t, c.Resign(ctx, token))
}

// TestLeastPrivilege: users with these rules can do all that they need, and no more.
func TestLeastPrivilege(t *testing.T) {
	server := redistest.Start(t)
	nodes, urls := []*redistest.Server{server}, []string{asUser(server)}
	ctx := context.Background()
	admin := connected(t, server)
	leads(t, admin, other)
	commits(t, admin, Commit{Token: other, Verdicts: []Verdict{{ID: "a", JSON: blob("A")}}})
	_, err := admin.Append(ctx, "mx2", batchOf(ID{}, ID{0, 1}))
	must(t, err)
	must(t, admin.Resign(ctx, other))

	publisher := withUser(t, urls, nodes, aclPublisher)
	publisherDoes(t, publisher)
	for what, err := range map[string]error{
		"lead":    second(publisher.Lead(ctx, token)),
		"publish": second(publisher.Append(ctx, "mx2", batchOf(ID{0, 1}, ID{0, 2}))),
		"read":    second(publisher.End(ctx, "mx2")),
		"forget":  publisher.redis.HDel(ctx, publisher.key("told"), "a").Err(),
		"empty":   publisher.redis.FlushAll(ctx).Err(),
		"stop":    publisher.redis.Shutdown(ctx).Err(),
	} {
		if err == nil || !strings.Contains(err.Error(), "NOPERM") && !strings.Contains(err.Error(), "permission") {
			t.Errorf("a publisher may %s: %v", what, err)
		}
	}
	server.Do("acl", "deluser", "mx1")
	must(t, admin.redis.Del(ctx, admin.key("state")).Err())

	leader := withUser(t, urls, nodes, aclLeader)
	publisherDoes(t, leader)
	leaderDoes(t, leader)
	for what, err := range map[string]error{
		"publish":       second(leader.Append(ctx, "mx2", batchOf(ID{0, 1}, ID{0, 2}))),
		"remove":        leader.RemoveHost(ctx, "mx2"),
		"lead another":  leader.redis.Set(ctx, "xw:{other}:lead", "x", 0).Err(),
		"read the keys": leader.redis.Keys(ctx, "*").Err(),
	} {
		if err == nil || !strings.Contains(err.Error(), "NOPERM") && !strings.Contains(err.Error(), "permission") {
			t.Errorf("a leader may %s: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestLeastPrivilegeInACluster, which a client asks for its slots.
func TestLeastPrivilegeInACluster(t *testing.T) {
	slow(t)
	nodes := redistest.StartCluster(t)
	var urls []string
	for _, node := range nodes {
		urls = append(urls, asUser(node))
	}
	c := withUser(t, urls, nodes, aclLeader+aclCluster)
	publisherDoes(t, c)
	leaderDoes(t, c)
	must(t, c.TryPublish(context.Background(), "mx1"))
	must(t, c.TryLead(context.Background(), "mx1"))
	for _, node := range nodes {
		if log := node.Do("acl", "log").([]any); len(log) > 0 {
			t.Errorf("refused: %v", log)
		}
	}
}

// TestWrongPassword: the error says so, and doesn't have it.
func TestWrongPassword(t *testing.T) {
	server := redistest.Start(t, "requirepass right")
	file := testkit.Write(t, "password", "s3cret")
	_, err := open(t, Options{URLs: []string{server.URL()}, PasswordFile: file}).End(context.Background(), "mx1")
	if err == nil || !strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("with a wrong password: %v", err)
	}
	if _, err := connected(t, server).End(context.Background(), "mx1"); err == nil ||
		!strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("without a password: %v", err)
	}
	file = testkit.Write(t, "password", "right\n")
	_, err = open(t, Options{URLs: []string{server.URL()}, PasswordFile: file}).End(context.Background(), "mx1")
	must(t, err)
}

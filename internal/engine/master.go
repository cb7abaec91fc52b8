package engine

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// clockLooks is how often the clock is asked: the answer that came soonest is the most exact.
const clockLooks = 3

// ClockOffset is how far this machine's clock is ahead of the engine's; negative: behind. It is off by half a round
// trip at most. In a cluster any node may answer.
func (c *Client) ClockOffset(ctx context.Context) (offset time.Duration, err error) {
	var best time.Duration
	for i := range clockLooks {
		began := time.Now()
		at, err := call(ctx, c, "asking the time", func(ctx context.Context) (time.Time, error) {
			return c.redis.Time(ctx).Result()
		})
		if err != nil {
			return 0, err
		}
		if took := time.Since(began); i == 0 || took < best {
			best, offset = took, began.Add(took/2).Sub(at)
		}
	}
	return offset, nil
}

// A Master is a server that serves a fleet, as it describes itself.
type Master struct {
	Addr    string // HOST:PORT of a node of a cluster; else ""
	Kind    string // "redis" or "valkey"; some versions of Valkey call themselves redis
	Version string
	// Told says that it has told what follows. It doesn't tell a user who may not run INFO.
	Told       bool
	Policy     string // maxmemory-policy
	AppendOnly bool   // it writes each change to disk
	// Snapshots says that it writes everything to disk at times. SaveTold is false if it doesn't say.
	Snapshots, SaveTold bool
	Used, Most          int64 // bytes of memory; Most is 0 if there is no limit
}

// Masters asks all masters what they are.
func (c *Client) Masters(ctx context.Context) ([]Master, error) {
	return call(ctx, c, "asking what server it is", func(ctx context.Context) (all []Master, err error) {
		cluster, is := c.redis.(*redis.ClusterClient)
		if !is {
			s, err := masterOf(ctx, c.redis, "")
			return []Master{s}, err
		}
		var lock sync.Mutex
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			s, err := masterOf(ctx, node, node.Options().Addr)
			lock.Lock()
			defer lock.Unlock()
			all = append(all, s)
			return err
		})
		slices.SortFunc(all, func(a, b Master) int { return cmp.Compare(a.Addr, b.Addr) })
		return all, err
	})
}

// A commander runs any command.
type commander interface {
	Do(ctx context.Context, arguments ...any) *redis.Cmd
}

// masterOf asks a master. HELLO needs no right.
func masterOf(ctx context.Context, node commander, addr string) (Master, error) {
	hello, err := node.Do(ctx, "hello").Slice()
	if err != nil {
		return Master{Addr: addr}, err
	}
	said := make(map[string]string)
	for pair := range slices.Chunk(hello, 2) {
		name, _ := pair[0].(string)
		said[name], _ = pair[len(pair)-1].(string)
	}
	s := Master{Addr: addr, Kind: said["server"], Version: said["version"]}
	memory, err := infoOf(ctx, node, "memory")
	if IsDenied(err) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	disk, err := infoOf(ctx, node, "persistence")
	if err != nil {
		return s, err
	}
	s.Told, s.Policy, s.AppendOnly = true, memory["maxmemory_policy"], disk["aof_enabled"] == "1"
	s.Used, _ = strconv.ParseInt(memory["used_memory"], 10, 64)
	s.Most, _ = strconv.ParseInt(memory["maxmemory"], 10, 64)
	saves, err := node.Do(ctx, "config", "get", "save").StringSlice()
	switch {
	case IsDenied(err):
		written, _ := strconv.Atoi(disk["rdb_saves"]) // from Redis 7 on
		s.Snapshots, s.SaveTold = written > 0, written > 0
		return s, nil
	case err == nil && len(saves) == 2:
		s.Snapshots, s.SaveTold = saves[1] != "", true
	}
	return s, err
}

// infoOf reads a section of INFO.
func infoOf(ctx context.Context, node commander, section string) (map[string]string, error) {
	text, err := node.Do(ctx, "info", section).Text()
	fields := make(map[string]string)
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		fields[name] = value
	}
	return fields, err
}

// OldestRedis is the first version that can serve a fleet. Any Valkey can.
const OldestRedis = "6.2"

// IsOld reports whether the server is too old to serve a fleet.
func (s Master) IsOld() bool {
	if s.Kind != "redis" {
		return false
	}
	oldest := strings.Split(OldestRedis, ".")
	for i, text := range strings.Split(s.Version, ".") {
		if i >= len(oldest) {
			break
		}
		n, _ := strconv.Atoi(text)
		if want, _ := strconv.Atoi(oldest[i]); n != want {
			return n < want
		}
	}
	return false
}

// A Standing is how far a fleet is.
type Standing struct {
	Seq       int64     // of the last commit; 0 if there was none, or the engine has lost its state
	Done      []byte    // the leader's
	Leader    string    // its token; "" if none leads
	Committed time.Time // when the last commit was, by the engine's clock; zero if the engine doesn't know
}

// Standing tells how far the fleet is.
func (c *Client) Standing(ctx context.Context) (Standing, error) {
	return call(ctx, c, "asking how far the fleet is", func(ctx context.Context) (s Standing, err error) {
		pipe := c.redis.Pipeline()
		state, lead := pipe.HMGet(ctx, c.key("state"), "seq", "done", "at"), pipe.Get(ctx, c.key("lead"))
		if _, err := pipe.Exec(ctx); err != nil && err != redis.Nil {
			return s, err
		}
		if err := state.Err(); err != nil {
			return s, err
		}
		seq, _ := state.Val()[0].(string)
		s.Seq, _ = strconv.ParseInt(seq, 10, 64)
		s.Done, s.Leader = bytesOf(state.Val()[1]), lead.Val()
		at, _ := state.Val()[2].(string)
		if seconds, _ := strconv.ParseInt(at, 10, 64); seconds > 0 {
			s.Committed = time.Unix(seconds, 0)
		}
		return s, nil
	})
}

// Ends tells where streams end. If a node of a cluster doesn't answer, its streams are left out, and an error tells.
func (c *Client) Ends(ctx context.Context, streams []string) (map[string]End, error) {
	last := ID{1<<63 - 1, 1<<63 - 1} // no entry is behind it
	var cursors []Cursor
	for _, name := range streams {
		cursors = append(cursors, Cursor{name, last})
	}
	ends := make(map[string]End)
	if len(cursors) == 0 {
		return ends, nil
	}
	polled, err := c.Poll(ctx, cursors, 1)
	for _, p := range polled {
		ends[p.Stream] = p.End
	}
	return ends, err
}

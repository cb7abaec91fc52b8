package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/fleet"
	"exiwatch/internal/words"
)

// fleet checks the engine of a fleet, what this host may do there, its clock and its rules.
func (c *checks) fleet(ctx context.Context) []Result {
	const name = "engine"
	f := c.Config.Fleet
	if f == nil {
		return nil
	}
	if len(f.Engine) == 0 {
		return pass("fleet", "no engine: the logs of this machine count as one")
	}
	client, err := fleet.OpenEngine(f)
	if err != nil {
		return fail(name, "Correct [fleet] in the configuration.", "%v", err)
	}
	defer client.Close()
	masters, err := client.Masters(ctx)
	switch {
	case engine.IsWrongPassword(err):
		return fail(name, "Compare the user in engine and the password in password_file, both in [fleet], with ACL "+
			"LIST there.", "%v", err)
	case err != nil:
		return fail(name, "Does it run, and does a firewall let this host reach it? Until then each host counts alone.",
			"%v", err)
	}
	host := cmp.Or(f.Host, c.Host)
	return slices.Concat(engineOf(client.Where(), masters), persistence(masters), rights(ctx, client, host),
		offset(ctx, client), c.members(ctx, client, host))
}

// fullAt is the share of its memory from which on an engine is nearly full.
const fullAt = 0.9

// engineOf checks the versions and the memory of an engine.
func engineOf(where string, masters []engine.Master) (all []Result) {
	const name = "engine"
	var versions []string
	for _, m := range masters {
		versions = append(versions, m.Kind+" "+m.Version)
		at := cmp.Or(m.Addr, where)
		switch {
		case m.IsOld():
			all = append(all, fail(name, "Install Redis "+engine.OldestRedis+" or later, or any Valkey.",
				"%s at %s is too old", m.Kind+" "+m.Version, at)...)
		case !m.Told:
			all = append(all, warn(name, "There CONFIG GET maxmemory-policy must say noeviction. With the right +info "+
				"exiwatch looks itself.", "%s at %s answers; can't check its settings, as the user may not run INFO",
				m.Kind+" "+m.Version, at)...)
		case m.Most > 0 && strings.HasPrefix(m.Policy, "allkeys-"):
			all = append(all, fail(name, "There:\n    CONFIG SET maxmemory-policy noeviction\n    CONFIG REWRITE",
				"%s: with maxmemory-policy %s it throws arrivals away when its memory is full", at, m.Policy)...)
		case m.Most > 0 && m.Policy != "noeviction":
			all = append(all, warn(name, "There:\n    CONFIG SET maxmemory-policy noeviction\n    CONFIG REWRITE",
				"%s: with maxmemory-policy %s the fleet may lose its leader when the memory is full", at, m.Policy)...)
		case m.Most > 0 && float64(m.Used) > fullAt*float64(m.Most):
			all = append(all, warn(name, "Raise maxmemory. Once it is full, hosts can't publish: each counts alone.",
				"%s: %s of maxmemory %s are used", at, words.Size(m.Used), words.Size(m.Most))...)
		}
	}
	if all != nil {
		return all
	}
	slices.Sort(versions)
	limit := "without a limit"
	if most := masters[0].Most; most > 0 {
		limit = "of " + words.Size(most)
	}
	return pass(name, "%s: %s, %s used %s, nothing is evicted", where, strings.Join(slices.Compact(versions), ", "),
		words.Size(masters[0].Used), limit)
}

// persistence checks what survives a restart of the engine.
func persistence(masters []engine.Master) []Result {
	const name, hint = "persistence", "There:\n    CONFIG SET appendonly yes\n    CONFIG REWRITE"
	var how []string
	for _, m := range masters {
		of := ""
		if m.Addr != "" {
			of = m.Addr + ": "
		}
		switch {
		case !m.Told:
			return nil
		case m.AppendOnly:
			how = append(how, "appendonly")
		case m.Snapshots:
			how = append(how, "save; after a crash the hosts publish again what it lacks")
		case !m.SaveTold:
			return warn(name, hint, "%sappendonly is off; can't check save, as the user may not run CONFIG", of)
		default:
			return warn(name, hint, "%sneither appendonly nor save: a restart of the engine empties it. The hosts "+
				"fill it again from their logs. If the leader dies as well, open alerts may be mailed again", of)
		}
	}
	slices.Sort(how)
	return pass(name, "%s", strings.Join(slices.Compact(how), "; "))
}

// rights tries what the host does in the engine.
func rights(ctx context.Context, client *engine.Client, host string) []Result {
	const name = "rights"
	if err := client.TryPublish(ctx, host); err != nil {
		return fail(name, "docs/fleet.md lists the rights that the engine's user needs.", "%s can't publish: %v", host,
			err)
	}
	if err := client.TryLead(ctx, host); err != nil {
		return warn(name, "If this host shall never lead, this is right. Else docs/fleet.md lists the rights. Two "+
			"hosts should be able to lead.", "%s may publish and follow, but it can't lead: %v", host, err)
	}
	return pass(name, "%s may publish, follow and lead", host)
}

// How far a host's clock may be off.
const (
	offsetWarn = time.Second
	offsetFail = 5 * time.Second
)

// offset compares this machine's clock with the engine's.
func offset(ctx context.Context, client *engine.Client) []Result {
	off, err := client.ClockOffset(ctx)
	if err != nil {
		return warn("offset", "Give the engine's user the right +time.", "%v", err)
	}
	return offBy(off)
}

// offBy judges how far this machine's clock is ahead of the engine's.
func offBy(off time.Duration) []Result {
	const name = "offset"
	const hint = "Synchronize both clocks: install chrony here and there. chronyc tracking says whether it works."
	side := "ahead of"
	if off < 0 {
		side = "behind"
	}
	text := fmt.Sprintf("this machine's clock is %.1f s %s the engine's", off.Abs().Seconds(), side)
	switch {
	case off.Abs() > offsetFail:
		return fail(name, hint, "%s: messages through several hosts may miss each other in short windows", text)
	case off.Abs() > offsetWarn:
		return warn(name, hint, "%s", text)
	}
	return pass(name, "%s", text)
}

// members checks whether this host's rules are those of the fleet.
func (c *checks) members(ctx context.Context, client *engine.Client, host string) []Result {
	const name = "fleet"
	f := c.Config.Fleet
	status, err := fleet.Look(ctx, client, f.Patience)
	if err != nil {
		return fail(name, "See the row rights.", "%v", err)
	}
	if len(status.Hosts) == 0 {
		return pass(name, "%s: no host has joined yet; this one is %s", f.Name, host)
	}
	lacks, extra, same := status.Compare(fleet.RulesOf(&c.Config).String(), fleet.RuleTexts(&c.Config))
	if !same {
		text := "this host's rules aren't those of the fleet " + f.Name + ": its arrivals count, but it never leads"
		for _, rule := range lacks {
			text += "\nthe fleet alone: " + rule
		}
		for _, rule := range extra {
			text += "\nhere alone: " + rule
		}
		return warn(name, "Give all hosts the same [[rule]]s in the same order, exceptions included.", "%s", text)
	}
	hosts := words.Plain(int64(len(status.Hosts)), "host")
	if status.Leader == "" {
		return warn(name, "Start exiwatch on a host that may lead. exiwatch fleet says more.",
			"%s: %s, and none leads: each counts alone", f.Name, hosts)
	}
	return pass(name, "%s: %s, %s leads; this one is %s and has the same rules", f.Name, hosts, status.Leader, host)
}

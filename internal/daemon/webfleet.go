package daemon

import (
	"context"
	"sync/atomic"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/fleet"
	"exiwatch/internal/web"
)

// A fleetLooker has what the live page shows of the fleet. Open alerts come from this host's copy. How the hosts are is
// asked of the engine by a goroutine of its own, while somebody looks: no request waits for an engine.
type fleetLooker struct {
	member   *fleetMember
	patience time.Duration
	now      func() time.Time
	asked    chan struct{} // somebody looks
	looked   atomic.Pointer[fleetLook]
}

// A fleetLook is how the hosts were at a time.
type fleetLook struct {
	at      time.Time
	hosts   []web.FleetHost // as of the last answer
	since   time.Time       // of the last answer
	problem string          // why there is none; "": there is
}

const (
	// lookPause is between two looks, and lookTime how long one may take.
	lookPause, lookTime = 3 * time.Second, 5 * time.Second
	// maxLookHosts bounds the table of hosts.
	maxLookHosts = 200
)

// newFleetLooker makes one for a member; nil without a fleet.
func (d *Daemon) newFleetLooker() *fleetLooker {
	if d.fleet == nil {
		return nil
	}
	return &fleetLooker{member: d.fleet, patience: d.Config.Fleet.Patience, now: d.now, asked: make(chan struct{}, 1)}
}

// run looks while the page is looked at, until ctx ends.
func (f *fleetLooker) run(ctx context.Context) {
	for {
		select {
		case <-f.asked:
		case <-ctx.Done():
			return
		}
		f.look(ctx)
		select {
		case <-time.After(lookPause):
		case <-ctx.Done():
			return
		}
	}
}

// look asks the engine how the hosts are.
func (f *fleetLooker) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	status, err := fleet.Look(ctx, f.member.client, f.patience)
	look := &fleetLook{at: f.now()}
	if was := f.looked.Load(); was != nil {
		look.hosts, look.since = was.hosts, was.since
	}
	if err != nil {
		look.problem = err.Error()
		if engine.IsDenied(err) {
			look.problem += " (exiwatch check says which rights are missing)"
		}
	} else {
		look.hosts, look.since, look.problem = hostsOf(&status), look.at, status.Unread
	}
	f.looked.Store(look)
}

// hostsOf are the hosts of a status for the page.
func hostsOf(s *fleet.Status) (all []web.FleetHost) {
	for _, h := range s.Hosts[:min(len(s.Hosts), maxLookHosts)] {
		one := web.FleetHost{Name: h.Host, Heard: -1, Behind: -1, Silent: h.Silent, Leads: h.Host == s.Leader,
			Waited: h.Waited, Differ: h.Differs}
		if h.At.Unix() > 0 {
			one.Heard = max(s.At.Sub(h.At), 0)
		}
		if h.Slowest != "" {
			one.Behind = max(time.Duration(h.Lag*float64(time.Second)), 0)
		}
		all = append(all, one)
	}
	return all
}

// fleet is what the page shows of the fleet; nil without one.
func (f *fleetLooker) fleet(zone *time.Location) *web.FleetState {
	if f == nil {
		return nil
	}
	m := f.member
	if m.replica == nil {
		return &web.FleetState{Local: true, Open: rulingsOf(m.memory.Open())}
	}
	select {
	case f.asked <- struct{}{}:
	default:
	}
	shown := &web.FleetState{Leader: m.replica.Leader(), Open: rulingsOf(m.replica.Open())}
	if shown.Heard, shown.Alone = m.replica.Alone(); !shown.Heard.IsZero() {
		shown.Heard = shown.Heard.In(zone)
	}
	if look := f.looked.Load(); look != nil {
		shown.Hosts, shown.Problem = look.hosts, look.problem
		if !look.since.IsZero() {
			shown.Looked = look.since.In(zone)
		}
	}
	return shown
}

// rulingsOf are the open alerts of the fleet for the page.
func rulingsOf(open []fleet.Ruling) []web.FleetAlert {
	all := make([]web.FleetAlert, 0, len(open))
	for i := range open {
		r := &open[i]
		length, _ := time.ParseDuration(r.Window) // 0 for a version to come
		all = append(all, web.FleetAlert{ID: r.ID, Incident: r.Incident, Rule: r.Rule, Key: r.Key,
			Value: string(r.Value), Measure: r.Measure, Current: r.Current, Limit: r.Limit, Window: max(length, 0),
			Opened: r.Opened, Messages: r.Messages, LogHosts: r.Hosts})
	}
	return all
}

package fleet

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/follow"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A stint is publishing from where the stream ended on, until it ends elsewhere.
type stint struct {
	*Publisher
	log      *follow.LiveLog
	pipeline *pipeline.Pipeline
	packer   *Packer

	end     engine.End // the stream's
	resume  resume     // of the last append
	place   tailer.Position
	anchors map[string]anchor // of the time before the stint

	encoders map[string]*merge.Encoder // by host
	records  int                       // in encoders
	last     int64                     // highest Record.Now in them
	waiting  time.Time                 // when the first of them was counted
	sent     time.Time                 // when something was appended last
	untils   Untils                    // that were appended last
}

const (
	// batchRecords and batchTime are with how many records, or how long after the first, a batch is appended. A batch
	// of less than fewRecords waits for fewTime: at 20 arrivals a second batches of 100 ms take 124 bytes an arrival of
	// the engine's memory, and those of 250 ms take 79. What rules count of a second is released more than a second
	// later anyway, see pipeline.Pipeline.Until.
	batchRecords = 500
	batchTime    = 100 * time.Millisecond
	fewRecords   = 10
	fewTime      = 250 * time.Millisecond
	// A beat says that there is nothing. It comes beatPause after the last append, or when untils rise, but not before
	// shortBeat.
	beatPause, shortBeat = time.Second, 250 * time.Millisecond
	// lookPause is between two looks for a log that can't be read.
	lookPause = 500 * time.Millisecond
)

// newStint prepares to publish from the stream's end on.
func (p *Publisher) newStint(ctx context.Context, end engine.End, was resume) (*stint, error) {
	s := &stint{Publisher: p, end: end, resume: was, anchors: was.Anchors, packer: NewPacker(),
		encoders: make(map[string]*merge.Encoder), sent: p.Follow.Now()}
	s.resume.Lost, p.lost = was.Lost+p.lost, 0
	s.resume.Version, s.resume.Publisher = resumeVersion, p.state.Publisher
	s.resume.Anchors = maps.Clone(was.Anchors)
	var err error
	if s.pipeline, err = p.Pipeline(pipeline.Listener{Publish: s.add}); err != nil {
		return nil, err
	}
	s.pipeline.NameHost(p.Host, p.All)
	if s.resume.Generation = max(was.Generation, end.ID.Generation); was.Log != nil {
		s.place = was.Log.Position
	} else {
		s.resume.Generation = max(s.resume.Generation, p.state.Generation) + 1
		if s.resume.From == 0 {
			s.resume.From = max(max(s.Since(), 0)-s.pipeline.ViewReach(), 1)
			p.Follow.Log.Info("the fleet's engine has nothing of the log: it is published anew", "stream", p.Stream,
				"log", p.Path, "from", time.Unix(s.resume.From, 0))
		}
	}
	p.raise(s.resume.Generation)
	_ = json.Unmarshal(end.Untils, &s.untils) // only this publisher's
	o := p.Follow
	o.Since, o.FromStart, o.Stopping, o.CaughtUp, o.Skipped = s.resume.From, false, ctx, nil, s.skipped
	s.log = follow.New(p.Path, s.pipeline, o)
	return s, nil
}

// skipped notes a file of the log that was left out.
func (s *stint) skipped(l *follow.LiveLog, gap tailer.Gap) {
	if s.Follow.Skipped != nil {
		s.Follow.Skipped(l, gap)
	}
	l.PassOver(gap)
}

// run publishes. It returns when all its goroutines have ended.
func (s *stint) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var goroutines sync.WaitGroup
	defer goroutines.Wait()
	defer cancel()
	if err := s.find(ctx); err != nil {
		return err
	}
	batches, failed := make(chan *follow.Batch, follow.InFlight()), make(chan error, 1)
	s.log.Start(ctx, 0, batches)
	goroutines.Go(func() { failed <- s.log.Follow() })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(s.due())
		select {
		case b := <-batches:
			s.count(b)
		case <-timer.C:
		case err := <-failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
		if s.due() <= 0 {
			if err := s.append(ctx); err != nil {
				return err
			}
		}
	}
}

// find finds where to read on, as soon as the log can be read.
func (s *stint) find(ctx context.Context) error {
	err := s.log.Resume(s.resume.Log)
	for err == nil && s.log.Pending {
		if err = wait(ctx, lookPause); err == nil {
			err = s.beat(ctx)
		}
		if err == nil {
			err = s.log.Resume(s.log.Saved)
		}
	}
	return err
}

// add takes a record.
func (s *stint) add(host string, r *pipeline.Record) {
	if r.Now < s.resume.From {
		return
	}
	if s.NoSubjects {
		r.Arrival.Values[window.Subject] = nil
	}
	e := s.encoders[host]
	if e == nil {
		e = new(merge.Encoder)
		s.encoders[host] = e
	}
	if s.records == 0 {
		s.waiting, s.last = s.Follow.Now(), never
		since := s.waiting
		s.stats.waiting.Store(&since)
	}
	e.Add(r)
	s.records++
	s.last = max(s.last, r.Now)
}

// count counts the lines of a batch.
func (s *stint) count(b *follow.Batch) {
	if b.Ahead() {
		b.Wait()
	}
	for _, g := range b.Gaps {
		s.skipped(s.log, g)
	}
	s.log.Count(b, func(int64) bool { return true })
	now := s.Follow.Now()
	s.log.NoteTime(b, now)
	if b.Quiet {
		s.log.Quiet(b.Empty(), now)
		if !b.End.IsZero() && s.log.IsWhole(now) {
			s.log.ReachedEnd(b.End)
			s.resume.From = 0
		}
	}
	b.Release()
}

// due is how long the next append may wait.
func (s *stint) due() time.Duration {
	now := s.Follow.Now()
	switch {
	case s.records >= batchRecords:
		return 0
	case s.records >= fewRecords:
		return s.waiting.Add(batchTime).Sub(now)
	case s.records > 0:
		return s.waiting.Add(fewTime).Sub(now)
	case !s.log.CatchingUp() && !maps.Equal(s.newUntils(), s.untils):
		return s.sent.Add(shortBeat).Sub(now)
	}
	return s.sent.Add(beatPause).Sub(now)
}

// newUntils are the hosts' untils now. Nothing is known of a host without lines, unless it is the log's.
func (s *stint) newUntils() Untils {
	untils := make(Untils)
	for _, one := range s.pipeline.Hosts() {
		if clock := one.Counters().Clock(); s.All || clock.Now > noClock {
			untils[one.HostName()] = s.until(one, clock.Now)
		}
	}
	return untils
}

// noClock is before all stamps that a log of Exim has.
const noClock = 0

func (s *stint) until(one *pipeline.Pipeline, now int64) int64 {
	if a, ok := s.anchors[one.HostName()]; ok && a.Now == now && !s.log.End.IsZero() {
		return a.at(s.log.End.UnixMilli())
	}
	return one.Until(s.log.End)
}

// append appends all records that there are, or a beat.
func (s *stint) append(ctx context.Context) error {
	if s.log.CatchingUp() {
		return s.beat(ctx)
	}
	untils := s.newUntils()
	s.note(untils)
	a := engine.Append{After: s.end.ID, ID: s.end.ID}
	if s.records > 0 {
		a.ID = engine.ID{Generation: s.resume.Generation, Offset: uint64(s.place.Offset)}
		if a.ID.Compare(a.After) <= 0 { // late lines of a file before, or of one that was written anew
			s.newGeneration()
			a.ID.Generation = s.resume.Generation
		}
		a.Batch = s.pack()
	}
	s.resume.Trims, a.Trim = noteTrim(s.resume.Trims, a.ID, s.Follow.Now().Unix(), s.Keep)
	a.Resume, a.Untils = s.resume.encode(), untils.encode()
	if err := s.send(ctx, a); err != nil {
		return err
	}
	if s.records > 0 {
		s.stats.batches.Add(1)
		s.stats.arrivals.Add(int64(s.records))
	}
	s.untils, s.records = untils, 0
	s.stats.waiting.Store(nil)
	place := s.place
	s.stats.place.Store(&place)
	return nil
}

// beat says again what was said.
func (s *stint) beat(ctx context.Context) error {
	return s.send(ctx, engine.Append{After: s.end.ID, ID: s.end.ID, Resume: s.resume.encode(),
		Untils: s.untils.encode()})
}

// note notes up to where the log has been counted.
func (s *stint) note(untils Untils) {
	at := s.log.Checkpoint()
	if at == nil {
		return
	}
	c := *at
	c.Rules, c.Saved = nil, pipeline.Saved{}
	s.resume.Log = &c
	was := s.place
	if s.place = c.Position; was.Inode != 0 && (was.Device != s.place.Device || was.Inode != s.place.Inode ||
		s.place.Offset < was.Offset) {
		s.newGeneration()
	}
	s.noteAnchors(untils)
}

// noteAnchors notes the untils of hosts, but keeps older ones of those of whom no line has come since: these don't lose
// a second with each restart.
func (s *stint) noteAnchors(untils Untils) {
	if s.log.End.IsZero() {
		return
	}
	anchors := make(map[string]anchor)
	for _, one := range s.pipeline.Hosts() {
		host, now := one.HostName(), one.Counters().Clock().Now
		until, ok := untils[host]
		if !ok {
			continue
		}
		a := anchor{now, until, s.log.End.UnixMilli()}
		if was, ok := s.anchors[host]; ok && was.Now == now {
			a = was
		}
		anchors[host] = a
	}
	s.resume.Anchors = anchors
}

func (s *stint) newGeneration() {
	s.resume.Generation = max(s.resume.Generation, s.end.ID.Generation) + 1
	s.raise(s.resume.Generation)
}

// pack packs all records.
func (s *stint) pack() []byte {
	b := Bundle{Scopes: s.Scopes, Last: s.last}
	for _, host := range slices.Sorted(maps.Keys(s.encoders)) {
		if e := s.encoders[host]; e.Len() > 0 {
			b.Batches = append(b.Batches, HostRecords{host, e.Records()})
		}
	}
	packed := s.packer.Pack(&b)
	for _, e := range s.encoders {
		e.Reset()
	}
	return packed
}

// send appends, as often as that takes.
func (s *stint) send(ctx context.Context, a engine.Append) error {
	var end engine.End
	err := s.insist(ctx, func() (err error) {
		end, err = s.Engine.Append(ctx, s.Stream, a)
		return err
	})
	if err != nil {
		return err
	}
	if end.ID != a.ID || s.end.Born != "" && end.Born != s.end.Born {
		return s.elsewhere(end)
	}
	s.end, s.sent = end, s.Follow.Now()
	return nil
}

// elsewhere finds out why the stream doesn't end where it should.
func (s *stint) elsewhere(end engine.End) error {
	was, _ := decodeResume(end)
	log := s.Follow.Log
	switch {
	case end.Born == "" || end.Born != s.end.Born:
		log.Warn("the fleet's engine has lost the stream: it is published anew", "stream", s.Stream, "log", s.Path)
	case end.ID.Compare(s.end.ID) > 0:
		s.conflicts++
		if s.conflicts > 1 || was.Publisher != s.state.Publisher {
			s.tellConflict(end)
		}
		return errElsewhere
	default:
		s.lost++
		log.Warn("the fleet's engine has lost the stream's last entries: they are published again", "stream", s.Stream,
			"log", s.Path, "from", end.ID.String())
	}
	return errElsewhere
}

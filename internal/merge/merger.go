package merge

import (
	"cmp"
	"math"
	"slices"

	"exiwatch/internal/pipeline"
)

// A Merger merges the batches of hosts in the fleet order. It keeps batches until their records are released.
type Merger struct {
	hosts    []*Host // in their order
	heads    []head  // a heap: the next record comes first
	released int64   // second before which everything has been released
	bytes    int     // of all batches that are kept
}

// NewMerger makes a merger that begins at a second: earlier records are late.
func NewMerger(from int64) *Merger { return &Merger{released: from} }

// A Host is one of those whose batches are merged.
type Host struct {
	Name string
	Log  int // see Merger.HostIn
	// Until is the second before which everything has been pushed.
	Until int64
	// From is the second before which what is pushed is passed over.
	From int64

	batches []Records // those behind the one that is decoded
	decoder decoder
	size    int // bytes of the batch that is decoded
}

// A head is the second of the next record of a host.
type head struct {
	now  int64
	host *Host
}

func (h head) compare(other head) int {
	return cmp.Or(cmp.Compare(h.now, other.now), h.host.compare(other.host.Name, other.host.Log))
}

func (h *Host) compare(name string, log int) int {
	return cmp.Or(cmp.Compare(h.Name, name), cmp.Compare(h.Log, log))
}

// Host returns the host of a name. It is a new one with the least Until if there was none.
func (m *Merger) Host(name string) *Host { return m.HostIn(name, 0) }

// HostIn returns the host of a name as one of several logs has it. Each log has a clock and an order of its own, also
// where lines of one host are in several. Within a second a log with a lower number comes first.
func (m *Merger) HostIn(name string, log int) *Host {
	i, found := slices.BinarySearchFunc(m.hosts, name, func(h *Host, name string) int { return h.compare(name, log) })
	if !found {
		h := &Host{Name: name, Log: log, Until: math.MinInt64, From: math.MinInt64,
			decoder: decoder{host: []byte(name)}}
		m.hosts = slices.Insert(m.hosts, i, h)
	}
	return m.hosts[i]
}

// Hosts returns all hosts by their names.
func (m *Merger) Hosts() []*Host { return m.hosts }

// Released is the second before which everything has been released.
func (m *Merger) Released() int64 { return m.released }

// Size is how many bytes of batches are kept.
func (m *Merger) Size() int { return m.bytes }

// Push adds the next batch of a host, which the merger keeps. late reports that it begins with a second that has been
// released. Nothing of it is released in order any more.
func (m *Merger) Push(h *Host, b Records) (late bool, err error) {
	first, last, ok := b.Span()
	if !ok {
		return false, errBatch
	}
	h.Until = max(h.Until, last)
	m.bytes += len(b)
	h.batches = append(h.batches, b)
	if !h.decoder.left {
		if err = m.decodeNext(h); h.decoder.left {
			m.heads = append(m.heads, head{h.decoder.record.Now, h})
			m.rise(len(m.heads) - 1)
		}
	}
	return first < m.released, err
}

// decodeNext begins with the next batch that has a record to release. It returns the last error of those before it.
func (m *Merger) decodeNext(h *Host) (err error) {
	for !h.decoder.left {
		m.bytes -= h.size
		h.size = 0
		if len(h.batches) == 0 {
			h.batches = nil
			break
		}
		b := h.batches[0]
		h.batches[0], h.batches = nil, h.batches[1:]
		h.size = len(b)
		e := h.decoder.begin(b)
		for h.decoder.left && h.decoder.record.Now < h.From {
			e = h.decoder.next()
		}
		err = cmp.Or(e, err)
	}
	return err
}

// Release calls fn with each record whose second is before until, in the fleet order. A record is good until fn
// returns. What it can't decode it passes over. It returns the last error of that.
func (m *Merger) Release(until int64, fn func(*pipeline.Record)) (err error) {
	for len(m.heads) > 0 && m.heads[0].now < until {
		first := &m.heads[0]
		d := &first.host.decoder
		for d.left && d.record.Now <= first.now {
			fn(&d.record)
			e := d.next()
			if !d.left {
				e = cmp.Or(m.decodeNext(first.host), e)
			}
			err = cmp.Or(e, err)
		}
		if d.left {
			first.now = d.record.Now
		} else {
			m.removeFirst()
		}
		m.sink()
	}
	m.released = max(m.released, until)
	return err
}

// Drop drops what has been pushed of a host and not been released.
func (m *Merger) Drop(h *Host) {
	m.bytes -= h.size
	for _, b := range h.batches {
		m.bytes -= len(b)
	}
	h.batches, h.size, h.decoder.left = nil, 0, false
	if i := slices.IndexFunc(m.heads, func(d head) bool { return d.host == h }); i >= 0 {
		m.heads[i].now = math.MinInt64
		m.rise(i)
		m.removeFirst()
		m.sink()
	}
}

// removeFirst puts the last head in the first one's place.
func (m *Merger) removeFirst() {
	last := len(m.heads) - 1
	m.heads[0], m.heads[last] = m.heads[last], head{}
	m.heads = m.heads[:last]
}

// rise moves the head at i before those that come later.
func (m *Merger) rise(i int) {
	all := m.heads
	for i > 0 {
		parent := (i - 1) / 2
		if all[parent].compare(all[i]) < 0 {
			return
		}
		all[parent], all[i] = all[i], all[parent]
		i = parent
	}
}

// sink moves the first head behind those that come earlier.
func (m *Merger) sink() {
	all := m.heads
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(all); child++ {
			if all[child].compare(all[least]) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		all[i], all[least] = all[least], all[i]
		i = least
	}
}

package merge

import (
	"cmp"
	"math"
	"slices"

	"exiwatch/internal/pipeline"
)

// A Merger merges the batches of hosts in the fleet order. It keeps batches until their records are released.
type Merger struct {
	hosts    []*Host // by name
	released int64   // second before which everything has been released
	bytes    int     // of all batches that are kept
}

// NewMerger makes a merger that begins at a second: earlier records are late.
func NewMerger(from int64) *Merger { return &Merger{released: from} }

// A Host is one of those whose batches are merged.
type Host struct {
	Name string
	// Until is the second before which everything has been pushed.
	Until int64
	// From is the second before which what is pushed is passed over.
	From int64

	batches []Records // those behind the one that is decoded
	decoder decoder
	size    int // bytes of the batch that is decoded
}

// Host returns the host of a name. It is a new one with the least Until if there was none.
func (m *Merger) Host(name string) *Host {
	i, found := slices.BinarySearchFunc(m.hosts, name, func(h *Host, name string) int {
		return cmp.Compare(h.Name, name)
	})
	if !found {
		h := &Host{Name: name, Until: math.MinInt64, From: math.MinInt64,
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
		err = m.decodeNext(h)
	}
	return first < m.released, err
}

// decodeNext begins with the next batch that has records.
func (m *Merger) decodeNext(h *Host) (err error) {
	for err == nil && !h.decoder.left {
		m.bytes -= h.size
		h.size = 0
		if len(h.batches) == 0 {
			h.batches = nil
			return nil
		}
		b := h.batches[0]
		h.batches[0], h.batches = nil, h.batches[1:]
		h.size = len(b)
		for err = h.decoder.begin(b); err == nil && h.decoder.left && h.decoder.record.Now < h.From; {
			err = h.decoder.next()
		}
	}
	return err
}

// Drop drops what has been pushed of a host and not been released.
func (m *Merger) Drop(h *Host) {
	m.bytes -= h.size
	for _, b := range h.batches {
		m.bytes -= len(b)
	}
	h.batches, h.size, h.decoder.left = nil, 0, false
}

// Release calls fn with each record whose second is before until, in the fleet order. A record is good until fn
// returns. What it can't decode it passes over. It returns the last error of that.
func (m *Merger) Release(until int64, fn func(*pipeline.Record)) (err error) {
	for {
		next := m.next()
		if next == nil || next.decoder.record.Now >= until {
			m.released = max(m.released, until)
			return err
		}
		for now := next.decoder.record.Now; next.decoder.left && next.decoder.record.Now <= now; {
			fn(&next.decoder.record)
			e := next.decoder.next()
			if e == nil && !next.decoder.left {
				e = m.decodeNext(next)
			}
			if e != nil {
				err = e
			}
		}
	}
}

// next is the host with the next record; nil if there is none.
func (m *Merger) next() (next *Host) {
	for _, h := range m.hosts {
		if h.decoder.left && (next == nil || h.decoder.record.Now < next.decoder.record.Now) {
			next = h
		}
	}
	return next
}

package pool

import (
	"fmt"
	"testing"
)

func TestSlabKeepsPositionsForNone(t *testing.T) {
	var s Slab[int]
	for i := range 1000 {
		if got := s.Alloc(3); got != uint32(3*(i+1)) {
			t.Fatalf("row %d begins at %d, want %d", i, got, 3*(i+1))
		}
		*s.At(s.Len() - 1) = i
	}
	for i := range 1000 {
		if got := *s.At(uint32(3*(i+1) + 2)); got != i {
			t.Fatalf("row %d has %d, want %d", i, got, i)
		}
	}
}

func TestRingGrowsAndShrinks(t *testing.T) {
	var r Ring[uint64]
	for _, target := range []int{3, 1, 100, 20, 5000, 0, 17} {
		for r.Len() < target {
			r.Push(r.Next())
		}
		for r.Len() > target {
			r.Pop()
		}
		for n := r.First(); n < r.Next(); n++ {
			if *r.At(n) != n {
				t.Fatalf("element %d is %d", n, *r.At(n))
			}
		}
		if most := max(minRing, 4*target+4); len(r.elements) > most {
			t.Errorf("room for %d elements with %d, want %d at most", len(r.elements), target, most)
		}
	}
}

func TestArena(t *testing.T) {
	var a Arena
	refs := map[string]Ref{"": a.Add(nil)}
	for i := range 20_000 {
		s := fmt.Sprintf("value %d", i)
		refs[s] = a.Add([]byte(s))
	}
	long := string(make([]byte, 3*chunkLen))
	refs[long] = a.Add([]byte(long))
	length := 0
	for s, ref := range refs {
		length += len(s)
		if got := string(a.Get(ref)); got != s {
			t.Fatalf("Get = %q, want %q", got, s)
		}
	}
	if a.Held() != length || a.Fragmented() {
		t.Errorf("held %d, fragmented %v, want %d, false", a.Held(), a.Fragmented(), length)
	}
	for _, ref := range refs {
		a.Release(ref)
	}
	if a.Held() != 0 || !a.Fragmented() {
		t.Errorf("held %d, fragmented %v after all were released", a.Held(), a.Fragmented())
	}
}

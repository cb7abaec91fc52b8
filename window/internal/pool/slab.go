// Package pool holds many small things in few large pieces of memory, so that the garbage collector has little to
// follow: elements by position in a Slab, a queue in a Ring, texts in an Arena. Each belongs to one goroutine.
package pool

// A Slab holds elements that name each other by position. They lie in pages, which are never copied. Position 0 stands
// for none. The zero value is empty.
type Slab[T any] struct {
	pages []*[pageLen]T
	len   uint32
	free  []uint32
}

const pageLen = 256 // elements

// Len is how many positions there are, with those that stand for none and those that are free.
func (s *Slab[T]) Len() uint32 { return s.len }

// Used is how many elements are in use, in a slab whose rows have one element.
func (s *Slab[T]) Used() int { return max(int(s.len)-1, 0) - len(s.free) }

// At returns the element at a position, which Alloc has returned or which lies behind it in the same row.
func (s *Slab[T]) At(i uint32) *T { return &s.pages[i/pageLen][i%pageLen] }

// Alloc returns the position of the first of n zero elements in a row: the row that became free last, or a new one. The
// first row of a slab stands for none, so a slab needs rows of equal length.
func (s *Slab[T]) Alloc(n int) uint32 {
	if last := len(s.free) - 1; last >= 0 {
		first := s.free[last]
		s.free = s.free[:last]
		return first
	}
	first := max(s.len, uint32(n))
	s.len = first + uint32(n)
	for uint32(len(s.pages))*pageLen < s.len {
		s.pages = append(s.pages, new([pageLen]T))
	}
	return first
}

// Free gives back the element at a position, which is a row.
func (s *Slab[T]) Free(i uint32) {
	*s.At(i) = *new(T)
	s.free = append(s.free, i)
}

// Package pool holds many small things in few large pieces of memory, so that the garbage collector has little to
// follow: elements by position in a Slab, a queue in a Ring, texts in an Arena. Each belongs to one goroutine.
package pool

// A Slab holds elements that name each other by position. They lie in pages, which are never copied. Position 0 stands
// for none. The zero value is empty.
type Slab[T any] struct {
	pages []*[pageLen]T
	len   uint32
}

const pageLen = 256 // elements

// Len is how many positions there are, with those that stand for none.
func (s *Slab[T]) Len() uint32 { return s.len }

// At returns the element at a position, which Alloc has returned or which lies behind it in the same row.
func (s *Slab[T]) At(i uint32) *T { return &s.pages[i/pageLen][i%pageLen] }

// Alloc adds n zero elements in a row and returns the position of the first. The first row of a slab stands for none,
// so a slab needs rows of equal length.
func (s *Slab[T]) Alloc(n int) uint32 {
	if s.len == 0 {
		s.grow(n)
	}
	first := s.len
	s.grow(n)
	return first
}

func (s *Slab[T]) grow(n int) {
	s.len += uint32(n)
	for uint32(len(s.pages))*pageLen < s.len {
		s.pages = append(s.pages, new([pageLen]T))
	}
}

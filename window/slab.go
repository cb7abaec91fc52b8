package window

// A slab is elements that name each other by position, so that the garbage collector has nothing to follow. They lie in
// pages: none is ever copied. Position 0 is for none.
type Slab[T any] struct {
	pages []*[pageLen]T
	len   uint32
}

const pageLen = 256 // elements

func (s *Slab[T]) At(i uint32) *T { return &s.pages[i/pageLen][i%pageLen] }

// Alloc adds n zero elements and returns the position of the first.
func (s *Slab[T]) Alloc(n int) uint32 {
	first := s.len
	s.len += uint32(n)
	for uint32(len(s.pages))*pageLen < s.len {
		s.pages = append(s.pages, new([pageLen]T))
	}
	return first
}

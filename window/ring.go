package window

// A ring is a queue whose elements are numbered from 0 on, in the order they were pushed.
type Ring[T any] struct {
	elements    []T // as many as a power of two
	first, next uint64
}

const minRing = 16 // elements: a ring isn't made smaller than this

func (r *Ring[T]) Len() int { return int(r.next - r.first) }

func (r *Ring[T]) At(n uint64) *T { return &r.elements[n&uint64(len(r.elements)-1)] }

func (r *Ring[T]) Push(e T) {
	if r.Len() == len(r.elements) {
		r.resize(max(2*len(r.elements), minRing))
	}
	r.next++
	*r.At(r.next - 1) = e
}

// Pop forgets the oldest element.
func (r *Ring[T]) Pop() {
	r.first++
	if n := len(r.elements); n > minRing && r.Len() <= n/4 {
		r.resize(n / 2)
	}
}

func (r *Ring[T]) resize(n int) {
	elements := make([]T, n)
	for i := r.first; i < r.next; i++ {
		elements[i&uint64(n-1)] = *r.At(i)
	}
	r.elements = elements
}

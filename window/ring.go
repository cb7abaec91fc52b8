package window

// A ring is a queue whose elements are numbered from 0 on, in the order they were pushed.
type ring[T any] struct {
	elements    []T // as many as a power of two
	first, next uint64
}

const minRing = 16 // elements: a ring isn't made smaller than this

func (r *ring[T]) len() int { return int(r.next - r.first) }

func (r *ring[T]) at(n uint64) *T { return &r.elements[n&uint64(len(r.elements)-1)] }

func (r *ring[T]) push(e T) {
	if r.len() == len(r.elements) {
		r.resize(max(2*len(r.elements), minRing))
	}
	r.next++
	*r.at(r.next - 1) = e
}

// pop forgets the oldest element.
func (r *ring[T]) pop() {
	r.first++
	if n := len(r.elements); n > minRing && r.len() <= n/4 {
		r.resize(n / 2)
	}
}

func (r *ring[T]) resize(n int) {
	elements := make([]T, n)
	for i := r.first; i < r.next; i++ {
		elements[i&uint64(n-1)] = *r.at(i)
	}
	r.elements = elements
}

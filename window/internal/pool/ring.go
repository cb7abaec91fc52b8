package pool

// A Ring is a queue whose elements have numbers: 0 for the first that was pushed, and so on. The zero value is empty.
type Ring[T any] struct {
	elements    []T // as many as a power of two
	first, next uint64
}

const minRing = 16 // elements: a ring never shrinks below this

// Len is how many elements the queue holds.
func (r *Ring[T]) Len() int { return int(r.next - r.first) }

// First is the number of the oldest element.
func (r *Ring[T]) First() uint64 { return r.first }

// Next is the number that the next element will get.
func (r *Ring[T]) Next() uint64 { return r.next }

// At returns the element with a number from First on and below Next. It is good until the next Push or Pop.
func (r *Ring[T]) At(n uint64) *T { return &r.elements[n&uint64(len(r.elements)-1)] }

// Push adds an element.
func (r *Ring[T]) Push(e T) {
	if r.Len() == len(r.elements) {
		r.resize(max(2*len(r.elements), minRing))
	}
	r.next++
	*r.At(r.next - 1) = e
}

// Pop removes the oldest element.
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

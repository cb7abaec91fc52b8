package window

// The counters of a family that have buckets are in a queue, the one with the oldest last arrival first: those whose
// values fell idle are at its head. As lines may come late, one may be dropped disorder seconds after it fell idle.

// touch makes counter n the youngest.
func (f *family) touch(n uint32) {
	if f.youngest == n {
		return
	}
	f.unlink(n)
	f.counters[n].older = f.youngest
	if f.youngest != 0 {
		f.counters[f.youngest].younger = n
	} else {
		f.oldest = n
	}
	f.youngest = n
}

// unlink takes counter n out of the queue, if it is in it.
func (f *family) unlink(n uint32) {
	c := &f.counters[n]
	if c.older == 0 && f.oldest != n {
		return
	}
	if c.older != 0 {
		f.counters[c.older].younger = c.younger
	} else {
		f.oldest = c.younger
	}
	if c.younger != 0 {
		f.counters[c.younger].older = c.older
	} else {
		f.youngest = c.older
	}
	c.older, c.younger = 0, 0
}

// forget drops the counters that have fallen idle by now.
func (f *family) forget(now int64) {
	for n := f.oldest; n != 0 && f.quiet(n, now); n = f.oldest {
		f.expire(n, now)
		f.unlink(n) // also one with an open alert, which is dropped when that ends
		if f.idle(n) {
			f.drop(n)
		}
	}
}

// quiet reports whether all that counter n counts has left by now.
func (f *family) quiet(n uint32, now int64) bool {
	last := f.counters[n].last
	return last == 0 || f.buckets[last].at+f.longest <= now
}

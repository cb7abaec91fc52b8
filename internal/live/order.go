package live

import "cmp"

// An order is what a ranking is sorted by.
type order uint8

const (
	byMessages order = iota
	byRecipients
	byBytes
	byHosts
	byLast
	byName
	numOrders
)

var orderNames = [numOrders]string{"messages", "recipients", "bytes", "hosts", "last", "name"}

func (o order) String() string { return orderNames[o] }

// measured is the order by what bars show: o itself where it is an amount, messages otherwise.
func (o order) measured() order {
	if o > byHosts {
		return byMessages
	}
	return o
}

// measure is how long the bar of a total is.
func (o order) measure(t *total) int64 {
	switch o {
	case byRecipients:
		return t.recipients
	case byBytes:
		return t.bytes
	case byHosts:
		return t.hosts
	}
	return t.messages
}

// compare is negative where a comes before b; what is equal is in the order of the names.
func (o order) compare(a, b *total) int {
	switch o {
	case byName:
		return cmp.Compare(a.value, b.value)
	case byLast:
		return cmp.Or(cmp.Compare(b.last, a.last), cmp.Compare(a.value, b.value))
	}
	return cmp.Or(cmp.Compare(o.measure(b), o.measure(a)), cmp.Compare(a.value, b.value))
}

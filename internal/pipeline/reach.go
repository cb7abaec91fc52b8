package pipeline

import "time"

// slack is how many more seconds than needed are read again. Lines may come a few seconds late.
const slack = 10

// Reach returns how many seconds of the log before a place decide what is counted and open there. Messages whose
// delivery lines count may have been in the queue for a day.
func (p *Pipeline) Reach() int64 {
	if p.queue == nil {
		return p.ViewReach()
	}
	return p.ViewReach() + queueSeconds
}

// ViewReach is Reach for a look at the log, for which nobody waits until a day more is read. What has been in the queue
// for long is left out.
//
// An alert is open if its count was over the limit at some second of the last window, and the counts of that window
// need the arrivals of the one before: two windows.
func (p *Pipeline) ViewReach() int64 { return 2*int64(p.counters.Longest()/time.Second) + p.Apart() }

// Apart returns how many seconds lines that go together may be apart, but for delivery lines. A content filter hands
// back mail that came in before. Calls come before their arrivals, and mostly arrivals before the lines that identify
// cPanel's users.
func (p *Pipeline) Apart() int64 {
	apart := int64(slack)
	if p.returns != nil {
		apart += returnSeconds
	}
	if p.calls != nil {
		apart += callSeconds
	}
	if p.messages != nil {
		apart += identifiedSeconds
	}
	return apart
}

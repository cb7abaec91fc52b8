package readsocket

import (
	"sync/atomic"
	"time"
)

// An Answer is the kind of an answer.
type Answer int

// The answers. Unintelligible and Late are reasons for no, or 0.
const (
	Yes Answer = iota
	No
	Number
	Unintelligible
	Late
	NumAnswers
)

func (a Answer) String() string {
	return [...]string{"yes", "no", "number", "unintelligible", "late"}[a]
}

// Latencies are the upper bounds of a histogram of answers. The last one is above AnswerTime: only a busy machine
// exceeds it.
var Latencies = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond,
	5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 75 * time.Millisecond, 100 * time.Millisecond,
}

// Answers counts a server's answers since it started.
type Answers struct {
	By     [NumAnswers]int64
	Within [len(Latencies)]int64 // those that took so long or less, each with those before it
	Took   time.Duration         // in all
}

// answers counts for Answers.
type answers struct {
	by     [NumAnswers]atomic.Int64
	within [len(Latencies)]atomic.Int64 // not with those before
	took   atomic.Int64                 // nanoseconds
}

func (s *answers) note(a Answer, took time.Duration) {
	s.by[a].Add(1)
	s.took.Add(int64(took))
	for i, bound := range Latencies {
		if took <= bound {
			s.within[i].Add(1)
			return
		}
	}
}

// Answers may be called at any time.
func (s *Server) Answers() (a Answers) {
	// Those noted meanwhile are in the sums already: no part is more than its whole.
	sum := int64(0)
	for i := range a.Within {
		sum += s.answers.within[i].Load()
		a.Within[i] = sum
	}
	a.Took = time.Duration(s.answers.took.Load())
	for i := range a.By {
		a.By[i] = s.answers.by[i].Load()
	}
	return a
}

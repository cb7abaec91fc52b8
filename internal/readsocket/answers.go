package readsocket

import (
	"sync/atomic"
	"time"
)

// An Answer is the kind of an answer.
type Answer int

// The answers. Unintelligible and Late are reasons for answering no, or 0.
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

// Latencies are the upper bounds of a histogram of answer times. The last is above AnswerTime: only an overloaded
// machine exceeds it.
var Latencies = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond,
	5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 75 * time.Millisecond, 100 * time.Millisecond,
}

// Answers counts a server's answers since it started.
type Answers struct {
	By     [NumAnswers]int64
	Within [len(Latencies)]int64 // answers that took at most this long; cumulative
	Took   time.Duration         // total
}

// answers counts for Answers.
type answers struct {
	by     [NumAnswers]atomic.Int64
	within [len(Latencies)]atomic.Int64 // not cumulative
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

// Answers returns the counts so far. It is safe for concurrent use.
func (s *Server) Answers() (a Answers) {
	// This order keeps each part at or below its total while answers are being counted.
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

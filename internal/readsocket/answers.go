package readsocket

import "time"

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

// Stats counts what a server has done since it started.
type Stats struct {
	Answers [NumAnswers]int64
	Within  [len(Latencies)]int64 // answers that took at most this long; cumulative
	Took    time.Duration         // all answers together
	Refused int64                 // connections closed because there were too many, or that could not be accepted
}

// note counts an answer.
func (s *Server) note(a Answer, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Answers[a]++
	s.stats.Took += took
	for i, bound := range Latencies {
		if took <= bound {
			s.stats.Within[i]++
		}
	}
}

// Stats returns the counts so far. It is safe for concurrent use.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	if s.limiter != nil {
		stats.Refused += s.limiter.Closed()
	}
	return stats
}
